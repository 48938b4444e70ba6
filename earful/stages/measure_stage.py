"""Measure: charts, shifts, periods and the model's error of each brand, kept as tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from alerts.decide.control_charts import Kind
from alerts.decide.metric_charts import Counted, MetricChart, change
from alerts.decide.stats import wilson
from config.checkpoint_metrics import CheckpointMetric
from config.settings import Settings
from earful.brand_charts import VOLUME, BrandCharts
from earful.isolation import Isolation
from storage.models import ControlPoint, Measured, MeasuredError, MetricPeriod, MetricShift
from storage.store import Store

PERIODS = {"7 days": 7, "30 days": 30, "90 days": 90, "12 months": 365}
_LABELS = ("angry", "mediocre", "delighted", "none", "advocate", "hater", "neither")
_SHOWN_FOR = timedelta(days=731)
"""So far back charts have points; what they are drawn from reaches back to the first day."""


def measure_changed(store: Store, settings: Settings, now: datetime) -> int:
    """Measure the brands whose counts changed since they were measured; returns how many."""
    return _measure(store, store.metrics.due(), now)


def measure_all(store: Store, settings: Settings, now: datetime) -> int:
    """Measure every brand: the day has turned, and with it each period. Returns how many."""
    due = store.metrics.due()
    brands = dict.fromkeys([*store.metrics.brands(), *due])
    Isolation(store, "measure", now).keep_only([_subject(brand) for brand in brands])
    return _measure(store, {brand: due.get(brand) for brand in brands}, now)


def _measure(store: Store, brands: Mapping[str, int | None], now: datetime) -> int:
    isolation = Isolation(store, "measure", now)
    measured = 0
    for brand, changes in brands.items():
        if isolation.waits(_subject(brand)):
            continue
        with isolation.subject(_subject(brand)):
            store.metrics.write(brand, measured_of(store, brand, now), changes)
            measured += 1
    return measured


def _subject(brand: str) -> str:
    return f"metrics of {brand}"


def measured_of(store: Store, brand: str, now: datetime) -> Measured:
    """Reckon all that is measured of a brand up to a moment."""
    charts = BrandCharts.at(store, brand, now)
    drawn: list[tuple[str, MetricChart]] = [
        *((metric.value, charts.chart(metric)) for metric in CheckpointMetric),
        (VOLUME, charts.volume),
    ]
    return Measured(
        points=tuple(
            point
            for name, chart in drawn
            for point in _points(name, chart, charts.today - _SHOWN_FOR)
        ),
        shifts=tuple(shift for name, chart in drawn for shift in _shifts(name, chart)),
        periods=tuple(
            _period(charts, metric, name, days)
            for name, days in PERIODS.items()
            for metric in CheckpointMetric
        ),
        errors=tuple(_errors(store, brand)),
    )


def _points(metric: str, chart: MetricChart, since: date) -> Iterable[ControlPoint]:
    for period in chart.periods:
        if period.first >= since:
            yield ControlPoint(
                metric=metric,
                day=period.first,
                until=period.until,
                n=period.counted.whole,
                k=period.counted.part,
                value=period.counted.part / period.counted.whole,
                centre=period.centre,
                lower=period.lower,
                upper=period.upper,
                phase=period.level,
                signal="; ".join(period.rules) or None,
                side="above" if period.above else "below",
                act=period.act.value if period.act else None,
            )


def _shifts(metric: str, chart: MetricChart) -> Iterable[MetricShift]:
    for shift in chart.shifts:
        yield MetricShift(
            metric=metric,
            day=shift.day,
            found_on=shift.found_on,
            value_before=shift.before.value or 0.0,
            value=shift.after.value or 0.0,
            change_low=shift.change.low if shift.change else None,
            change_high=shift.change.high if shift.change else None,
            better=shift.is_better,
        )


def _period(charts: BrandCharts, metric: CheckpointMetric, name: str, days: int) -> MetricPeriod:
    now, before = charts.over(metric, days), charts.over(metric, days, back=days)
    around = now.interval(Kind.SHARE)
    moved = change(now, before, Kind.SHARE)
    return MetricPeriod(
        period=name,
        metric=metric.value,
        first_day=charts.today - timedelta(days=days - 1),
        last_day=charts.today,
        k=now.part,
        n=now.whole,
        value=now.value,
        low=around.low if now.whole else None,
        high=around.high if now.whole else None,
        value_before=before.value,
        n_before=before.whole,
        change=_difference(now, before),
        change_low=moved.low if moved else None,
        change_high=moved.high if moved else None,
        chance=None if moved is None else 0 in moved,
    )


def _difference(now: Counted, before: Counted) -> float | None:
    if now.value is None or before.value is None:
        return None
    return now.value - before.value


def _errors(store: Store, brand: str) -> Iterable[MeasuredError]:
    said = store.metrics.checked(brand)
    counts = sum(store.metrics.days(brand).values(), Counter[str]())
    counts["neither"] = counts["mentions"] - counts["advocate"] - counts["hater"]
    for label in _LABELS:
        if label not in said:
            continue
        checked, corrected = said[label].checked, said[label].corrected
        around = wilson(corrected, checked)
        yield MeasuredError(
            label=label,
            verdicts=counts[label],
            checked=checked,
            corrected=corrected,
            error=corrected / checked,
            low=around.low,
            high=around.high,
        )
