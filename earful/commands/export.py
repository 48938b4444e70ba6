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
@click.option(
    "--layout", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
    help="Bring a folder of Parquet files by brand and month up to date.",
)  # fmt: skip
@click.pass_obj
def export(
    app: App, /, kind: str | None, output: Path | None, layout: Path | None, **which: Any
) -> int:
    """Write mentions and verdicts as CSV, JSON Lines or Parquet.

    With --layout DIR all is written, or one --brand, as Parquet files by brand and month that
    DuckDB, Grafana and Metabase read. The next time only months that changed are written anew, and
    what was erased since leaves the files.
    """
    if layout is not None:
        others = [name for name, value in which.items() if value and name != "brand"]
        if kind or output or others:
            raise click.UsageError("--layout goes with --brand alone")
        return _bring_up_to_date(app, layout, which["brand"])
    from earful.export_formats import export as write

    suffix = output.suffix.lstrip(".").lower() if output else ""
    kind = kind or (suffix if suffix in ("csv", "jsonl", "parquet") else "csv")
    with app.open_store(readonly=True) as store:
        rows = write(store, chosen(**which), kind, output or sys.stdout.buffer)
    click.echo(f"{rows:,} mentions", err=True)
    return 0


def _bring_up_to_date(app: App, folder: Path, brand: str | None) -> int:
    from alerts.messages.safe_text import count
    from earful.parquet_layout import write_layout

    with app.open_store(readonly=True) as store:
        done = write_layout(store, folder, app.check_brand(brand) if brand else None)
    click.echo(
        f"{folder}: {count(done.mentions, 'mention')}; files: {done.new:,} new, "
        f"{done.changed:,} changed, {done.gone:,} deleted, {done.same:,} as they were",
        err=True,
    )
    if done.erased:
        click.echo(
            f"{count(done.erased, 'mention')} that the store holds no more left the files; copies "
            "of the files still have them",
            err=True,
        )
    return 0
