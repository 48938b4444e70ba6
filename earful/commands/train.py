"""`earful train`: weights and a model card from labelled texts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from config.errors import InputError
from config.extras import extra_missing
from earful.app import App

if TYPE_CHECKING:
    from rich.progress import TaskID


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), default=Path("weights"),
    show_default=True, help="The folder for the weights and the model card.",
)  # fmt: skip
@click.option("--epochs", type=click.FloatRange(min=0.01),
    help="How often to go through the texts.  [default: 2; with --start 1, with --languages 3]",
)  # fmt: skip
@click.option(
    "--seed", type=int, default=1, show_default=True, help="The seed of all that is random."
)
@click.option("--held-out", multiple=True, metavar="DATASET", help="Calibrate on this data set.")
@click.option(
    "--pool", type=click.Path(path_type=Path),
    help="More texts (gzipped JSON Lines) for the teacher to judge; without a teacher, their weak "
    "labels are trained on first.",
)  # fmt: skip
@click.option(
    "--teacher", type=click.Path(path_type=Path, file_okay=False),
    help="The folder of a larger encoder, which is trained too and teaches the small one.",
)  # fmt: skip
@click.option(
    "--start", type=click.Path(path_type=Path, file_okay=False),
    help="Go on from the weights in this folder, which also say what is to be kept of reviews.",
)  # fmt: skip
@click.option(
    "--floor", multiple=True, metavar="FIGURE=VALUE",
    help="Refuse a model with a lower figure, such as experience=0.8.  [default: the pinned "
    "floors for the folder of the shipped weights, else none]",
)  # fmt: skip
@click.option(
    "--contexts/--no-contexts", default=True, show_default=True,
    help="Show what texts answer; weights for which it does not help do not read it.",
)  # fmt: skip
@click.option(
    "--refit/--no-refit", default=True, show_default=True,
    help="Let the weights that ship see all texts once more; else those ship that were evaluated.",
)  # fmt: skip
@click.option("--languages", multiple=True, type=click.Path(path_type=Path),
    help="Train the model for other languages instead, on labels of these in FILE; the other "
    "files are English then.",
)  # fmt: skip
@click.option("--talk", multiple=True, type=click.Path(path_type=Path),
    help="More labelled texts, English posts and replies: with --start a part of the training "
    "leans to them, with --languages fewer of them are taken than of reviews.",
)  # fmt: skip
@click.option("--judge", multiple=True, type=click.Path(path_type=Path),
    help="With --languages: labels that set the calibration and are never trained on.",
)  # fmt: skip
@click.option("--corrections", is_flag=True, help="Learn from the corrections in the store too.")
@click.pass_obj
def train(
    app: App,
    files: tuple[Path, ...],
    output: Path,
    epochs: float | None,
    seed: int,
    held_out: tuple[str, ...],
    pool: Path | None,
    teacher: Path | None,
    start: Path | None,
    floor: tuple[str, ...],
    contexts: bool,
    refit: bool,
    languages: tuple[Path, ...],
    talk: tuple[Path, ...],
    judge: tuple[Path, ...],
    corrections: bool,
) -> int:
    """Fine-tune on labelled JSON Lines; write weights and a card.

    Each line of a FILE has `text`, `experience` and `stance`, and may have `title`, `rating`,
    `rating_max`, `parent` (the text answered), `dataset`, `sure` and `weight`. Of a FILE.gz, a
    pool, those texts are taken that have labels, or an `id` that readers of ours judged.
    """
    if reason := extra_missing("train", "training"):
        raise InputError(reason)
    if languages:
        _refuse_what_is_for_english()
        return _train_languages(files, languages, talk, judge, output, floor, epochs or 3.0, seed)
    if start and teacher:
        raise InputError("--start has its weights for a teacher: leave --teacher out")
    if talk and not start:
        raise InputError("--talk goes with --start or --languages: give one, or name it as a FILE")
    if judge:
        raise InputError("--judge goes with --languages: give it too, or leave it out")
    from earful import correcting
    from sentiment.learning.training import Labels, Method
    from sentiment.learning.training import train as run_training

    floors = _floors(floor, output)
    learnt = []
    if corrections:
        with app.open_store() as store:
            learnt = correcting.examples(store)
        click.echo(f"{len(learnt):,} corrections from {app.store_path}", err=True)
    with _phases() as show:
        made = run_training(
            Labels(files, learnt, held_out, talk),
            output,
            Method(
                epochs=epochs or (1.0 if start else 2.0),
                seed=seed,
                pool=pool,
                teacher=teacher,
                start=start,
                contexts=contexts,
                refit=refit,
            ),
            floors=floors,
            progress=show,
        )
    click.echo(made.report.table())
    click.echo(
        f"\n{made.model}: {made.texts:,} texts, {made.held_out:,} of them held out for the "
        f"figures above, {made.seconds / 60:.0f} min; written to {made.folder}"
    )
    return 0


@contextmanager
def _phases() -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar for each phase of a training."""
    from earful import console

    tasks: dict[str, TaskID] = {}
    with console.progress_bar("reading", None) as (bar, first):

        def show(phase: str, step: int, steps: int) -> None:
            bar.update(first, visible=False)
            if phase not in tasks:
                tasks[phase] = bar.add_task(phase, total=steps)
            bar.update(tasks[phase], completed=step, total=steps)

        yield show


def _refuse_what_is_for_english() -> None:
    """Let no option pass for heard that the model for other languages does not know."""
    context = click.get_current_context()
    for name in ("pool", "teacher", "start", "held_out", "contexts", "refit", "corrections"):
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            option = f"--{name.replace('_', '-')}"
            raise InputError(f"{option} is for the English model: leave it out with --languages")


def _train_languages(
    english: Sequence[Path],
    languages: Sequence[Path],
    talk: Sequence[Path],
    judge: Sequence[Path],
    output: Path,
    floor: Sequence[str],
    epochs: float,
    seed: int,
) -> int:
    from sentiment.learning.other_languages.languages_training import (
        LanguagesMethod,
        train_languages,
    )
    from sentiment.learning.other_languages.lesson import Sources
    from sentiment.learning.other_languages.upper_fit import UpperRecipe

    method = LanguagesMethod(
        Sources(languages, english, talk), judge, UpperRecipe(math.ceil(epochs), seed)
    )
    floors = _floors(floor, output)
    with _phases() as show:
        made = train_languages(method, output, show, floors)
    click.echo(made.report.table())
    click.echo(
        f"\n{made.model}: {made.texts:,} texts, figures from {made.held_out:,} others, "
        f"{made.seconds / 60:.0f} min; written to {made.folder}"
    )
    return 0


def _floors(given: Sequence[str], output: Path) -> dict[str, float]:
    """Read the floors; what would replace the shipped weights starts from the pinned ones."""
    from sentiment.quality.floors import FLOORS, LANGUAGES_FLOORS
    from sentiment.scoring import adapter, multilingual_adapter

    pinned = {adapter.WEIGHTS: FLOORS, multilingual_adapter.WEIGHTS: LANGUAGES_FLOORS}
    floors = dict(pinned.get(output.resolve(), {}))
    for item in given:
        name, _, value = item.partition("=")
        try:
            floors[name] = float(value)
        except ValueError:
            raise InputError(f"--floor: {item!r}: write a number, as in experience=0.8") from None
        if name not in FLOORS:
            raise InputError(f"--floor: {item!r}: the figures are {', '.join(FLOORS)}")
    return floors
