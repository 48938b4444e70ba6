"""Decode JSON bodies, and reach into them: a block page, a cut body, a changed shape by name."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from scrapy.http import Response

from crawler.entry_problems import PageError, broken
from crawler.web_pages import html_page
from storage.fields import EntryError

_ADDRESS = re.compile(r"\b\w+://\S+|[^\s@<>]+@[^\s@<>]+|<[^<>]*>")


def read_json(response: Response) -> Any:
    """Decode a JSON body; PageError says whether it is blocked or broken."""
    body = response.body
    if not body.strip():
        raise broken("answered with an empty body")
    if page := html_page(body):
        raise page
    try:
        return json.loads(body.decode("utf-8-sig", "replace"))
    except (RecursionError, ValueError) as error:
        raise undecodable(error, len(body)) from error


def undecodable(error: Exception, length: int) -> PageError:
    """Make the error of JSON that does not decode: cut off before its end, or malformed."""
    if not isinstance(error, json.JSONDecodeError):
        return broken("answered with JSON that cannot be decoded")
    cut = length - error.pos < 20 or "Unterminated" in error.msg
    what = "JSON that is cut off" if cut else f"malformed JSON ({error.msg})"
    return broken(f"answered with {what} at character {error.pos}")


def error_body(response: Response) -> dict[str, Any]:
    """Give the JSON object that an error came with; {} when it came with anything else."""
    try:
        data = json.loads(response.body.decode("utf-8-sig", "replace"))
    except (RecursionError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def quoted(words: object) -> str:
    """Show a server's words on one line for a reason, without addresses; "" for none."""
    if not isinstance(words, str) or not words.strip():
        return ""
    return " ".join(_ADDRESS.sub("…", words).split())[:120].strip().rstrip(".")


def items_at(data: Any, *path: str) -> list[Any]:
    """Give the list at a path of keys; a missing or other shape is BROKEN."""
    here = data
    for index, key in enumerate(path):
        if not isinstance(here, dict) or key not in here:
            raise broken(f"answered without `{'.'.join(path[: index + 1])}`")
        here = here[key]
    if not isinstance(here, list):
        where = f"with `{'.'.join(path)}` that is" if path else "with JSON that is"
        raise broken(f"answered {where} not a list")
    return here


def read_object(response: Response) -> dict[str, Any]:
    """Decode a JSON body that must be an object."""
    data = read_json(response)
    if not isinstance(data, dict):
        raise broken("answered with JSON that is not an object")
    return data


def at(node: Any, *path: str | int) -> Any:
    """Give what stands at a path of keys and positions; None where there is nothing."""
    for step in path:
        if isinstance(step, str):
            node = node.get(step) if isinstance(node, dict) else None
        elif isinstance(node, list) and -len(node) <= step < len(node):
            node = node[step]
        else:
            return None
    return node


def object_in(entry: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Give the object at a key of an entry, {} where there is none; another shape is refused."""
    value = entry.get(key)
    if value in (None, ""):
        return {}
    if not isinstance(value, dict):
        raise EntryError(f"{key} is not an object")
    return value


def objects(values: object) -> list[dict[str, Any]]:
    """Give the objects of a list; of what is no list, nothing."""
    listed = values if isinstance(values, list) else []
    return [value for value in listed if isinstance(value, dict)]
