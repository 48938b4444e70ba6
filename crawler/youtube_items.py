"""The items of YouTube's Data API: threads, comments and videos, in whatever they are wrapped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crawler.json_bodies import at
from storage import fields


def unfolded(item: Any) -> list[Any]:
    """Give the comments of a thread, or the comment itself."""
    top = at(item, "snippet", "topLevelComment")
    if top is None:
        return [item]
    video = at(item, "snippet", "videoId")
    return [_placed(comment, video) for comment in (top, *replies_in(item))]


def replies_in(item: Any) -> list[Any]:
    """Give the replies that a thread shows; it may have more."""
    comments = at(item, "replies", "comments")
    return comments if isinstance(comments, list) else []


def video_of(item: Any) -> dict[str, str] | None:
    """Give what the comments under a video need to know of it; None without its id."""
    number = at(item, "id")
    return {"id": number} if isinstance(number, str) and number else None


def channel_of(given: object) -> str | None:
    """Give an author's channel id, bare or in an object."""
    value = given.get("value") if isinstance(given, dict) else given
    return fields.identity(value, "authorChannelId") if value else None


def plain_line(value: object, field: str) -> str | None:
    """Clean a name or a title, which is text here: a "<3" in one is no markup."""
    return " ".join(fields.plain(value, field).split()) or None


def text_of(snippet: Mapping[str, Any], plain: bool) -> str:
    """Give a comment's words: as written, else as shown, `plain` or as HTML."""
    if original := snippet.get("textOriginal"):
        return fields.plain(original, "textOriginal")
    displayed = snippet.get("textDisplay")
    if plain:
        return fields.plain(displayed, "textDisplay")
    return fields.from_html(displayed, "textDisplay")


def _placed(comment: Any, video: object) -> Any:
    """Give a comment with its thread's video, which replies leave out."""
    snippet = at(comment, "snippet")
    if not isinstance(snippet, dict) or snippet.get("videoId") or not video:
        return comment
    return {**comment, "snippet": {**snippet, "videoId": video}}
