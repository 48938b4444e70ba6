from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sentiment.quality.calibration import (
    Calibration,
    Mode,
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
    assert sure_threshold(*told, accuracy=0.95, coverage=0.2) == 0.8
    assert sure_threshold(*told, accuracy=0.95, coverage=0.6) == 0.7
    assert sure_threshold(*told, accuracy=0.95, coverage=0.8) == 0.6


def test_sure_without_a_coverage_is_where_the_accuracy_ends() -> None:
    chances = np.array([0.88, 0.86, 0.7, 0.6, 0.5])
    right = np.array([1.0, 1.0, 0.0, 1.0, 0.0])
    assert sure_threshold(chances, right, accuracy=0.95) == 0.86
    assert sure_threshold(chances, right, accuracy=0.75) == 0.6
    assert sure_threshold(chances, np.zeros(5), accuracy=0.95) == 1.0


def test_bending_keeps_the_order_and_flattens_what_is_flat() -> None:
    flat, steep = np.array([[0.2, 0.1, 0.0, -0.3]]), np.array([[4.0, -1.0, 0.5, -3.5]])
    assert bent(flat, 0.25).argsort().tolist() == flat.argsort().tolist()
    assert np.ptp(bent(flat, 0.25)) < np.ptp(flat)
    assert np.ptp(bent(steep, 0.25)) > np.ptp(steep)
    assert softmax(bent(steep, 0.0)) == pytest.approx(softmax(steep))
    assert bent(np.zeros((1, 4)), 0.25).tolist() == [[0.0] * 4]


def test_a_calibration_without_a_bend_is_read_as_it_was() -> None:
    old = Calibration().as_dict()
    for mode in ("rated", "unrated", "talk"):
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
    calibration = Calibration(
        mode, replace(mode, sure=(0.8,) * 4), replace(mode, sure=(0.7, 1.0, 0.8, 0.9))
    )
    assert Calibration.from_dict(calibration.as_dict()) == calibration


def test_talk_of_older_weights_is_as_sure_as_what_else_had_no_rating() -> None:
    old = Calibration(unrated=Mode(complaint=0.6)).as_dict()
    for mode in ("rated", "unrated"):
        del old[mode]["sure"]
    del old["talk"]
    read = Calibration.from_dict({**old, "sure": 0.81})
    assert read.talk == read.unrated == Mode(complaint=0.6, sure=(0.81,) * 4)
    assert read.rated.sure == (0.81,) * 4
