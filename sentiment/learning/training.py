"""From labelled files to a folder of weights, as `earful train` does it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from config.errors import InputError, ModelError
from sentiment.learning.labelled_files import Example, read_examples
from sentiment.learning.made_up import made_up
from sentiment.learning.recipes import Method
from sentiment.learning.written import written_talk
from sentiment.quality.floors import shortfalls
from sentiment.scoring import adapter
from sentiment.scoring.adapter import ModelConfig
from sentiment.scoring.encoding import CONTEXT

if TYPE_CHECKING:
    from sentiment.quality.evaluation_report import Report
    from sentiment.quality.held_out import HeldOut

__all__ = ["Labels", "Method", "Progress", "Training", "train"]

# Gets the phase, the step and the steps.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Labels:
    """Where labelled texts come from: JSON Lines, and people's corrections of a store.

    `talk` are further files, of posts and replies; what goes on from weights leans to them a part.
    `held_out` names the data sets that calibrate and evaluate the model; if it is empty, or beside
    it where training goes on from weights, every tenth text does, corrections too.
    """

    files: Sequence[Path]
    corrections: Sequence[Example] = ()
    held_out: Collection[str] = ()
    talk: Sequence[Path] = ()


@dataclass(frozen=True, slots=True)
class Training:
    """What a training made: its version, how many texts, and figures on texts it did not see."""

    model: str
    folder: Path
    texts: int
    held_out: int
    seconds: float
    report: Report


def train(
    labels: Labels,
    out: Path,
    method: Method,
    *,
    floors: Mapping[str, float] | None = None,
    progress: Progress | None = None,
) -> Training:
    """Fine-tune on labels and write weights, `model.json` and a model card to `out`.

    The weights that ship keep the calibration of the first fit, which held texts out.
    `floors` are least figures on the held-out texts, named as in
    `sentiment.quality.floors.FLOORS`. Nothing is written to `out` before the end.
    InputError for files that are not as they should be; ModelError for a model under its floors.
    An epoch of 14,000 texts takes about 5 minutes on two idle cores with bf16.
    """
    from sentiment.learning.student import Student

    start = time.monotonic()
    examples = _read(labels, method.start)
    rest, held_out = split(examples, labels.held_out)
    if not rest or not held_out:
        raise InputError(
            f"{len(rest)} texts to train on and {len(held_out)} held out; "
            "both need some: give more texts or hold out other data sets"
        )
    facts = _facts(labels, method, len(examples))
    own = [*made_up(method.seed), *written_talk()] if method.made_up else []
    student = Student(method, labels.held_out, progress)
    student.first_fit(rest, own)
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as name:
        new = Path(name)
        # Who never saw what a text answers makes nothing of it.
        known = any(example.text.context for example in rest)
        context = CONTEXT if known and method.contexts else 0
        config = ModelConfig(context=context, trained=facts)
        adapter.save(student.network, config, new, moved=method.start is not None)
        scored = _score(new, held_out)
        if context and not scored.contexts_help():
            config = replace(config, context=0)
            adapter.write_config(config, new)
            scored = _score(new, held_out)
        config = replace(config, calibration=scored.calibration())
        adapter.write_config(config, new)
        report = scored.report("held-out texts")
        refuse_under_floors(report, floors or {})
        if method.refit:
            student.last_fit(examples, own)
            adapter.save(student.network, config, new, moved=method.start is not None)
        training = Training(
            model=adapter.version(new, config),
            folder=out,
            texts=len(examples),
            held_out=len(held_out),
            seconds=time.monotonic() - start,
            report=report,
        )
        (new / "MODEL_CARD.md").write_text(_card(training, facts), encoding="utf-8")
        out.mkdir(exist_ok=True)
        for path in new.iterdir():
            path.replace(out / path.name)
    return training


def _read(labels: Labels, start: Path | None) -> list[Example]:
    if not labels.files and not labels.talk:
        raise InputError("no labelled files to train on; name at least one")
    facts = adapter.read_config(start).trained if start else {}
    examples: list[Example] = []
    for file in _files(labels):
        given = read_examples(file)
        learnt, talk = _is_learnt(file, facts), file in labels.talk
        examples += [replace(example, learnt=learnt, talk=talk) for example in given]
    return [*examples, *labels.corrections]


def _files(labels: Labels) -> list[Path]:
    return list(dict.fromkeys((*labels.files, *labels.talk)))


def _is_learnt(file: Path, facts: Mapping[str, Any]) -> bool:
    """Tell whether weights with these facts have learnt a file; old ones know it by name alone."""
    if (learnt := facts.get("learnt")) is not None:
        return content_hash(file) in learnt
    return file.name in facts.get("files", ())


def content_hash(path: Path) -> str:
    """Name a file's content: 16 hex digits of its SHA-256. InputError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error


