"""Find what a page marks up with schema.org, as JSON-LD or microdata, and its reviews."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from extruct.jsonld import JsonLdExtractor
from extruct.w3cmicrodata import MicrodataExtractor

from crawler.entry_problems import Refusal

Node = dict[str, Any]

_REVIEWS = {"Review", "UserReview", "CriticReview", "EmployerReview", "Recommendation"}
_MOST_NODES = 200_000
_LD_JSON = "application/ld+json"
_CDATA = re.compile(r"^\s*(?://|/\*)?\s*<!\[CDATA\[\s*(?:\*/)?|(?://|/\*)?\s*\]\]>\s*(?:\*/)?\s*$")


def marked_up(root: Any, where: str, *, cut: bool) -> tuple[list[Any], list[Refusal]]:
    """Give all JSON-LD and microdata of a page in one shape, and what could not be read."""
    marked: list[Any] = []
    refusals = []
    for number, script in enumerate(root.iter("script"), 1):
        if not (script.get("type") or "").strip().lower().startswith(_LD_JSON):
            continue
        text = script.xpath("string()")
        try:
            marked.extend(_json_ld(script, text))
        except (ValueError, RecursionError) as error:
            if "Review" in text:
                reason = f"its JSON cannot be read ({' '.join(str(error).split())[:80]})"
                refusals.append(Refusal(f"script {number}", reason))
    for moment in root.iter("time"):
        if not moment.get("datetime"):
            with suppress(ValueError):  # a character that no attribute may hold
                moment.set("datetime", (moment.text or "").strip())
    try:
        items = MicrodataExtractor().extract_items(root, where)
    except Exception as error:
        refusals.append(Refusal("microdata", f"it cannot be read ({type(error).__name__})"))
        items = []
    if cut:
        items = items[:-1]  # of the last one there may be half only
    marked.extend(map(_as_json_ld, items))
    return marked, refusals


def _json_ld(script: Any, written: str) -> list[Any]:
    """Decode a block, with the comments, commas and escapes that people leave in it."""
    script.set("type", _LD_JSON)
    error: Exception | None = None
    unwrapped = _CDATA.sub("", written.strip().removesuffix(";"))
    for text in dict.fromkeys((written, unwrapped, html.unescape(unwrapped))):
        script.text = text
        try:
            return list(JsonLdExtractor().extract_items(script))
        except (ValueError, RecursionError) as problem:
            error = error or problem
    assert error is not None  # or a list was returned
    raise error


def _as_json_ld(item: Any, depth: int = 0) -> Any:
    if isinstance(item, list):
        return [_as_json_ld(each, depth) for each in item]
    if not isinstance(item, dict) or depth > 50:
        return item
    if "properties" not in item:
        return item.get("value", item)
    node: Node = {
        name: _as_json_ld(value, depth + 1) for name, value in item["properties"].items()
    }
    node["@type"] = item.get("type", "")
    if "id" in item:
        node["@id"] = item["id"]
    return node


def reviews_in(marked: list[Any]) -> Iterator[Node]:
    """Find the reviews wherever they stand, in the order of the page."""
    waiting: list[tuple[str, Any]] = [("", marked)]
    for _ in range(_MOST_NODES):
        if not waiting:
            return
        key, node = waiting.pop()
        if isinstance(node, list):
            waiting.extend((key, each) for each in reversed(node))
        elif isinstance(node, dict):
            if _is_review(key, node):
                yield node
            waiting.extend(reversed(node.items()))


def _is_review(key: str, node: Node) -> bool:
    given = node.get("@type")
    types = given if isinstance(given, list) else [given]
    names = {re.split(r"[/#:]", each)[-1] for each in types if isinstance(each, str) and each}
    if names:
        return bool(names & _REVIEWS)
    # Some shops leave out the type: the place and the properties show it.
    return key in ("review", "reviews") and ("reviewBody" in node or "reviewRating" in node)
