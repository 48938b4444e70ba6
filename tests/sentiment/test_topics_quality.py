"""Topics of real posts, judged by which brand they name: `benchmarks.topics` in short."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.topics import (
    POOL,
    ari,
    embedded,
    ids_of,
    kept_share,
    known,
    nmi,
    purity,
    read_sets,
)
from sentiment.topics import refit

TEXTS = 500


@pytest.mark.recorded
@pytest.mark.slow("embeds 500 posts, a minute where others want the cores")
@pytest.mark.skipif(not POOL.is_file(), reason="../shared is not there")
def test_topics_of_posts_are_of_their_brands_and_last() -> None:
    ((name, rows, labels),) = read_sets(["posts"], TEXTS)
    one = embedded(name, rows, labels, None)
    first = known(refit(one.vectors, one.texts, [], seed=1).topics)
    topics = ids_of(one.vectors, one.texts, first)
    # Of 32 brands; the most usual one has 1 text in 25.
    assert purity(one.labels, topics) > 0.40
    assert nmi(one.labels, topics) > 0.40
    assert (topics >= 0).mean() > 0.8
    again = known(refit(one.vectors, one.texts, [], seed=2).topics)
    assert ari(topics, ids_of(one.vectors, one.texts, again)) > 0.99
    # A day later: a tenth of the texts is new.
    day = len(rows) * 9 // 10
    before = known(refit(one.vectors[:day], one.texts[:day], [], seed=1).topics)
    after = known(refit(one.vectors, one.texts, before, seed=1).topics)
    was = ids_of(one.vectors[:day], one.texts[:day], before)
    assert kept_share(was, ids_of(one.vectors, one.texts, after), by_id=True) > 0.85
    assert len(np.unique(was)) > 10
