"""A brand's metrics as charts and periods: one reckoning for tables, report, digest and goals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from alerts.decide.control_charts import Kind
from alerts.decide.local_time import local_day
from alerts.decide.metric_charts import Counted, MetricChart, between, consistency, metric_chart
from alerts.decide.stats import Better
from config.checkpoint_metrics import CheckpointMetric
from storage.store import Store

VOLUME = "mentions"
"""The number of mentions a day: charted by the week, as a count, and neither good nor bad."""

_DAY = timedelta(days=1)
# The steadiness of an experience is that of its two ends.
_ENDS = (CheckpointMetric.WOW_RATE, CheckpointMetric.COMPLAINT_RATE)


class BrandCharts:
    """What was counted on each day, and the charts that are drawn from it when asked for.

    Charts, and so shifts and goals, leave out what has no date: it may be years old, and a day on
    which a file of it was read is no day in the life of the brand. Periods count it, as all pages
    do, on the day it was first read.
    """

    def __init__(
        self,
        days: Mapping[date, Counter[str]],
        undated: Mapping[date, Counter[str]],
        today: date,
    ) -> None:
        self._days = days
        self._undated = undated
        self.today = today
        self._charts: dict[str, MetricChart] = {}
        self._counted: dict[tuple[str, bool], dict[date, Counted]] = {}

    @classmethod
    def of(cls, store: Store, brands: Iterable[str], today: date) -> BrandCharts:
        """Read a brand's days, or those of several as one."""
        days: dict[date, Counter[str]] = {}
        undated: dict[date, Counter[str]] = {}
        for brand in brands:
            for found, known in ((store.metrics.days(brand), days),
                                 (store.metrics.undated(brand), undated)):  # fmt: skip
                for day, counted in found.items():
                    known.setdefault(day, Counter()).update(counted)
        return cls(days, undated, today)

    @classmethod
    def at(cls, store: Store, brand: str, now: datetime) -> BrandCharts:
        """Read a brand's days up to a moment, the last of which is its own day then."""
        zones = {one.name: one.time_zone for one in store.brands.all()}
        return cls.of(store, [brand], local_day(now, ZoneInfo(zones.get(brand, "UTC"))))

    def chart(self, metric: CheckpointMetric) -> MetricChart:
        if metric not in self._charts:
            dated = self.counted(metric, dated=True)
            # One day's rule may tell of the days before it: no run of those is a level, and a
            # point that lies outside is not an act of its own.
            steady = metric is CheckpointMetric.CONSISTENCY
            better = None if steady else better_of(metric)
            self._charts[metric] = metric_chart(
                dated, self.today, better=better, shifting=not steady
            )
        return self._charts[metric]

    @cached_property
    def volume(self) -> MetricChart:
        """Chart the mentions a week. People talk in bursts: Laney's limits hold at any size."""
        days = {
            day: Counted(counted[VOLUME] - self._undated.get(day, Counter())[VOLUME], 1)
            for day, counted in self._days.items()
        }
        return metric_chart(days, self.today, kind=Kind.COUNT, better=None, large=0.0)

    def counted(self, metric: CheckpointMetric, *, dated: bool = False) -> dict[date, Counted]:
        """Give by day what a metric counts."""
        if metric is CheckpointMetric.CONSISTENCY:
            return self._steady
        key = metric.value, dated
        if key not in self._counted:
            self._counted[key] = self._count(metric, dated=dated)
        return self._counted[key]

    def _count(self, metric: CheckpointMetric, *, dated: bool) -> dict[date, Counted]:
        days = {}
        for day, counted in self._days.items():
            part = sum(counted[name] for name in metric.part)
            whole = sum(counted[name] for name in metric.whole)
            if dated and (less := self._undated.get(day)):
                part -= sum(less[name] for name in metric.part)
                whole -= sum(less[name] for name in metric.whole)
            if whole > 0:
                days[day] = Counted(min(max(part, 0), whole), whole)
        return days

    def over(
        self, metric: CheckpointMetric, days: int, *, back: int = 0, dated: bool = False
    ) -> Counted:
        """Sum up a metric over so many days, the last of which is `back` days before today."""
        until = self.today + _DAY - back * _DAY
        return between(self.counted(metric, dated=dated), until - days * _DAY, until)

    @cached_property
    def _steady(self) -> dict[date, Counted]:
        days: dict[date, Counted] = {}
        for metric in _ENDS:
            for day, one in consistency(self.chart(metric)).items():
                days[day] = days.get(day, Counted()) + one
        return days


def better_of(metric: CheckpointMetric) -> Better:
    return Better.LOWER if metric.less_is_better else Better.HIGHER
