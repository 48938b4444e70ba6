"""What happens by the calendar: the digest, the checkpoints, the forgetting of what is too old."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from alerts.decide.brand_alerts import checkpoint_reached
from alerts.decide.digest_alerts import chart_alert, digest_alert
from alerts.decide.sentence_picks import asking, lacking
from alerts.decide.stats import Better, CheckpointResult, Rate, judge_checkpoint, percentile
from alerts.messages.digest_chart import Day
from alerts.messages.digest_numbers import (
    CheckpointStanding,
    DigestNumbers,
    Kept,
    OpenCase,
    SourceCoverage,
    SourceTrouble,
)
from config.settings import BrandSettings, CheckpointSettings, Settings
from earful.isolation import Isolation
from earful.policies import policy_for
from storage.models import Experience, Mention, SourceState, from_iso
from storage.models.dedupe_keys import digest_key
from storage.reports import Filter
from storage.store import Store

DIGESTS = "digests"
"""The stage under which failing digests are counted."""

_DAY = timedelta(days=1)
_WEEK = timedelta(weeks=1)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PICKED_FROM = 60
_SHOWN = 3


def last_digest_time(
    settings: Settings, now: datetime, brand: BrandSettings | None = None
) -> datetime:
    """Give the latest moment at or before `now` when a digest is due, in the brand's zone."""
    zone = ZoneInfo((brand and brand.timezone) or settings.alerts.timezone)
    at = time.fromisoformat(settings.alerts.digest_at)
    local = now.astimezone(zone)
    due = datetime.combine(local.date(), at, zone)
    if due > local:
        due = datetime.combine(local.date() - _DAY, at, zone)
    return due.astimezone(UTC)


def digest_zones(settings: Settings) -> list[str]:
    """Give the time zones in which digests fall due."""
    zones = {settings.alerts.timezone}
    return sorted(zones | {brand.timezone for brand in settings.brands if brand.timezone})


def write_digests(store: Store, settings: Settings, now: datetime) -> int:
    """Put each brand's digest of the last due day, and of a due week, into the outbox.

    Safe to repeat. A day on which a brand had no mention and has no open case needs no message.
    """
    isolation = Isolation(store, DIGESTS, now)
    written = 0
    for brand in settings.brands:
        end = last_digest_time(settings, now, brand)
        for weekly in (False, True):
            if weekly and not _week_ends(settings, brand, end):
                continue
            name = f"{brand.name}, the week" if weekly else brand.name
            with isolation.subject(name):
                written += _write_digest(store, settings, brand, end, now, weekly=weekly)
    parts = ("", ", the week", ", the chart")
    isolation.keep_only([f"{brand.name}{part}" for brand in settings.brands for part in parts])
    return written


def _write_digest(
    store: Store,
    settings: Settings,
    brand: BrandSettings,
    end: datetime,
    now: datetime,
    *,
    weekly: bool,
) -> int:
    if store.outbox.knows(digest_key(brand.name, end, weekly=weekly)):
        return 0
    numbers = digest_numbers(store, brand, end, now, _WEEK if weekly else _DAY)
    if not sum(numbers.counts.values()) and not numbers.open_cases:
        return 0
    digest = digest_alert(numbers, policy_for(settings, brand.name), now)
    written = store.outbox.add([digest])
    # The picture is an extra: without it the digest goes out all the same.
    with Isolation(store, DIGESTS, now).subject(f"{brand.name}, the chart"):
        store.outbox.add([chart_alert(digest, _days_before(store, brand, end))])
    return written


def write_late_digests(store: Store, settings: Settings, now: datetime) -> int:
    """Write what failed when digests fell due; what it fails with now waits for the next time."""
    return write_digests(store, settings, now) if store.failures.of(DIGESTS) else 0


def digest_numbers(
    store: Store, brand: BrandSettings, end: datetime, now: datetime, span: timedelta = _DAY
) -> DigestNumbers:
    """Gather what a digest tells of the day, or another span, before `end`."""
    day = Filter(brand=brand.name, since=end - span, until=end)
    before = Filter(brand=brand.name, since=end - 2 * span, until=end - span)
    wow = Filter(brand=brand.name, since=day.since, until=end, experience=Experience.DELIGHTED)
    wows = store.insight.picks(wow, "p_delighted", 1)
    mediocre = Filter(brand=brand.name, since=day.since, until=end, experience=Experience.MEDIOCRE)
    lacks = [row["id"] for row in store.insight.picks(mediocre, "p_mediocre", _PICKED_FROM)]
    advocates = store.insight.said_by_advocates(day, _PICKED_FROM)
    muted, untold = store.insight.kept_back(day)
    answers = store.insight.answers(day)
    unanswered = [case for case in store.cases.unanswered() if case.brand == brand.name]
    oldest = store.insight.oldest_open_case(brand.name)
    return DigestNumbers(
        brand=brand.name,
        start=end - span,
        end=end,
        counts=_experiences(store.insight.totals(day)),
        previous=_experiences(store.insight.totals(before)),
        open_cases=len(unanswered),
        overdue_cases=sum(case.due_at < end for case in unanswered),
        opened_cases=answers["cases"],
        answered_cases=answers["answered"],
        best_wow=store.mentions.get(wows[0]["id"]) if wows else None,
        oldest_open=_open_case(store, oldest) if oldest else None,
        coverage=tuple(
            _coverage(source, hours)
            for source, hours in store.insight.answers_by_source(day).items()
        ),
        lacks=lacking(_mentions(store, lacks), _SHOWN),
        asks=asking(_mentions(store, advocates), _SHOWN),
        advocates=len(advocates),
        kept=Kept(muted=muted, wows=untold),
        troubles=tuple(
            SourceTrouble(
                source=row["source"],
                state=SourceState(row["state"]),
                since=from_iso(row["last_good_at"]) if row["last_good_at"] else None,
                reason=row["reason"],
            )
            for row in store.insight.source_health()
            if row["brand"] == brand.name and not SourceState(row["state"]).good
        ),
        checkpoints=tuple(
            CheckpointStanding(metric=goal.metric, window=_days(goal), result=result)
            for goal in brand.checkpoints
            if (result := _standing(store, brand, goal, now)) is not None
        ),
    )


