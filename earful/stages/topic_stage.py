"""Sort: mentions with a verdict in, what each is about out; one that fails stops only itself."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from config.settings import Settings
from earful.app import Clock
from earful.isolation import Isolation, mention_subject
from earful.topic_upkeep.known_topics import (
    Load,
    encoder_now,
    known,
    language_of,
    load_embedder,
    pack_vectors,
    text_of,
    vectors_of,
)
from earful.topic_upkeep.own_topics import have_own_topics
from storage.models import Mention, SortedMention, Topic, TopicKind, Unsorted
from storage.store import Store

if TYPE_CHECKING:
    from sentiment.topics import KnownTopic

log = logging.getLogger("earful.topics")

# So many texts are read at a time: a second or two, after which all of it is kept.
_BATCH = 256


def sort_mentions(
    store: Store,
    settings: Settings,
    clock: Clock,
    *,
    progress: Callable[[int], None] | None = None,
    most: int | None = None,
    load: Load = load_embedder,
    stop: Callable[[], bool] = lambda: False,
) -> int:
    """Say of what waits which topics it is about, the newest first; returns how many were sorted.

    At most about `most` at a time: what is left waits for the next pass. `stop` is asked between
    batches, `progress` told how many more are done.
    """
    if not settings.topics.enabled:
        return 0
    have_own_topics(store, settings, clock(), load)
    isolation = Isolation(store, "topics", clock())
    topics: dict[str, _Topics] = {}
    done = 0
    while not stop() and (most is None or done < most):
        batch = store.topic_sorting.waiting(
            encoder_now(),
            _BATCH,
            without=isolation.waiting("mention"),
            unreadable=isolation.unreadable("mention"),
        )
        if not batch:
            break
        for brand in {one.mention.brand for one in batch} - topics.keys():
            topics[brand] = _Topics(store.topics.of(brand))

        def work(part: Sequence[Unsorted]) -> int:
            return store.topic_sorting.save(_sorted(store, part, topics, load))

        sorted_now = isolation.each(
            batch,
            work,
            lambda one: mention_subject(one.mention.id),
            sound=lambda: load().vectors([]),
        )
        done += sum(sorted_now)
        if progress is not None:
            progress(sum(sorted_now))
    isolation.forget_gone(
        "mention", store.topic_sorting.still_waiting(isolation.failing("mention"))
    )
    return done


@dataclass(slots=True)
class _Topics:
    """A brand's topics, those that texts of a language may be about."""

    topics: Sequence[Topic]
    _by_language: dict[str | None, list[KnownTopic]] = field(default_factory=dict)

    def of(self, language: str | None) -> list[KnownTopic]:
        if language not in self._by_language:
            self._by_language[language] = known(
                [
                    one
                    for one in self.topics
                    if one.encoder == encoder_now()
                    and (one.kind is TopicKind.OWN or one.language == language)
                ]
            )
        return self._by_language[language]


def _sorted(
    store: Store, batch: Sequence[Unsorted], topics: dict[str, _Topics], load: Load
) -> list[SortedMention]:
    from sentiment.topics import assign

    vectors = _vectors(store, batch, load)
    groups: dict[tuple[str, str | None], list[int]] = defaultdict(list)
    for place, one in enumerate(batch):
        groups[one.mention.brand, language_of(one.mention)].append(place)
    about: dict[int, tuple[tuple[int, float], ...]] = {}
    for (brand, language), places in groups.items():
        assigned = assign(
            vectors_of([vectors[place] for place in places]),
            [_words(batch[place].mention) for place in places],
            topics[brand].of(language),
        )
        about |= {place: one.topics for place, one in zip(places, assigned, strict=True)}
    return [
        SortedMention(
            seq=one.seq,
            text_hash=one.mention.text_hash,
            encoder=encoder_now(),
            vector=vectors[place],
            topics=about[place],
        )
        for place, one in enumerate(batch)
    ]


def _vectors(store: Store, batch: Sequence[Unsorted], load: Load) -> list[bytes]:
    """Give each mention's vector; what neither topics nor relevance keep is read."""
    from sentiment.relevance.embedding import ENCODER, unpacked
    from sentiment.scoring.text import Text

    missing = [one.mention for one in batch if one.vector is None]
    # Relevance reads the title of the thread too.
    alike = [one.id for one in missing if one.own_title == one.title]
    relevance = store.relevance.vectors(alike, ENCODER)
    kept = dict(zip(relevance, pack_vectors(unpacked([*relevance.values()])), strict=True))
    unread = [one for one in missing if one.id not in kept]
    if unread:
        made = load().vectors([Text(text=one.text, title=one.own_title) for one in unread])
        kept |= dict(zip((one.id for one in unread), pack_vectors(made), strict=True))
    return [one.vector or kept[one.mention.id] for one in batch]


def _words(mention: Mention) -> str:
    return text_of(mention.own_title, mention.text)
