"""What moved the rates, topic by topic, and what delighted people speak of that others do not."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from earful.pages.front import page_words as words
from earful.pages.front.asked import Asked
from earful.pages.front.quotes import Quote, quote
from storage.page_reads.topic_choices import impact_rows, trigger_rows

_SPANS = (7, 28, 90)
_TRIGGERS = 5
_MOVERS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Mover:
    """A topic and the points by which it moved a rate; `tone` is empty where it may be chance."""

    name: str
    points: str
    interval: str
    tone: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A rate, its change against as many days before, and the topics that make it up."""

    name: str
    change: str
    movers: Sequence[Mover]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """Something that delighted mentions speak of more than mediocre ones."""

    name: str
    odds: str
    counts: str
    link: str
    quote: Quote | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Movers:
    """The panel's parts; `span` names the days that impacts are of."""

    span: str
    moved: Sequence[Moved]
    triggers: Sequence[Trigger]
    triggers_span: str


def movers_panel(connection: sqlite3.Connection, asked: Asked) -> Movers:
    """Give what was measured of a brand for the days nearest to those chosen."""
    brand = asked.choice.brand or ""
    days = min(_SPANS, key=lambda one: abs(one - (asked.days or max(_SPANS))))
    rows = [] if asked.choice.narrowed else impact_rows(connection, brand, days)
    # Figures of another time would stand beside numbers that they do not explain.
    if rows and (asked.last < date.fromisoformat(rows[0]["until"])):
        rows = []
    triggers = [] if asked.choice.narrowed else trigger_rows(connection, brand, _TRIGGERS)
    return Movers(
        span=_span(rows[0], asked) if rows else "",
        moved=[
            _moved(rows, "complaint", "Complaint rate", False, asked),
            _moved(rows, "wow", "Wow rate", True, asked),
        ]
        if rows
        else [],
        triggers=[_trigger(row, said, asked) for row, said in triggers],
        triggers_span=_span(triggers[0][0], asked) if triggers else "",
    )


def _moved(
    rows: Sequence[Mapping[str, Any]], rate: str, name: str, more_is_good: bool, asked: Asked
) -> Moved:
    told = [row for row in rows if row[f"{rate}_impact"] is not None]
    label = "delighted" if more_is_good else "angry"
    told.sort(key=lambda one: -abs(one[f"{rate}_impact"]))
    movers = [_mover(row, rate, label, more_is_good, asked) for row in told[:_MOVERS]]
    if rest := told[_MOVERS:]:
        # Without them the table would not sum to the change.
        gap = sum(row[f"{rate}_impact"] for row in rest)
        movers.append(
            Mover(
                name=f"the other {len(rest)} together", points=words.points(gap), interval="",
                tone="", link="",
            )
        )  # fmt: skip
    change = sum(row[f"{rate}_impact"] for row in told)
    return Moved(name=name, change=words.points(change), movers=movers)


def _mover(
    row: Mapping[str, Any], rate: str, label: str, more_is_good: bool, asked: Asked
) -> Mover:
    gap, low, high = (row[f"{rate}_impact{end}"] for end in ("", "_low", "_high"))
    sure = low is not None and (low > 0 or high < 0)
    days = asked.of_day(date.fromisoformat(row["since"]), date.fromisoformat(row["until"]))
    topic = row["topic_id"]
    return Mover(
        name=row["topic"] if topic else "about no topic",
        points=words.points(gap),
        interval=f"{_signed(low)} to {_signed(high)}" if low is not None else "",
        tone=("good" if (gap > 0) == more_is_good else "bad") if sure else "",
        # No address chooses what is about none.
        link=asked.link("mentions", topic=topic, experience=label, **days) if topic else "",
    )


def _signed(gap: float) -> str:
    return f"{100 * gap:+.1f}".replace("-", "−")


def _trigger(row: Mapping[str, Any], said: Mapping[str, Any] | None, asked: Asked) -> Trigger:
    days = asked.of_day(date.fromisoformat(row["since"]), date.fromisoformat(row["until"]))
    what: dict[str, object] = (
        {"topic": row["topic_id"]} if row["topic_id"] else {"words": f'"{row["what"]}"'}
    )
    return Trigger(
        name=row["what"],
        # Where no mediocre mention speaks of it the odds themselves say nothing.
        odds=f"at least {row['low']:.1f} times likelier (95%)",
        counts=f"{row['delighted']:,} of {row['of_delighted']:,} delighted, "
        f"{row['mediocre']:,} of {row['of_mediocre']:,} merely okay",
        link=asked.link("mentions", experience="delighted", **what, **days),
        quote=quote(said, asked, 160) if said is not None else None,
    )


def _span(row: Mapping[str, Any], asked: Asked) -> str:
    return words.days(
        date.fromisoformat(row["since"]), date.fromisoformat(row["until"]), asked.today
    )
