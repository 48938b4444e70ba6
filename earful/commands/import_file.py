"""`earful import`: mentions from a file of somebody else's."""

from __future__ import annotations

import json
from pathlib import Path

import click

from config.errors import InputError
from earful.app import App, utc_now


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--brand", required=True, help="The brand that the mentions are about.")
@click.option("--source", required=True, help="Where they come from, such as `trustpilot`.")
@click.option(
    "--map", "maps", multiple=True, metavar="THEIRS=OURS",
    help="Read the file's column THEIRS as OURS; repeat it for more.",
)  # fmt: skip
@click.option(
    "--rejects", type=click.Path(path_type=Path), help="Write every refused row's reason there."
)
@click.pass_obj
def import_(
    app: App, file: Path, brand: str, source: str, maps: tuple[str, ...], rejects: Path | None
) -> int:
    """Import mentions from a CSV or JSON Lines FILE.

    Columns are named like the table `mentions`; only `text` is needed. Good rows are kept, the
    refused ones named. Importing a file again changes nothing.
    """
    import re

    from rich.markup import escape

    from earful import console
    from earful.importing import import_file

    if not re.fullmatch(r"[a-z0-9_]{1,40}", source):
        raise InputError(f"--source: {source!r}: use lower-case letters, digits and _ only")
    columns = {}
    for item in maps:
        theirs, separator, ours = item.partition("=")
        if not separator or not theirs or not ours:
            raise InputError(f"--map: {item!r}: write THEIRS=OURS, such as review=text")
        columns[theirs] = ours
    if not file.is_file():
        raise InputError(f"{file}: no such file")
    brand = app.check_brand(brand)
    size = file.stat().st_size
    with (
        app.open_store(migrate=True) as store,
        console.progress_bar(f"importing {console.one_line(file.name, 30)}", size) as (bar, task),
    ):
        report = import_file(
            store,
            file,
            brand=brand,
            source=source,
            columns=columns,
            now=utc_now(),
            progress=lambda at: bar.update(task, completed=at),
        )
    console.out.print(
        f"{report.rows:,} rows: {report.saved.new:,} new · {report.saved.edited:,} edited · "
        f"{report.saved.known:,} known · {len(report.refused):,} refused"
    )
    for refusal in report.refused[:20]:
        console.err.print(f"row {refusal.row}: {escape(refusal.reason)}")
    if len(report.refused) > 20:
        console.err.print(
            f"… and {len(report.refused) - 20:,} more"
            + ("" if rejects else "; --rejects FILE writes them all")
        )
    if rejects:
        with rejects.open("w", encoding="utf-8") as written:
            for refusal in report.refused:
                written.write(json.dumps({"row": refusal.row, "reason": refusal.reason}) + "\n")
    if report.rows and len(report.refused) == report.rows:
        raise InputError(f"{file}: every row was refused: see the reasons above")
    return 0
