"""The model in a process of its own: the same verdicts, and what becomes of its end."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from config.errors import ModelError, StoppedError
from config.settings import ModelSettings
from sentiment.relevance.embedding import Embedder, embed_beside, embedder
from sentiment.scoring import model_process
from sentiment.scoring.classifier import Classifier, Text
from sentiment.scoring.model_process import ModelProcess
from tests.sentiment.test_context import weights_that_read
from tests.waiting import wait_for

TEXTS = [
    Text(text="Acme lost my parcel and nobody answers. Never again."),
    Text(text="What a wonderful surprise, I tell everybody!", rating=5, rating_max=5),
    Text(text="", rating=1, rating_max=5),
]
pytestmark = pytest.mark.slow("each loads the model in a process of its own")


@pytest.fixture
def process() -> Iterator[ModelProcess]:
    made = ModelProcess()
    yield made
    made.close()


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def test_verdicts_and_vectors_are_those_of_this_process(
    process: ModelProcess, classifier: Classifier
) -> None:
    counted: list[int] = []
    assert process.load() is process
    assert process.classify(TEXTS, progress=counted.append) == classifier.classify(TEXTS)
    assert counted == [3]
    assert (process.model, process.models) == (classifier.model, classifier.models)
    assert (dict(process.others), dict(process.missing)) == ({}, {})
    assert np.array_equal(process.vectors(TEXTS[:2]), Embedder().vectors(TEXTS[:2]))
    assert process.vectors([]).shape == (0, 384)


def test_what_a_text_answers_goes_along(
    process: ModelProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = weights_that_read(tmp_path / "reads", 48)
    monkeypatch.setattr(model_process, "SHIPPED", reads)
    said = "Still the same here."
    texts = [Text(said, context="My parcel never came, so angry!"), Text(said)]
    beside, alone = process.classify(texts)
    assert [beside, alone] == Classifier.load(reads).classify(texts)
    assert beside.p_angry != alone.p_angry


def test_vectors_are_made_beside_where_that_is_wished(process: ModelProcess) -> None:
    embed_beside(process)
    try:
        assert embedder() is process
    finally:
        embed_beside(None)
    assert embedder() is not process


def test_a_killed_process_is_told_of_and_begun_again(process: ModelProcess) -> None:
    process.load()
    first = process.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    with pytest.raises(ModelError, match="was killed by signal 9; Linux kills so where memory"):
        process.classify(TEXTS)
    assert len(process.classify(TEXTS)) == 3
    assert process.pid not in (None, first)


def test_it_rests_when_it_was_not_asked_for_a_while(classifier: Classifier) -> None:
    now = [0.0]
    process = ModelProcess(unload_after=timedelta(minutes=10), clock=lambda: now[0])
    try:
        assert process.rest() is False
        assert process.pid is None
        process.load()
        pid = process.pid
        assert pid is not None
        now[0] = 599.0
        assert process.rest() is False
        assert process.classify(TEXTS[:1]) == classifier.classify(TEXTS[:1])
        now[0] = 1198.0
        assert process.rest() is False
        now[0] = 1199.0
        assert process.rest() is True
        assert (process.pid, gone(pid)) == (None, True)
        assert process.classify(TEXTS[:1]) == classifier.classify(TEXTS[:1])
    finally:
        process.close()


def test_what_a_failed_load_took_is_given_back(
    process: ModelProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_process, "SHIPPED", tmp_path)
    with pytest.raises(ModelError, match=r"no trained weights in .*: model\.json is missing"):
        process.load()
    assert process.pid is None


def test_a_model_for_a_language_that_is_missing_is_named(tmp_path: Path) -> None:
    absent = ModelSettings(
        language="de", path=str(tmp_path / "no"), labels={"bad": "angry", "good": "delighted"}
    )
    process = ModelProcess([absent])
    try:
        assert str(process.missing["de"]).startswith("models: de:")
        assert len(process.classify(TEXTS)) == 3
    finally:
        process.close()


def test_closing_ends_a_question_under_way(process: ModelProcess) -> None:
    """A long batch is not waited for: who asked hears that it was stopped."""
    process.load()
    pid = process.pid
    assert pid is not None
    raised: list[Exception] = []

    def ask() -> None:
        try:
            process.classify([Text(text="word " * 2000)] * 2048)
        except Exception as error:
            raised.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    wait_for(process._locks["scores"].locked)
    process.close()
    asking.join(60)
    assert [type(error) for error in raised] == [StoppedError]
    assert gone(pid)
    with pytest.raises(StoppedError):
        process.vectors(TEXTS)
