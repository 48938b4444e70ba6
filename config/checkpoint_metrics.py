"""What a checkpoint can aim at, one entry a metric: no other place lists them."""

from __future__ import annotations

from enum import StrEnum

_TOLD = ("angry", "mediocre", "delighted")


class CheckpointMetric(StrEnum):
    """A share of 1: the sum of what `part` counts by the sum of what `whole` counts.

    What is counted has the names that `storage.reports.Insight.totals` and `answers` give.
    `words` stand in messages, `unit` is what is counted, `formula` and `shown` stand in
    docs/metrics.md. `less_is_better` marks a metric that should fall.
    """

    part: tuple[str, ...]
    whole: tuple[str, ...]
    words: str
    unit: str
    formula: str
    shown: str
    less_is_better: bool

    def __new__(
        cls,
        name: str,
        part: tuple[str, ...],
        whole: tuple[str, ...],
        words: str,
        formula: str,
        shown: str,
        unit: str = "mention",
        less_is_better: bool = False,
    ) -> CheckpointMetric:
        metric = str.__new__(cls, name)
        metric._value_ = name
        metric.part, metric.whole, metric.words, metric.unit = part, whole, words, unit
        metric.formula, metric.shown, metric.less_is_better = formula, shown, less_is_better
        return metric

    WOW_RATE = (
        "wow_rate", ("delighted",), _TOLD, "wow rate",
        "delighted / told", "digest, report, dashboards, view `daily_experience`",
    )  # fmt: skip
    COMPLAINT_RATE = (
        "complaint_rate", ("angry",), _TOLD, "complaint rate",
        "angry / told", "report, dashboards, view `daily_experience`", "mention", True,
    )  # fmt: skip
    ADVOCATE_RATE = (
        "advocate_rate", ("advocate",), ("mentions",), "advocate rate",
        "mentions whose stance is advocate / mentions with a verdict", "checkpoints alone",
    )  # fmt: skip
    COVERAGE = (
        "coverage", ("answered",), ("cases",), "share of complaints answered",
        "answered cases / cases that were not dismissed", "digest, report, view `coverage`",
        "case",
    )  # fmt: skip
