"""What topics come to in a period: shares, rates, what rises, what moved the rates, quotes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from alerts.decide.local_time import DAY, local_day
from alerts.decide.stats import Rate
from config.settings import Settings
from earful.brand_zones import zone_of
from earful.topic_upkeep.known_topics import centre_of, text_of, vectors_of
from earful.topic_upkeep.refitting import is_behind
from storage.models import Experience, Topic, TopicState
from storage.store import Store
from storage.tables.topic_figures import NO_TOPIC, Counted, TalkTrigger, TopicPeriod
from storage.tables.topic_sorting import FIRST_TOPIC, TOPIC

if TYPE_CHECKING:
    from sentiment.topics import Impact, Rise

PERIODS = (7, 28, 90)
"""The lengths, in days that end today, of the periods of which figures are kept."""

# A share is usual or not by so many periods of the same length before it, where there are such.
_BASELINE = 12
_TRIGGER_DAYS = 90
_QUOTED_FROM = 60
_LEAST_OF_A_FEELING = 6

Days = Mapping[date, Mapping[str, Counted]]


def write_figures(store: Store, settings: Settings, now: datetime) -> int:
    """Write the figures of brands whose counts changed; returns of how many. Safe to repeat.

    A brand of which much waits to be sorted keeps those that it has: half a history would show
    what rises and falls wrongly.
    """
    written = 0
    for brand in store.topic_fits.brands() if settings.topics.enabled else ():
        today = local_day(now, zone_of(settings, brand))
        counts = _counts(store, brand, today)
        if not is_behind(store, brand, counts.total(date.min, today).mentions):
            written += _write(store, brand, counts, today)
    return written


def _write(store: Store, brand: str, counts: _Counts, today: date) -> bool:
    topics = store.topics.of(brand, [TopicState.ACTIVE])
    names = [(one.id, one.name, one.centre) for one in topics]
    made_of = sha256(repr((today, names, counts)).encode()).hexdigest()
    if not topics or store.topic_figures.made_of(brand) == made_of:
        return False
    quotes = {one.id: _quotes(store, one, counts, today) for one in topics}
    store.topic_figures.save(
        brand,
        made_of,
        {days: _periods(topics, counts, today, days) for days in PERIODS},
        _triggers(topics, counts, today, quotes),
        quotes,
    )
    return True


def _counts(store: Store, brand: str, today: date) -> _Counts:
    longest = max(2 * max(PERIODS), (_BASELINE + 1) * PERIODS[1])
    since = today - (longest - 1) * DAY
    return _Counts(
        *(
            store.topic_figures.by_day(brand, dimension, since, today)
            for dimension in ("all", TOPIC, FIRST_TOPIC)
        )
    )


@dataclass(frozen=True, slots=True)
class _Counts:
    """A brand's counts by day: of all mentions, by each topic, and by the first topic alone."""

    all: Days
    topic: Days
    first: Days

    def total(self, since: date, until: date) -> Counted:
        return _sums(self.all, since, until).get("", Counted())


def _sums(days: Days, since: date, until: date) -> dict[str, Counted]:
    sums: dict[str, Counted] = {}
    for day, values in days.items():
        if since <= day <= until:
            for value, counted in values.items():
                sums[value] = sums.get(value, Counted()) + counted
    return sums


def _periods(
    topics: Sequence[Topic], counts: _Counts, today: date, days: int
) -> list[TopicPeriod]:
    since = today - (days - 1) * DAY
    now = (since, today)
    before = (since - days * DAY, since - DAY)
    spoken, spoken_before = _sums(counts.topic, *now), _sums(counts.topic, *before)
    total, total_before = counts.total(*now), counts.total(*before)
    first, first_before = _by_first(topics, counts, *now), _by_first(topics, counts, *before)
    wow = _impacts(first, first_before, "delighted")
    complaint = _impacts(first, first_before, "angry")
    rises = _rises(topics, counts, today, days)
    periods = []
    for topic_id in [*(one.id for one in topics), NO_TOPIC]:
        if topic_id == NO_TOPIC:
            mine, mine_before = first[NO_TOPIC], first_before[NO_TOPIC]
        else:
            mine = spoken.get(str(topic_id), Counted())
            mine_before = spoken_before.get(str(topic_id), Counted())
        rise = rises.get(topic_id)
        periods.append(
            TopicPeriod(
                topic_id=topic_id,
                since=since,
                until=today,
                of_mentions=total.mentions,
                mentions=mine.mentions,
                **_rate("share", "", mine.mentions, total.mentions),
                angry=mine.angry,
                mediocre=mine.mediocre,
                delighted=mine.delighted,
                **_rate("wow_rate", "wow", mine.delighted, mine.told),
                **_rate("complaint_rate", "complaint", mine.angry, mine.told),
                before_of_mentions=total_before.mentions,
                before_mentions=mine_before.mentions,
                before_share=_share(mine_before.mentions, total_before.mentions).value,
                **_moved("wow", wow.get(topic_id)),
                **_moved("complaint", complaint.get(topic_id)),
                usual=rise.usual if rise else None,
                upper_limit=rise.limit if rise else None,
                rising=rise is not None,
            )
        )
    return periods


