"""Score: mentions in, verdicts out; a text that the classifier fails with stops only itself."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from config.errors import ModelDiedError, ModelError
from earful.app import Clock
from earful.failing import describe
from earful.isolation import Isolation, mention_subject
from storage.models import Mention, Verdict
from storage.rows import pass_over
from storage.store import Store
from storage.tables.verdicts import Scored

if TYPE_CHECKING:
    from earful.brand_relevance import BrandRelevance
    from sentiment.scoring.model_process import Scores

log = logging.getLogger("earful.score")

Progress = Callable[[int], None]
Observe = Callable[[Sequence[Verdict], float], None]

# The first batch is small, so that today's complaints are out while a long history is scored;
# the last ones hold enough texts to sort by length into dense batches.
_FIRST_BATCH, _SCORE_BATCH = 128, 2048
_ASIDE = (
    "Earful was killed twice while it scored this text, and does not try it a third time: give "
    "it more memory and run `earful process --rescore`, or erase it with `earful forget`"
)


def score(
    store: Store,
    classifier: Scores,
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
    _put_aside(store, isolation)
    done = 0
    size = _FIRST_BATCH
    left = store.scoring_tries.left()
    while not stop() and (
        batch := store.verdicts.waiting(
            size,
            without=[*isolation.waiting("mention"), *left],
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
    # At last, and each alone: one of them may have been what a process was killed over.
    for mention in store.scoring_tries.to_try_alone(isolation.unreadable("mention")):
        if stop():
            break
        if not isolation.waits(mention_subject(mention.id)):
            alone = [mention]
            done += _score_apart(store, classifier, isolation, alone, clock, progress, relevance)
    isolation.forget_gone("mention", store.verdicts.still_waiting(isolation.failing("mention")))
    return done


def is_due(store: Store, clock: Clock) -> bool:
    """Tell whether there is a text to load the model for; what there is none for is counted."""
    isolation = Isolation(store, "score", clock())
    _put_aside(store, isolation)
    if failing := isolation.failing("mention"):
        isolation.forget_gone("mention", store.verdicts.still_waiting(failing))
    without = {*isolation.waiting("mention"), *store.scoring_tries.aside()}
    return bool(store.verdicts.waiting(1, without=without, unreadable=pass_over))


def _put_aside(store: Store, isolation: Isolation) -> None:
    """Count what was tried twice, and twice was at hand when a process was killed, as failing."""
    known = isolation.failing("mention")
    for mention_id in store.scoring_tries.aside():
        if mention_id not in known:
            isolation.failed(mention_subject(mention_id), ModelError(_ASIDE))


def rescore(
    store: Store, classifier: Scores, clock: Clock, progress: Progress | None = None
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
    classifier: Scores,
    isolation: Isolation,
    batch: Sequence[Mention],
    clock: Clock,
    progress: Progress | None,
    relevance: BrandRelevance | None = None,
    observe: Observe = lambda verdicts, took_s: None,
) -> int:
    """Score a batch; a text that the classifier fails with stops only itself."""
    from sentiment.scoring.text import Text

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
    classifier: Scores,
    batch: Sequence[Mention],
    clock: Clock,
    progress: Progress | None,
    relevance: BrandRelevance | None,
    observe: Observe,
) -> None:
    from earful.mention_texts import texts_of
    from sentiment.scoring.detect_language import language_of

    texts = texts_of(store, batch)
    store.scoring_tries.begin(batch, clock())
    began = time.perf_counter()
    try:
        verdicts = classifier.classify(texts, progress=progress)
    except ModelDiedError:
        raise
    except Exception:
        store.scoring_tries.end([mention.id for mention in batch])
        raise
    observe(verdicts, time.perf_counter() - began)
    scored = [
        Scored(mention=mention, verdict=verdict, language=language_of(text))
        for mention, text, verdict in zip(batch, texts, verdicts, strict=True)
    ]
    weighed = relevance.weigh(store, batch) if relevance else []
    with store.write() as unit:
        unit.relevance.weigh(weighed)
        unit.verdicts.save(scored, clock())
        unit.scoring_tries.end([mention.id for mention in batch])
