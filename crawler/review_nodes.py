"""Read the properties of a schema.org review, in the many ways that pages write them."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

from crawler.schema_org import Node
from storage import fields
from storage.fields import EntryError
from storage.models import is_nobody

# "#review-3" numbers the places of a page, not its reviews.
_PLACE_ON_PAGE = re.compile(r"#\D*\d{1,3}$")
_ESCAPED_TAG = re.compile(
    r"<(?:br|/?p|/?div|/?span|/?b|/?i|/?em|/?strong|/?li|/?ul)\b[^<>]*>", re.I
)
_OUT_OF = re.compile(r"^\s*(\d+(?:[.,]\d+)?)\s*(?:/|out of|of|von|sur|de|av|su)\s*(\d+)", re.I)
_PERCENT = re.compile(r"^\s*(\d+(?:[.,]\d+)?)\s*%\s*$")
_DATES = ("%B %d, %Y", "%b %d, %Y", "%d %B %Y", "%d %b %Y", "%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y")
_ZONE = re.compile(r"\s+(?:(UTC|GMT|Z)|([+-]\d{2}:?\d{2}))$")
_ORGANISATIONS = ("Organization", "Business", "Store", "Corporation", "Brand")


def first(node: Node, *keys: str) -> Any:
    """Give the first of these properties that is there, of several values the first."""
    for key in keys:
        value = node.get(key)
        if isinstance(value, list):
            value = next((each for each in value if each not in (None, "")), None)
        if value not in (None, "", {}):
            return value
    return None


def literal(value: Any) -> Any:
    """Take a JSON-LD literal out of its object."""
    if isinstance(value, list):
        value = next((each for each in value if each not in (None, "")), None)
    return value.get("@value") if isinstance(value, dict) and "@value" in value else value


def text_of(review: Node) -> str:
    """Give the words of a review, however often its markup was escaped."""
    text = fields.from_html(_body(review), "reviewBody")
    return fields.from_html(text) if _ESCAPED_TAG.search(text) else text


def _body(review: Node) -> Any:
    body = next(
        (given for key in ("reviewBody", "description", "text") if (given := review.get(key))),
        None,
    )
    if isinstance(body, list) and all(isinstance(each, str) for each in body):
        return "\n".join(body)
    return literal(body)


def language_of(review: Node) -> Any:
    """Give the language that a review says it is in, of its words or as a whole."""
    body = first(review, "reviewBody", "description")
    of_words = body.get("@language") if isinstance(body, dict) else None
    return of_words or literal(first(review, "inLanguage"))


def author_of(given: Any, depth: int = 0) -> tuple[str | None, str | None]:
    """Give the author's name and page, where there is somebody behind the name."""
    if isinstance(given, dict) and "@value" not in given:
        name = literal(first(given, "name", "alternateName"))
        if isinstance(name, dict) and depth < 3:
            return author_of(name, depth + 1)
        named = fields.line(name, "author")
        page = fields.link(literal(first(given, "url", "sameAs")))
    else:
        named, page = fields.line(literal(given), "author"), None
    if named is None or is_nobody(named):
        return None, None
    return named, page


def rating_of(given: Any) -> tuple[float | None, float]:
    """Read stars and their scale; what makes no sense is none: the text is worth keeping."""
    node = given if isinstance(given, dict) and "@value" not in given else {"ratingValue": given}
    value, best = (literal(first(node, name)) for name in ("ratingValue", "bestRating"))
    top = _number(best) or 5.0
    if isinstance(value, str):
        if share := _OUT_OF.match(value):
            value, top = share[1], float(share[2])
        elif share := _PERCENT.match(value):
            value, top = share[1], 100.0
    try:
        return fields.rating(value, top), top
    except EntryError:
        return None, top


def _number(value: Any) -> float | None:
    try:
        number = float(str(value).replace(",", "."))
    except ValueError:
        return None
    return number if 0 < number <= 1000 else None


def date_of(given: Any) -> Any:
    """Give a date as written for people in a form that machines read."""
    given = literal(given)
    if not isinstance(given, str):
        return given
    text = " ".join(given.split())
    for form in _DATES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    # As Rails writes it, with the zone apart.
    return _ZONE.sub(lambda zone: "+00:00" if zone[1] else zone[2], text)


def owner_reply_of(review: Node) -> tuple[str | None, Any]:
    """Give the reply of an organisation; other comments are other people's."""
    comments = review.get("comment") or review.get("comments")
    for comment in comments if isinstance(comments, list) else [comments]:
        if not isinstance(comment, dict) or not isinstance(comment.get("author"), dict):
            continue
        types = str(comment["author"].get("@type"))
        text = literal(first(comment, "text", "description"))
        if any(name in types for name in _ORGANISATIONS) and isinstance(text, str):
            when = date_of(first(comment, "dateCreated", "datePublished"))
            return fields.from_html(text) or None, when
    return None, None


def stated_name(review: Node, where: str) -> str | None:
    """Give the name that a page gives its review, unless it names the page or a place on it."""
    for key in ("@id", "identifier", "url"):
        given = literal(review.get(key))
        if isinstance(given, dict):
            given = literal(given.get("value"))
        if not isinstance(given, str | int) or isinstance(given, bool) or not str(given).strip():
            continue
        name = str(given).strip()
        if key == "identifier" and "/" not in name:
            return name[:200]
        try:
            name = urljoin(where, name)
        except ValueError:
            continue
        if name.startswith("_:") or _PLACE_ON_PAGE.search(name) or len(name) > 500:
            continue
        if name.rstrip("/#") != where.rstrip("/#"):
            return name
    return None


def stated_names(reviews: list[Node], where: str) -> dict[str, set[str]]:
    """Tell what each name is given to: what several reviews bear names none of them."""
    names: dict[str, set[str]] = defaultdict(set)
    for review in reviews:
        if stated := stated_name(review, where):
            names[stated].add(
                letters_of(json.dumps([review.get("author"), _body(review)], default=str))
            )
    return names


def letters_of(text: str) -> str:
    """Reduce a text to what tells it apart in any markup."""
    return re.sub(r"\W+", " ", text).casefold().strip()
