"""What a text answers is read beside it, as a segment of its own, and is never judged itself."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from sentiment.learning.fitting import segments
from sentiment.learning.network import Network
from sentiment.scoring import adapter
from sentiment.scoring.backbone import backbone_dir, load_encoder, load_tokenizer
from sentiment.scoring.classifier import Classifier, Text
from sentiment.scoring.encoding import FRAME, SPECIAL, WINDOW, encode, padded
from sentiment.scoring.forward_pass import Runtime
from sentiment.scoring.number_choice import Way
from tests.sentiment.ways import bf16_packed

ROWS = [
    [101, 103, 2009, 3631, 102, 2129, 2003, 2009, 102],
    [101, 103, 2307, 102],
    [101, 103, 2053, 2062, 2062, 102, 2307, 102],
]
OWN = [5, 4, 6]
RATINGS = [0.0, 3.5, 0.0]
CONTEXT = 48


def network_of_shipped() -> Network:
    return adapter.load(adapter.WEIGHTS, adapter.read_config(adapter.WEIGHTS))


@pytest.mark.parametrize(
    ("way", "tolerance"),
    [
        (Way.PLAIN, 2e-3),
        (Way.PACKED, 2e-3),
        (Way.BF16, 0.1),
        pytest.param(Way.BF16_PACKED, 0.1, marks=bf16_packed),
        (Way.INT8, 0.2),
    ],
)
def test_every_way_of_multiplying_knows_segments_as_transformers_does(
    way: Way, tolerance: float
) -> None:
    ids, mask = padded(ROWS)
    with torch.inference_mode():
        expected = network_of_shipped()(ids, mask, torch.tensor(RATINGS), segments(mask, OWN))
        runtime = Runtime(adapter.merged(adapter.WEIGHTS), way)
        found = runtime.scores(ROWS, RATINGS, OWN)
        blind = runtime.scores(ROWS, RATINGS)
    for left, right in zip(expected, found, strict=True):
        torch.testing.assert_close(left, right.float(), atol=tolerance, rtol=0)
    assert float((blind[0] - found[0]).abs().max()) > tolerance


def test_features_are_of_the_texts_own_words() -> None:
    ids, mask = padded(ROWS[:1])
    second = segments(mask, OWN[:1])
    network = network_of_shipped()
    with torch.inference_mode():
        states = network.states(ids, mask, torch.tensor(RATINGS[:1]), second)[0, : OWN[0]]
        found = Runtime(adapter.merged(adapter.WEIGHTS)).features(ROWS[:1], RATINGS[:1], OWN[:1])
    expected = torch.cat([states[0], states.mean(0), states.amax(0)])
    torch.testing.assert_close(expected, found[0], atol=2e-4, rtol=1e-3)


@pytest.mark.parametrize("way", [Way.PLAIN, Way.BF16, Way.INT8])
def test_without_a_context_all_is_bit_for_bit_as_before(way: Way) -> None:
    runtime = Runtime(adapter.merged(adapter.WEIGHTS), way)
    with torch.inference_mode():
        told = runtime.scores(ROWS, RATINGS, [len(row) for row in ROWS])
        untold = runtime.scores(ROWS, RATINGS)
    assert all(torch.equal(one, other) for one, other in zip(told, untold, strict=True))


def test_a_context_stands_in_its_own_segment_after_the_text() -> None:
    tokenizer = load_tokenizer(backbone_dir())
    text = Text("It still fails.", context="Did you try to turn it off and on again? " * 20)
    (window,) = encode(tokenizer, [text], context=CONTEXT)
    (alone,) = encode(tokenizer, [Text("It still fails.")], context=CONTEXT)
    assert window.ids[: window.own] == alone.ids
    assert len(window.ids) == window.own + CONTEXT + 1
    assert window.ids[-1] == SPECIAL.sep
    assert alone.own == len(alone.ids)


@pytest.mark.parametrize("said", ["", "   ", "\x00", None])
def test_an_empty_context_is_none(said: str | None) -> None:
    tokenizer = load_tokenizer(backbone_dir())
    (window,) = encode(tokenizer, [Text("It still fails.", context=said)], context=CONTEXT)
    assert window.own == len(window.ids)


def test_a_context_takes_no_room_from_the_text() -> None:
    tokenizer = load_tokenizer(backbone_dir())
    full, nearly = "word " * (WINDOW - FRAME), "word " * (WINDOW - FRAME - 5)
    long = "word " * 400
    texts = [Text(one, context="why is that so slow") for one in (full, nearly, long)]
    windows = encode(tokenizer, texts, context=CONTEXT)
    assert [len(window.ids) - window.own for window in windows if window.owner == 0] == [0]
    assert [len(window.ids) - window.own for window in windows if window.owner == 1] == [5]
    assert {len(window.ids) - window.own for window in windows if window.owner == 2} == {0}


def weights_that_read(folder: Path, context: int) -> Path:
    shutil.copytree(adapter.WEIGHTS, folder, ignore=shutil.ignore_patterns("multilingual"))
    document = json.loads((folder / adapter.CONFIG).read_text(encoding="utf-8"))
    if context:
        document["context"] = context
    else:
        document.pop("context", None)
    (folder / adapter.CONFIG).write_text(json.dumps(document), encoding="utf-8")
    return folder


def test_weights_say_whether_they_read_contexts(tmp_path: Path) -> None:
    texts = [Text("Still the same here.", context="My parcel never came, so angry!")]
    bare = [Text("Still the same here.")]
    reads = Classifier.load(weights_that_read(tmp_path / "reads", CONTEXT))
    alone = Classifier.load(weights_that_read(tmp_path / "alone", 0))
    assert np.array_equal(alone.logits(texts).experience, alone.logits(bare).experience)
    assert not np.array_equal(reads.logits(texts).experience, reads.logits(bare).experience)
    assert np.array_equal(reads.logits(bare).experience, alone.logits(bare).experience)


def test_the_untrained_network_knows_two_segments() -> None:
    network = Network(load_encoder(backbone_dir()))
    ids, mask = padded(ROWS[:1])
    with torch.inference_mode():
        told = network(ids, mask, torch.zeros(1), segments(mask, OWN[:1]))[0]
        untold = network(ids, mask, torch.zeros(1))[0]
    assert not torch.equal(told, untold)
