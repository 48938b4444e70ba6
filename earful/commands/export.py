"""`earful export`: mentions with their verdicts as a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from config.errors import InputError
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
    "--author",
    help="Write all that is held of this author instead, as JSON: for who asks what you know of "
    "them.",
)
@click.pass_obj
def export(
    app: App, /, kind: str | None, output: Path | None, author: str | None, **which: Any
) -> int:
    """Write mentions and verdicts as CSV, JSON Lines or Parquet.

    With --author all that the store holds of one author is written, as JSON: their mentions, each
    version, verdict, label, case, answer and message, just what `earful forget --author` erases.
    """
    from earful.answering_for import note_file
    from earful.export_formats import export as write
    from storage.tables.audit import Act
    from storage.tables.written_files import WrittenFile

    now = utc_now()
    if author is not None:
        return _export_author(app, author, output, kind, which)
    suffix = output.suffix.lstrip(".").lower() if output else ""
    kind = kind or (suffix if suffix in ("csv", "jsonl", "parquet") else "csv")
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


def _export_author(
    app: App, author: str, output: Path | None, kind: str | None, which: dict[str, Any]
) -> int:
    from earful.answering_for import note_file
    from earful.author_file import author_file
    from storage.tables.audit import Act
    from storage.tables.written_files import WrittenFile

    if kind is not None or any(which.values()):
        raise click.UsageError("--author writes all of an author, as JSON: leave the rest out")
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
