"""The rates that are charted and that a checkpoint can aim at: no other place lists them."""

from __future__ import annotations

from enum import StrEnum

_TOLD = ("angry", "mediocre", "delighted")


class CheckpointMetric(StrEnum):
    """A share of 1: the sum of what `part` counts by the sum of what `whole` counts.

    What is counted has the names that the store's `metrics.days` gives; the periods of charts,
    `steady` of `periods`, are counted from those. `words` stand in messages, `unit` is
    what is counted, `formula` and `shown` stand in docs/metrics.md. `less_is_better` marks a
    metric that should fall; `label` is what people correct where it errs.
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

    @property
    def label(self) -> str | None:
        """The verdict that the metric counts; None where it counts something else."""
        (first, *_) = self.part
        return first if first in {*_TOLD, "advocate", "hater"} else None

    WOW_RATE = (
        "wow_rate", ("delighted",), _TOLD, "wow rate",
        "delighted / told", "digest, report, dashboards, view `daily_experience`",
    )  # fmt: skip
    COMPLAINT_RATE = (
        "complaint_rate", ("angry",), _TOLD, "complaint rate",
        "angry / told", "report, dashboards, view `daily_experience`", "mention", True,
    )  # fmt: skip
    MEDIOCRE_RATE = (
        "mediocre_rate", ("mediocre",), _TOLD, "mediocre rate",
        "mediocre / told", "report, dashboards, view `daily_experience`", "mention", True,
    )  # fmt: skip
    ADVOCATE_RATE = (
        "advocate_rate", ("advocate",), ("mentions",), "advocate rate",
        "mentions whose stance is advocate / mentions with a verdict", "view `metrics`",
    )  # fmt: skip
    HATER_RATE = (
        "hater_rate", ("hater",), ("mentions",), "hater rate",
        "mentions whose stance is hater / mentions with a verdict", "view `metrics`",
        "mention", True,
    )  # fmt: skip
    COVERAGE = (
        "coverage", ("answered",), ("cases",), "share of complaints answered",
        "answered cases / cases that were not dismissed, by the day they were opened",
        "digest, report, view `coverage`", "case",
    )  # fmt: skip
    IN_TIME = (
        "in_time", ("in_time",), ("answers",), "share of answers in time",
        "first answers by the due time / first answers, by the day of the answer",
        "view `response_times`", "case",
    )  # fmt: skip
    WON_BACK_RATE = (
        "won_back_rate", ("won_back",), ("came_back",), "share of answered customers won back",
        "delighted / complainers who told of an experience again after the brand's answer, by the "
        "day they did", "view `metrics`", "case",
    )  # fmt: skip
    CONSISTENCY = (
        "consistency", ("steady",), ("periods",), "consistency",
        "steady points / points on the charts of wow rate and complaint rate",
        "report, view `metrics`", "point",
    )  # fmt: skip
