"""The topics that the config wishes for, in the store as the config has them now."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from config.settings import BrandSettings, OwnTopicSettings, Settings
from earful.topics.known_topics import Load, centre_of, encoder_now, load_embedder, pack_centre
from storage.models import Topic, TopicKind, TopicState
from storage.store import Store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def have_own_topics(
    store: Store, settings: Settings, now: datetime, load: Load = load_embedder
) -> None:
    """Let the store have each brand's own topics as the config words them; safe to repeat."""
    for brand in settings.brands:
        there = {
            one.name: one
            for one in store.topics.of(brand.name, list(TopicState))
            if one.kind is TopicKind.OWN
        }
        if there or brand.topics:
            wished = [_wished(brand, one, there.get(one.name), now, load) for one in brand.topics]
            store.topics.own(brand.name, wished, now)


def _wished(
    brand: BrandSettings,
    one: OwnTopicSettings,
    before: Topic | None,
    now: datetime,
    load: Load,
) -> Topic:
    """Word a topic for the store; only a new or changed sentence is read by the backbone."""
    from sentiment.topics import own_topic

    encoder = encoder_now()
    about = None
    if one.about is not None:
        is_known = before is not None and (before.about, before.encoder) == (one.about, encoder)
        about = centre_of(before.centre) if before and is_known else _read(one.about, load)
    made = own_topic(before.id if before else 0, one.name, about=about, words=one.words)
    return Topic(
        id=made.id,
        brand=brand.name,
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


def _read(about: str, load: Load) -> NDArray[np.float32]:
    import numpy as np

    from sentiment.scoring.text import Text

    return np.asarray(load().vectors([Text(text=about)])[0], np.float32)
