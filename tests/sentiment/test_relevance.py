"""What a brand's model learns from labels: pure, and the backbone's vectors it learns from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from config.errors import ModelError
from config.query import parse_query
from sentiment.relevance import logistic
from sentiment.relevance.brand_model import (
    FEWEST,
    BrandModel,
    Example,
    learn,
    nearest,
    to_probability,
)
from sentiment.relevance.embedding import ENCODER, SIZE, embedder, pack, unpacked
from sentiment.relevance.logistic import fit
from sentiment.relevance.query_signs import IN_TITLE, LOWER_CASE, MATCHED, Signs, signs_of
from sentiment.scoring.text import Text
from storage.models import Mention
from tests.storage.fixtures import make_mention

if TYPE_CHECKING:
    from sentiment.relevance.logistic import Floats

DELTA = parse_query('delta OR "delta air lines" OR @delta')
SHOWN = Signs({MATCHED: 1.0})


def labelled(number: int, seed: int = 3) -> tuple[Floats, Floats]:
    """Draw unit vectors, and labels that one direction decides with some noise."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(number, 24))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    labels = (features[:, 0] + 0.1 * rng.normal(size=number) > 0).astype(float)
    return np.hstack([features, np.ones((number, 1))]), labels


def examples(yes: int, no: int, seed: int = 5) -> list[Example]:
    rng = np.random.default_rng(seed)
    made = []
    for about in [True] * yes + [False] * no:
        vector = rng.normal(scale=0.3, size=8)
        vector[0] += 1 if about else -1
        made.append(Example(vector / np.linalg.norm(vector), SHOWN, about))
    return made


def said(text: str, title: str | None = None) -> Mention:
    return make_mention("1", text, None, title=title)


def test_a_label_left_out_is_foretold_as_a_fit_without_it_would(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    features, labels = labelled(30)
    before = np.zeros(features.shape[1])
    fitted = fit(features, labels, before)
    shares = logistic.class_shares(labels)
    monkeypatch.setattr(logistic, "FREEDOMS", (fitted.freedom,))
    for row in range(len(labels)):
        others = np.arange(len(labels)) != row
        monkeypatch.setattr(logistic, "class_shares", lambda _, kept=others: shares[kept])
        without = fit(features[others], labels[others], before)
        assert features[row] @ without.weights == pytest.approx(fitted.left_out[row], abs=0.15)


def test_without_freedom_the_weights_stay_what_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = labelled(20)
    before = np.linspace(-1, 1, features.shape[1])
    monkeypatch.setattr(logistic, "FREEDOMS", (1e-9,))
    assert fit(features, labels, before).weights == pytest.approx(before, abs=1e-6)


def test_both_kinds_of_labels_weigh_alike() -> None:
    shares = logistic.class_shares(np.array([1.0, 0.0, 0.0, 0.0]))
    assert shares.tolist() == pytest.approx([2.0, 2 / 3, 2 / 3, 2 / 3])


@pytest.mark.parametrize(
    ("yes", "no", "speaks"),
    [(FEWEST - 1, 40, False), (40, FEWEST - 1, False), (FEWEST, FEWEST, True)],
)
def test_the_model_is_silent_with_fewer_than_five_of_each(yes: int, no: int, speaks: bool) -> None:
    assert (learn("delta", examples(yes, no)) is not None) is speaks


def test_the_same_labels_give_the_same_model_and_it_survives_the_store() -> None:
    model = learn("delta", examples(12, 12))
    assert model is not None
    assert model == learn("delta", examples(12, 12))
    assert BrandModel.from_json(model.to_json()) == model
    with pytest.raises(ModelError, match="cannot be read"):
        BrandModel.from_json('{"weights": 1}')


def test_what_is_like_the_nos_is_doubtful_and_what_is_like_the_yeses_is_not() -> None:
    model = learn("delta", examples(20, 20))
    assert model is not None
    for one in examples(20, 20, seed=99):
        probability = to_probability(model.log_odds(one.vector, one.signs))
        assert model.is_doubtful(probability) is not one.about


def test_to_drop_by_itself_the_model_needs_many_nos_that_it_got_right() -> None:
    few, many = learn("delta", examples(15, 15)), learn("delta", examples(60, 60))
    assert few is not None
    assert many is not None
    assert few.doubt_below is not None
    assert few.drop_below is None
    assert many.drop_below is not None
    assert many.drop_below <= 0


def test_labels_that_say_nothing_bear_out_no_doubt() -> None:
    rng = np.random.default_rng(11)
    noise = [
        Example(vector / np.linalg.norm(vector), SHOWN, bool(label))
        for vector, label in zip(rng.normal(size=(60, 8)), np.tile([1, 1, 1, 0], 15), strict=True)
    ]
    model = learn("delta", noise)
    assert model is not None
    doubted = sum(
        model.is_doubtful(to_probability(model.log_odds(one.vector, one.signs))) for one in noise
    )
    assert doubted <= 6


def test_the_nearest_taught_come_first() -> None:
    taught = [
        Example(np.array(vector), SHOWN, True) for vector in ([0.0, 1.0], [1.0, 0.0], [0.6, 0.8])
    ]
    assert nearest(np.array([1.0, 0.0]), taught, 2) == [(1, 1.0), (2, 0.6)]


@pytest.mark.parametrize(
    ("text", "title", "signs"),
    [
        ("Delta lost my bag", None, [MATCHED, '"delta"']),
        ("the delta of the Nile", None, [MATCHED, '"delta"', LOWER_CASE]),
        ("flew delta, Delta is fine", None, [MATCHED, '"delta"']),
        ("It was late.", "Delta again", [MATCHED, '"delta"', IN_TITLE]),
        ("Delta Air Lines, again", None, [MATCHED, '"delta"', '"delta air lines"']),
        ("nothing of the kind", None, [MATCHED]),
    ],
)
def test_signs_of_a_mention(text: str, title: str | None, signs: list[str]) -> None:
    shown = signs_of(DELTA, said(text, title))
    assert [*shown.before] == signs
    assert shown.holds_query is (len(signs) > 1)


def test_a_phrase_is_more_likely_the_brand_than_a_word_in_lower_case() -> None:
    phrase = signs_of(DELTA, said("Delta Air Lines, again")).log_odds
    word, low = (signs_of(DELTA, said(f"{one} again")).log_odds for one in ("Delta", "delta"))
    assert phrase > word > low


def test_texts_about_the_same_have_vectors_alike() -> None:
    texts = [
        "The flight was late and they lost my bag.",
        "Our plane left three hours after its time, luggage gone.",
        "Crispy chicken, great fries, and the waiter was kind.",
    ]
    flight, plane, food = embedder().vectors([Text(text) for text in texts])
    assert flight.shape == (SIZE,)
    assert np.linalg.norm(flight) == pytest.approx(1, abs=1e-3)
    assert flight @ plane > 0.4 > flight @ food


def test_a_vector_does_not_depend_on_its_neighbours_and_survives_the_store() -> None:
    long = Text("We waited for hours. " * 80)
    short = Text("We waited.")
    alone = embedder().vectors([short])[0]
    beside = embedder().vectors([long, short])[1]
    assert alone == pytest.approx(beside, abs=2e-3)
    assert unpacked([pack(alone)])[0].tolist() == alone.tolist()
    assert ENCODER.endswith("128")
