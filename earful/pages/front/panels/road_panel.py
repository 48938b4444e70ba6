"""Checkpoints as a road: where a brand stands, how sure that is, the goal, what was reached."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any

from markupsafe import Markup

from config.checkpoint_metrics import CheckpointMetric
from earful.pages.front import page_words as words
from earful.pages.front.asked import Asked
from earful.pages.front.drawings import Road, road
from storage.page_reads.chart_rows import road_rows


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
    """Give the road of each checkpoint of a brand or of all, as it was last measured."""
    grouped = groupby(
        road_rows(connection, asked.choice),
        key=lambda row: (row["brand"], row["metric"], row["window_days"]),
    )
    return [
        made
        for (_, key, _), goals in grouped
        if (made := _goal(asked, key, list(goals))) is not None
    ]


def _goal(asked: Asked, key: str, goals: Sequence[Mapping[str, Any]]) -> Goal | None:
    metric = next((one for one in CheckpointMetric if one == key), None)
    if metric is None:
        return None  # of another Earful: the view has it
    present = goals[-1]
    passed = [one["target"] for one in goals if one["state"] == "reached"]
    brand, window, target, value = (
        present[name] for name in ("brand", "window_days", "target", "value")
    )
    less = metric.less_is_better
    stands = "not measured yet" if value is None else words.percent(value)
    reached = present["state"] == "reached"
    goal = (
        f"the last goal, {target:.1%}, is reached"
        if reached
        else f"goal: {'at most' if less else 'at least'} {target:.1%}"
    )
    name = metric.words[0].upper() + metric.words[1:]
    last = asked.today
    filters: dict[str, object] = {
        "brand": brand, **asked.of_day(last - timedelta(days=window - 1), last),
    }  # fmt: skip
    return Goal(
        brand=brand,
        name=name,
        window=f"over {window} days",
        stands=stands,
        sure=_sure(present),
        goal=goal,
        drawing=road(
            Road(
                value=value,
                low=value if present["low"] is None else present["low"],
                high=value if present["high"] is None else present["high"],
                goal=target,
                passed=[one for one in passed if one != target or reached],
                less_is_better=less,
            ),
            f"{name}: {stands}, {goal}",
        ),
        reached=[text for one in reversed(goals) if (text := _happened(one, asked))],
        link=asked.link("cases", which="opened", **filters)
        if metric.unit == "case"
        else asked.link("mentions", **filters),
    )


def _sure(goal: Mapping[str, Any]) -> str:
    """Write the interval, and how sure it is that the goal is reached already."""
    if goal["value"] is None or goal["low"] is None:
        return ""
    text = f"95%: {goal['low']:.1%} to {goal['high']:.1%}"
    if goal["sure"] is not None and goal["state"] == "walking":
        text += f", {goal['sure']:.0%} sure that it is reached"
    return text


def _happened(goal: Mapping[str, Any], asked: Asked) -> str:
    if goal["state"] == "reached":
        return f"{goal['target']:.1%} reached {words.moment(goal['reached_at'], asked)}"
    if goal["lowered_from"] is not None:
        when = words.moment(goal["set_at"], asked)
        return f"lowered from {goal['lowered_from']:.1%} to {goal['target']:.1%} {when}"
    return ""
