"""Goals judged by a level that has held for a while, for tests of what is told of them."""

from __future__ import annotations

from datetime import date

from alerts.decide.goal_judging import CheckpointResult, judge_checkpoint
from alerts.decide.metric_charts import Counted, Level
from alerts.decide.stats import Better, Rate


def level(rate: Rate, days: int = 30) -> Level:
    """Give the level of so many days on which as much was counted as a rate tells."""
    return Level(date(2026, 1, 1), Counted(rate.part, rate.total), days, 1.0)


def judged(rate: Rate, target: float, better: Better = Better.HIGHER) -> CheckpointResult:
    """Judge a goal by a level that is the window's own rate."""
    return judge_checkpoint(rate, target, level(rate), better=better)
