from __future__ import annotations

import random
from dataclasses import astuple

import pytest
import torch

from sentiment.scoring import adapter
from sentiment.scoring.classifier import Classifier, Text
from sentiment.scoring.encoding import encode, word_pieces
from sentiment.scoring.forward_pass import Runtime
from storage.models import Experience, Stance, Verdict

TEXTS = [
    Text("The app crashes every time I open it and nobody answers."),
    Text("Love it, the best headphones I ever had!", rating=5, rating_max=5),
    Text("It is okay, does the job.", "Fine", 3, 5),
    Text("Does anybody know when the shop opens?"),
    Text("Never again. Stay away from these thieves!", None, 1, 5),
    Text("Average. " * 40 + "The screen is fine and the sound is fine."),
    Text("Would recommend to everyone, wonderful people!", rating=10, rating_max=10),
    Text("Shares rose two percent on Monday after the announcement."),
    Text("ok"),
    Text("We waited for an hour. " * 100 + "Then they closed. Awful."),
]


def probabilities(verdict: Verdict) -> list[float]:
    return [value for value in astuple(verdict) if isinstance(value, float)]


def test_input_order_and_shape(classifier: Classifier) -> None:
    verdicts = classifier.classify(TEXTS)
    assert [v.experience for v in verdicts[:5]] == [
        Experience.ANGRY,
        Experience.DELIGHTED,
        Experience.MEDIOCRE,
        Experience.NONE,
        Experience.ANGRY,
    ]
    assert verdicts[4].stance is Stance.HATER
    assert verdicts[6].stance is Stance.ADVOCATE
    for verdict in verdicts:
        assert verdict.model == classifier.model
        values = probabilities(verdict)
        assert sum(values[:4]) == pytest.approx(1)
        assert sum(values[4:]) == pytest.approx(1)


def test_no_texts(classifier: Classifier) -> None:
    assert classifier.classify([]) == []


def test_progress_counts_all(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentiment.scoring.classifier.CHUNK_TEXTS", 4)
    told: list[int] = []
    classifier.classify(TEXTS, progress=told.append)
    assert told == [4, 4, 2]


def test_verdicts_do_not_depend_on_the_batch(classifier: Classifier) -> None:
    shuffled = TEXTS * 3
    random.Random(1).shuffle(shuffled)
    together = classifier.classify(shuffled)
    for text, batched in zip(shuffled, together, strict=True):
        (alone,) = classifier.classify([text])
        assert (alone.experience, alone.stance) == (batched.experience, batched.stance)
        assert probabilities(alone) == pytest.approx(probabilities(batched), abs=0.02)


@pytest.mark.parametrize(
    "text", ["", "   \n\t", "\x00", "\ud83d", "\u200b", "12345", "!!!", "\u00a0\u2003"]
)
def test_nothing_to_read_is_none_and_not_sure(classifier: Classifier, text: str) -> None:
    (verdict,) = classifier.classify([Text(text)])
    assert (verdict.experience, verdict.stance) == (Experience.NONE, Stance.NEITHER)
    assert not verdict.sure


@pytest.mark.parametrize(
    "text",
    [
        "\U0001f621" * 50,
        "a" * 100_000,
        "x\ud83dy broke \x00 again",
        "Привет this is 混合 text שלום it broke",
        "\u0301" * 5_000,
        "[CLS] [SEP] [MASK] [PAD]",
        "\u202e\u202d\ufeff terrible",
        "\n".join(["line"] * 2_000),
    ],
)
def test_odd_texts_do_not_crash(classifier: Classifier, text: str) -> None:
    (verdict,) = classifier.classify([Text(text, title=text[:100])])
    assert verdict.experience in tuple(Experience)


def test_a_long_text_is_read_to_its_end(classifier: Classifier) -> None:
    rng = random.Random(1)
    words = ["room", "desk", "street", "we", "walked", "there", "and", "the", "went", "day"]
    text = " ".join(rng.choice(words) for _ in range(2_000)) + " final"
    (*_, last) = encode(classifier.tokenizer, [Text(text)])
    (final,) = word_pieces(classifier.tokenizer, ["final"])
    assert last.ids[-2:-1] == final
    assert classifier.logits([Text(text)]).whole == [True]


def test_a_megabyte_keeps_its_ending_and_is_not_sure(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("sentiment.scoring.encoding.MOST_WINDOWS", 8)
    monkeypatch.setattr("sentiment.scoring.logits.MOST_WINDOWS", 8)
    text = "We walked down the long street. " * 32_000
    text += "Then the bus broke down, nobody helped us and they refuse to give us our money back. "
    text += "Terrible service, the worst company we have ever dealt with."
    assert len(text) > 1_000_000
    (verdict,) = classifier.classify([Text(text)])
    assert (verdict.experience, verdict.sure) == (Experience.ANGRY, False)
    assert "beginning and end only" in caplog.text


def test_texts_in_languages_that_no_model_reads_claim_nothing(classifier: Classifier) -> None:
    verdicts = classifier.classify(
        [
            Text("Sovellus kaatuu jatkuvasti eikä asiakaspalvelu vastaa kenellekään.", None, 1, 5),
            Text("Η εφαρμογή κολλάει συνεχώς, απαράδεκτο."),
            Text("Ok", language="fi"),
        ]
    )
    for verdict in verdicts:
        assert (verdict.experience, verdict.sure) == (Experience.NONE, False)


def test_the_title_is_read(classifier: Classifier) -> None:
    (verdict,) = classifier.classify([Text("See above.", "Terrible, it broke on day one")])
    assert verdict.experience is Experience.ANGRY


def test_a_rating_breaks_a_tie(classifier: Classifier) -> None:
    low, high = classifier.classify([Text("Well.", None, 1, 5), Text("Well.", None, 5, 5)])
    assert low.p_angry > high.p_angry


def test_runtime_computes_what_transformers_does() -> None:
    network = adapter.load(adapter.WEIGHTS, adapter.read_config(adapter.WEIGHTS))
    runtime = Runtime(adapter.merged(adapter.WEIGHTS))
    rows = [[101, 103, 2009, 3631, 102], [101, 103, 2307, 102]]
    ratings = [0.0, 3.5]
    ids = torch.tensor([rows[0], [*rows[1], 0]])
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 1, 0]])
    with torch.inference_mode():
        expected = network(ids, mask, torch.tensor(ratings))
        found = runtime.logits(runtime.features(rows, ratings))
    for left, right in zip(expected, found, strict=True):
        torch.testing.assert_close(left, right, atol=2e-4, rtol=1e-3)
