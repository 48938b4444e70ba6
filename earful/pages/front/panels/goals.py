"""Checkpoints as a road: where a brand stands, how sure that is, the goal, what was reached."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import groupby
from typing import Any

from markupsafe import Markup

from alerts.decide.stats import Rate
from config.checkpoint_metrics import CheckpointMetric
from earful.pages.front import words
from earful.pages.front.asked import Asked
from earful.pages.front.drawings import Road, road
from storage.page_reads.choice import Choice
from storage.page_reads.goal_rows import checkpoint_rows
from storage.page_reads.tallies import totals
from storage.page_reads.waiting import answered


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One metric's road; `reached` are those goals that it has passed, the latest first."""

    brand: str
    name: str
    window: str
    stands: str
    sure: str
    goal: str
    drawing: Markup
    reached: Sequence[str]
    link: str


def goals_panel(connection: sqlite3.Connection, asked: Asked) -> list[Goal]:
    """Give the road of each checkpoint of a brand or of all."""
    rows = checkpoint_rows(connection, asked.choice)
    grouped = groupby(rows, key=lambda row: (row["brand"], row["metric"], row["window_days"]))
    return [
        made
        for (brand, metric, window), goals in grouped
        if (made := _goal(connection, asked, brand, metric, window, list(goals))) is not None
    ]


def _goal(
    connection: sqlite3.Connection,
    asked: Asked,
    brand: str,
    key: str,
    window: int,
    goals: Sequence[Mapping[str, Any]],
) -> Goal | None:
    metric = next((one for one in CheckpointMetric if one == key), None)
    if metric is None:
        return None  # of another Earful: the table has it
    last = asked.today
    choice = Choice(brand=brand, first=last - timedelta(days=window - 1), last=last)
    rate = _rate(connection, replace(asked, choice=choice, first=choice.first, last=last), metric)
    bound = rate.interval()
    present = goals[-1]
    passed = [one["target"] for one in goals if one["reached_at"] is not None]
    target = present["target"]
    value = rate.value
    stands = "nothing was counted yet" if value is None else words.percent(value)
    sure = "" if value is None else f"95%: {bound.low:.1%} to {bound.high:.1%}"
    goal = (
        f"the last goal, {target:.1%}, is reached"
        if present["reached_at"] is not None
        else f"goal: {'at most' if metric.less_is_better else 'at least'} {target:.1%}"
    )
    name = metric.words[0].upper() + metric.words[1:]
    filters: dict[str, object] = {"brand": brand, **asked.of_day(choice.first or last, last)}
    return Goal(
        brand=brand,
        name=name,
        window=f"over {window} days",
        stands=stands,
        sure=sure,
        goal=goal,
        drawing=road(
            Road(
                value=value, low=bound.low, high=bound.high, goal=target,
                passed=[one for one in passed if one != target or present["reached_at"]],
                less_is_better=metric.less_is_better,
            ),
            f"{name}: {stands}, {goal}",
        ),
        reached=[
            f"{one['target']:.1%} reached {words.moment(one['reached_at'], asked)}"
            for one in reversed(goals)
            if one["reached_at"] is not None
        ],
        link=asked.link(
            "cases" if metric.unit == "case" else "mentions",
            **({"which": "opened"} if metric.unit == "case" else {}),
            **filters,
        ),
    )  # fmt: skip


def _rate(connection: sqlite3.Connection, asked: Asked, metric: CheckpointMetric) -> Rate:
    if metric.unit == "case":
        counted: Mapping[str, int] = answered(connection, asked.choice, asked.between())
    else:
        tally = totals(connection, asked.choice)
        counted = {name: getattr(tally, name) for name in (*metric.part, *metric.whole)}
    return Rate(
        sum(counted[name] for name in metric.part), sum(counted[name] for name in metric.whole)
    )
