"""What is measured of a brand: points of control charts, shifts, periods, the model's error."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPoint:
    """A period of a metric's chart, from `day` to the one before `until`; `k` of `n` is `value`.

    `phase` counts the levels from 0; `signal` names the run rules that the point completes.
    """

    metric: str
    day: date
    until: date
    n: int
    k: int
    value: float
    centre: float
    lower: float
    upper: float
    phase: int
    signal: str | None
    side: str
    act: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricShift:
    """Since `day` a metric has another level; that was seen with the end of `found_on`."""

    metric: str
    day: date
    found_on: date
    value_before: float
    value: float
    change_low: float | None
    change_high: float | None
    better: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricPeriod:
    """A metric over a period up to today, beside the period before it; bounds are at 95%."""

    period: str
    metric: str
    first_day: date
    last_day: date
    k: int
    n: int
    value: float | None
    low: float | None
    high: float | None
    value_before: float | None
    n_before: int
    change: float | None
    change_low: float | None
    change_high: float | None
    chance: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredError:
    """How often people gave another label where the model said `label`."""

    label: str
    verdicts: int
    checked: int
    corrected: int
    error: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All that is measured of one brand."""

    points: tuple[ControlPoint, ...]
    shifts: tuple[MetricShift, ...]
    periods: tuple[MetricPeriod, ...]
    errors: tuple[MeasuredError, ...]
