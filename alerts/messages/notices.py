"""Messages about a brand: a quiet first run, a checkpoint, a month's praise, what is too many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from alerts.decide.voice_signs import Colleague
from alerts.messages.blocks import context, facts, header, payload, section
from alerts.messages.places import Places
from alerts.messages.plainly import plainly
from alerts.messages.safe_text import MONTHS, count, day, line, moment, percentage, span
from alerts.messages.voice_cards import colleague
from config.checkpoint_metrics import CheckpointMetric
from storage.models import Experience

EXPERIENCE_NAMES = {
    Experience.ANGRY: "Angry",
    Experience.MEDIOCRE: "Mediocre",
    Experience.DELIGHTED: "Delighted",
    Experience.NONE: "No experience told",
}
_PLACES = 10
_METRICS = {metric.value: metric for metric in CheckpointMetric}


@plainly("Older mentions were read")
def backlog(
    brand: str,
    source: str,
    places: Places,
    counts: Mapping[Experience, int],
    oldest: datetime | None,
    newest: datetime | None,
    max_age_hours: float,
) -> dict[str, Any]:
    """Sum up what a source told before Earful listened, instead of a flood of old mentions."""
    total = sum(counts.values())
    where = places.at(source)
    span = f", from {day(oldest)} to {day(newest)}" if oldest and newest else ""
    angry, wows = counts.get(Experience.ANGRY, 0), counts.get(Experience.DELIGHTED, 0)
    summary = (
        f"Earful read {count(total, 'older mention')} of {line(brand, 80)} {where}{span}: "
        f"{angry:,} angry, {wows:,} delighted. They make no messages of their own."
    )
    return payload(
        summary,
        [
            header(f"Listening for {brand}: older mentions"),
            section(
                f"Earful read *{count(total, 'mention')}* {where} that are older than "
                f"{max_age_hours:g} hours{span}. They are stored and counted; none of them makes "
                "a message of its own, and none opens a case.",
                "lead",
            ),
            facts(
                [
                    (name, _of_total(counts.get(experience, 0), total))
                    for experience, name in EXPERIENCE_NAMES.items()
                ]
            ),
        ],
    )


@plainly("Checkpoint reached")
def checkpoint(
    brand: str,
    metric: str,
    target: float,
    value: float,
    low: float,
    high: float,
    total: int,
    next_target: float | None,
    window: str,
) -> dict[str, Any]:
    """Celebrate a goal that was truly reached, and name the next one. Rates are shares of 1."""
    name = metric_name(metric)
    unit = _METRICS[metric].unit if metric in _METRICS else "mention"
    onward = (
        f"Rest a moment. The next checkpoint is {percentage(next_target)}."
        if next_target is not None
        else "There is no higher one: hold it."
    )
    summary = (
        f"Checkpoint reached for {line(brand, 80)}: {name} {percentage(value)} "
        f"(the goal was {percentage(target)}). {onward}"
    )
    return payload(
        summary,
        [
            header(f"Checkpoint reached: {brand}"),
            section(
                f"*The {name} of {line(brand, 80)} is {percentage(value)}; the goal was "
                f"{percentage(target)}.* {onward}",
                "lead",
            ),
            facts(
                [
                    ("Measured over", f"{span(window)}, {count(total, unit)}"),
                    (
                        "How sure",
                        f"between {percentage(low)} and {percentage(high)} (95% interval)",
                    ),
                ]
            ),
        ],
    )


@plainly("The people behind the wows")
def leaderboard(brand: str, month: str, names: Sequence[tuple[Colleague, int]]) -> dict[str, Any]:
    """Name the colleagues behind a month's wows; equal counts share a place."""
    year, number = month.split("-")
    when = f"{MONTHS[int(number) - 1]} {year}"
    counts = [wows for _, wows in names]
    rows = [
        f"{counts.index(wows) + 1}. {colleague(one)}: named in {count(wows, 'wow')}"
        for one, wows in names[:_PLACES]
    ]
    first = [line(one.name, 60) for one, wows in names[:5] if wows == counts[0]]
    leaders = " and ".join(filter(None, [", ".join(first[:-1]), *first[-1:]]))
    return payload(
        f"The wows of {line(brand, 80)} in {when} name {leaders} most often.",
        [
            header(f"The people behind the wows: {brand}, {when}"),
            section("\n".join(rows), "places"),
            context(
                ["Earful counts the wows that name a colleague from the config"], "small_print"
            ),
        ],
    )


@plainly("More complaints this hour", keep=lambda brand, number, at: {"count": number})
def limited(brand: str, number: int, at: datetime) -> dict[str, Any]:
    """Stand for the complaints that a channel's limit held back; `count` is for the next one."""
    complaints = f"{count(number, 'more complaint')} about {line(brand, 80)} came this hour"
    return payload(
        f"{complaints}, beyond this channel's limit.",
        [
            section(
                f"*{complaints}*, beyond this channel's limit. Each has its case: see `earful "
                "case list` or the view `open_cases`.",
                "lead",
            ),
            context([f"Counted {moment(at)}"], "small_print"),
        ],
    ) | {"count": number}


@plainly("Complaints overdue today")
def overdue_count(brand: str, number: int, at: datetime) -> dict[str, Any]:
    """Tell ops how many complaints of a brand were not answered in time today."""
    complaints = f"{count(number, 'complaint')} about {line(brand, 80)} became overdue today"
    return payload(
        f"{complaints}.",
        [
            section(f"*{complaints}*: see the view `open_cases`, or `earful case list`.", "lead"),
            context([f"Counted {moment(at)}"], "small_print"),
        ],
    )


def metric_name(metric: str) -> str:
    """Name a metric for people, escaped."""
    known = _METRICS.get(metric)
    return known.words if known else line(metric.replace("_", " "), 60)


def _of_total(part: int, total: int) -> str:
    return f"{part:,} ({percentage(part / total)})" if total else f"{part:,}"
