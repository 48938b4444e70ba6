"""Commands around the verdicts: process, classify, evaluate, train."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from config.errors import InputError, StoreError
from earful.app import App, utc_now

if TYPE_CHECKING:
    from rich.progress import TaskID

    from alerts.outbox.transport import Transport
    from config.settings import ModelSettings
    from earful.failing import Failing
    from sentiment.scoring.classifier import Classifier, Text
    from storage.models import Verdict
    from storage.store import Store

T = TypeVar("T")

_STDIN_BATCH = 512
_CLASSES = ("angry", "mediocre", "delighted", "none", "advocate", "hater", "neither")


@click.command()
@click.option("--no-deliver", is_flag=True, help="Leave the alerts in the outbox.")
@click.option("--rescore", is_flag=True, help="Also score anew what another model version scored.")
@click.pass_obj
def process(app: App, no_deliver: bool, rescore: bool) -> int:
    """Score, judge and deliver what is waiting, once."""
    from earful import console, jobs, telling_ops
    from earful.failing import Failing, describe, stage_name

    app.open_store(migrate=True).close()
    failing = Failing(app.store_path, utc_now, quiet=True)
    code = 0

    def stage(name: str, work: Callable[[], T]) -> T | None:
        """Do a stage for itself: what cannot be scored keeps nothing else from Slack."""
        nonlocal code
        try:
            with failing.watch(name):
                return work()
        except StoreError:
            raise  # no stage goes on without the store
        except Exception as error:
            code = code or getattr(error, "exit_code", 1)
            console.err.print(f"earful: {stage_name(name)} failed: {describe(error)}")
            return None

    with app.open_store() as store:
        scored = stage("score", lambda: _score_waiting(store, app, failing, rescore=rescore))
        judged = stage("judge", lambda: jobs.judge_waiting(store, app.settings, utc_now))
        judged = judged or jobs.Judged()
        console.out.print(
            f"scored {scored or 0:,} · judged {judged.mentions:,} ({judged.quiet:,} of them old, "
            f"quietly) · {judged.cases:,} new cases · {judged.alerts:,} new alerts"
        )
        telling_ops.tell_ops(store, app.settings, utc_now())
        if no_deliver:
            return code
        transport = jobs.transport_for(app.settings, app.secrets)
        delivered = stage("deliver", lambda: _deliver_waiting(store, transport))
    return code or (0 if delivered or delivered is None else 1)


def _deliver_waiting(store: Store, transport: Transport) -> bool:
    """Send what is due; tells whether nothing stands in the way of the rest."""
    from earful import console, jobs

    result = jobs.deliver_waiting(store, transport, utc_now)
    if result is None:
        console.err.print("another process is delivering from this store: left to it")
        return True
    console.out.print(
        f"sent {result.sent + result.found:,} · waiting {result.retried + result.unclear:,} "
        f"· parked {result.parked:,}"
    )
    for problem in result.problems:
        console.err.print(f"earful: {problem}")
    return result.good


def _score_waiting(store: Store, app: App, failing: Failing, *, rescore: bool) -> int:
    from earful import console, jobs

    waiting = store.verdicts.count_waiting()
    if not waiting and not rescore:
        return 0
    classifier = load_classifier(app.settings.models, tolerant=True)
    failing.count_missing(classifier)
    with console.progress_bar("scoring", waiting) as (bar, task):
        scored = jobs.score(store, classifier, utc_now, lambda done: bar.advance(task, done))
    if rescore:
        stale = store.verdicts.count_stale(classifier.models, languages=[*classifier.others])
        with console.progress_bar("scoring anew", stale) as (bar, task):
            scored += jobs.rescore(
                store, classifier, utc_now, lambda done: bar.advance(task, done)
            )
    return scored


@click.command()
@click.argument("texts", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, in input order.")
@click.pass_obj
def classify(app: App, texts: tuple[str, ...], as_json: bool) -> int:
    """Give verdicts for each TEXT, or for each line of stdin.

    A line of stdin is a text, or a JSON object with `text`, `title`, `rating`, `rating_max`.
    """
    from sentiment.scoring.classifier import Text

    if not texts and sys.stdin.isatty():
        raise click.UsageError("give a TEXT, or pipe one a line into stdin")
    classifier = load_classifier(app.settings.models)
    if texts:
        _show(classifier, [Text(text=text) for text in texts], as_json)
        return 0
    batch: list[Text] = []
    for text in _stdin_texts():
        batch.append(text)
        if len(batch) == _STDIN_BATCH:
            _show(classifier, batch, as_json)
            batch.clear()
    if batch:
        _show(classifier, batch, as_json)
    return 0


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="The figures as JSON.")
def evaluate(file: Path, as_json: bool) -> int:
    """Score the classifier on labelled JSON Lines.

    Each line of FILE has `text`, `experience` and `stance`, and may have `title`, `rating` and
    `rating_max`.
    """
    from sentiment.quality.evaluation import evaluate as run_evaluation

    report = run_evaluation(load_classifier(), file)
    click.echo(json.dumps(report.as_dict(), indent=2) if as_json else report.table())
    return 0


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), default=Path("weights"),
    show_default=True, help="The folder for the weights and the model card.",
)  # fmt: skip
@click.option("--epochs", type=click.FloatRange(min=0.01), default=2.0, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
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
    "--floor", multiple=True, metavar="FIGURE=VALUE",
    help="Refuse a model under this, such as experience=0.8.  [default: for the shipped weights' "
    "folder the pinned floors, else none]",
)  # fmt: skip
@click.option("--corrections", is_flag=True, help="Learn from the corrections of the store too.")
@click.pass_obj
def train(
    app: App,
    files: tuple[Path, ...],
    output: Path,
    epochs: float,
    seed: int,
    held_out: tuple[str, ...],
    pool: Path | None,
    teacher: Path | None,
    floor: tuple[str, ...],
    corrections: bool,
) -> int:
    """Fine-tune on labelled JSON Lines; write weights and a card.

    Each line of a FILE has `text`, `experience` and `stance`, and may have `title`, `rating`,
    `rating_max`, `dataset`, `sure` and `weight`.
    """
    from earful import console, correcting
    from sentiment.learning.training import Labels, Method
    from sentiment.learning.training import train as run_training

    floors = _floors(floor, output)
    learnt = []
    if corrections:
        with app.open_store() as store:
            learnt = correcting.examples(store)
        click.echo(f"{len(learnt):,} corrections of {app.store_path}", err=True)
    tasks: dict[str, TaskID] = {}
    with console.progress_bar("reading", None) as (bar, first):

        def show(phase: str, step: int, steps: int) -> None:
            bar.update(first, visible=False)
            if phase not in tasks:
                tasks[phase] = bar.add_task(phase, total=steps)
            bar.update(tasks[phase], completed=step, total=steps)

        made = run_training(
            Labels(files, learnt, held_out),
            output,
            Method(epochs=epochs, seed=seed, pool=pool, teacher=teacher),
            floors=floors,
            progress=show,
        )
    click.echo(made.report.table())
    click.echo(
        f"\n{made.model}: {made.texts:,} texts, {made.held_out:,} of them held out for the "
        f"figures above, {made.seconds / 60:.0f} min; written to {made.folder}"
    )
    return 0


def _floors(given: Sequence[str], output: Path) -> dict[str, float]:
    """Read the floors; what would replace the shipped weights starts from the pinned ones."""
    from sentiment.quality.floors import FLOORS
    from sentiment.scoring.adapter import WEIGHTS

    floors = dict(FLOORS) if output.resolve() == WEIGHTS.resolve() else {}
    for item in given:
        name, _, value = item.partition("=")
        try:
            floors[name] = float(value)
        except ValueError:
            raise InputError(f"--floor: {item!r}: write a number, as in experience=0.8") from None
        if name not in FLOORS:
            raise InputError(f"--floor: {item!r}: the figures are {', '.join(FLOORS)}")
    return floors


def load_classifier(models: Sequence[ModelSettings] = (), *, tolerant: bool = False) -> Classifier:
    """Load the shipped model, and those that the config names for other languages."""
    from sentiment.scoring.classifier import Classifier

    return Classifier.load(models=models, tolerant=tolerant)


def _stdin_texts() -> Iterator[Text]:
    from sentiment.scoring.classifier import Text

    for number, raw in enumerate(sys.stdin.buffer, start=1):
        line = raw.decode("utf-8", "replace").rstrip("\r\n")
        if not line.lstrip().startswith("{"):
            yield Text(text=line)
            continue
        try:
            fields = json.loads(line)
        except ValueError:
            # A customer may well begin a sentence with a brace.
            yield Text(text=line)
            continue
        yield _text_of(fields, number)


def _text_of(fields: dict[str, Any], number: int) -> Text:
    from sentiment.scoring.classifier import Text

    where = f"stdin, line {number}"
    text, title = fields.get("text"), fields.get("title")
    if not isinstance(text, str | None) or not isinstance(title, str | None):
        raise InputError(f"{where}: `text` and `title` must be text")
    if text is None and title is None:
        raise InputError(f"{where}: a JSON object without `text`")
    numbers = [fields.get("rating"), fields.get("rating_max")]
    for value in numbers:
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise InputError(f"{where}: `rating` and `rating_max` must be numbers")
    rating, most = numbers
    most = 5 if rating is not None and most is None else most
    if rating is not None and not 0 <= rating <= (most or 0):
        raise InputError(f"{where}: rating {rating} does not lie between 0 and {most}")
    made = Text(text=text or "", title=title, rating=rating, rating_max=most)
    return replace(made, language=fields["language"]) if "language" in fields else made


def _show(classifier: Classifier, texts: Sequence[Text], as_json: bool) -> None:
    from earful import console

    verdicts = classifier.classify(texts)
    if as_json:
        for verdict in verdicts:
            click.echo(json.dumps(verdict_json(verdict)))
        return
    rows = [
        (
            verdict.experience,
            f"{getattr(verdict, f'p_{verdict.experience}'):.0%}",
            verdict.stance,
            f"{getattr(verdict, f'p_{verdict.stance}'):.0%}",
            "sure" if verdict.sure else "unsure",
            console.one_line(text.text, 34),
        )
        for text, verdict in zip(texts, verdicts, strict=True)
    ]
    from rich.markup import escape

    safe = [(*row[:-1], escape(row[-1])) for row in rows]
    console.out.print(
        console.table(("experience", "", "stance", "", "", "text"), safe, right="lrlrll")
    )


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """Give a verdict as `classify --json` promises it."""
    return {
        "experience": verdict.experience.value,
        "stance": verdict.stance.value,
        "sure": verdict.sure,
        "probabilities": {name: round(getattr(verdict, f"p_{name}"), 4) for name in _CLASSES},
    }


COMMANDS: list[click.Command] = [process, classify, evaluate, train]