def judge_checkpoints(store: Store, settings: Settings, now: datetime) -> int:
    """Celebrate each goal that is truly reached, and raise it; returns how many were."""
    isolation = Isolation(store, "checkpoints", now)
    reached = 0
    for brand in settings.brands:
        for goal in brand.checkpoints:
            with isolation.subject(f"{goal.metric} of {brand.name}"):
                reached += _judge_checkpoint(store, settings, brand, goal, now)
    isolation.keep_only(
        [
            f"{goal.metric} of {brand.name}"
            for brand in settings.brands
            for goal in brand.checkpoints
        ]
    )
    return reached


def _judge_checkpoint(
    store: Store, settings: Settings, brand: BrandSettings, goal: CheckpointSettings, now: datetime
) -> bool:
    present = store.checkpoints.current(
        brand.name, goal.metric, goal.window.days, goal.target, now
    )
    if present is None:
        return False
    result = _judged(store, brand, goal, present.target, now)
    policy = policy_for(settings, brand.name)
    alert = checkpoint_reached(brand.name, goal.metric, _days(goal), result, policy, now)
    if alert is None or result.value is None:
        return False
    with store.write() as unit:
        unit.checkpoints.reach(present, result.value, result.next_target, now)
        unit.outbox.add([alert])
    return True


def forget_old(store: Store, settings: Settings, now: datetime) -> int:
    """Erase what is older than the config keeps; the daily counts stay."""
    return store.upkeep.forget_older(now - timedelta(days=settings.store.retention_days))


def try_parked(store: Store, settings: Settings, now: datetime) -> int:
    """Put parked alerts back in line: somebody may have mended their channel.

    What is in doubt stays parked: only a person may risk a second copy.
    """
    return store.outbox.unpark_certain()


def _standing(
    store: Store, brand: BrandSettings, goal: CheckpointSettings, now: datetime
) -> CheckpointResult | None:
    present = store.checkpoints.current(
        brand.name, goal.metric, goal.window.days, goal.target, now
    )
    return None if present is None else _judged(store, brand, goal, present.target, now)


def _judged(
    store: Store, brand: BrandSettings, goal: CheckpointSettings, target: float, now: datetime
) -> CheckpointResult:
    period = Filter(brand=brand.name, since=now - goal.window, until=now)
    totals = store.insight.totals(period)
    told = totals["angry"] + totals["mediocre"] + totals["delighted"]
    match goal.metric:
        case "wow_rate":
            rate = Rate(totals["delighted"], told)
        case "complaint_rate":
            rate = Rate(totals["angry"], told)
        case "advocate_rate":
            rate = Rate(totals["advocate"], totals["mentions"])
        case "coverage":
            answers = store.insight.answers(period)
            rate = Rate(answers["answered"], answers["cases"])
    better = Better.LOWER if goal.metric == "complaint_rate" else Better.HIGHER
    return judge_checkpoint(rate, target, better=better)


def _days_before(store: Store, brand: BrandSettings, end: datetime) -> list[Day]:
    """Count the two weeks of days before a moment, those without a mention too."""
    last = (end - timedelta(seconds=1)).date()
    first = last - 13 * _DAY
    since = datetime.combine(first, time(), UTC)
    which = Filter(brand=brand.name, since=since, until=since + 2 * _WEEK)
    counted = {row["day"]: row for row in store.insight.by("day", which)}
    days = []
    for number in range(14):
        day = first + number * _DAY
        row = counted.get(day.isoformat(), {})
        days.append(Day(day, row.get("angry", 0), row.get("mediocre", 0), row.get("delighted", 0)))
    return days


def _week_ends(settings: Settings, brand: BrandSettings, end: datetime) -> bool:
    zone = ZoneInfo(brand.timezone or settings.alerts.timezone)
    # Not strftime's %a: it follows the machine's locale.
    return _DAYS[end.astimezone(zone).weekday()] == settings.alerts.weekly_on


def _mentions(store: Store, ids: list[str]) -> list[Mention]:
    return [found for one in ids if (found := store.mentions.get(one)) is not None]


def _coverage(source: str, hours: list[float | None]) -> SourceCoverage:
    answered = [one for one in hours if one is not None]
    return SourceCoverage(
        source=source,
        cases=len(hours),
        answered=len(answered),
        median_hours=percentile(answered, 0.5),
        p90_hours=percentile(answered, 0.9),
    )


def _experiences(totals: dict[str, int]) -> dict[Experience, int]:
    return {experience: totals[experience] for experience in Experience}


def _open_case(store: Store, row: dict[str, Any]) -> OpenCase | None:
    mention: Mention | None = store.mentions.get(row["mention_id"])
    if mention is None:
        return None
    return OpenCase(
        mention=mention,
        opened_at=from_iso(row["opened_at"]),
        due_at=from_iso(row["due_at"]),
        claimed_by=row["claimed_by"],
    )


def _days(goal: CheckpointSettings) -> str:
    return f"{goal.window.days} days"
