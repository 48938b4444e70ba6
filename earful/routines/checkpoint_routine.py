"""Checkpoints: how a brand does on its goals; a goal truly reached is celebrated and raised."""

from __future__ import annotations

from datetime import datetime

from alerts.decide.brand_alerts import checkpoint_reached
from alerts.decide.stats import Better, CheckpointResult, Rate, judge_checkpoint
from config.settings import BrandSettings, CheckpointSettings, Settings
from earful.isolation import Isolation
from earful.policies import Policies
from storage.reports import Filter
from storage.store import Store


def judge_checkpoints(store: Store, settings: Settings, now: datetime) -> int:
    """Celebrate each goal that is truly reached, and raise it; returns how many were."""
    isolation = Isolation(store, "checkpoints", now)
    policies = Policies(settings)
    reached = 0
    for brand in settings.own_brands:
        for goal in brand.checkpoints:
            with isolation.subject(f"{goal.metric} of {brand.name}"):
                reached += _judge_checkpoint(store, policies, brand, goal, now)
    isolation.keep_only(
        [
            f"{goal.metric} of {brand.name}"
            for brand in settings.own_brands
            for goal in brand.checkpoints
        ]
    )
    return reached


def _judge_checkpoint(
    store: Store, policies: Policies, brand: BrandSettings, goal: CheckpointSettings, now: datetime
) -> bool:
    present = store.checkpoints.current(
        brand.name, goal.metric, goal.window.days, goal.target, now
    )
    if present is None:
        return False
    result = _judged(store, brand, goal, present.target, now)
    policy = policies.of(brand.name)
    alert = checkpoint_reached(brand.name, goal.metric, days_of(goal), result, policy, now)
    if alert is None or result.value is None:
        return False
    with store.write() as unit:
        unit.checkpoints.reach(present, result.value, result.next_target, now)
        unit.outbox.add([alert])
    return True


def standing(
    store: Store, brand: BrandSettings, goal: CheckpointSettings, now: datetime
) -> CheckpointResult | None:
    """Tell how a brand does on its present goal; None where it walks towards none."""
    present = store.checkpoints.current(
        brand.name, goal.metric, goal.window.days, goal.target, now
    )
    return None if present is None else _judged(store, brand, goal, present.target, now)


def _judged(
    store: Store, brand: BrandSettings, goal: CheckpointSettings, target: float, now: datetime
) -> CheckpointResult:
    # What has no date may be years old: it says nothing of how the brand does now.
    period = Filter(brand=brand.name, dated=True, since=now - goal.window, until=now)
    metric = goal.metric
    counted = store.insight.totals(period)
    if not counted.keys() >= {*metric.part, *metric.whole}:
        counted |= store.insight.answers(period)
    rate = Rate(
        sum(counted[name] for name in metric.part), sum(counted[name] for name in metric.whole)
    )
    better = Better.LOWER if metric.less_is_better else Better.HIGHER
    return judge_checkpoint(rate, target, better=better)


def days_of(goal: CheckpointSettings) -> str:
    """Name the span over which a goal is measured, for people."""
    return f"{goal.window.days} days"
