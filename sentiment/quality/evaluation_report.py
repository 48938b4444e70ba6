"""What an evaluation gives: all figures as data, and as a table for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sentiment.quality.figures import EXPERIENCES, STANCES, Figures, HeadFigures


@dataclass(frozen=True, slots=True)
class Report:
    """Figures with ratings and from text only; `either` counts a second reader's label too.

    `kinds` parts the texts by `kinds.Kind`; those that answer another text are `answers`, read
    with it, and once more `alone`, without it.
    """

    model: str
    file: str
    texts: int
    with_ratings: Figures
    text_only: Figures
    either_with_ratings: Figures | None = None
    either_text_only: Figures | None = None
    datasets: dict[str, dict[str, float]] | None = None
    languages: dict[str, dict[str, float]] | None = None
    kinds: dict[str, dict[str, float]] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Give all figures as plain data for JSON."""
        return asdict(self)

    def table(self) -> str:
        """Give a table for people, at most 80 columns wide."""
        lines = [f"{self.texts} texts of {self.file}", f"model {self.model}", ""]
        runs = [("with ratings", self.with_ratings), ("text only", self.text_only)]
        if self.either_with_ratings and self.either_text_only:
            runs += [
                ("with ratings, either answer", self.either_with_ratings),
                ("text only, either answer", self.either_text_only),
            ]
        lines.append(f"{'':<28}{'experience':>11}{'stance':>8}{'sure':>7}{'right':>7}{'ECE':>7}")
        for name, run in runs:
            lines.append(
                f"{name:<28}{run.experience.macro_f1:>11.3f}{run.stance.macro_f1:>8.3f}"
                f"{run.sure_coverage:>7.1%}{run.sure_accuracy:>7.1%}"
                f"{run.experience.calibration_error:>7.3f}"
            )
        lines.append("(macro-F1 of both heads; share marked sure; how many of those are right)")
        for name, run in runs[:2]:
            lines += ["", *_class_lines(f"experience, {name}", run.experience, EXPERIENCES)]
            lines += ["", *_class_lines(f"stance, {name}", run.stance, STANCES)]
            lines += [
                "",
                f"complaint alerts, {name}: (angry and sure) "
                f"precision {run.alert_precision:.3f}, recall {run.alert_recall:.3f}",
                f"{'':<20}{'':<{len(name)}}(or likely)      "
                f"precision {run.likely_precision:.3f}, recall {run.likely_recall:.3f}",
            ]
        if self.languages and len(self.languages) > 1:
            lines += ["", *_part_lines("languages", self.languages)]
        if self.kinds and len(self.kinds) > 1:
            lines += ["", *_part_lines("kinds of text", self.kinds)]
        return "\n".join(lines)


def _part_lines(title: str, parts: Mapping[str, Mapping[str, float]]) -> list[str]:
    wide = max(9, *(len(name) + 1 for name in parts))
    lines = [
        f"{title}, with ratings (right: of the experience; found: of the angry ones)",
        f"{'':<{wide}}{'texts':>6}{'exp. F1':>9}{'right':>8}{'stance F1':>11}{'found':>8}"
        f"{'sure':>8}{'right':>8}",
    ]
    return lines + [
        f"{name:<{wide}}{part['texts']:>6.0f}{part['experience']:>9.3f}"
        f"{part['experience_accuracy']:>8.1%}{part['stance']:>11.3f}{part['angry_recall']:>8.1%}"
        f"{part['sure_coverage']:>8.1%}{part['sure_right']:>8.1%}"
        for name, part in parts.items()
    ]


def _class_lines(title: str, head: HeadFigures, classes: Sequence[str]) -> list[str]:
    names = "".join(f"{name:>11}" for name in classes)
    lines = [f"{title} (right of it: how often guessed as)"]
    lines.append(f"{'':<11}{'prec':>6}{'recall':>7}{'F1':>6} |{names}")
    for row, name in enumerate(classes):
        figures = head.classes[name]
        counts = "".join(f"{count:>11}" for count in head.confusion[row])
        lines.append(
            f"{name:<11}{figures['precision']:>6.2f}{figures['recall']:>7.2f}"
            f"{figures['f1']:>6.2f} |{counts}"
        )
    return lines
