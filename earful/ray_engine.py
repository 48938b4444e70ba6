"""Scoring again by several processes, here or on a cluster, with Ray (extra `earful[ray]`).

Workers read a Parquet layout and give verdicts back; only this process writes to the store.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.errors import EarfulError
from earful.app import Clock
from earful.parquet_layout import write_layout
from earful.rescore_parts import BATCH, PartScorer, ScoredText, parts_of
from earful.stages.score_stage import Progress
from storage.store import Store
from storage.tables.verdicts import Scored

if TYPE_CHECKING:
    from config.settings import ModelSettings
    from sentiment.scoring.classifier import Classifier

# A worker that dies is begun again, and its part with it; one that always dies ends the work.
_RESTARTS = 5


def rescore(
    store: Store,
    classifier: Classifier,
    models: Sequence[ModelSettings],
    folder: Path,
    clock: Clock,
    *,
    workers: int,
    progress: Progress,
) -> int:
    """Score again what other model versions scored; returns how many became current.

    The layout in `folder` is brought up to date first. What changes meanwhile, and what a worker
    could not score, is left to `score_stage.rescore`. InputError: the folder is no layout;
    EarfulError: workers died again and again.
    """
    stale = _stale(store, classifier)
    if not stale:
        return 0
    write_layout(store, folder)
    done = 0
    with _pool(models, workers) as pool:
        for scored in pool.results(parts_of(store, folder.absolute(), stale)):
            done += _save(store, scored, clock)
            progress(len(scored))
    return done


def _stale(store: Store, classifier: Classifier) -> set[str]:
    found: set[str] = set()
    after = 0
    while True:
        batch, after = store.verdicts.stale(
            classifier.models, BATCH, languages=classifier.foreign, after=after
        )
        if not batch:
            return found
        found.update(mention.id for mention in batch)


def _save(store: Store, scored: Sequence[ScoredText], clock: Clock) -> int:
    """Save the verdicts of texts that the store still has as the files had them."""
    mentions = store.mentions.many([one.mention_id for one in scored])
    return store.verdicts.save(
        [
            Scored(mention=mention, verdict=one.verdict, language=one.language)
            for one in scored
            if (mention := mentions.get(one.mention_id)) and mention.text_hash == one.text_hash
        ],
        clock(),
    )


class _Pool:
    """Workers that each do a part at a time; what they give comes in any order."""

    def __init__(self, ray: Any, actors: Sequence[Any]) -> None:
        self._ray = ray
        self._actors = actors

    def results(self, parts: Iterator[Any]) -> Iterator[list[ScoredText]]:
        idle = deque(self._actors)
        busy: dict[Any, Any] = {}
        while True:
            while idle and (part := next(parts, None)) is not None:
                actor = idle.popleft()
                busy[actor.score.remote(part)] = actor
            if not busy:
                return
            (ready, *_), _ = self._ray.wait([*busy])
            idle.append(busy.pop(ready))
            try:
                yield self._ray.get(ready)
            except self._ray.exceptions.RayError as error:
                reason = str(error).strip().partition("\n")[0]
                raise EarfulError(
                    f"rescore: a worker failed for good: {reason}: run it again for the rest, or "
                    "without --engine ray"
                ) from error


@contextmanager
def _pool(models: Sequence[ModelSettings], workers: int) -> Iterator[_Pool]:
    import ray

    # Ray takes a cluster's address from RAY_ADDRESS; its machines have their own CPUs. Without it
    # Ray would join whatever cluster was last begun on this machine. Here one CPU is told more
    # than there are workers: actors that fill all leave none for what brings them their work, and
    # wait for good (ray-project/ray#44687).
    here = {} if os.environ.get("RAY_ADDRESS") else {"address": "local", "num_cpus": workers + 1}
    ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR, **here)
    try:
        actor = ray.remote(num_cpus=1, max_restarts=_RESTARTS, max_task_retries=_RESTARTS)(
            PartScorer
        )
        yield _Pool(ray, [actor.remote(tuple(models)) for _ in range(workers)])
    finally:
        ray.shutdown()
