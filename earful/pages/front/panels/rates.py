"""How are we doing: rates with their intervals, each in its control chart."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

from markupsafe import Markup

from alerts.decide.control_charts import p_chart
from alerts.decide.stats import Rate, difference
from earful.pages.front import page_words as words
from earful.pages.front.asked import Asked
from earful.pages.front.drawings import (
    Column,
    Mark,
    control_chart,
    stacked_columns,
    whisker,
)
from storage.page_reads.chart_rows import chart_rows, measured_error, shift_rows
from storage.page_reads.tallies import Tally, by_day, totals

# Longer spans are counted by week or month: marks that lie denser run into one.
_DAYS, _WEEKS = 45, 400
# Of fewer checked verdicts an error says nothing.
_LEAST_CHECKED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A share that the page shows; `up_is_good` is None where neither way is."""

    key: str
    name: str
    part: str
    of: Callable[[Tally], int]
    whole: str
    up_is_good: bool | None
    about: str
    filters: dict[str, str]

    def rate(self, tally: Tally) -> Rate:
        return Rate(getattr(tally, self.part), self.of(tally))


def _told(tally: Tally) -> int:
    return tally.told


def _all(tally: Tally) -> int:
    return tally.mentions


METRICS = (
    Metric(
        key="wow_rate", name="Wow rate", part="delighted", of=_told, whole="experiences",
        up_is_good=True, about="delighted, of those who tell an experience",
        filters={"experience": "delighted"},
    ),
    Metric(
        key="complaint_rate", name="Complaint rate", part="angry", of=_told, whole="experiences",
        up_is_good=False, about="angry, of those who tell an experience",
        filters={"experience": "angry"},
    ),
    Metric(
        key="mediocre_rate", name="Merely okay", part="mediocre", of=_told, whole="experiences",
        up_is_good=None, about="neither angry nor delighted: a better deal takes them away",
        filters={"experience": "mediocre"},
    ),
    Metric(
        key="advocate_rate", name="Advocates", part="advocate", of=_all, whole="mentions",
        up_is_good=True, about="mentions that talk others into the brand",
        filters={"stance": "advocate"},
    ),
    Metric(
        key="hater_rate", name="Haters", part="hater", of=_all, whole="mentions",
        up_is_good=False, about="mentions that talk others out of it",
        filters={"stance": "hater"},
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One rate, written out."""

    metric: Metric
    value: str
    part: int
    whole: int
    link: str
    interval: str
    bar: Markup | None
    change: str
    tone: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Some days counted together."""

    first: date
    last: date
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartRow:
    """One period of a chart's table."""

    label: str
    link: str
    part: int
    whole: int
    share: str
    limits: str
    signal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A control chart, what it says in a sentence, and its numbers."""

    metric: Metric
    drawing: Markup
    verdict: str
    calm: bool
    rows: Sequence[ChartRow]
    unit: str
    shifts: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """The panel. `charts` is empty where nothing was counted."""

    tally: Tally
    before: Tally | None
    mentions_link: str
    mentions_change: str
    tiles: Sequence[Tile]
    charts: Sequence[Chart]
    volume: Markup | None
    unit: str
    headline: str


def rates_panel(connection: sqlite3.Connection, asked: Asked) -> Rates:
    """Count a choice and the days before it."""
    found = by_day(connection, asked.choice)
    tally = sum(found.values(), Tally())
    earlier = asked.choice.before()
    before = totals(connection, earlier) if earlier else None
    errors = measured_error(connection, asked.choice.brand)
    tiles = [_tile(metric, tally, before, asked, errors) for metric in METRICS]
    counted = bins(found, asked)
    unit = _unit(asked, counted)
    return Rates(
        tally=tally,
        before=before,
        mentions_link=asked.link("mentions"),
        mentions_change=_count_change(tally.mentions, before),
        tiles=tiles,
        charts=[_chart(connection, one, counted, unit, asked) for one in METRICS]
        if tally.told
        else [],
        volume=_volume(counted, unit, asked) if tally.mentions else None,
        unit=unit,
        headline=_headline(tally, before, asked),
    )


def bins(found: dict[date, Tally], asked: Asked) -> list[Bin]:
    """Put days together to days, weeks from Monday or months, the whole span without a gap."""
    # Before the first mention of all there was nothing to count, and nothing to draw.
    began = min((b.first_day for b in asked.brands if b.first_day and
                 asked.choice.brand in (None, b.name)), default=asked.last)  # fmt: skip
    first = max(asked.first or began, min(began, asked.last))
    span = (asked.last - first).days + 1
    made: list[Bin] = []
    start = first
    while start <= asked.last:
        end = min(_end(start, span), asked.last)
        made.append(Bin(first=start, last=end, tally=Tally()))
        start = end + timedelta(days=1)
    place = 0
    for day in sorted(found):
        while place < len(made) - 1 and day > made[place].last:
            place += 1
        if made and made[place].first <= day <= made[place].last:
            one = made[place]
            made[place] = Bin(first=one.first, last=one.last, tally=one.tally + found[day])
    return made


def _end(start: date, span: int) -> date:
    if span <= _DAYS:
        return start
    if span <= _WEEKS:
        return start + timedelta(days=6 - start.weekday())
    return (start.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def _unit(asked: Asked, counted: Sequence[Bin]) -> str:
    span = (counted[-1].last - counted[0].first).days + 1 if counted else 1
    return "day" if span <= _DAYS else "week" if span <= _WEEKS else "month"


def _label(one: Bin, unit: str, asked: Asked) -> str:
    if unit == "month":
        return f"{one.first:%b %Y}"
    return words.day(one.first, asked.today)


def _tile(
    metric: Metric,
    tally: Tally,
    before: Tally | None,
    asked: Asked,
    errors: Mapping[str, Mapping[str, Any]],
) -> Tile:
    rate = metric.rate(tally)
    bound = rate.interval()
    then = metric.rate(before) if before is not None else None
    change, tone = _change(metric, rate, then)
    return Tile(
        metric=metric,
        value=words.percent(rate.value),
        part=rate.part,
        whole=rate.total,
        link=asked.link("mentions", **metric.filters),
        interval="" if rate.value is None else f"{bound.low:.1%} to {bound.high:.1%}",
        bar=None if rate.value is None else whisker(
            rate.value, bound.low, bound.high, 1.0, metric.part,
            f"{metric.name} {rate.value:.1%}, 95% interval {bound.low:.1%} to {bound.high:.1%}",
        ),
        change=change,
        tone=tone,
        error=_error(errors.get(metric.part)),
    )  # fmt: skip


def _error(row: Mapping[str, Any] | None) -> str:
    """Say how far the model's word on a label can be trusted, where people looked."""
    if row is None or row["checked"] < _LEAST_CHECKED:
        return ""
    return (
        f"people corrected {row['corrected']:,} of {row['checked']:,} that they checked "
        f"(95%: {row['low']:.0%} to {row['high']:.0%})"
    )


def _change(metric: Metric, now: Rate, then: Rate | None) -> tuple[str, str]:
    if now.value is None:
        return "nothing to count", ""
    if then is None:
        return "", ""
    if then.value is None:
        return "nothing counted in the days before", ""
    gap = now.value - then.value
    if 0 in difference(now, then):
        return f"{words.points(gap)} on the days before, may be chance", ""
    if metric.up_is_good is None:
        return f"{words.points(gap)} on the days before, more than chance", ""
    good = (gap > 0) == metric.up_is_good
    word = "better" if good else "worse"
    return f"{words.points(gap)} on the days before: {word}", "good" if good else "bad"


def _count_change(mentions: int, before: Tally | None) -> str:
    if before is None:
        return ""
    if not before.mentions:
        return "none in the days before"
    change = 100 * (mentions - before.mentions) / before.mentions
    return f"{change:+.0f}% on the days before".replace("-", "−")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    """A period of a control chart, wherever it comes from."""

    first: date
    last: date
    part: int
    whole: int
    share: float | None
    centre: float
    lower: float
    upper: float
    signal: str | None


def _chart(
    connection: sqlite3.Connection, metric: Metric, counted: Sequence[Bin], unit: str, asked: Asked
) -> Chart:
    """Draw the chart that was measured; of a narrower choice, one of its own."""
    points = [] if asked.choice.narrowed else _measured(connection, metric, asked)
    measured = bool(points)
    if not measured:
        points = _charted(metric, counted)
    label = _span_label if measured else partial(_label_of, unit=unit)
    marks, rows = [], []
    for one in points:
        name = label(one, asked)
        link = asked.link("mentions", **metric.filters, **asked.of_day(one.first, one.last))
        told = f"{name}: {words.percent(one.share)}, {one.part:,} of {one.whole:,}"
        marks.append(
            Mark(
                label=words.day(one.first, asked.today) if unit != "month" else name,
                told=f"{told}, {one.signal}" if one.signal else told, link=link, share=one.share,
                centre=one.centre, lower=one.lower, upper=one.upper, signal=one.signal,
            )
        )  # fmt: skip
        if one.share is not None:
            rows.append(
                ChartRow(
                    label=name, link=link, part=one.part, whole=one.whole,
                    share=words.percent(one.share), limits=f"{one.lower:.0%} to {one.upper:.0%}",
                    signal=one.signal or "",
                )
            )  # fmt: skip
    outside = [row.label for row in rows if row.signal]
    return Chart(
        metric=metric,
        drawing=control_chart(marks, f"{metric.name} with its control limits"),
        verdict=_verdict(outside, "period" if measured else unit),
        calm=not outside,
        rows=rows,
        unit=_width(points) if measured else unit,
        shifts=_shifts(connection, metric, asked) if measured else (),
    )


def _measured(connection: sqlite3.Connection, metric: Metric, asked: Asked) -> list[_Point]:
    return [
        _Point(
            first=date.fromisoformat(row["day"]),
            last=date.fromisoformat(row["until"]) - timedelta(days=1),
            part=row["k"], whole=row["n"], share=row["value"], centre=row["centre"],
            lower=row["lower"], upper=row["upper"],
            signal=row["act"] or row["signal"],
        )
        for row in chart_rows(connection, asked.choice, metric.key)
    ]  # fmt: skip


def _charted(metric: Metric, counted: Sequence[Bin]) -> list[_Point]:
    drawn = p_chart([metric.rate(one.tally) for one in counted])
    return [
        _Point(
            first=one.first, last=one.last, part=metric.rate(one.tally).part,
            whole=metric.rate(one.tally).total, share=point.value, centre=drawn.centre or 0.0,
            lower=point.lower, upper=point.upper, signal="; ".join(point.rules) or None,
        )
        for one, point in zip(counted, drawn.points, strict=True)
    ]  # fmt: skip


def _span_label(one: _Point, asked: Asked) -> str:
    return words.days(one.first, one.last, asked.today)


def _label_of(one: _Point, asked: Asked, unit: str) -> str:
    if unit == "month":
        return f"{one.first:%b %Y}"
    return words.day(one.first, asked.today)


def _width(points: Sequence[_Point]) -> str:
    """Name how long the periods of a chart are: the last one may be cut by today."""
    days = sorted((one.last - one.first).days + 1 for one in points)
    usual = days[len(days) // 2]
    return {1: "day", 7: "week", 30: "month", 31: "month"}.get(usual, f"{usual} days")


def _shifts(
    connection: sqlite3.Connection, metric: Metric, asked: Asked
) -> tuple[tuple[str, str], ...]:
    """Say what has lasted since when: (sentence, tone)."""
    said = []
    for row in shift_rows(connection, asked.choice):
        if row["metric"] != metric.key:
            continue
        tone = "" if row["better"] is None else "good" if row["better"] else "bad"
        word = {"good": ": better", "bad": ": worse", "": ""}[tone]
        day = words.day(date.fromisoformat(row["day"]), asked.today)
        said.append(
            (
                f"Since {day} another level holds: {row['value']:.1%}, before "
                f"{row['value_before']:.1%}{word}.",
                tone,
            )
        )
    return tuple(said)


def _verdict(outside: Sequence[str], unit: str) -> str:
    if not outside:
        return f"Steady: chance explains every {unit}."
    named = ", ".join(outside[:4]) + (f" and {len(outside) - 4} more" if len(outside) > 4 else "")
    return f"Chance does not explain {named}: find out what happened."


def _volume(counted: Sequence[Bin], unit: str, asked: Asked) -> Markup:
    columns = []
    for one in counted:
        label, tally = _label(one, unit, asked), one.tally
        columns.append(
            Column(
                label=label,
                told=f"{label}: {tally.mentions:,} mentions, {tally.angry:,} angry, "
                f"{tally.mediocre:,} merely okay, {tally.delighted:,} delighted",
                link=asked.link("mentions", **asked.of_day(one.first, one.last)),
                counts=[
                    (name, getattr(tally, name))
                    for name in ("angry", "mediocre", "delighted", "none")
                ],
            )
        )
    return stacked_columns(columns, f"Mentions a {unit} by experience")


def _headline(tally: Tally, before: Tally | None, asked: Asked) -> str:
    """Say in a sentence or two how the brand does, what changed, and what chance may explain."""
    if not tally.told:
        return ""
    wow, angry = METRICS[0], METRICS[1]
    parts = [
        f"{words.percent(wow.rate(tally).value)} of those who tell an experience are delighted, "
        f"{words.percent(angry.rate(tally).value)} are angry."
    ]
    if before is not None and before.told:
        moved = [
            f"the {metric.name.lower()} {'rose' if gap > 0 else 'fell'} by {abs(100 * gap):.1f} "
            "points"
            for metric in (wow, angry)
            if (gap := (metric.rate(tally).value or 0) - (metric.rate(before).value or 0))
            and 0 not in difference(metric.rate(tally), metric.rate(before))
        ]
        text = " and ".join(moved)
        parts.append(
            f"{text[0].upper()}{text[1:]} on the {asked.days} days before."
            if moved
            else f"No change on the {asked.days} days before is more than chance."
        )
    return " ".join(parts)
