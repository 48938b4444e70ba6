"""Score: mentions in, verdicts out; a text that the classifier fails with stops only itself."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from earful.app import Clock
from earful.failing import describe
from earful.isolation import Isolation, mention_subject
from storage.models import Mention, Verdict
from storage.store import Store
from storage.tables.verdicts import Scored

if TYPE_CHECKING:
    from earful.brand_relevance import BrandRelevance
    from sentiment.scoring.classifier import Classifier

log = logging.getLogger("earful.score")

Progress = Callable[[int], None]
Observe = Callable[[Sequence[Verdict], float], None]

# The first batch is small, so that today's complaints are out while a long history is scored;
# the last ones hold enough texts to sort by length into dense batches.
_FIRST_BATCH, _SCORE_BATCH = 128, 2048


def score(
    store: Store,
    classifier: Classifier,
    clock: Clock,
    progress: Progress | None = None,
    *,
    relevance: BrandRelevance | None = None,
    after_batch: Callable[[], object] = lambda: None,
    observe: Observe = lambda verdicts, took_s: None,
    stop: Callable[[], bool] = lambda: False,
) -> int:
    """Give every mention that waits its verdict, the newest first; returns how many were scored.

    `stop` is asked between batches; `progress` is told how many more are done. With `relevance`
    what brands' models say of a mention is there before any rule sees it. `observe` is told the
    verdicts of each batch, and how many seconds the model took.
    """
    isolation = Isolation(store, "score", clock())
    done = 0
    size = _FIRST_BATCH
    while not stop() and (
        batch := store.verdicts.waiting(
            size,
            without=isolation.waiting("mention"),
            unreadable=isolation.unreadable("mention"),
        )
    ):
        done += _score_apart(
            store, classifier, isolation, batch, clock, progress, relevance, observe
        )
        size = min(2 * size, _SCORE_BATCH)
        try:
            after_batch()
        except Exception as error:
            # It comes again after the next batch; what is scored meanwhile loses nothing.
            log.warning("after a scored batch: %s", describe(error))
    isolation.forget_gone("mention", store.verdicts.still_waiting(isolation.failing("mention")))
    return done


def rescore(
    store: Store, classifier: Classifier, clock: Clock, progress: Progress | None = None
) -> int:
    """Move mentions scored by another model version to this one; old verdicts stay.

    A mention that the classifier fails with keeps the verdict that it has.
    """
    isolation = Isolation(store, "score", clock())
    done = after = 0
    while True:
        batch, after = store.verdicts.stale(
            classifier.models, _SCORE_BATCH, languages=classifier.foreign, after=after
        )
        if not batch:
            return done
        done += _score_apart(store, classifier, isolation, batch, clock, progress)


def _score_apart(
    store: Store,
    classifier: Classifier,
    isolation: Isolation,
    batch: Sequence[Mention],
    clock: Clock,
    progress: Progress | None,
    relevance: BrandRelevance | None = None,
    observe: Observe = lambda verdicts, took_s: None,
) -> int:
    """Score a batch; a text that the classifier fails with stops only itself."""
    from sentiment.scoring.classifier import Text

    def work(part: Sequence[Mention]) -> int:
        _score_batch(store, classifier, part, clock, progress, relevance, observe)
        return len(part)

    scored = isolation.each(
        batch,
        work,
        lambda mention: mention_subject(mention.id),
        sound=lambda: classifier.classify([Text(text="It works.")]),
    )
    return sum(scored)


def _score_batch(
    store: Store,
    classifier: Classifier,
    batch: Sequence[Mention],
    clock: Clock,
    progress: Progress | None,
    relevance: BrandRelevance | None,
    observe: Observe,
) -> None:
    from sentiment.scoring.classifier import Text
    from sentiment.scoring.detect_language import language_of

    texts = [
        Text(
            text=mention.text,
            title=mention.title,
            rating=mention.rating,
            rating_max=mention.rating_max,
            language=mention.language,
        )
        for mention in batch
    ]
    began = time.perf_counter()
    verdicts = classifier.classify(texts, progress=progress)
    observe(verdicts, time.perf_counter() - began)
    scored = [
        Scored(mention=mention, verdict=verdict, language=language_of(text))
        for mention, text, verdict in zip(batch, texts, verdicts, strict=True)
    ]
    weighed = relevance.weigh(store, batch) if relevance else []
    with store.write() as unit:
        unit.relevance.weigh(weighed)
        unit.verdicts.save(scored, clock())
