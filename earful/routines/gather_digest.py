"""What a digest tells of a brand's day or week, gathered from the store."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, time
from typing import Any

from alerts.decide.answer_speed import AnswerSpeed, sum_up
from alerts.decide.local_time import DAY, last_local_day, local_moment
from alerts.decide.sentence_picks import asking, lacking
from alerts.decide.stats import Rate, percentile
from alerts.messages.digest_chart import Day
from alerts.messages.digest_numbers import (
    BrandBeside,
    CheckpointStanding,
    DigestNumbers,
    Kept,
    OpenCase,
    RisingTopic,
    SourceCoverage,
    SourceTrouble,
)
from config.settings import BrandSettings
from earful.policies import Policies
from earful.routines.checkpoint_routine import days_of, standing
from earful.routines.digest_times import Period
from storage.models import Experience, Mention, SourceState, from_iso
from storage.page_reads.choice import Choice
from storage.page_reads.tallies import Tally, by_brand
from storage.reports import Filter
from storage.store import Store

_PICKED_FROM = 60
_SHOWN = 3
_QUIET = 20
_RISING_DAYS = 7


def digest_numbers(
    store: Store, brand: BrandSettings, period: Period, now: datetime
) -> DigestNumbers:
    """Gather what a digest tells of its period, and of the one before it.

    What has no date may be years old: it is no news of that day.
    """
    end = period.end
    day = Filter(brand=brand.name, dated=True, since=period.start, until=end)
    before = Filter(brand=brand.name, dated=True, since=period.before, until=period.start)
    wow = Filter(
        brand=brand.name, dated=True, since=day.since, until=end, experience=Experience.DELIGHTED
    )
    wows = store.insight.picks(wow, "p_delighted", 1)
    mediocre = Filter(
        brand=brand.name, dated=True, since=day.since, until=end, experience=Experience.MEDIOCRE
    )
    lacks = [row["id"] for row in store.insight.picks(mediocre, "p_mediocre", _PICKED_FROM)]
    advocates = store.insight.said_by_advocates(day, _PICKED_FROM)
    muted, untold = store.insight.kept_back(day)
    answers = store.insight.answers(day)
    unanswered = [case for case in store.cases.unanswered() if case.brand == brand.name]
    oldest = store.insight.oldest_open_case(brand.name)
    return DigestNumbers(
        brand=brand.name,
        start=period.start,
        end=end,
        zone=period.zone,
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
        rising=_rising(store, brand.name),
        kept=Kept(muted=muted, wows=untold),
        versions=tuple(store.version_changes.found(brand.name, period.start, end)),
        beside=_beside(store, brand.name, period) if period.weekly else (),
        quiet=tuple(store.advocates.quiet(brand.name, _QUIET)) if period.weekly else (),
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


def _beside(store: Store, brand: str, period: Period) -> tuple[BrandBeside, ...]:
    """Count a brand and its competitors over the calendar days of a week, as the pages do."""
    others = [one.name for one in store.brands.all() if one.competitor]
    if not others:
        return ()
    last = last_local_day(period.end, period.zone) - DAY
    days = Choice(first=last - 6 * DAY, last=last)
    tallies = by_brand(store.database.connection, days)
    shown = [(name, tallies.get(name, Tally())) for name in (brand, *others)]
    of_all = sum(tally.mentions for _, tally in shown)
    if not of_all:
        return ()
    return tuple(
        BrandBeside(
            name=name,
            mentions=tally.mentions,
            of_all=of_all,
            wows=Rate(tally.delighted, tally.told),
            complaints=Rate(tally.angry, tally.told),
        )
        for name, tally in shown
    )


def _rising(store: Store, brand: str) -> tuple[RisingTopic, ...]:
    """Give the topics that rise in the last days, those most spoken of first."""
    return tuple(
        RisingTopic(
            name=one.name,
            days=_RISING_DAYS,
            mentions=one.period.mentions,
            angry=one.period.angry,
            delighted=one.period.delighted,
            usual=one.period.usual,
            limit=one.period.upper_limit,
        )
        for one in store.topic_figures.listed(brand, _RISING_DAYS)
        if one.period is not None
        and one.period.rising
        and one.period.usual is not None
        and one.period.upper_limit is not None
    )[:_SHOWN]


def days_before(store: Store, brand: BrandSettings, period: Period) -> list[Day]:
    """Count the two weeks of local days up to a period's end, those without a mention too."""
    last = last_local_day(period.end, period.zone)
    days = [last - back * DAY for back in reversed(range(14))]
    since = local_moment(days[0], time(), period.zone)
    which = Filter(
        brand=brand.name,
        dated=True,
        since=since,
        until=local_moment(last + DAY, time(), period.zone),
    )
    counted = store.insight.by_day(which, period.zone)
    rows = [(day, counted.get(day, Counter())) for day in days]
    return [Day(day, row["angry"], row["mediocre"], row["delighted"]) for day, row in rows]


def week_of_answers(
    store: Store, policies: Policies, brand: BrandSettings, period: Period
) -> AnswerSpeed:
    """Sum up who took and who answered a brand's cases in a period, and how fast."""
    start, end = period.start, period.end
    return sum_up(
        brand.name,
        (start, end),
        period.zone,
        policies.hours,
        store.answer_times.answered(brand.name, start, end),
        store.answer_times.taken(brand.name, start, end),
    )


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
