"""Floors on the double-labelled texts: a new training that falls under them does not ship."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentiment.classifier import Classifier
from sentiment.evaluation import Report, evaluate


@pytest.fixture(scope="module")
def report(classifier: Classifier, labels: Path) -> Report:
    return evaluate(classifier, labels / "dev.jsonl")


def test_experience(report: Report) -> None:
    assert report.with_ratings.experience.macro_f1 >= 0.84
    assert report.text_only.experience.macro_f1 >= 0.82


def test_stance(report: Report) -> None:
    assert report.with_ratings.stance.macro_f1 >= 0.88
    assert report.text_only.stance.macro_f1 >= 0.88


def test_sure(report: Report) -> None:
    assert report.with_ratings.sure_coverage >= 0.70
    assert report.with_ratings.sure_accuracy >= 0.94
    assert report.text_only.sure_accuracy >= 0.93
    assert report.with_ratings.experience.calibration_error <= 0.05
    assert report.text_only.experience.calibration_error <= 0.05


def test_table_fits_a_terminal_and_json_is_plain(report: Report) -> None:
    assert max(map(len, report.table().splitlines())) <= 80
    plain = report.as_dict()
    assert plain["texts"] == 500
    assert plain["either_with_ratings"]["experience"]["macro_f1"] >= 0.82
