"""Alerts about a brand and no single mention: a backlog, a goal, praise, too many complaints.

Pure: no store, no clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from alerts import messages
from alerts.decide.changing_alerts import posted_or_changed
from alerts.decide.goal_judging import CheckpointResult
from alerts.decide.policy import Policy
from alerts.decide.routing import Calm
from alerts.decide.voice_signs import Colleague
from alerts.messages.advocate_notices import AdvocatesToday
from storage.models import AlertKind, Experience, NewAlert, VersionLook
from storage.models.dedupe_keys import (
    advocates_key,
    backlog_key,
    checkpoint_key,
    competitor_key,
    kudos_key,
    limited_key,
    lowered_key,
    overdue_key,
    version_key,
)


def backlog(
    brand: str,
    source: str,
    counts: Mapping[Experience, int],
    oldest: datetime | None,
    newest: datetime | None,
    policy: Policy,
    now: datetime,
) -> NewAlert:
    """Make one summary of a source's old mentions: the quiet first run, once a day at most."""
    hours = policy.max_age / timedelta(hours=1)
    first, last = (one and one.astimezone(policy.zone) for one in (oldest, newest))
    channel = policy.source_channels.get(source, policy.channels.digest)
    return NewAlert(
        dedupe_key=backlog_key(brand, source, now),
        kind=AlertKind.BACKLOG,
        brand=brand,
        channel=channel,
        payload=messages.backlog(brand, source, policy.places, counts, first, last, hours),
        created_at=now,
        not_before=policy.calm.release(channel, now),
    )


def checkpoint_reached(
    brand: str,
    metric: str,
    window: str,
    result: CheckpointResult,
    policy: Policy,
    now: datetime,
    *,
    raised: bool = False,
) -> NewAlert | None:
    """Celebrate a goal the first time it is truly reached; None while it is not.

    The next goal is proposed, or named as set where it was `raised`.
    """
    if not result.reached or result.value is None:
        return None
    return NewAlert(
        dedupe_key=checkpoint_key(brand, metric, result.target),
        kind=AlertKind.CHECKPOINT,
        brand=brand,
        channel=policy.channels.wows,
        payload=messages.checkpoint(
            brand,
            metric,
            result.target,
            result.value,
            result.interval.low,
            result.interval.high,
            result.total,
            result.next_target,
            window,
            raised=raised,
        ),
        created_at=now,
        not_before=policy.calm.release(policy.channels.wows, now),
    )


def checkpoint_lowered(
    brand: str,
    metric: str,
    goal: int,
    lowered_from: float,
    target: float,
    policy: Policy,
    now: datetime,
) -> NewAlert:
    """Tell that the config lowered a goal, once for the row of the one that it set."""
    return NewAlert(
        dedupe_key=lowered_key(brand, metric, goal),
        kind=AlertKind.CHECKPOINT,
        brand=brand,
        channel=policy.channels.wows,
        payload=messages.checkpoint_lowered(brand, metric, lowered_from, target),
        created_at=now,
        not_before=policy.calm.release(policy.channels.wows, now),
    )


def leaderboard(
    brand: str, month: str, names: Sequence[tuple[str, int]], policy: Policy, now: datetime
) -> NewAlert:
    """Name the colleagues whom a month's wows praise, once a month."""
    known = {one.name: one for one in policy.staff}
    places = [(known.get(name, Colleague(name)), wows) for name, wows in names]
    return NewAlert(
        dedupe_key=kudos_key(brand, month),
        kind=AlertKind.KUDOS,
        brand=brand,
        channel=policy.channels.wows,
        payload=messages.leaderboard(brand, month, places),
        created_at=now,
        not_before=policy.calm.release(policy.channels.wows, now),
    )


def worse_version(
    brand: str, looks: Sequence[VersionLook], policy: Policy, now: datetime
) -> NewAlert:
    """Tell, once a version, that it made things worse than the ones before it."""
    channel = policy.channels.complaints
    return NewAlert(
        dedupe_key=version_key(brand, looks[0].version),
        kind=AlertKind.VERSION,
        brand=brand,
        channel=channel,
        payload=messages.worse_version(brand, looks),
        created_at=now,
        not_before=policy.calm.release(channel, now),
    )


def advocates_list(listed: AdvocatesToday, policy: Policy, now: datetime) -> NewAlert:
    """Send the day's list of what a brand's advocates need, once a day."""
    channel = policy.channels.digest
    return NewAlert(
        dedupe_key=advocates_key(listed.brand, listed.day),
        kind=AlertKind.ADVOCATES,
        brand=listed.brand,
        channel=channel,
        payload=messages.advocates_today(listed, policy.places),
        created_at=now,
        not_before=policy.calm.release(channel, now),
    )


def limited(brand: str, channel: str, number: int, calm: Calm, now: datetime) -> list[NewAlert]:
    """Fold the complaints beyond a channel's limit into one message an hour that counts up."""
    return posted_or_changed(
        NewAlert(
            dedupe_key=limited_key(channel, now),
            kind=AlertKind.LIMITED,
            brand=brand,
            channel=channel,
            payload=messages.limited(brand, number, now),
            created_at=now,
            not_before=calm.release(channel, now),
        )
    )


def became_competitor(
    brand: str, cases: int, alerts: int, policy: Policy, now: datetime
) -> NewAlert:
    """Let ops know what became of what was open of a brand that is a competitor now."""
    payload = messages.competitor_now(brand, cases, alerts)
    return _about_competitor(brand, payload, policy, now, ended=False)


def competitor_no_more(brand: str, policy: Policy, now: datetime) -> NewAlert:
    """Let ops know that a brand is told of again."""
    return _about_competitor(brand, messages.competitor_no_more(brand), policy, now, ended=True)


def _about_competitor(
    brand: str, payload: dict[str, object], policy: Policy, now: datetime, *, ended: bool
) -> NewAlert:
    return NewAlert(
        dedupe_key=competitor_key(brand, now, ended=ended),
        kind=AlertKind.OPS,
        brand=brand,
        channel=policy.channels.ops,
        payload=payload,
        created_at=now,
    )


def count_overdue(brand: str, channel: str, number: int, now: datetime) -> list[NewAlert]:
    """Let ops know how many complaints are overdue: one message a day that counts up."""
    return posted_or_changed(
        NewAlert(
            dedupe_key=overdue_key(brand, now),
            kind=AlertKind.OPS,
            brand=brand,
            channel=channel,
            payload=messages.overdue_count(brand, number, now),
            created_at=now,
        )
    )
