"""`earful correct`: many labels from a file."""

from __future__ import annotations

from pathlib import Path

import click

from config.errors import InputError
from earful.app import App, utc_now
from earful.commands.chosen_case import actor


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--as", "name", metavar="NAME", help="Who corrects.  [default: your user name]")
@click.pass_obj
def correct(app: App, file: Path, name: str | None) -> int:
    """Correct many labels from a CSV FILE.

    FILE has the columns `mention_id` and `experience` or `stance` or both; it may have `by` and
    `note`. A label that you leave out stays as it is. A case is dismissed if its mention is no
    longer angry, and opened if its mention becomes angry. Earful names the rows that it refuses.
    Correcting from the same file again changes nothing.
    """
    from rich.markup import escape

    from earful import console
    from earful.correcting import correct_file

    with app.open_store() as store:
        report = correct_file(store, app.settings, file, actor(name), utc_now())
    console.out.print(
        f"{report.rows:,} rows: {report.corrected:,} corrected · {report.known:,} known · "
        f"{len(report.refused):,} refused"
    )
    for refusal in report.refused:
        console.err.print(f"row {refusal.row}: {escape(refusal.reason)}")
    if report.rows and len(report.refused) == report.rows:
        raise InputError(f"{file}: every row was refused: see the reasons above")
    return 0
