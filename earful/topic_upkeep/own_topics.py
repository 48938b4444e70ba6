"""The topics that the config wishes for, in the store as the config has them now."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from config.settings import OwnTopicSettings, Settings
from earful.topic_upkeep.known_topics import (
    Load,
    centre_of,
    encoder_now,
    load_embedder,
    pack_centre,
    vectors_of,
)
from storage.models import Topic, TopicKind, TopicState
from storage.store import Store

# An ordinary text is the mean of so many; a change by less moves hardly any mention.
_ORDINARY = 2000
_NOTICED = 0.02

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def have_own_topics(
    store: Store, settings: Settings, now: datetime, load: Load = load_embedder
) -> None:
    """Let the store have each brand's own topics as the config words them; safe to repeat."""
    for brand in settings.brands:
        there = _there(store, brand.name)
        if not there and not brand.topics:
            continue
        wished = [_wished(store, brand.name, one, there.get(one.name), now, load)
                  for one in brand.topics]  # fmt: skip
        store.topics.own(brand.name, wished, now)


def renew_usual(store: Store, brand: str, now: datetime) -> bool:
    """Measure anew how like own topics an ordinary text is; tells whether it was otherwise.

    A topic that was there before any mention took too much for itself.
    """
    there = [one for one in _there(store, brand).values() if one.state is not TopicState.RETIRED]
    mean = _mean(store, brand)
    renewed = []
    for one in there:
        usual = float(centre_of(one.centre) @ mean) if one.about is not None else one.usual
        renewed.append(replace(one, usual=usual) if abs(usual - one.usual) > _NOTICED else one)
    return bool(there) and store.topics.own(brand, renewed, now)


def _there(store: Store, brand: str) -> dict[str, Topic]:
    every = store.topics.of(brand, list(TopicState))
    return {one.name: one for one in every if one.kind is TopicKind.OWN}


def _wished(
    store: Store,
    brand: str,
    one: OwnTopicSettings,
    before: Topic | None,
    now: datetime,
    load: Load,
) -> Topic:
    """Word a topic for the store; only a new or changed one is read by the backbone."""
    from sentiment.topics import own_topic

    encoder = encoder_now()
    if before and (before.about, before.words, before.encoder) == (one.about, one.words, encoder):
        return before
    made = own_topic(
        before.id if before else 0,
        one.name,
        about=_read(one.about, load) if one.about is not None else None,
        words=one.words,
        usual=_mean(store, brand),
    )
    return Topic(
        id=made.id,
        brand=brand,
        kind=TopicKind.OWN,
        name=one.name,
        words=one.words,
        state=TopicState.ACTIVE,
        first_day=before.first_day if before else now.date(),
        encoder=encoder,
        centre=pack_centre(made.centre),
        floor=made.floor,
        usual=made.usual,
        about=one.about,
    )


def _mean(store: Store, brand: str) -> NDArray[np.float32]:
    """Give the mean (d,) of the vectors of a brand's newest mentions; zeros without any."""
    import numpy as np

    from sentiment.relevance.embedding import SIZE

    packed = store.topic_sorting.vectors(brand, encoder_now(), _ORDINARY)
    if not packed:
        return np.zeros(SIZE, np.float32)
    mean: NDArray[np.float32] = vectors_of(packed).mean(0)
    return mean


def _read(about: str, load: Load) -> NDArray[np.float32]:
    import numpy as np

    from sentiment.scoring.text import Text

    return np.asarray(load().vectors([Text(text=about)])[0], np.float32)
