"""`earful classify`: verdicts for texts given here."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from config.errors import InputError
from earful.app import App

if TYPE_CHECKING:
    from sentiment.scoring.classifier import Classifier, Text
    from storage.models import Verdict

_STDIN_BATCH = 512
_CLASSES = ("angry", "mediocre", "delighted", "none", "advocate", "hater", "neither")


@click.command()
@click.argument("texts", nargs=-1)
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object a line, in input order."
)
@click.pass_obj
def classify(app: App, texts: tuple[str, ...], as_json: bool) -> int:
    """Give a verdict for each TEXT, or for each line of stdin.

    A line of stdin is a text, or a JSON object with `text`, `title`, `rating`, `rating_max` and
    `parent`, the text that it answers.
    """
    from sentiment.scoring.classifier import Classifier, Text

    if not texts and sys.stdin.isatty():
        raise click.UsageError("give a TEXT, or pipe texts into stdin, one a line")
    classifier = Classifier.load(models=app.settings.models)
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
    text, title, parent = (fields.get(name) for name in ("text", "title", "parent"))
    if not all(isinstance(words, str | None) for words in (text, title, parent)):
        raise InputError(f"{where}: `text`, `title` and `parent` must be text")
    if text is None and title is None:
        raise InputError(f"{where}: the JSON object has no `text`")
    numbers = [fields.get("rating"), fields.get("rating_max")]
    for value in numbers:
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise InputError(f"{where}: `rating` and `rating_max` must be numbers")
    rating, most = numbers
    most = 5 if rating is not None and most is None else most
    if rating is not None and not 0 <= rating <= (most or 0):
        raise InputError(f"{where}: rating {rating} does not lie between 0 and {most}")
    made = Text(text=text or "", title=title, rating=rating, rating_max=most, context=parent)
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