def split(
    examples: Sequence[Example], held_out: Collection[str]
) -> tuple[list[Example], list[Example]]:
    """Split into what is trained on and what is held out: named data sets, or a tenth by hash.

    What the weights had learnt that a training goes on from judges nothing; of what is new to
    them a tenth is held out also where data sets are named.
    """
    goes_on = any(example.learnt for example in examples)

    def is_held_out(example: Example) -> bool:
        if held_out and (example.dataset in held_out or not goes_on):
            return example.dataset in held_out
        if example.learnt:
            return False
        return hashlib.sha256(example.text.text.encode("utf-8", "replace")).digest()[0] < 26

    marks = [is_held_out(example) for example in examples]
    return (
        [example for example, mark in zip(examples, marks, strict=True) if not mark],
        [example for example, mark in zip(examples, marks, strict=True) if mark],
    )


def _facts(labels: Labels, method: Method, texts: int) -> dict[str, object]:
    """Give what `model.json` and the card say of a training."""
    started = adapter.read_config(method.start).trained if method.start else {}
    return {
        "files": [file.name for file in _files(labels)],
        "learnt": sorted({*map(content_hash, _files(labels)), *started.get("learnt", ())}),
        "talk": [file.name for file in labels.talk],
        "corrections": len(labels.corrections),
        "texts": texts,
        "epochs": method.epochs,
        "seed": method.seed,
        "pool": method.pool.name if method.pool else None,
        "teacher": method.teacher.name if method.teacher else None,
        "start": adapter.read_config(method.start).name if method.start else None,
        "made_up": method.made_up,
        "held_out": sorted(labels.held_out) or "every tenth text",
        "refit": method.refit,
    }


def _score(folder: Path, examples: Sequence[Example]) -> HeldOut:
    from sentiment.quality.held_out import HeldOut
    from sentiment.scoring.classifier import Classifier

    return HeldOut(Classifier.load(folder), examples)


def refuse_under_floors(report: Report, floors: Mapping[str, float]) -> None:
    """Let no model ship whose figures lie under its floors: ModelError names them."""
    if short := shortfalls(report, floors):
        raise ModelError(
            f"the new model does not ship: on the held-out texts {'; '.join(short)}; the old "
            "weights stay: check the labels or add more"
        )


def _card(training: Training, facts: Mapping[str, object]) -> str:
    listed = "\n".join(f"- {key}: {value}" for key, value in facts.items())
    return (
        f"# {training.model}\n\n"
        "A 4-bit adapter and two heads on sentence-transformers/all-MiniLM-L6-v2, made by "
        f"`earful train` in {training.seconds:.0f} s. It judges the experience and the stance of "
        "English reviews and posts.\n\n"
        f"## Data and method\n\n{listed}\n\n"
        "## Figures on the held-out texts\n\n"
        "Measured before the last fit on all texts, so by weights that had not seen them; each "
        f"fold by a calibration fitted on the others.\n\n```\n{training.report.table()}\n```\n"
    )
