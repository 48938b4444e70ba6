"""What needs an answer: open cases by due time and by age, and how fast answers come."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from earful.pages.front import page_words as words
from earful.pages.front.asked import Asked
from earful.pages.front.quotes import Quote, case_link, quote
from storage.page_reads.tallies import totals
from storage.page_reads.waiting import AGES, answered, case_page, public_replies, waiting_cases

_SHOWN = 5
_SOON = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """A case in a list; `tone` is bad where it is overdue."""

    id: int
    link: str
    due: str
    due_at: str
    tone: str
    state: str
    owner: str
    quote: Quote


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The panel: figures are (words, number, link)."""

    open: int
    overdue: int
    figures: Sequence[tuple[str, int, str, str]]
    ages: Sequence[tuple[str, int, int]]
    cases: Sequence[CaseLine]
    all_link: str
    period: str
    period_link: str


def answers_panel(connection: sqlite3.Connection, asked: Asked, now: datetime) -> Answers:
    """Read all that waits now, whatever the period, and what the period's cases came to."""
    waiting = waiting_cases(connection, asked.choice, now)
    overdue = sum(bool(row["overdue"]) for row in waiting)
    soon = sum(
        not row["overdue"] and row["snoozed_until"] is None and _due(row) - now <= _SOON
        for row in waiting
    )
    unclaimed = sum(row["claimed_by"] is None and row["state"] == "open" for row in waiting)
    snoozed = sum(row["snoozed_until"] is not None for row in waiting)
    shown, _ = case_page(connection, "open", asked.choice, (None, None), now, _SHOWN, 0)
    done = answered(connection, asked.choice, asked.between())
    return Answers(
        open=len(waiting),
        overdue=overdue,
        figures=[
            ("waiting", len(waiting), asked.link("cases", which="open"), ""),
            ("overdue", overdue, asked.link("cases", which="overdue"), "bad" if overdue else ""),
            ("due within 24 hours", soon, asked.link("cases", which="open"), ""),
            ("nobody has taken", unclaimed, asked.link("cases", which="unclaimed"), ""),
            ("snoozed", snoozed, asked.link("cases", which="snoozed"), ""),
        ],
        ages=_ages(waiting, now),
        cases=[case_line(row, asked, now) for row in shown],
        all_link=asked.link("cases", which="open"),
        period=_period(done) + _publicly(connection, asked),
        period_link=asked.link("cases", which="opened"),
    )


def case_line(row: Mapping[str, Any], asked: Asked, now: datetime) -> CaseLine:
    """Write a row of `case_page`."""
    due, tone = due_words(row, now)
    return CaseLine(
        id=row["id"],
        link=case_link(asked, row["id"]),
        due=due,
        due_at=words.moment(row["due_at"], asked),
        tone=tone,
        state=row["state"],
        owner=row["claimed_by"] or "",
        quote=quote(row, asked, 160),
    )


def due_words(row: Mapping[str, Any], now: datetime) -> tuple[str, str]:
    """Say how a case stands with its due time."""
    if row["state"] not in ("open", "claimed"):
        return str(row["state"]), ""
    if row["snoozed_until"] is not None:
        return "snoozed", ""
    left = _due(row) - now
    if left < timedelta(0):
        return f"overdue {words.span(left)}", "bad"
    return f"due in {words.span(left)}", "soon" if left <= timedelta(hours=4) else ""


def _due(row: Mapping[str, Any]) -> datetime:
    # A due time that cannot be read is one to look at first.
    return words.at(row["due_at"]) or datetime.min.replace(tzinfo=UTC)


def _ages(waiting: Sequence[Mapping[str, Any]], now: datetime) -> list[tuple[str, int, int]]:
    """Count cases by age: (words, cases, per mille of the fullest), for bars of whole pixels."""
    counted = dict.fromkeys((name for name, _ in AGES), 0)
    for row in waiting:
        opened = words.at(row["opened_at"]) or now
        counted[next(name for name, longest in AGES if now - opened < longest)] += 1
    most = max(counted.values()) or 1
    return [(name, number, round(1000 * number / most)) for name, number in counted.items()]


def _publicly(connection: sqlite3.Connection, asked: Asked) -> str:
    """Say how many complaints have an answer for all to see, whether a case was made or not."""
    angry = totals(connection, asked.choice).angry
    if not angry:
        return ""
    replies = public_replies(connection, asked.choice)
    return (
        f" {replies:,} of {angry:,} complaint{'s' if angry != 1 else ''} "
        f"{'have' if angry != 1 else 'has'} a public reply of the brand at "
        f"{'their' if angry != 1 else 'its'} source."
    )


def _period(done: Mapping[str, Any]) -> str:
    if not done["cases"]:
        return "No case was opened in this period."
    rate = done["answered"] / done["cases"]
    opened = f"{done['cases']:,} case{'s' if done['cases'] != 1 else ''}"
    text = f"Of {opened} opened in this period {done['answered']:,} were answered ({rate:.0%})"
    if done["answered"]:
        text += f", {done['in_time']:,} in time; half of them within {words.hours(done['hours'])}"
    return f"{text}."
