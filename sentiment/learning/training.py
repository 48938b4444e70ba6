"""From labelled files to a folder of weights, as `earful train` does it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from config.errors import InputError, ModelError
from sentiment.learning.labelled_files import Example, read_examples
from sentiment.learning.made_up import made_up as own_texts
from sentiment.quality.floors import shortfalls
from sentiment.scoring import adapter
from sentiment.scoring.adapter import ModelConfig
from sentiment.scoring.detect_language import detect_language
from sentiment.scoring.text import joined

if TYPE_CHECKING:
    from torch import Tensor, nn

    from sentiment.learning.fitting import Prepared, Recipe
    from sentiment.learning.teacher import Teacher
    from sentiment.quality.evaluation import Report
    from sentiment.quality.held_out import Unseen

Progress = Callable[[str, int, int], None]
# A student with a teacher has six times the texts and few labels to overfit: it may go faster.
_TAUGHT_RATE = 2.5e-4
# Of the pool's texts, so many go with all labels in the last fit.
_AGAIN = 0.15


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
    teacher: Path | None = None,
    made_up: bool = True,
    refit: bool = True,
    floors: Mapping[str, float] | None = None,
    corrections: Sequence[Example] = (),
    progress: Progress | None = None,
) -> Training:
    """Fine-tune on labelled JSON Lines and write weights, `model.json` and a model card to `out`.

    A part is held out to calibrate on and to report: the data sets named in `held_out`, else every
    tenth text. With `refit` the weights that ship then see all texts once more, slowly, and keep
    the calibration of the first fit. `teacher` is the folder of a larger encoder: it is fine-tuned
    on the labels, and the student learns what it makes of the labelled texts and of `pool`
    (gzipped JSON Lines; long ones cut into sentences); where both read the same word pieces, also
    what it makes of each of them (6 GB of scratch space for 140,000 texts). Without a teacher, the
    pool's weak labels are trained on first.
    `made_up` adds the package's own 1,000 short texts, which are never held out.
    `floors` are least figures on the held-out texts, named as in
    `sentiment.quality.floors.FLOORS`.
    `corrections` are people's labels of a store: a tenth of them is held out like other texts.
    `progress` gets the phase, the step and the steps. Nothing is written to `out` before the end.
    InputError for files that are not as they should be; ModelError for a model under its floors.
    An epoch of 14,000 texts takes about 5 minutes on two idle cores with bf16.
    """
    from sentiment.learning.fitting import Recipe, fine_tune, new_network, prepare

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
    if teacher:
        recipe = replace(recipe, rate=_TAUGHT_RATE)
    trained: dict[str, object] = {
        "files": [file.name for file in files],
        "corrections": len(corrections),
        "texts": len(examples),
        "epochs": epochs,
        "seed": seed,
        "pool": pool.name if pool else None,
        "teacher": teacher.name if teacher else None,
        "made_up": made_up,
        "held_out": sorted(held_out) or "every tenth text",
        "refit": refit,
    }
    own = own_texts(seed) if made_up else []
    known = english([*rest, *own])
    network = new_network(recipe)
    data = prepare(known, recipe)
    lesson = None
    if teacher:
        master = _schooled(teacher, known, recipe, progress)
        data = _seconded(master, known, data, recipe, progress)
        if pool:
            lesson = _lesson(master, pool, held_out, recipe, progress)
            data = lesson + data
    elif pool:
        network.encoder.load_state_dict(_pretrained(pool, recipe, held_out, progress))
    fine_tune(network, data, recipe, _told(progress, "training"))
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as name:
        new = Path(name)
        adapter.save(network, ModelConfig(trained=trained), new)
        judged = _unseen(new, unseen)
        config = ModelConfig(calibration=judged.calibration(), trained=trained)
        adapter.write_config(config, new)
        report = judged.report("held-out texts")
        _hold(report, floors or {})
        if refit:
            again = last_recipe(recipe)
            known = english([*examples, *own])
            data = prepare(known, again)
            if teacher:
                data = _seconded(master, known, data, again, progress)
            if lesson is not None:
                again = replace(again, rate=_TAUGHT_RATE * 0.4)
                data = lesson.first(round(len(lesson.ids) * _AGAIN)) + data
            before = [part.detach().clone() for part in network.parameters()]
            fine_tune(network, data, again, _told(progress, "training on all"))
            if lesson is not None:
                _mean(network, before)
            adapter.save(network, config, new)
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


def _mean(network: nn.Module, before: Sequence[Tensor]) -> None:
    """Half-way back to the weights that were judged: the last fit made the student too sure."""
    for part, old in zip(network.parameters(), before, strict=True):
        part.detach().lerp_(old, 0.5)


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


def last_recipe(recipe: Recipe) -> Recipe:
    """Give the recipe of the last fit on all texts: one epoch at a lower rate."""
    return replace(
        recipe, epochs=min(1.0, recipe.epochs), seed=recipe.seed + 1, rate=6e-5, head_rate=5e-4
    )


def _told(progress: Progress | None, phase: str) -> Callable[[int, int, float], None] | None:
    if progress is None:
        return None
    return lambda step, steps, _loss: progress(phase, step, steps)


def _schooled(
    folder: Path, known: Sequence[Example], recipe: Recipe, progress: Progress | None
) -> Teacher:
    from sentiment.learning import teacher

    made = teacher.Teacher.load(folder, recipe.seed)
    its_recipe = teacher.recipe(recipe.seed, min(2.0, recipe.epochs))
    made.fit(known, its_recipe, _told(progress, "teacher"))
    return made


def _seconded(
    teacher: Teacher,
    known: Sequence[Example],
    data: Prepared,
    recipe: Recipe,
    progress: Progress | None,
) -> Prepared:
    from sentiment.learning.distilling import seconded

    texts = [joined(example.text) for example in known]
    said = teacher.judge(texts, data.rating.tolist(), recipe.longest, _judging(progress))
    return seconded(data, *said)


def _lesson(
    teacher: Teacher,
    pool: Path,
    without: Collection[str],
    recipe: Recipe,
    progress: Progress | None,
) -> Prepared:
    from sentiment.learning import distilling
    from sentiment.learning.unlabelled_texts import choose

    fair = partial(
        choose, pool, most=distilling.MOST, seed=recipe.seed, without=without, unlabelled=True
    )
    whole = fair(longest=distilling.LONGEST)
    bare = distilling.sentences(fair(shortest=distilling.LONGEST + 1, longest=None), recipe.seed)
    chosen = [*whole, *bare]
    # The last fit takes the first ones.
    Random(recipe.seed).shuffle(chosen)
    texts, ratings = distilling.readable(chosen)
    states = distilling.room_for_states(teacher, texts, recipe.longest)
    said = teacher.judge(texts, ratings, recipe.longest, _judging(progress), states)
    return distilling.lesson(distilling.Judged(texts, ratings, *said, states), recipe)


def _judging(progress: Progress | None) -> Callable[[int, int], None] | None:
    if progress is None:
        return None
    return lambda done, texts: progress("teacher judges", done, texts)


def _pretrained(
    pool: Path, recipe: Recipe, without: Collection[str], progress: Progress | None
) -> Mapping[str, Tensor]:
    from sentiment.learning import weak_labels
    from sentiment.learning.fitting import new_network
    from sentiment.learning.unlabelled_texts import TASKS, choose

    network = new_network(recipe, extra=list(TASKS.values()))
    rows = choose(
        pool, most=weak_labels.MOST, longest=weak_labels.LONGEST, seed=recipe.seed, without=without
    )
    weak_labels.pretrain(network, rows, weak_labels.recipe(recipe.seed), _told(progress, "pool"))
    return network.encoder.state_dict()


def _unseen(folder: Path, examples: Sequence[Example]) -> Unseen:
    from sentiment.quality.held_out import Unseen
    from sentiment.scoring.classifier import Classifier

    return Unseen(Classifier.load(folder), examples)


def _card(training: Training, trained: dict[str, object]) -> str:
    facts = "\n".join(f"- {key}: {value}" for key, value in trained.items())
    return (
        f"# {training.model}\n\n"
        "A 4-bit adapter and two heads on sentence-transformers/all-MiniLM-L6-v2, made by "
        f"`earful train` in {training.seconds:.0f} s. It judges the experience and the stance of "
        "English reviews and posts.\n\n"
        f"## Data and method\n\n{facts}\n\n"
        "## Figures on the held-out texts\n\n"
        "Measured before the last fit on all texts, so by weights that had not seen them; each "
        f"fold by a calibration fitted on the others.\n\n```\n{training.report.table()}\n```\n"
    )
