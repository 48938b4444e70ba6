"""`earful export`: mentions with their verdicts as a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from config.errors import InputError
from config.extras import extra_missing
from earful.app import App, utc_now
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
@click.option(
    "--author",
    help="Write all that is held of this author instead, as JSON: for who asks what you know of "
    "them.",
)
@click.pass_obj
def export(
    app: App,
    /,
    kind: str | None,
    output: Path | None,
    layout: Path | None,
    author: str | None,
    **which: Any,
) -> int:
    """Write mentions and verdicts as CSV, JSON Lines or Parquet.

    With --layout DIR all is written, or one --brand, as Parquet files by brand and month that
    DuckDB, Grafana and Metabase read. The next time only months that changed are written anew, and
    what was erased since leaves the files.


    With --author all that the store holds of one author is written, as JSON: their mentions, each
    version, verdict, label, case, answer and message, just what `earful forget --author` erases.
    """
    from earful.answering_for import note_file
    from earful.export_formats import export as write
    from storage.tables.audit import Act
    from storage.tables.written_files import WrittenFile

    if author is not None:
        if kind is not None or layout is not None or any(which.values()):
            raise click.UsageError("--author writes all of an author, as JSON: leave the rest out")
        return _export_author(app, author, output)
    if layout is not None:
        if reason := extra_missing("parquet", "--layout"):
            raise InputError(reason)
        others = [name for name, value in which.items() if value and name != "brand"]
        if kind or output or others:
            raise click.UsageError("--layout goes with --brand alone")
        return _bring_up_to_date(app, layout, which["brand"])
    now = utc_now()
    suffix = output.suffix.lstrip(".").lower() if output else ""
    kind = kind or (suffix if suffix in ("csv", "jsonl", "parquet") else "csv")
    if kind == "parquet" and (reason := extra_missing("parquet", "Parquet")):
        raise InputError(reason)
    asked = chosen(**which)
    with app.open_store(readonly=True) as store:
        rows = write(store, asked, kind, output or sys.stdout.buffer)
    note_file(
        app,
        Act.EXPORTED,
        f"{rows:,} mentions as {kind}"
        + "".join(f", {name} {value}" for name, value in which.items() if value),
        WrittenFile(
            path=output,
            kind="export",
            at=now,
            brand=asked.brand,
            since=asked.since,
            until=asked.until,
        )
        if output
        else None,
        now,
    )
    click.echo(f"{rows:,} mentions", err=True)
    return 0


def _export_author(app: App, author: str, output: Path | None) -> int:
    from earful.answering_for import note_file
    from earful.author_file import author_file
    from storage.tables.audit import Act
    from storage.tables.written_files import WrittenFile

    now = utc_now()
    with app.open_store(readonly=True) as store:
        held, page = author_file(store, author, now)
    if output is None:
        click.echo(page)
    else:
        try:
            output.write_text(page + "\n", encoding="utf-8")
        except OSError as error:
            raise InputError(f"{output}: cannot be written: {error.strerror or error}") from error
    written = WrittenFile(path=output, kind="export of an author", at=now) if output else None
    note_file(app, Act.EXPORTED, "all that is held of an author", written, now, author)
    click.echo(", ".join(f"{len(rows):,} {name}" for name, rows in held.items()), err=True)
    return 0


def _bring_up_to_date(app: App, folder: Path, brand: str | None) -> int:
    from alerts.messages.safe_text import count
    from earful.answering_for import note_file
    from earful.parquet_layout import write_layout
    from storage.tables.audit import Act
    from storage.tables.written_files import WrittenFile

    now = utc_now()
    with app.open_store(readonly=True) as store:
        done = write_layout(store, folder, app.check_brand(brand) if brand else None)
    note_file(
        app,
        Act.EXPORTED,
        f"{count(done.mentions, 'mention')} as Parquet files" + (f", {brand}" if brand else ""),
        WrittenFile(path=folder, kind="Parquet files", at=now, brand=brand),
        now,
    )
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
