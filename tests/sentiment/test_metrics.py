from __future__ import annotations

import numpy as np
import pytest

from sentiment.quality.calibration import (
    Calibration,
    bent,
    fit_mode,
    fit_scaling,
    softmax,
    sure_threshold,
)
from sentiment.quality.metrics import confusion, expected_calibration_error, macro_f1, per_class


def test_f1_by_hand() -> None:
    truth, guess = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 1, 1, 0])
    table = confusion(truth, guess, 3)
    assert table.tolist() == [[1, 1, 0], [0, 2, 0], [1, 0, 0]]
    first, second, third = per_class(table)
    assert (first.precision, first.recall) == (0.5, 0.5)
    assert second.f1 == pytest.approx(0.8)
    assert third.f1 == 0.0
    assert macro_f1(truth, guess, 3) == pytest.approx((0.5 + 0.8) / 3)


def test_macro_f1_leaves_out_classes_that_nobody_names() -> None:
    assert macro_f1(np.array([0, 1]), np.array([0, 1]), 4) == 1.0


def test_the_figures_are_those_of_scikit_learn() -> None:
    theirs = pytest.importorskip("sklearn.metrics", reason="scikit-learn was left out")
    rng = np.random.default_rng(1)
    for size in (1, 5, 40, 300):
        truth = rng.integers(0, 4, size)
        guess = np.where(rng.random(size) < 0.6, truth, rng.integers(0, 4, size))
        table = confusion(truth, guess, 4)
        assert table.tolist() == theirs.confusion_matrix(truth, guess, labels=range(4)).tolist()
        columns = theirs.precision_recall_fscore_support(
            truth, guess, labels=range(4), zero_division=0
        )
        rows = [(one.precision, one.recall, one.f1, one.count) for one in per_class(table)]
        assert pytest.approx(np.array(columns)) == np.array(rows).T
        f1 = theirs.f1_score(truth, guess, average="macro", zero_division=0)
        assert macro_f1(truth, guess, 4) == pytest.approx(f1)


def test_calibration_error_by_hand() -> None:
    confidence = np.array([0.9, 0.9, 0.9, 0.9])
    error = expected_calibration_error(confidence, [True, True, False, False])
    assert error == pytest.approx(0.4)


def test_scaling_calms_an_overconfident_head() -> None:
    rng = np.random.default_rng(1)
    honest = rng.normal(size=(4000, 3)) * 1.5
    truth = np.array([rng.choice(3, p=row) for row in softmax(honest)])
    bold = honest * 3 + np.array([0.5, 0.0, -0.5])
    scaling = fit_scaling(bold, truth, hold=0.0)
    p = scaling.probabilities(bold)
    assert scaling.scale == pytest.approx(1 / 3, rel=0.15)
    # Held near 1, it goes most of the way.
    assert scaling.scale < fit_scaling(bold, truth).scale < 0.5
    assert expected_calibration_error(p.max(1), (p.argmax(1) == truth).tolist()) < 0.03


def test_sure_threshold_lies_half_way_between_its_two_limits() -> None:
    told = (np.array([0.6, 0.9, 0.7, 0.8, 0.5]), np.array([0.0, 1.0, 1.0, 1.0, 0.0]))
    # Three may be sure for the accuracy, one must be for the coverage.
    assert sure_threshold(told, told, accuracy=0.95, coverage=0.2) == 0.8
    assert sure_threshold(told, told, accuracy=0.95, coverage=0.6) == 0.7
    assert sure_threshold(told, told, accuracy=0.95, coverage=0.8) == 0.6


def test_sure_means_it_without_ratings_too_as_far_as_enough_texts_are_sure() -> None:
    told = (np.array([0.9, 0.8, 0.7, 0.6, 0.5]), np.array([1.0, 1.0, 1.0, 1.0, 0.0]))
    text_only = (np.array([0.88, 0.86, 0.7, 0.6, 0.5]), np.array([1.0, 1.0, 0.0, 1.0, 0.0]))
    assert sure_threshold(told, told, accuracy=0.95, coverage=0.2) == 0.8
    assert sure_threshold(told, text_only, accuracy=0.95, coverage=0.2) == 0.86
    # Four fifths of the texts as they come must stay sure.
    assert sure_threshold(told, text_only, accuracy=0.95, coverage=0.8) == 0.6
    nothing = (text_only[0], np.zeros(5))
    assert sure_threshold(told, nothing, accuracy=0.95, coverage=0.2) == 0.88


def test_bending_keeps_the_order_and_flattens_what_is_flat() -> None:
    flat, steep = np.array([[0.2, 0.1, 0.0, -0.3]]), np.array([[4.0, -1.0, 0.5, -3.5]])
    assert bent(flat, 0.25).argsort().tolist() == flat.argsort().tolist()
    assert np.ptp(bent(flat, 0.25)) < np.ptp(flat)
    assert np.ptp(bent(steep, 0.25)) > np.ptp(steep)
    assert softmax(bent(steep, 0.0)) == pytest.approx(softmax(steep))
    assert bent(np.zeros((1, 4)), 0.25).tolist() == [[0.0] * 4]


def test_a_calibration_without_a_bend_is_read_as_it_was() -> None:
    old = Calibration().as_dict()
    for mode in ("rated", "unrated"):
        for head in ("experience", "stance"):
            del old[mode][head]["bend"]
    assert Calibration.from_dict(old) == Calibration()


def test_calibration_survives_its_file() -> None:
    rng = np.random.default_rng(2)
    mode = fit_mode(
        rng.normal(size=(50, 4)),
        rng.normal(size=(50, 3)),
        rng.integers(0, 4, 50),
        rng.integers(0, 3, 50),
    )
    calibration = Calibration(mode, mode, 0.8)
    assert Calibration.from_dict(calibration.as_dict()) == calibration
