"""What people love and hate: in their own words."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace

from earful.pages.front.asked import Asked
from earful.pages.front.quotes import Quote, quote
from storage.page_reads.mention_list import strongest

_QUOTES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of the panel."""

    key: str
    title: str
    quotes: Sequence[Quote]
    link: str
    empty: str


def voices_panel(connection: sqlite3.Connection, asked: Asked) -> list[Side]:
    """Quote the latest wows and the latest complaints of a choice."""
    sides = []
    for key, title, empty in (
        ("delighted", "What people love", "No wow in this choice."),
        ("angry", "What makes them angry", "No complaint in this choice."),
    ):
        rows = strongest(connection, replace(asked.choice, experience=key), _QUOTES)
        sides.append(
            Side(
                key=key,
                title=title,
                quotes=[quote(row, asked, 240) for row in rows],
                link=asked.link("mentions", experience=key),
                empty=empty,
            )
        )
    return sides
