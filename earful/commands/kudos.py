"""`earful kudos`: the people behind the wows of a month, with the words, for the team meeting."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from config.errors import InputError
from earful.app import App, utc_now
from earful.commands.chosen_brand import the_brand

if TYPE_CHECKING:
    from earful.kudos_of_month import Kudos

_CSV = (
    "month", "brand", "name", "team", "location", "wows", "day", "author", "source", "title",
    "text", "url", "mention_id",
)  # fmt: skip


@click.command()
@click.option("--brand", help="The brand; needed only if there are several.")
@click.option(
    "--month", metavar="MONTH", help="A month such as 2026-03.  [default: the last with a wow]"
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path),
    help="Write a page for the team meeting (.html), or the words as a table (.csv).",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def kudos(
    app: App, brand: str | None, month: str | None, output: Path | None, as_json: bool
) -> int:
    """Name the colleagues whom a month's wows praise.

    Also shows whose answers won people back: whose complainers were delighted since. The page
    that -o writes is one HTML file, for a screen or for paper.
    """
    from earful.kudos_of_month import gather

    if month is not None and not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        raise InputError(f"--month: {month!r}: write a month such as 2026-03")
    suffix = output.suffix.lower() if output else ""
    if output is not None and suffix not in (".html", ".csv"):
        raise InputError(f"--output: {output}: the name must end in .html or .csv")
    with app.open_store(readonly=True) as store:
        chosen = the_brand(app, store, brand, own=True)
        found = gather(store, app.settings, chosen, month, utc_now())
    if as_json:
        click.echo(json.dumps(found.as_dict(), ensure_ascii=False, indent=2))
    elif output is not None:
        page = _page(found) if suffix == ".html" else _csv(found)
        output.write_text(page, encoding="utf-8")
        _note(app, chosen, output)
        click.echo(f"{output}: {len(page.encode()):,} bytes")
    else:
        _print(found)
    return 0


def _note(app: App, brand: str, path: Path) -> None:
    """Write down that people's words went into a file: who forgets them must hear of it."""
    from earful.answering_for import note_file
    from storage.tables.audit import Act
    from storage.tables.written_files import WrittenFile

    now = utc_now()
    written = WrittenFile(path=path, kind="praise", at=now, brand=brand)
    note_file(app, Act.REPORTED, f"praise of {brand}'s people", written, now)


def _page(found: Kudos) -> str:
    from earful.pages.team_meeting import render

    return render(found, utc_now())


def _csv(found: Kudos) -> str:
    from earful.spreadsheet_guard import guarded

    wows = {row["name"]: row["wows"] for row in found.people}
    places = {row["name"]: row["location"] for row in found.people}
    written = io.StringIO()
    # Spreadsheets take it for UTF-8 only with the mark.
    written.write("\ufeff")
    rows = csv.DictWriter(written, _CSV, extrasaction="ignore", lineterminator="\r\n")
    rows.writeheader()
    for row in found.words:
        told = row | {"wows": wows.get(row["name"]), "location": places.get(row["name"])}
        rows.writerow({key: guarded(told.get(key)) for key in _CSV})
    return written.getvalue()


def _print(found: Kudos) -> None:
    from rich.markup import escape

    from earful import console

    def short(text: str | None, width: int) -> str:
        return escape(console.one_line(text or "", width))

    console.out.print(f"[bold]{short(found.brand, 40)}[/bold], the people behind the wows of "
                      f"{found.month_name}")  # fmt: skip
    if not found.people:
        console.out.print(found.why_nobody)
    else:
        said: dict[str, str] = {}
        for row in found.words:
            said.setdefault(row["name"], " ".join(filter(None, (row["title"], row["text"]))))
        console.out.print(
            console.table(
                ("name", "team", "wows", "said"),
                [
                    (
                        short(row["name"], 18),
                        short(row["team"], 14),
                        row["wows"],
                        short(said.get(row["name"]), 36),
                    )
                    for row in found.people
                ],
                right="llrl",
            )
        )
    if found.won_back:
        console.out.print()
        console.out.print("[bold]Whose answers won people back[/bold]")
        console.out.print(
            console.table(
                ("", "name", "answered", "won back", "share"),
                [
                    (
                        row["kind"],
                        short(row["name"], 26),
                        row["answered"],
                        row["won_back"],
                        f"{row['share']:.0%} ({100 * row['low']:.0f}–{100 * row['high']:.0f})",
                    )
                    for row in found.won_back
                ],
                right="llrrl",
            )
        )
