"""What a model must reach before it ships: the one place, for `earful train` and the tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sentiment.quality.evaluation_report import Report

# On `dev`, or on the texts that a training held out. `_text_only` is with the ratings hidden.
FLOORS: Mapping[str, float] = {
    "experience": 0.855,
    "experience_text_only": 0.84,
    "stance": 0.89,
    "stance_text_only": 0.88,
    # Talk is sure of less since it has a calibration of its own.
    "sure_coverage": 0.67,
    "sure_right": 0.95,
    "sure_right_text_only": 0.95,
    "alert_precision": 0.90,
    "alert_precision_text_only": 0.90,
    "likely_precision": 0.90,
    "likely_precision_text_only": 0.90,
}


# On `languages_dev`, whose texts set a part of the calibration: a guard, not a figure.
LANGUAGES_FLOORS: Mapping[str, float] = {
    "experience": 0.775,
    "experience_text_only": 0.755,
    "stance": 0.79,
    "stance_text_only": 0.79,
    "sure_coverage": 0.56,
    "sure_right": 0.91,
    "sure_right_text_only": 0.905,
    "alert_precision": 0.90,
    "alert_precision_text_only": 0.90,
}


def reached(report: Report) -> dict[str, float]:
    """Give the figures that floors are set for, by the floor's name."""
    figures: dict[str, float] = {}
    for suffix, run in (("", report.with_ratings), ("_text_only", report.text_only)):
        figures |= {
            f"experience{suffix}": run.experience.macro_f1,
            f"stance{suffix}": run.stance.macro_f1,
            f"sure_coverage{suffix}": run.sure_coverage,
            f"sure_right{suffix}": run.sure_accuracy,
            f"alert_precision{suffix}": run.alert_precision,
            f"likely_precision{suffix}": run.likely_precision,
        }
    return figures


def shortfalls(report: Report, floors: Mapping[str, float]) -> list[str]:
    """Name each figure that lies under its floor, with both numbers."""
    figures = reached(report)
    return [
        f"{name.replace('_', ' ')} is {figures[name]:.3f}, under its floor of {floor:.3f}"
        for name, floor in floors.items()
        if figures[name] < floor
    ]
