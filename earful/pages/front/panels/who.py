"""Who speaks: advocates and what they need, haters, changed minds, colleagues whom wows name."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from earful.pages.front import page_words as words
from earful.pages.front.asked import Asked
from earful.pages.front.quotes import author_link, mention_link
from storage.page_reads.speakers import (
    advocates_needs,
    flips_page,
    named_colleagues,
    people_page,
    quiet_people,
)

SHOWN = 5
FLIPS = {"lost_advocate": "lost", "won_back": "won back"}
_NEEDS = {
    "complaint": "complained, and has no answer",
    "question": "asked, and has no answer",
    "wish": "wishes for something",
    "lack": "lacks something",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A line about somebody: `note` says why they stand here, `text` what they said."""

    name: str
    link: str
    note: str
    tone: str = ""
    text: str = ""
    text_link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleList:
    """Some people under a title, with what to say where there are none."""

    key: str
    title: str
    about: str
    people: Sequence[Person]
    more: str | None
    empty: str


def who_panel(connection: sqlite3.Connection, asked: Asked) -> list[PeopleList]:
    """Give the first few of each list."""
    return [
        advocates(connection, asked, SHOWN),
        haters(connection, asked, SHOWN),
        flips(connection, asked, SHOWN),
        quiet(connection, asked, SHOWN),
        kudos(connection, asked, SHOWN),
    ]


def needs(connection: sqlite3.Connection, asked: Asked, limit: int, offset: int = 0) -> PeopleList:
    """Give the one thing that each advocate needs, as the last daily list has it."""
    rows = advocates_needs(connection, asked.choice, limit + 1, offset)
    listed = date.fromisoformat(rows[0]["listed_on"]) if rows else None
    of = "" if listed in (None, asked.today) else f" The list is of {words.day(listed)}."
    return PeopleList(
        key="needs",
        title="What do our advocates need from us today?",
        about=f"The one thing that each of them waits for, in their own words.{of}",
        people=[
            Person(
                name=row["author"] or "Somebody",
                link=author_link(asked, row["author_id"]),
                note=f"{_NEEDS.get(row['need'], row['need'])}, at {row['source']}"
                + _of_brand(row, asked),
                tone="bad" if row["need"] == "complaint" else "",
                text=row["sentence"],
                text_link=mention_link(asked, row["seq"]),
            )
            for row in rows[:limit]
        ],
        more=_more(asked, "needs", rows, limit, offset),
        empty="No advocate waits for anything, as far as the daily list knows.",
    )


def advocates(
    connection: sqlite3.Connection, asked: Asked, limit: int, offset: int = 0
) -> PeopleList:
    """Give the people who talk others into the brand, as it stands now."""
    rows = people_page(connection, "advocates", asked.choice, limit + 1, offset)
    return PeopleList(
        key="advocates",
        title="Advocates",
        about="They talk others into the brand, and have not turned since.",
        people=[
            _standing(row, "advocacy", "advocate_since", "good", asked) for row in rows[:limit]
        ],
        more=_more(asked, "advocates", rows, limit, offset),
        empty="Nobody talks others into the brand yet.",
    )


def haters(
    connection: sqlite3.Connection, asked: Asked, limit: int, offset: int = 0
) -> PeopleList:
    """Give the people who talk others out of it, as it stands now."""
    rows = people_page(connection, "haters", asked.choice, limit + 1, offset)
    return PeopleList(
        key="haters",
        title="Haters",
        about="They talk others out of it, and have not been won back. Answer each of them.",
        people=[_standing(row, "warnings", "hater_since", "bad", asked) for row in rows[:limit]],
        more=_more(asked, "haters", rows, limit, offset),
        empty="Nobody talks others out of the brand.",
    )


def flips(connection: sqlite3.Connection, asked: Asked, limit: int, offset: int = 0) -> PeopleList:
    """Give those whose mind changed in the period."""
    rows = flips_page(connection, asked.choice, limit + 1, offset)
    return PeopleList(
        key="flips",
        title="Changed their mind",
        about="Advocates who turned angry, and haters who were won back, in this period.",
        people=[
            Person(
                name=row["author"] or "Somebody",
                link=author_link(asked, row["author_id"]),
                note=f"{FLIPS[row['flip']]} {words.moment(row['created_at'], asked)}"
                + _of_brand(row, asked),
                tone="good" if row["flip"] == "won_back" else "bad",
                text=words.said(row, 140),
                text_link=mention_link(asked, row["seq"]),
            )
            for row in rows[:limit]
        ],
        more=_more(asked, "flips", rows, limit, offset),
        empty="Nobody changed their mind in this period.",
    )


def quiet(connection: sqlite3.Connection, asked: Asked, limit: int, offset: int = 0) -> PeopleList:
    """Give the advocates whose silence is longer than their own rhythm explains."""
    rows = quiet_people(connection, asked.choice, limit + 1, offset)
    return PeopleList(
        key="quiet",
        title="Gone quiet",
        about="Advocates who are silent for longer than their own rhythm explains.",
        people=[
            Person(
                name=row["author"] or "Somebody",
                link=author_link(asked, row["author_id"]),
                note=f"silent for {row['silent_days']:.0f} days; spoke every "
                f"{max(1.0, row['usual_days']):.0f} days before{_of_brand(row, asked)}",
                tone="bad",
            )
            for row in rows[:limit]
        ],
        more=_more(asked, "quiet", rows, limit, offset),
        empty="No advocate has gone quiet.",
    )


def kudos(connection: sqlite3.Connection, asked: Asked, limit: int, offset: int = 0) -> PeopleList:
    """Give the colleagues whom the period's wows name, the most named first."""
    rows = named_colleagues(connection, asked.choice, limit + 1, offset)
    return PeopleList(
        key="kudos",
        title="Kudos",
        about="Colleagues whom the wows of this period name.",
        people=[
            Person(
                name=row["name"],
                link=asked.link("mentions", staff=row["name"], experience="delighted"),
                note=f"{row['wows']:,} wow{'s' if row['wows'] != 1 else ''}",
                tone="good",
            )
            for row in rows[:limit]
        ],
        more=_more(asked, "kudos", rows, limit, offset),
        empty="No wow of this period names a colleague. Names come from `staff` of the brand in "
        "earful.toml.",
    )


def _standing(row: Mapping[str, Any], counted: str, since: str, tone: str, asked: Asked) -> Person:
    times = f"{row[counted]:,} time{'s' if row[counted] != 1 else ''}"
    began = words.at(row[since])
    when = f", since {words.day(asked.local(began).date(), asked.today)}" if began else ""
    return Person(
        name=row["author"] or "Somebody",
        link=author_link(asked, row["author_id"]),
        note=f"{times}{when}, at {row['source']}{_of_brand(row, asked)}",
        tone=tone,
    )


def _of_brand(row: Mapping[str, Any], asked: Asked) -> str:
    return f", {row['brand']}" if asked.brand is None else ""


def _more(asked: Asked, key: str, rows: Sequence[object], limit: int, offset: int) -> str | None:
    if len(rows) <= limit:
        return None
    return asked.link(f"people/{key}", **({"offset": offset + limit} if offset else {}))
