"""Find a brand's topics again: a refit of a sample, whose topics keep their ids and names."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from alerts.decide.local_time import local_day
from config.settings import Settings
from earful.brand_zones import zone_of
from earful.topic_upkeep.known_topics import encoder_now, known, pack_centre, text_of, vectors_of
from earful.topic_upkeep.own_topics import renew_usual
from storage.models import Topic, TopicKind, TopicState
from storage.store import Store
from storage.tables.topic_fits import Fit, Fitted, Sampled

if TYPE_CHECKING:
    from sentiment.topics import FittedTopic, Refit

log = logging.getLogger("earful.topics")

# A refit of so many texts takes less than a minute and 300 MB; more of them find the same topics.
SAMPLE = 20_000
_PERIOD = timedelta(days=90)
# Of fewer no group is large enough to be a topic.
FEWEST = 60
# A young brand's topics are found again whenever it has grown by so much; others at night.
_GROWN = 1.5
_SEED = 7
_FEW = 50


def refit_due(
    store: Store, settings: Settings, now: datetime, *, older_than: timedelta | None = None
) -> int:
    """Refit the topics of each brand and language that is due; returns how many were refitted.

    Due is what has no topics yet or has grown by half since, and what has new mentions since a
    refit that is `older_than` some time. A brand of which much waits to be sorted comes later.
    """
    done = 0
    for brand in store.topic_fits.brands() if settings.topics.enabled else ():
        languages = store.topic_fits.languages(brand)
        if is_behind(store, brand, sum(languages.values())):
            continue
        fitted = done
        for language, mentions in languages.items():
            if mentions >= FEWEST and _is_due(
                store.topic_fits.last(brand, language), mentions, now, older_than
            ):
                done += refit_language(store, settings, brand, language, mentions, now)
        if done > fitted:
            renew_usual(store, brand, now)
    return done


def is_behind(store: Store, brand: str, mentions: int) -> bool:
    """Tell whether so many mentions wait to be sorted that figures of the others would mislead."""
    return store.topic_sorting.count_waiting(brand) > max(_FEW, mentions // 50)


def _is_due(last: Fit | None, mentions: int, now: datetime, older_than: timedelta | None) -> bool:
    if last is None or last.encoder != encoder_now() or mentions >= _GROWN * last.mentions:
        return True
    if older_than is None or mentions == last.mentions:
        return False
    # A fit of the future was timed by a clock that was wrong.
    return abs(now - last.fitted_at) >= older_than


def refit_language(
    store: Store,
    settings: Settings,
    brand: str,
    language: str,
    mentions: int,
    now: datetime,
) -> bool:
    """Find a brand's topics in a language anew; tells whether there was enough to read."""
    from sklearn.exceptions import ConvergenceWarning

    from sentiment.topics import refit

    encoder = encoder_now()
    since = local_day(now, zone_of(settings, brand)) - _PERIOD
    sample = store.topic_fits.sample(brand, language, encoder, since, SAMPLE)
    if len(sample) < FEWEST:
        return False
    topics = [
        one
        for one in store.topics.of(brand)
        if one.encoder == encoder
        and (one.kind is TopicKind.OWN or one.language == language)
        and (one.state is not TopicState.MERGED or one.merged_by is not None)
    ]
    with warnings.catch_warnings():
        # That few texts part into fewer topics than were looked for is no fault.
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = refit(
            vectors_of([one.vector for one in sample]),
            [text_of(one.title, one.text) for one in sample],
            known(topics),
            seed=_SEED,
            ignored=_ignored(settings, brand, sample),
            language=language,
        )
    fit = Fit(
        brand=brand,
        language=language,
        fitted_at=now,
        encoder=encoder,
        mentions=mentions,
        sample=len(sample),
    )
    born = store.topic_fits.save(
        fit,
        _fitted(found, sample, topics),
        merged=[
            (one, merge.into) for merge in found.merges for one in merge.ids if one != merge.into
        ],
        retired=found.retired,
    )
    log.info(
        "topics found",
        extra={
            "brand": brand,
            "language": language,
            "topics": len(found.topics),
            "new": len(born),
            "sample": len(sample),
        },
    )
    return True


def _fitted(found: Refit, sample: Sequence[Sampled], topics: Sequence[Topic]) -> list[Fitted]:
    first_days: dict[int, date] = {}
    for place, one in zip(found.members, sample, strict=True):
        day = first_days.get(int(place))
        first_days[int(place)] = one.day if day is None else min(day, one.day)
    split_off = {place: split.id for split in found.splits for place in split.parts}
    known_days = {one.id: one.first_day for one in topics}
    names = {one.id: one.name for one in topics}
    return [
        Fitted(
            topic_id=one.id,
            name=_name(one, names.get(one.id or 0)),
            words=one.words,
            centre=pack_centre(one.centre),
            floor=one.floor,
            usual=one.usual,
            size=one.size,
            first_day=first_days.get(place) or known_days.get(one.id or 0) or sample[-1].day,
            split_off=split_off.get(place),
        )
        for place, one in enumerate(found.topics)
    ]


def _name(one: FittedTopic, before: str | None) -> str:
    """Keep a topic's name while some of its words still tell it: people know it by that."""
    telling = {part for words in one.words for part in (words, *words.split())}
    if before is not None and telling & {*before.split(", ")}:
        return before
    return one.name


def _ignored(settings: Settings, brand: str, sample: Sequence[Sampled]) -> set[str]:
    """Name whom and what no topic is called by: the brand, its staff, the authors."""
    colleagues = [one for known in settings.brands if known.name == brand for one in known.staff]
    staff = {name for one in colleagues for name in (one.name, *one.aliases)}
    return {brand, *staff, *(one.author for one in sample if one.author)}
