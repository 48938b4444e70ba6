"""Where people speak: each source with what it brings and how its readings go."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from earful.pages.front import page_words as words
from earful.pages.front.asked import Asked
from earful.pages.front.drawings import share_bar
from storage.page_reads.source_rows import source_states
from storage.page_reads.tallies import Tally, by_cut

_GOOD = "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """A source; `trouble` is empty where its last reading went well."""

    name: str
    link: str
    mentions: int
    bar: Markup
    told: str
    wow: str
    wow_link: str
    complaint: str
    complaint_link: str
    state: str
    tone: str
    trouble: str
    read: str


def where_panel(connection: sqlite3.Connection, asked: Asked) -> list[SourceLine]:
    """Give each source that brought something in the period, or that is read at all."""
    tallies = by_cut(connection, asked.choice, "source")
    states: dict[str, list[dict[str, Any]]] = {}
    for row in source_states(connection, asked.choice):
        states.setdefault(row["source"], []).append(row)
    names = [*tallies, *sorted(set(states) - set(tallies))]
    return [_line(name, tallies.get(name, Tally()), states.get(name, []), asked) for name in names]


def _line(
    name: str, tally: Tally, states: Sequence[Mapping[str, Any]], asked: Asked
) -> SourceLine:
    bad = [row for row in states if row["state"] != _GOOD]
    read = max((row["finished_at"] or "" for row in states), default="")
    told = tally.told
    return SourceLine(
        name=name,
        link=asked.link("mentions", source=name),
        mentions=tally.mentions,
        bar=share_bar(
            [(one, getattr(tally, one)) for one in ("angry", "mediocre", "delighted", "none")],
            f"{tally.angry:,} angry, {tally.mediocre:,} merely okay, {tally.delighted:,} "
            f"delighted, {tally.none:,} tell no experience",
        ),
        told=f"{told:,}",
        wow=words.percent(tally.delighted / told if told else None),
        wow_link=asked.link("mentions", source=name, experience="delighted"),
        complaint=words.percent(tally.angry / told if told else None),
        complaint_link=asked.link("mentions", source=name, experience="angry"),
        state=_state(states, bad),
        tone="bad" if bad else "good" if states else "",
        trouble="; ".join(_trouble(row, asked) for row in bad),
        read=words.moment(read, asked),
    )


def _state(states: Sequence[object], bad: Sequence[Mapping[str, Any]]) -> str:
    if not states:
        return "imported"
    if not bad:
        return "read well"
    if len(states) > 1:
        return f"{len(bad)} of {len(states)} fail"
    return str(bad[0]["state"])


def _trouble(row: Mapping[str, Any], asked: Asked) -> str:
    place = f"{row['brand']}, {row['target']}" if asked.brand is None else str(row["target"])
    good = words.moment(row["last_good_at"], asked) or "never"
    return f"{place}: {row['reason'] or row['state']}. Last read well: {good}"
