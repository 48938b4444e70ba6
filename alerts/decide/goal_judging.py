"""Checkpoints: whether a goal is truly reached, and which comes next. Pure; shares are of 1."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special

from alerts.decide.lasting_shifts import LASTS
from alerts.decide.metric_charts import Counted, Level
from alerts.decide.stats import Better, Interval, Rate

SURE = 0.98
"""So sure must the chart be. With the shifts that chance makes of a steady process, a rate that is
exactly the goal is celebrated in under 5% of years."""

# As strong a belief as so many mentions that the level is about the goal: smaller leads are seen
# later by a weaker one, larger leads by a stronger one.
_BELIEF = 80.0


@dataclass(frozen=True, slots=True)
class CheckpointResult:
    """`value` and `interval` are those of the window; `sure` is how sure the chart is of the goal.

    `reached` is True only where chance is ruled out; then `next_target` is the raised goal, None
    where none can be better.
    """

    target: float
    value: float | None
    interval: Interval
    total: int
    reached: bool
    next_target: float | None
    sure: float = 0.0


def judge_checkpoint(
    window: Rate,
    target: float,
    level: Level | None,
    *,
    better: Better = Better.HIGHER,
    raise_by: float = 0.1,
) -> CheckpointResult:
    """Judge a goal by the level that the metric's chart shows now; `window` is what is told.

    Reached when the level, which began with the last lasting shift, has held for at least 8
    days and lies beyond the goal, however often that was looked at; and the window lies there
    too. The next goal closes `raise_by` of what is missing to the best possible share, counted
    from the better of goal and value, rounded to whole percent away from the present.
    """
    if not 0 <= target <= 1:
        raise ValueError(f"a target is a share between 0 and 1, not {target}")
    value = window.value
    sure = 0.0 if level is None else surely_beyond(level.counted, target, level.spread, better)
    there = value is not None and (value >= target if better is Better.HIGHER else value <= target)
    reached = there and level is not None and level.days >= LASTS and sure >= SURE
    onward = _raised(target, value, better, raise_by) if reached and value is not None else None
    return CheckpointResult(target, value, window.interval(), window.total, reached, onward, sure)


def surely_beyond(seen: Counted, target: float, spread: float, better: Better) -> float:
    """Tell how sure it is that a level is beyond a goal, from 0 to 1, at whatever time one looks.

    One minus the chance that a level at the goal (or short of it) would ever look as good as this:
    a test martingale, by Ville's inequality, of levels beyond the goal against the goal itself
    (Robbins 1970). Looking each hour makes no difference to it.
    """
    if better is Better.LOWER:
        mirrored = Counted(seen.whole - seen.part, seen.whole)
        return surely_beyond(mirrored, 1 - target, spread, Better.HIGHER)
    if not seen.whole or not 0 < target < 1:
        return 0.0
    # What varies more than chance does tells as much as fewer mentions would.
    hits, misses = seen.part / spread**2, (seen.whole - seen.part) / spread**2
    a, b = _BELIEF * target, _BELIEF * (1 - target)
    beyond = special.betaincc(a + hits, b + misses, target)
    if not beyond:
        return 0.0
    odds = (
        float(special.betaln(a + hits, b + misses) - special.betaln(a, b))
        + math.log(beyond)
        - math.log(special.betaincc(a, b, target))
        - hits * math.log(target)
        - misses * math.log1p(-target)
    )
    return 1 - math.exp(-odds) if odds > 0 else 0.0


def _raised(target: float, value: float, better: Better, raise_by: float) -> float | None:
    if better is Better.LOWER:
        mirrored = _raised(1 - target, 1 - value, Better.HIGHER, raise_by)
        return None if mirrored is None else round(1 - mirrored, 2)
    present = max(target, value)
    # A whole percent: the epsilon keeps 0.37000000000000005 from becoming 0.38.
    onward = math.ceil(100 * (present + raise_by * (1 - present)) - 1e-9) / 100
    return onward if present < onward < 1 else None
