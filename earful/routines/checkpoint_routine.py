"""Checkpoints: how a brand does on its goals; a goal truly reached is celebrated and raised."""

from __future__ import annotations

from datetime import datetime

from alerts.decide.brand_alerts import checkpoint_lowered, checkpoint_reached
from alerts.decide.goal_judging import CheckpointResult, judge_checkpoint
from alerts.decide.stats import Rate
from config.settings import BrandSettings, CheckpointSettings, Settings
from earful.brand_charts import BrandCharts, better_of
from earful.isolation import Isolation
from earful.policies import Policies
from storage.store import Store
from storage.tables.checkpoints import Checkpoint, Standing


def judge_checkpoints(store: Store, settings: Settings, now: datetime) -> int:
    """Celebrate each goal that is truly reached, and raise it; returns how many were."""
    isolation = Isolation(store, "checkpoints", now)
    policies = Policies(settings)
    reached = 0
    for brand in settings.own_brands:
        charts = None
        for goal in brand.checkpoints:
            with isolation.subject(f"{goal.metric} of {brand.name}"):
                charts = charts or BrandCharts.at(store, brand.name, now)
                reached += _judge_checkpoint(store, policies, brand, goal, charts, now)
    isolation.keep_only(
        [
            f"{goal.metric} of {brand.name}"
            for brand in settings.own_brands
            for goal in brand.checkpoints
        ]
    )
    return reached


def _judge_checkpoint(
    store: Store,
    policies: Policies,
    brand: BrandSettings,
    goal: CheckpointSettings,
    charts: BrandCharts,
    now: datetime,
) -> bool:
    present = _present(store, brand, goal, now)
    if present is None:
        return False
    result = _judged(charts, goal, present)
    policy = policies.of(brand.name)
    window = days_of(goal)
    celebrated = checkpoint_reached(
        brand.name, goal.metric, window, result, policy, now, raised=goal.raises
    )
    with store.write() as unit:
        unit.checkpoints.measure(present, _standing(result), now)
        if present.lowered_from is not None:
            lowered = checkpoint_lowered(
                brand.name,
                goal.metric,
                present.id,
                present.lowered_from,
                present.target,
                policy,
                now,
            )
            unit.outbox.add([lowered])
        if celebrated is not None:
            unit.outbox.add([celebrated])
            unit.checkpoints.reach(present, result.next_target, now, raises=goal.raises)
    return celebrated is not None


def standing(
    store: Store, brand: BrandSettings, goal: CheckpointSettings, now: datetime
) -> CheckpointResult | None:
    """Tell how a brand does on its present goal; None where it walks towards none."""
    present = _present(store, brand, goal, now)
    if present is None:
        return None
    return _judged(BrandCharts.at(store, brand.name, now), goal, present)


def _present(
    store: Store, brand: BrandSettings, goal: CheckpointSettings, now: datetime
) -> Checkpoint | None:
    return store.checkpoints.current(
        brand.name,
        goal.metric,
        goal.window.days,
        goal.target,
        now,
        less_is_better=goal.metric.less_is_better,
    )


def _judged(
    charts: BrandCharts, goal: CheckpointSettings, present: Checkpoint
) -> CheckpointResult:
    counted = charts.over(goal.metric, goal.window.days, dated=True)
    return judge_checkpoint(
        Rate(counted.part, counted.whole),
        present.target,
        charts.chart(goal.metric).level,
        better=better_of(goal.metric),
    )


def _standing(result: CheckpointResult) -> Standing:
    return Standing(
        value=result.value,
        low=result.interval.low,
        high=result.interval.high,
        n=result.total,
        sure=result.sure,
    )


def days_of(goal: CheckpointSettings) -> str:
    """Name the span over which a goal is measured, for people."""
    return f"{goal.window.days} days"
