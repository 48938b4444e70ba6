"""What a digest tells of a brand's day or week, gathered from the store."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from alerts.decide.sentence_picks import asking, lacking
from alerts.decide.stats import percentile
from alerts.messages.digest_chart import Day
from alerts.messages.digest_numbers import (
    CheckpointStanding,
    DigestNumbers,
    Kept,
    OpenCase,
    SourceCoverage,
    SourceTrouble,
)
from config.settings import BrandSettings
from earful.routines.checkpoint_routine import days_of, standing
from storage.models import Experience, Mention, SourceState, from_iso
from storage.reports import Filter
from storage.store import Store

DAY = timedelta(days=1)
_PICKED_FROM = 60
_SHOWN = 3


def digest_numbers(
    store: Store, brand: BrandSettings, end: datetime, now: datetime, span: timedelta = DAY
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
        overdue_cases=sum(case.is_overdue(end) for case in unanswered),
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
            CheckpointStanding(metric=goal.metric, window=days_of(goal), result=result)
            for goal in brand.checkpoints
            if (result := standing(store, brand, goal, now)) is not None
        ),
    )


def days_before(store: Store, brand: BrandSettings, end: datetime) -> list[Day]:
    """Count the two weeks of days before a moment, those without a mention too."""
    last = (end - timedelta(seconds=1)).date()
    first = last - 13 * DAY
    since = datetime.combine(first, time(), UTC)
    which = Filter(brand=brand.name, since=since, until=since + 14 * DAY)
    counted = {row["day"]: row for row in store.insight.by("day", which)}
    days = []
    for number in range(14):
        day = first + number * DAY
        row = counted.get(day.isoformat(), {})
        days.append(Day(day, row.get("angry", 0), row.get("mediocre", 0), row.get("delighted", 0)))
    return days


def _mentions(store: Store, ids: list[str]) -> list[Mention]:
    return [mention for one in ids if (mention := store.mentions.get(one)) is not None]


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
