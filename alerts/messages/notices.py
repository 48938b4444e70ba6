"""Messages about a brand: a quiet first run, a checkpoint, a month's praise, what is too many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from alerts.decide.voice_signs import Colleague
from alerts.messages.blocks import context, facts, header, payload, section
from alerts.messages.catalogue import _, later, n_, written
from alerts.messages.places import Places
from alerts.messages.plainly import plainly
from alerts.messages.safe_text import day, line, listed, moment, month, percentage, span
from alerts.messages.voice_cards import colleague
from config.checkpoint_metrics import CheckpointMetric
from storage.models import Experience

_EXPERIENCES = {
    Experience.ANGRY: later("Angry"),
    Experience.MEDIOCRE: later("Mediocre"),
    Experience.DELIGHTED: later("Delighted"),
    Experience.NONE: later("No experience told"),
}
_PLACES = 10
_METRICS = {metric.value: metric for metric in CheckpointMetric}


def experience_names() -> list[tuple[Experience, str]]:
    """Name each experience for people, in the order in which they are shown."""
    return [(experience, _(name)) for experience, name in _EXPERIENCES.items()]


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
    lead = _backlog_lead(total, where, oldest, newest, max_age_hours)
    if oldest and newest:
        where = _("{where}, from {first} to {last}", where=where, first=day(oldest),
                  last=day(newest))  # fmt: skip
    summary = n_(
        "Earful read {n} older mention of {brand} {where}: {angry} angry, {wows} delighted. They "
        "make no messages of their own.",
        "Earful read {n} older mentions of {brand} {where}: {angry} angry, {wows} delighted. They "
        "make no messages of their own.",
        total,
        brand=line(brand, 80),
        where=where,
        angry=written(counts.get(Experience.ANGRY, 0)),
        wows=written(counts.get(Experience.DELIGHTED, 0)),
    )
    return payload(
        summary,
        [
            header(_("Listening for {brand}: older mentions", brand=brand)),
            section(lead, "lead"),
            facts(
                [
                    (name, _of_total(counts.get(experience, 0), total))
                    for experience, name in experience_names()
                ]
            ),
        ],
    )


def _backlog_lead(
    total: int, where: str, oldest: datetime | None, newest: datetime | None, hours: float
) -> str:
    number = n_("{n} mention", "{n} mentions", total)
    if oldest and newest:
        return _(
            "Earful read *{mentions}* {where} that are older than {hours} hours, from {first} to "
            "{last}. They are stored and counted; none of them makes a message of its own, and "
            "none opens a case.",
            mentions=number,
            where=where,
            hours=f"{hours:g}",
            first=day(oldest),
            last=day(newest),
        )
    return _(
        "Earful read *{mentions}* {where} that are older than {hours} hours. They are stored and "
        "counted; none of them makes a message of its own, and none opens a case.",
        mentions=number,
        where=where,
        hours=f"{hours:g}",
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
    *,
    raised: bool = False,
) -> dict[str, Any]:
    """Celebrate a goal that was truly reached, and name the next one. Rates are shares of 1.

    What was not `raised` is proposed: somebody sets it in the config.
    """
    if next_target is None:
        onward = _("There is no higher one: hold it.")
    elif raised:
        onward = _("Rest a moment. The next checkpoint is {goal}.", goal=percentage(next_target))
    else:
        onward = _(
            "Rest a moment. The next checkpoint could be {goal}: set it as target in earful.toml.",
            goal=percentage(next_target),
        )
    told = {
        "brand": line(brand, 80),
        "metric": metric_name(metric),
        "value": percentage(value),
        "goal": percentage(target),
        "onward": onward,
    }
    return payload(
        _(
            "Checkpoint reached for {brand}: {metric} {value} (the goal was {goal}). {onward}",
            **told,
        ),
        [
            header(_("Checkpoint reached: {brand}", brand=brand)),
            section(
                _(
                    "*The {metric} of {brand} is {value}; the goal was {goal}.* {onward}",
                    **told,
                ),
                "lead",
            ),
            facts(
                [
                    (_("Measured over"), f"{span(window)}, {_counted_in(metric, total)}"),
                    (
                        _("How sure"),
                        _(
                            "between {low} and {high} (95% interval)",
                            low=percentage(low),
                            high=percentage(high),
                        ),
                    ),
                ]
            ),
        ],
    )


@plainly("Checkpoint lowered")
def checkpoint_lowered(
    brand: str, metric: str, lowered_from: float, target: float
) -> dict[str, Any]:
    """Say that the config lowered a goal: no goal is lowered in silence. Rates are shares of 1."""
    told = {
        "brand": line(brand, 80),
        "metric": metric_name(metric),
        "before": percentage(lowered_from),
        "goal": percentage(target),
    }
    sentence = _(
        "The goal for the {metric} of {brand} was lowered in the config: it was {before} and is "
        "{goal} now.",
        **told,
    )
    return payload(sentence, [section(sentence, "lead")])


def _counted_in(metric: str, total: int) -> str:
    known = _METRICS.get(metric)
    if known is not None and known.unit == "case":
        return n_("{n} case", "{n} cases", total)
    if known is not None and known.unit == "point":
        return n_("{n} point of the charts", "{n} points of the charts", total)
    return n_("{n} mention", "{n} mentions", total)


@plainly("The people behind the wows")
def leaderboard(brand: str, when: str, names: Sequence[tuple[Colleague, int]]) -> dict[str, Any]:
    """Name the colleagues behind the wows of a month such as `2026-10`.

    Equal counts share a place.
    """
    shown = month(date.fromisoformat(f"{when}-01"))
    counts = [wows for _one, wows in names]
    rows = [
        n_(
            "{place}. {name}: named in {n} wow",
            "{place}. {name}: named in {n} wows",
            wows,
            place=counts.index(wows) + 1,
            name=colleague(one),
        )
        for one, wows in names[:_PLACES]
    ]
    first = [line(one.name, 60) for one, wows in names[:5] if wows == counts[0]]
    return payload(
        _(
            "The wows of {brand} in {month} name {people} most often.",
            brand=line(brand, 80),
            month=shown,
            people=listed(first),
        ),
        [
            header(_("The people behind the wows: {brand}, {month}", brand=brand, month=shown)),
            section("\n".join(rows), "places"),
            context(
                [_("Earful counts the wows that name a colleague from the config")], "small_print"
            ),
        ],
    )


@plainly("More complaints this hour", keep=lambda brand, number, at: {"count": number})
def limited(brand: str, number: int, at: datetime) -> dict[str, Any]:
    """Stand for the complaints that a channel's limit held back; `count` is for the next one."""
    shown = line(brand, 80)
    return payload(
        n_(
            "{n} more complaint about {brand} came this hour, beyond this channel's limit.",
            "{n} more complaints about {brand} came this hour, beyond this channel's limit.",
            number,
            brand=shown,
        ),
        [
            section(
                n_(
                    "*{n} more complaint about {brand} came this hour*, beyond this channel's "
                    "limit. Each has its case: see `earful case list` or the view `open_cases`.",
                    "*{n} more complaints about {brand} came this hour*, beyond this channel's "
                    "limit. Each has its case: see `earful case list` or the view `open_cases`.",
                    number,
                    brand=shown,
                ),
                "lead",
            ),
            context([_("Counted {moment}", moment=moment(at))], "small_print"),
        ],
    ) | {"count": number}


@plainly("Complaints overdue today")
def overdue_count(brand: str, number: int, at: datetime) -> dict[str, Any]:
    """Tell ops how many complaints of a brand were not answered in time today."""
    shown = line(brand, 80)
    return payload(
        n_(
            "{n} complaint about {brand} became overdue today.",
            "{n} complaints about {brand} became overdue today.",
            number,
            brand=shown,
        ),
        [
            section(
                n_(
                    "*{n} complaint about {brand} became overdue today*: see the view "
                    "`open_cases`, or `earful case list`.",
                    "*{n} complaints about {brand} became overdue today*: see the view "
                    "`open_cases`, or `earful case list`.",
                    number,
                    brand=shown,
                ),
                "lead",
            ),
            context([_("Counted {moment}", moment=moment(at))], "small_print"),
        ],
    )


def metric_name(metric: str) -> str:
    """Name a metric for people, escaped."""
    known = _METRICS.get(metric)
    return _(known.words) if known else line(metric.replace("_", " "), 60)


def _of_total(part: int, total: int) -> str:
    return f"{written(part)} ({percentage(part / total)})" if total else written(part)
