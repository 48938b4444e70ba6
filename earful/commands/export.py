"""`earful export`: mentions with their verdicts as a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from earful.app import App
from earful.commands.which_mentions import chosen, filter_options


@click.command()
@filter_options
@click.option(
    "--format", "kind", type=click.Choice(["csv", "jsonl", "parquet"]),
    help="The format.  [default: as the file's name ends, else csv]",
)  # fmt: skip
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="The file to write.  [default: stdout]"
)
@click.pass_obj
def export(app: App, /, kind: str | None, output: Path | None, **which: Any) -> int:
    """Write mentions and verdicts as CSV, JSON Lines or Parquet."""
    from earful.export_formats import export as write

    suffix = output.suffix.lstrip(".").lower() if output else ""
    kind = kind or (suffix if suffix in ("csv", "jsonl", "parquet") else "csv")
    with app.open_store(readonly=True) as store:
        rows = write(store, chosen(**which), kind, output or sys.stdout.buffer)
    click.echo(f"{rows:,} mentions", err=True)
    return 0
