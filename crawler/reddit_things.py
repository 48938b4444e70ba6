"""The posts and comments of Reddit's API: in whichever listing they come, and which are gone."""

from __future__ import annotations

from typing import Any

from crawler.entry_problems import broken
from crawler.json_bodies import at

GONE = {"[deleted]", "[removed]", "[deleted by user]"}
"""What stands in the place of words that were deleted by their author or taken down."""


def things_of(data: Any) -> tuple[list[tuple[str, dict[str, Any]]], str | None]:
    """Give the posts and comments of a listing, or of a thread's two, with those below them."""
    listings = data if isinstance(data, list) and data else [data]
    waiting = []
    for listing in listings:
        children = at(listing, "data", "children")
        if not isinstance(children, list):
            raise broken("answered without `data.children`")
        waiting.extend(children)
    things = []
    waiting.reverse()
    while waiting:
        child = waiting.pop()
        kind, thing = at(child, "kind"), at(child, "data")
        if kind not in ("t1", "t3"):
            continue  # users, subreddits, "more"
        things.append((str(kind), thing if isinstance(thing, dict) else {}))
        below = at(thing, "replies", "data", "children")
        if isinstance(below, list):
            waiting.extend(reversed(below))
    after = listings[-1]["data"].get("after")
    return things, after if isinstance(after, str) else None


def is_gone(thing: dict[str, Any]) -> bool:
    """Tell whether a post or comment was deleted by its author or taken down."""
    if not isinstance(thing.get("id"), str) or not thing["id"]:
        return False
    words = thing.get("body", thing.get("selftext")), thing.get("title")
    return any(isinstance(each, str) and each.strip() in GONE for each in words)
