"""`earful evaluate`: how well the classifier does on labelled texts."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def evaluate(file: Path, as_json: bool) -> int:
    """Measure the classifier on labelled JSON Lines.

    Each line of FILE has `text`, `experience` and `stance`, and may have `title`, `rating`,
    `rating_max` and `parent` (the text answered).
    """
    from sentiment.quality.evaluation import evaluate as run_evaluation
    from sentiment.scoring.classifier import Classifier

    report = run_evaluation(Classifier.load(), file)
    click.echo(json.dumps(report.as_dict(), indent=2) if as_json else report.table())
    return 0
