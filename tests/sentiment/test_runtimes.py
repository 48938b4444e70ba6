"""A way that fails at work: the next one takes the same windows, and it is said once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from sentiment.learning.fitting import has_bf16
from sentiment.scoring import forward_pass, matmul
from sentiment.scoring.classifier import Text
from sentiment.scoring.forward_pass import Runtime
from sentiment.scoring.number_choice import Way, last_choice
from tests.sentiment.ways import computing_in

TEXTS = [Text("They lost my parcel."), Text("Lovely staff!", None, 5, 5)]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def refuse(weight: Tensor, *_: object, **__: object) -> Tensor:
    raise RuntimeError("bf16 path needs the cpu support avx_ne_convert\nat line 1")


def test_a_function_that_refuses_the_cpu_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(matmul.Packed, "__init__", refuse)
    classifier = computing_in(Way.BF16_PACKED, Way.PACKED)
    assert classifier.runtime.choice.ways == (Way.PLAIN,)
    assert len(classifier.classify(TEXTS)) == 2
    assert [record.getMessage() for record in caplog.records] == [
        f"{way} fails on this machine (RuntimeError: bf16 path needs the cpu support "
        "avx_ne_convert): computing in fp32"
        for way in ("bf16 packed", "fp32 packed")
    ]
    told = last_choice()
    assert told is not None
    assert told["numbers"] == "fp32"
    assert set(told["ruled_out"]) == {"bf16 packed", "fp32 packed"}


def breaking(
    monkeypatch: pytest.MonkeyPatch, how: Callable[[tuple[Tensor, Tensor]], object]
) -> None:
    """Let all but plain fp32 fail at texts of more than five tokens."""
    scores = Runtime.scores

    def broken(
        self: Runtime,
        rows: Sequence[list[int]],
        ratings: Sequence[float],
        own: Sequence[int] | None = None,
    ) -> object:
        found = scores(self, rows, ratings, own)
        longest = max(len(row) for row in rows)
        return found if self.way is Way.PLAIN or longest <= 5 else how(found)

    monkeypatch.setattr(forward_pass.Runtime, "scores", broken)


def out_of_memory(_: object) -> object:
    raise MemoryError


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        (out_of_memory, "MemoryError"),
        (lambda found: (found[0] * float("nan"), found[1]), "its scores are no numbers"),
        (lambda found: (found[0], found[1] / 0), "its scores are no numbers"),
    ],
)
def test_a_way_that_fails_later_is_followed_by_the_next(
    how: Callable[[object], object],
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    expected = computing_in(Way.PLAIN).classify(TEXTS)
    breaking(monkeypatch, how)
    classifier = computing_in(Way.INT8)
    assert classifier.runtime.choice.way is Way.INT8
    assert classifier.classify(TEXTS) == expected
    assert classifier.classify(TEXTS) == expected
    assert [record.getMessage() for record in caplog.records] == [
        f"int8 fails on this machine ({reason}): computing in fp32"
    ]


def test_what_no_way_can_do_is_no_way_s_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = computing_in(Way.INT8)
    monkeypatch.setattr(forward_pass.Runtime, "features", out_of_memory)
    with pytest.raises(TypeError):
        classifier.classify(TEXTS)
    assert classifier.runtime.choice.way is Way.INT8
    assert last_choice() is None


def test_texts_near_to_another_verdict_are_scored_in_fp32(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exact, rounded = computing_in(Way.PLAIN).logits(TEXTS), computing_in(Way.INT8)
    monkeypatch.setattr("sentiment.scoring.classifier._CLOSE", 0.0)
    far = rounded.logits(TEXTS)
    monkeypatch.setattr("sentiment.scoring.classifier._CLOSE", 1e9)
    near = rounded.logits(TEXTS)
    assert np.abs(near.experience - exact.experience).max() < 1e-4
    assert np.abs(far.experience - exact.experience).max() > 1e-4


def test_training_asks_before_it_takes_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    assert has_bf16() in (True, False)

    def refused(*_: object, **__: object) -> Tensor:
        raise RuntimeError("could not create a primitive")

    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    monkeypatch.setattr(torch.nn.functional, "linear", refused)
    assert not has_bf16()
