"""From labelled files to a folder of weights, as `earful train` does it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from config.errors import InputError, ModelError
from sentiment import adapter
from sentiment.adapter import ModelConfig
from sentiment.calibration import (
    Calibration,
    Mode,
    complaint_threshold,
    confidence,
    fit_mode,
    sure_threshold,
)
from sentiment.floors import shortfalls
from sentiment.labels import Example, read_examples
from sentiment.language import detect_language
from sentiment.made_up import made_up as own_texts
from sentiment.text import Text, joined, rating_position
from storage.models import Experience, Stance

if TYPE_CHECKING:
    from torch import Tensor

    from sentiment.classifier import Classifier
    from sentiment.evaluation import Report
    from sentiment.fitting import Recipe
    from sentiment.metrics import Floats, Ints

_EXPERIENCES = tuple(Experience)
_STANCES = tuple(Stance)
Progress = Callable[[str, int, int], None]


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
    files: Sequence[Path],
    out: Path,
    *,
    epochs: float = 2.0,
    seed: int = 1,
    held_out: Collection[str] = (),
    pool: Path | None = None,
    made_up: bool = True,
    refit: bool = True,
    floors: Mapping[str, float] | None = None,
    corrections: Sequence[Example] = (),
    progress: Progress | None = None,
) -> Training:
    """Fine-tune on labelled JSON Lines and write weights, `model.json` and a model card to `out`.

    A part is held out to calibrate on and to report: the data sets named in `held_out`, else every
    tenth text. With `refit` the weights that ship are then trained on all texts, with the
    calibration of the first fit. `pool` (gzipped JSON Lines with weak labels) is trained on first.
    `made_up` adds the package's own 600 short texts, which are never held out.
    `floors` are least figures on the held-out texts, named as in `sentiment.floors.FLOORS`.
    `corrections` are people's labels of a store: a tenth of them is held out like other texts.
    `progress` gets the phase, the step and the steps. Nothing is written to `out` before the end.
    InputError for files that are not as they should be; ModelError for a model under its floors.
    An epoch of 14,000 texts takes about 5 minutes on two idle cores with bf16.
    """
    from sentiment.fitting import Recipe

    if not files:
        raise InputError("no labelled files to train on; name at least one")
    start = time.monotonic()
    examples = [example for file in files for example in read_examples(file)]
    examples += corrections
    rest, unseen = split(examples, held_out)
    if not rest or not unseen:
        raise InputError(
            f"{len(rest)} texts to train on and {len(unseen)} held out; "
            "both need some: give more texts or hold out other data sets"
        )
    recipe = Recipe(epochs=epochs, seed=seed)
    trained: dict[str, object] = {
        "files": [file.name for file in files],
        "corrections": len(corrections),
        "texts": len(examples),
        "epochs": epochs,
        "seed": seed,
        "pool": pool.name if pool else None,
        "made_up": made_up,
        "held_out": sorted(held_out) or "every tenth text",
        "refit": refit,
    }
    own = own_texts(seed) if made_up else []
    base = _pretrained(pool, recipe, held_out, progress) if pool else None
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as name:
        new = Path(name)
        _fit([*rest, *own], recipe, new, ModelConfig(trained=trained), base, "training", progress)
        config = ModelConfig(calibration=calibrate(_loaded(new), unseen), trained=trained)
        adapter.write_config(config, new)
        report = _report(new, unseen)
        _hold(report, floors or {})
        if refit:
            _fit([*examples, *own], recipe, new, config, base, "training on all", progress)
        result = Training(
            model=adapter.version(new, config),
            folder=out,
            texts=len(examples),
            held_out=len(unseen),
            seconds=time.monotonic() - start,
            report=report,
        )
        (new / "MODEL_CARD.md").write_text(_card(result, trained), encoding="utf-8")
        out.mkdir(exist_ok=True)
        for path in new.iterdir():
            path.replace(out / path.name)
    return result


def _hold(report: Report, floors: Mapping[str, float]) -> None:
    if short := shortfalls(report, floors):
        raise ModelError(
            f"the new model does not ship, judged on held-out texts: {'; '.join(short)}; the old "
            "weights stay: check the labels or add more"
        )


def split(
    examples: Sequence[Example], held_out: Collection[str]
) -> tuple[list[Example], list[Example]]:
    """Split into what is trained on and what is held out: named data sets, or a tenth by hash."""

    def unseen(example: Example) -> bool:
        if held_out:
            return example.dataset in held_out
        return hashlib.sha256(example.text.text.encode("utf-8", "replace")).digest()[0] < 26

    marks = [unseen(example) for example in examples]
    return (
        [example for example, mark in zip(examples, marks, strict=True) if not mark],
        [example for example, mark in zip(examples, marks, strict=True) if mark],
    )


def english(examples: Sequence[Example]) -> list[Example]:
    """Leave out texts that scoring would leave out for their language."""
    return [e for e in examples if detect_language(joined(e.text)) in (None, "en")]


def calibrate(classifier: Classifier, examples: Sequence[Example]) -> Calibration:
    """Fit both modes and the `sure` threshold on texts the weights have not seen.

    Rated texts without their rating serve the unrated mode too. The threshold is fitted on the
    texts as they are used: 95% of sure experiences are right, or as many as can be with 70% sure.
    Of likely complaints 90% are complaints, with a rating and without one.
    """
    import numpy as np

    examples = english(examples)
    bare = [replace(e, text=Text(text=e.text.text, title=e.text.title)) for e in examples]
    is_rated = np.array([rating_position(e.text.rating, e.text.rating_max) > 0 for e in examples])
    truth_e = np.array([_EXPERIENCES.index(e.experience) for e in examples])
    truth_s = np.array([_STANCES.index(e.stance) for e in examples])
    used = classifier.logits([e.text for e in examples])
    unused = classifier.logits([e.text for e in bare])
    unrated = fit_mode(unused.experience, unused.stance, truth_e, truth_s)
    unrated = _with_complaint(unrated, unused.experience, truth_e)
    rated = unrated
    if is_rated.any():
        rows = is_rated.nonzero()[0]
        rated = fit_mode(used.experience[rows], used.stance[rows], truth_e[rows], truth_s[rows])
        rated = _with_complaint(rated, used.experience[rows], truth_e[rows])
    confidences, right = np.empty(len(examples)), np.empty(len(examples))
    for mode, rows in ((rated, is_rated), (unrated, ~is_rated)):
        p_e = mode.experience.probabilities(used.experience[rows])
        p_s = mode.stance.probabilities(used.stance[rows])
        confidences[rows] = confidence(p_e, p_s)
        right[rows] = p_e.argmax(1) == truth_e[rows]
    threshold = sure_threshold(confidences, right, accuracy=0.95, coverage=0.70)
    return Calibration(rated, unrated, round(threshold, 4))


def _with_complaint(mode: Mode, logits: Floats, truth: Ints) -> Mode:
    angry = _EXPERIENCES.index(Experience.ANGRY)
    chances = mode.experience.probabilities(logits)
    threshold = complaint_threshold(
        chances[:, angry], chances.argmax(1) == angry, truth == angry, precision=0.90
    )
    return replace(mode, complaint=threshold)


def _fit(
    examples: Sequence[Example],
    recipe: Recipe,
    out: Path,
    config: ModelConfig,
    base: Mapping[str, Tensor] | None,
    phase: str,
    progress: Progress | None,
) -> None:
    from sentiment.fitting import fine_tune, new_network, prepare

    network = new_network(recipe)
    if base is not None:
        network.encoder.load_state_dict(base)
    told = None if progress is None else lambda step, steps, _loss: progress(phase, step, steps)
    fine_tune(network, prepare(english(examples), recipe), recipe, told)
    adapter.save(network, config, out)


def _pretrained(
    pool: Path, recipe: Recipe, without: Collection[str], progress: Progress | None
) -> Mapping[str, Tensor]:
    from sentiment import weak
    from sentiment.fitting import new_network

    network = new_network(recipe, extra=list(weak.TASKS.values()))
    rows = weak.choose(pool, most=weak.MOST, seed=recipe.seed, without=without)
    told = None if progress is None else lambda step, steps, _loss: progress("pool", step, steps)
    weak.pretrain(network, rows, weak.recipe(recipe.seed), told)
    return network.encoder.state_dict()


def _loaded(folder: Path) -> Classifier:
    from sentiment.classifier import Classifier

    return Classifier.load(folder)


def _report(folder: Path, examples: Sequence[Example]) -> Report:
    from sentiment.evaluation import evaluate_examples

    return evaluate_examples(_loaded(folder), examples, "held-out texts")


def _card(training: Training, trained: dict[str, object]) -> str:
    facts = "\n".join(f"- {key}: {value}" for key, value in trained.items())
    return (
        f"# {training.model}\n\n"
        "A 4-bit adapter and two heads on sentence-transformers/all-MiniLM-L6-v2, made by "
        f"`earful train` in {training.seconds:.0f} s. It judges the experience and the stance of "
        "English reviews and posts.\n\n"
        f"## Data and method\n\n{facts}\n\n"
        "## Figures on the held-out texts\n\n"
        "Measured and calibrated before the last fit on all texts, so by weights that had not "
        f"seen them.\n\n```\n{training.report.table()}\n```\n"
    )
