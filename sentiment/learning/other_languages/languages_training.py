"""From labelled files to the multilingual weights, as `earful train --languages` does it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import torch

from config.errors import InputError
from sentiment.learning.labelled_files import Example, read_examples
from sentiment.learning.orders import ORDERS, Check, mean_of_fits
from sentiment.learning.other_languages.lesson import Row, Sources, last_rows, rows_of
from sentiment.learning.other_languages.lower_states import lower_encoder, lower_states
from sentiment.learning.other_languages.upper_fit import UpperFit, UpperRecipe
from sentiment.learning.other_languages.upper_layers import UpperNetwork
from sentiment.learning.training import refuse_under_floors, split
from sentiment.quality.held_out import HeldOut, SureGoal
from sentiment.scoring import adapter, multilingual_adapter
from sentiment.scoring.adapter import ModelConfig
from sentiment.scoring.multilingual import Multilingual
from sentiment.scoring.multilingual_backbone import Backbone, backbone_file, read
from sentiment.scoring.multilingual_pieces import MultilingualPieces

if TYPE_CHECKING:
    from torch import Tensor

    from sentiment.quality.evaluation_report import Report

# Gets the phase, the step and the steps.
Progress = Callable[[str, int, int], None]
# The languages whose labels the shipped weights learnt from.
LANGUAGES = ("ar", "da", "de", "es", "fr", "hi", "id", "it", "ja", "ko", "nl", "pl", "pt", "ru",
             "th", "tr", "vi", "zh")  # fmt: skip
# Of sure verdicts so many are to be right, and of the rated so many to be sure at least.
GOAL = SureGoal(accuracy=0.91, coverage=0.55)
# Layers that stay as packaged: what they make of the texts is computed once.
FROZEN = 4
# Layers above these tell how like two texts are, which the backbone was made for. Without them a
# quarter of the time is saved, and the figures are no worse (see the model card).
LAYERS = 9


@dataclass(frozen=True, slots=True)
class LanguagesMethod:
    """What a training reads beside `Sources`: `judge` only calibrates and reports."""

    sources: Sources
    judge: Sequence[Path] = ()
    recipe: UpperRecipe = field(default_factory=UpperRecipe)


@dataclass(frozen=True, slots=True)
class LanguagesTraining:
    """What a training made: its version, its texts, and figures on those it did not see."""

    model: str
    folder: Path
    texts: int
    held_out: int
    seconds: float
    report: Report


def train_languages(
    method: LanguagesMethod,
    out: Path,
    progress: Progress | None = None,
    floors: Mapping[str, float] | None = None,
) -> LanguagesTraining:
    """Fit the upper layers and heads, calibrate, write weights and a model card to `out`.

    Every tenth text of other languages is held out; it and those to `judge` by set the
    calibration, each data set being reported by a calibration fitted on the others. What is
    interrupted goes on from its checkpoints beside `out`. InputError for files that are not as
    they should be; ModelError for a model under its floors. Half an hour on two idle cores.
    """
    start = time.monotonic()
    watch = progress or (lambda *_: None)
    labelled = [example for file in method.sources.languages for example in read_examples(file)]
    _, held_out = split(labelled, ())
    unseen = [*held_out, *(one for file in method.judge for one in read_examples(file))]
    if not unseen:
        raise InputError("no text is held out: give more labels, or a file to --judge by")
    backbone = read(backbone_file())
    rows = rows_of(method.sources, MultilingualPieces(backbone), unseen, method.recipe.seed)
    out.parent.mkdir(parents=True, exist_ok=True)
    trained = _fitted(backbone, rows, method.recipe, out, watch)
    facts = _facts(method, len(rows))
    with TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as name:
        new = Path(name)
        multilingual_adapter.save(trained, backbone.state(), new)
        report = calibrated(new, unseen, facts)
        refuse_under_floors(report, floors or {})
        config = multilingual_adapter.read_config(new)
        made = LanguagesTraining(
            model=adapter.version(new, config),
            folder=out,
            texts=len(rows),
            held_out=len(unseen),
            seconds=time.monotonic() - start,
            report=report,
        )
        (new / "MODEL_CARD.md").write_text(_card(made, facts), encoding="utf-8")
        out.mkdir(exist_ok=True)
        for path in new.iterdir():
            path.replace(out / path.name)
    for checkpoint in _checkpoints(out):
        checkpoint.unlink(missing_ok=True)
    return made


def _fitted(
    backbone: Backbone, rows: Sequence[Row], recipe: UpperRecipe, out: Path, watch: Progress
) -> dict[str, Tensor]:
    """Fit all that lies above the frozen layers, and give the weights."""
    states = lower_states(
        lower_encoder(backbone, FROZEN),
        [row.ids for row in rows],
        lambda done, of: watch(f"reading with {FROZEN} layers", done, of),
    )
    torch.manual_seed(recipe.seed)
    begun = UpperNetwork(multilingual_adapter.first_layers(backbone.state(), LAYERS), FROZEN)

    def order(nth: int, check: Check) -> UpperNetwork:
        network = deepcopy(begun)
        own = replace(recipe, seed=recipe.seed + nth)
        fit = UpperFit(network, states, rows, own, _checkpoints(out)[nth])

        def progress(step: int, of: int, _: float) -> None:
            check()
            watch(f"training, order {nth + 1}", step, of)

        fit.run(progress)
        return network

    network = mean_of_fits([partial(order, nth) for nth in range(ORDERS)])
    # Of what few texts have, sarcasm above all, the fits alone keep too little.
    last = replace(recipe, epochs=1, rate=recipe.rate / 3, head_rate=recipe.head_rate / 5)
    fit = UpperFit(network, states, rows, last, met=last_rows(rows, recipe.seed))
    fit.run(lambda step, of, _: watch("training, last steps", step, of))
    return network.trained()


def calibrated(folder: Path, unseen: Sequence[Example], facts: Mapping[str, Any]) -> Report:
    """Write the calibration that unseen texts give the weights in `folder`; report on these."""
    config = ModelConfig(name=multilingual_adapter.NAME, languages=LANGUAGES, trained=dict(facts))
    multilingual_adapter.write_config(config, folder)
    scored = HeldOut(Multilingual(folder).classifier, unseen, GOAL)
    config = replace(config, calibration=scored.calibration())
    multilingual_adapter.write_config(config, folder)
    return scored.report("held-out texts")


def _checkpoints(out: Path) -> list[Path]:
    return [out.parent / f".{out.name}.checkpoint-{nth + 1}" for nth in range(ORDERS)]


def _facts(method: LanguagesMethod, texts: int) -> dict[str, Any]:
    """Give what `model.json` and the card say of a training."""
    sources = method.sources
    return {
        "languages": [file.name for file in sources.languages],
        "english": [file.name for file in sources.english],
        "talk": [file.name for file in sources.talk],
        "judge": [file.name for file in method.judge],
        "texts": texts,
        "epochs": method.recipe.epochs,
        "seed": method.recipe.seed,
    }


def _card(training: LanguagesTraining, facts: Mapping[str, Any]) -> str:
    listed = "\n".join(f"- {key}: {value}" for key, value in facts.items())
    return (
        f"# {training.model}\n\n"
        "Changes of the upper layers of intfloat/multilingual-e5-small, in 4 bits, and two heads, "
        f"made by `earful train --languages` in {training.seconds:.0f} s. It judges experience "
        f"and stance of reviews and posts in {', '.join(LANGUAGES)}.\n\n"
        f"## Data and method\n\n{listed}\n\n"
        "## Figures on held-out texts\n\n"
        "Each data set is judged by a calibration fitted on the others.\n\n"
        f"```\n{training.report.table()}\n```\n"
    )
