"""Figures of quality from labels and probabilities: numpy only (docs/decisions/0015)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """Precision, recall and F1 of one class, with how often it is the truth."""

    precision: float
    recall: float
    f1: float
    count: int


def confusion(truth: Ints, guess: Ints, classes: int) -> Ints:
    """Count (classes, classes): rows are the truth, columns the guess."""
    table = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(table, (truth, guess), 1)
    return table


def per_class(table: Ints) -> list[ClassFigures]:
    """Figures of each class of a confusion table; 0 where a class is absent."""
    right = np.diag(table).astype(float)
    guessed, true = table.sum(0), table.sum(1)
    return [
        ClassFigures(
            precision=float(right[k] / guessed[k]) if guessed[k] else 0.0,
            recall=float(right[k] / true[k]) if true[k] else 0.0,
            f1=float(2 * right[k] / (guessed[k] + true[k])) if guessed[k] + true[k] else 0.0,
            count=int(true[k]),
        )
        for k in range(len(table))
    ]


def macro_f1(truth: Ints, guess: Ints, classes: int) -> float:
    """Mean F1 over the classes that occur in the truth or the guess."""
    table = confusion(truth, guess, classes)
    used = (table.sum(0) + table.sum(1)) > 0
    values = [figures.f1 for figures, there in zip(per_class(table), used, strict=True) if there]
    return float(np.mean(values)) if values else 0.0


def expected_calibration_error(confidence: Floats, right: Sequence[bool], bins: int = 15) -> float:
    """Mean distance between confidence and accuracy over equal-width bins, weighted by size."""
    hits = np.asarray(right, dtype=float)
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    total = 0.0
    for k in range(bins):
        inside = place == k
        if inside.any():
            total += abs(confidence[inside].mean() - hits[inside].mean()) * inside.mean()
    return float(total)
