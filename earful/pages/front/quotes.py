"""A mention as a quote: what was said, by whom, and where it leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote as escaped

from earful.pages.front import page_words as words
from earful.pages.front.asked import Asked
from storage.models import own_title

_TITLE = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """`link` is the mention's page here, `url` its place in the web.

    `title` is its writer's, `thread` the title of the thread that it answers.
    """

    link: str
    url: str | None
    title: str
    thread: str
    text: str
    language: str | None
    translation: str
    author: str
    author_link: str | None
    brand: str
    source: str
    when: str
    stars: str
    experience: str
    stance: str
    sure: bool
    corrected: bool
    deleted: bool


def quote(row: Mapping[str, Any], asked: Asked, limit: int = words.CUT) -> Quote:
    """Write a row of `voice`, or of a list that has its columns."""
    author_id = row.get("author_id")
    title = row["title"] or ""
    own = own_title(title, row["text"] or "", row["parent_id"])
    moment = words.moment(row.get("created_at"), asked)
    return Quote(
        link=mention_link(asked, row["seq"]),
        url=words.web(row.get("url")),
        title=own or "",
        thread="" if own else _cut(title),
        text=words.said(row, limit),
        language=row.get("language"),
        translation=row.get("translation") or "",
        author=row.get("author") or "Somebody",
        author_link=author_link(asked, author_id) if author_id else None,
        brand=row.get("brand") or "",
        source=row.get("source") or "",
        when=moment or "undated",
        stars=words.stars(row),
        experience=row.get("experience") or "",
        stance=row.get("stance") or "",
        sure=bool(row.get("sure")),
        corrected=bool(row.get("corrected")),
        deleted=bool(row.get("deleted_at")),
    )


def _cut(title: str) -> str:
    return title if len(title) <= _TITLE else f"{title[:_TITLE].rstrip()} …"


def mention_link(asked: Asked, seq: int) -> str:
    return f"{asked.root}mention/{seq}"


def case_link(asked: Asked, case_id: int) -> str:
    return f"{asked.root}case/{case_id}"


def author_link(asked: Asked, author_id: str) -> str:
    """Give the page of an author, whose id may hold anything."""
    return f"{asked.root}author?id={escaped(author_id, safe='', errors='replace')}"
