"""Where a brand differs: versions that changed something, and parts beside the rest."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from alerts.decide.stats import Rate, difference
from earful.pages.front import page_words as words
from earful.pages.front.asked import Asked
from storage.page_reads.tallies import Tally, by_cut, totals
from storage.page_reads.version_rows import changed_versions

# By the name that `cut_days` has: the filter of the address, and the words.
_CUTS = (
    ("source", "source", "source"),
    ("version", "version", "version"),
    ("country", "country", "country"),
    ("language", "language", "language"),
    ("location", "location", "location"),
    ("staff", "named", "colleague"),
)
_RATES = (
    ("angry", "complaint_rate", "bad"),
    ("delighted", "wow_rate", "good"),
)
_ROWS = 12
_SENTENCES = 6
# Of fewer no difference is told, as in the view `cuts`.
_LEAST = 20
_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A rate of a part, written out; `differs` is good, bad, or empty where chance explains it."""

    value: str
    interval: str
    part: int
    link: str
    differs: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A value of a cut, with its rates."""

    name: str
    link: str
    mentions: int
    told: int
    shares: Sequence[Share]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """One table; `left` counts the parts that it has no row for."""

    key: str
    name: str
    parts: Sequence[Part]
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A sentence about a version or a part, and the mentions that it is about."""

    text: str
    figures: str
    tone: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The panel; `narrowed` where a filter is set, and nothing is set side by side."""

    versions: Sequence[Finding]
    findings: Sequence[Finding]
    cuts: Sequence[Cut]
    narrowed: bool


def parts_panel(connection: sqlite3.Connection, asked: Asked) -> Parts:
    """Compare each part of a brand with its rest, all parts of a cut taken into account."""
    if asked.choice.narrowed or asked.choice.brand is None:
        return Parts(versions=[], findings=[], cuts=[], narrowed=True)
    whole = totals(connection, asked.choice)
    versions = changed_versions(connection, asked.choice.brand, asked.between())
    told = {("version", one["version"], one["metric"]) for one in versions}
    cuts, found = [], list[tuple[float, Finding]]()
    for dimension, field, name in _CUTS:
        tallies = by_cut(connection, asked.choice, dimension)
        named = {value: tally for value, tally in tallies.items() if value}
        compared = sum(_is_compared(one, whole) for one in named.values())
        parts = []
        for value, tally in named.items():
            part, differing = _part(asked, field, value, tally, whole, compared)
            parts.append(part)
            found += [
                (gap, one)
                for metric, gap, one in differing
                # It was told against the versions before it, which says more.
                if (dimension, value, metric) not in told
            ]
        # A table of its own stands for the sources.
        if parts and dimension != "source":
            cuts.append(
                Cut(key=dimension, name=name, parts=parts[:_ROWS], left=len(parts[_ROWS:]))
            )
    found.sort(key=lambda pair: -abs(pair[0]))
    return Parts(
        versions=[_version(row, asked) for row in versions[:_SENTENCES]],
        findings=[finding for _, finding in found[:_SENTENCES]],
        cuts=cuts,
        narrowed=False,
    )


def _is_compared(tally: Tally, whole: Tally) -> bool:
    return tally.told >= _LEAST and whole.told - tally.told >= _LEAST


def _part(
    asked: Asked, field: str, value: str, tally: Tally, whole: Tally, compared: int
) -> tuple[Part, list[tuple[str, float, Finding]]]:
    shares, found = [], []
    for label, metric, tone in _RATES:
        name = metric.replace("_", " ")
        rate = Rate(getattr(tally, label), tally.told)
        # What names two colleagues counts for both: the rest is what is not of this part.
        rest = Rate(getattr(whole, label) - rate.part, whole.told - tally.told)
        link = asked.link("mentions", **{field: value, "experience": label})
        differs = ""
        if _is_compared(tally, whole) and rate.value is not None and rest.value is not None:
            gap = rate.value - rest.value
            if 0 not in difference(rate, rest, 1 - (1 - _CONFIDENCE) / compared):
                differs = tone if gap > 0 else {"good": "bad", "bad": "good"}[tone]
                found.append(
                    (metric, gap, _finding(value, field, name, rate, rest, differs, link))
                )
        bound = rate.interval()
        shares.append(
            Share(
                value=words.percent(rate.value),
                interval="" if rate.value is None else f"{bound.low:.0%} to {bound.high:.0%}",
                part=rate.part,
                link=link,
                differs=differs,
            )
        )
    return Part(
        name=value,
        link=asked.link("mentions", **{field: value}),
        mentions=tally.mentions,
        told=tally.told,
        shares=shares,
    ), found


def _finding(
    value: str, field: str, name: str, rate: Rate, rest: Rate, tone: str, link: str
) -> Finding:
    higher = (rate.value or 0.0) > (rest.value or 0.0)
    what = {"named": "What names", "source": "At", "location": "At", "version": "Version",
            "country": "Country", "language": "Language"}[field]  # fmt: skip
    return Finding(
        text=f"{what} {value}: {'higher' if higher else 'lower'} {name} than elsewhere",
        figures=f"{words.percent(rate.value)} of {rate.total:,}, the others "
        f"{words.percent(rest.value)} of {rest.total:,}",
        tone=tone,
        link=link,
    )


def _version(row: Mapping[str, Any], asked: Asked) -> Finding:
    """Say what a version did, as it was found against the versions before it."""
    label = "angry" if row["metric"] == "complaint_rate" else "delighted"
    now, then = Rate(row["part"], row["told"]), Rate(row["part_before"], row["told_before"])
    first = date.fromisoformat(row["first_day"])
    return Finding(
        text=f"Version {row['version']} made the {row['metric'].replace('_', ' ')} "
        f"{row['direction']}",
        figures=f"{words.percent(now.value)} of {now.total:,} since "
        f"{words.day(first, asked.today)}, {words.percent(then.value)} of {then.total:,} before; "
        f"by source and country "
        f"{words.points(row['difference'])} "
        f"(95%: {words.points(row['low'])} to {words.points(row['high'])})",
        tone="bad" if row["direction"] == "worse" else "good",
        link=asked.link(
            "mentions", version=row["version"], experience=label, period="all time",
            since=None, until=None,
        ),
    )  # fmt: skip