def _share(part: int, total: int) -> Rate:
    """Make a share; what was erased may be counted twice where topics were merged."""
    return Rate(min(part, total), total)


def _rate(name: str, prefix: str, part: int, total: int) -> dict[str, float | None]:
    """Give a share and the ends of its interval by their columns; None where nothing counts."""
    rate = _share(part, total)
    bounds = rate.interval() if total else None
    return {
        name: rate.value,
        f"{prefix or name}_low": bounds.low if bounds else None,
        f"{prefix or name}_high": bounds.high if bounds else None,
    }


def _moved(kind: str, moved: Impact | None) -> dict[str, float | None]:
    """Give what a topic moved a rate by, by its columns; None where nothing can be compared."""
    return {
        f"{kind}_mix": moved.mix if moved else None,
        f"{kind}_rate_effect": moved.rate if moved else None,
        f"{kind}_impact": moved.total if moved else None,
        f"{kind}_impact_low": moved.low if moved else None,
        f"{kind}_impact_high": moved.high if moved else None,
    }


def _by_first(
    topics: Sequence[Topic], counts: _Counts, since: date, until: date
) -> dict[int, Counted]:
    """Part all mentions of a period by their first topic; what is left is about none."""
    sums = _sums(counts.first, since, until)
    parts = {one.id: sums.get(str(one.id), Counted()) for one in topics}
    rest = counts.total(since, until)
    for part in parts.values():
        rest = rest - part
    return parts | {NO_TOPIC: rest}


def _impacts(
    now: Mapping[int, Counted], before: Mapping[int, Counted], experience: str
) -> dict[int, Impact]:
    from sentiment.topics import TopicCount, impact

    def counted(parts: Mapping[int, Counted]) -> list[TopicCount]:
        return [
            TopicCount(topic_id or None, part.told, int(getattr(part, experience)))
            for topic_id, part in parts.items()
        ]

    return {one.topic_id or NO_TOPIC: one for one in impact(counted(before), counted(now))}


def _rises(topics: Sequence[Topic], counts: _Counts, today: date, days: int) -> dict[int, Rise]:
    from sentiment.topics import rising

    ends = [today - place * days * DAY for place in reversed(range(_BASELINE + 1))]
    spans = [(end - (days - 1) * DAY, end) for end in ends]
    totals = [counts.total(*span).mentions for span in spans]
    # Before the first mention there was nothing to be usual.
    while totals and not totals[0]:
        totals.pop(0)
        spans.pop(0)
    sums = [_sums(counts.topic, *span) for span in spans]
    return {
        one.topic_id: one
        for one in rising(
            {
                topic.id: [
                    min(part.get(str(topic.id), Counted()).mentions, total)
                    for part, total in zip(sums, totals, strict=True)
                ]
                for topic in topics
            },
            totals,
        )
    }


def _triggers(
    topics: Sequence[Topic],
    counts: _Counts,
    today: date,
    quotes: Mapping[int, Sequence[int]],
) -> list[TalkTrigger]:
    import math

    from sentiment.topics import talk_triggers

    since = today - (_TRIGGER_DAYS - 1) * DAY
    spoken, total = _sums(counts.topic, since, today), counts.total(since, today)
    delighted: dict[int, int] = {}
    mediocre: dict[int, int] = {}
    for one in topics:
        counted = spoken.get(str(one.id), Counted())
        delighted[one.id], mediocre[one.id] = counted.delighted, counted.mediocre
    names = {one.id: one.name for one in topics}
    triggers = []
    for found in talk_triggers(delighted, mediocre, total.delighted, total.mediocre):
        topic_id = next(one.id for one in topics if one.id == found.what)
        triggers.append(
            TalkTrigger(
                what=names[topic_id],
                topic_id=topic_id,
                since=since,
                until=today,
                delighted=found.delighted,
                of_delighted=total.delighted,
                mediocre=found.mediocre,
                of_mediocre=total.mediocre,
                times_likelier=math.exp(found.log_odds),
                low=math.exp(found.low),
                high=math.exp(found.high),
                quote_seq=next(iter(quotes.get(topic_id, ())), None),
            )
        )
    return triggers


def _quotes(store: Store, topic: Topic, counts: _Counts, today: date) -> list[int]:
    """Choose what a topic is quoted by: newest mentions of the feeling that prevails in it."""
    from sentiment.topics import quotes

    counted = _sums(counts.topic, today - timedelta(days=max(PERIODS)), today)
    mine = counted.get(str(topic.id), Counted())
    feeling = Experience.ANGRY if mine.angry > mine.delighted else Experience.DELIGHTED
    candidates = store.topic_figures.quotable(topic.id, feeling, _QUOTED_FROM)
    if len(candidates) < _LEAST_OF_A_FEELING:
        candidates = store.topic_figures.quotable(topic.id, None, _QUOTED_FROM)
    if not candidates:
        return []
    vectors = vectors_of([one.vector for one in candidates])
    # A topic of words alone has no middle but that of its mentions.
    centre = centre_of(topic.centre) if topic.centre else vectors.mean(0)
    chosen = quotes(
        vectors,
        [text_of(one.title, one.text) for one in candidates],
        [one.author for one in candidates],
        centre,
    )
    return [candidates[place].seq for place in chosen]
