"""`earful import`: mentions from files of somebody else's."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from config.errors import InputError
from earful.app import App, utc_now

if TYPE_CHECKING:
    from earful.importing.import_rows import FileImport, ImportReport
    from earful.importing.wishes import Wishes


@click.command("import")
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path)
)
@click.option("--brand", required=True, help="The brand that the mentions are about.")
@click.option(
    "--source", help="Where they come from, such as `trustpilot`; a known layout says it itself."
)
@click.option("--as", "layout", metavar="NAME", help="The layout, where it is not recognised.")
@click.option(
    "--map", "maps", multiple=True, metavar="THEIRS=OURS",
    help="Read the file's column THEIRS as OURS, or as nothing (THEIRS=); repeat it for more: "
    "two for one text are joined.",
)  # fmt: skip
@click.option("--set", "set_name", metavar="NAME", help="The survey whose ids these are.")
@click.option("--edits", is_flag=True, help="Ids that are stored with other words were edited.")
@click.option("--rating-max", type=float, metavar="N", help="What the scale goes up to.")
@click.option(
    "--date-format", metavar="ORDER",
    help="DD/MM/YYYY or MM/DD/YYYY, or a pattern such as %d.%m.%y.",
)  # fmt: skip
@click.option("--language", help="The language of dates, and of rows that name none.")
@click.option("--encoding", help="The encoding, where it is not detected: windows-1252, utf-16.")
@click.option("--delimiter", help="What parts the cells: `,` `;` `|` or `tab`.")
@click.option("--quotes", help="`none` where quotes are words and nothing else.")
@click.option("--dry-run", is_flag=True, help="Show what would be stored; store nothing.")
@click.option("--yes", is_flag=True, help="Do not ask, in a terminal either.")
@click.option(
    "--rejects", type=click.Path(path_type=Path),
    help="Write refused rows there, to be mended and imported: CSV or JSON Lines.",
)  # fmt: skip
@click.pass_obj
def import_(
    app: App,
    /,
    files: tuple[Path, ...],
    dry_run: bool,
    yes: bool,
    rejects: Path | None,
    **given: Any,
) -> int:
    """Import mentions from files: exports, surveys, spreadsheets.

    FILE is CSV, Excel, JSON, JSON Lines or Parquet, plain or packed. Exports of Google Play,
    Trustpilot, survey tools and others are recognised; in any other file columns are named like
    the table `mentions`, or by --map. What a row cannot say is left empty and counted; only a row
    without words and without a rating is refused. Nothing is stored before all of a file has
    been checked, and importing it again changes nothing.
    """
    wishes = _wishes(given)
    if rejects and len(files) > 1:
        raise InputError("--rejects: give one FILE at a time, so that its rows fit one header")
    for file in files:
        if not file.is_file():
            raise InputError(f"{file}: no such file")
    wishes = replace(wishes, brand=app.check_brand(wishes.brand))
    options = {name: given[name] for name in ("encoding", "delimiter", "quotes")}
    imports = [_checked(file, wishes, options) for file in files]
    asks = not yes and not dry_run and sys.stdin.isatty() and sys.stdout.isatty()
    for one in imports:
        _show_plan(one, whole=dry_run or asks)
    if asks and not click.confirm("Import this?", default=True):
        raise click.exceptions.Abort
    refused_whole = []
    for one in imports:
        report = _run(app, one, dry_run, rejects)
        name = f"{one.path.name}: " if len(files) > 1 else ""
        click.echo(name + (_would(report) if dry_run else _sum(report)))
        if report.rows and report.refused == report.rows:
            refused_whole.append(str(one.path))
    if refused_whole:
        names = ", ".join(refused_whole)
        raise InputError(f"{names}: every row was refused: see the reasons above")
    return 0


def _wishes(given: Mapping[str, Any]) -> Wishes:
    """Make the wishes of the options; InputError where one cannot be."""
    from earful.importing.wishes import Wishes, date_reading, language_wished

    language = language_wished(given["language"])
    return Wishes(
        brand=given["brand"],
        source=_source(given["source"]),
        maps=tuple(map(_pair, given["maps"])),
        layout=given["layout"],
        set_name=given["set_name"],
        rating_max=_scale(given["rating_max"]),
        language=language,
        dates=date_reading(given["date_format"], language),
        edits=given["edits"],
    )


def _source(name: str | None) -> str | None:
    import re

    if name is not None and not re.fullmatch(r"[a-z0-9_]{1,40}", name):
        raise InputError(f"--source: {name!r}: use lower-case letters, digits and _ only")
    return name


def _pair(item: str) -> tuple[str, str]:
    theirs, separator, ours = item.rpartition("=")
    if not separator or not theirs:
        raise InputError(f"--map: {item!r}: write THEIRS=OURS, such as review=text")
    return theirs, ours


def _scale(most: float | None) -> float | None:
    if most is not None and not 0 < most <= 1000:
        raise InputError(f"--rating-max: {most:g}: write what the scale goes up to, such as 10")
    return most


def _checked(file: Path, wishes: Wishes, options: Mapping[str, str | None]) -> FileImport:
    from earful.importing.files import open_table
    from earful.importing.import_rows import FileImport
    from earful.importing.rejects import as_mended

    with _progress(f"checking {file.name}", file.stat().st_size) as progress:
        table = as_mended(open_table(file, progress=progress, **options))
        return FileImport(file, table, wishes, utc_now(), progress)


def _show_plan(one: FileImport, *, whole: bool) -> None:
    """Say how a file is read; as a whole with its columns and its first mentions."""
    from rich.markup import escape

    from earful import console
    from earful.importing import preview

    lines = list(preview.how_read(one))
    if whole:
        lines += [f"  {line}" for line in preview.what_columns_became(one)]
        lines += [line for mention in one.first() for line in preview.mention_lines(mention)]
    for line in lines:
        console.out.print(escape(line))


def _run(app: App, one: FileImport, dry_run: bool, rejects: Path | None) -> ImportReport:
    """Store a file's rows, or rehearse it; what was refused or emptied is said on stderr."""
    from rich.markup import escape

    from earful import console
    from earful.importing import preview
    from earful.importing.rejects import Rejects
    from storage.tables.written_files import WrittenFile

    began = time.monotonic()
    keeps_since = app.settings.store.keeps_since(utc_now())
    with (
        Rejects(rejects, one.table, one.path) if rejects else nullcontext() as reject,
        _progress(f"importing {one.path.name}", one.table.size) as one.progress,
    ):
        if dry_run:
            report = one.rehearse(reject, keeps_since=keeps_since)
        else:
            with app.open_store(migrate=True) as store:
                report = one.store(store, reject, keeps_since=keeps_since)
                if rejects and rejects.exists():
                    brand = one.wishes.brand
                    store.written_files.add(
                        WrittenFile(path=rejects, kind="refused rows", at=utc_now(), brand=brand)
                    )
    _show(report, time.monotonic() - began, rejects is not None)
    for line in preview.kept_out_lines(report, app.settings.store.retention_days):
        console.err.print(escape(line))
    return report


@contextmanager
def _progress(what: str, size: int) -> Iterator[Callable[[int], None]]:
    from rich.markup import escape

    from earful import console

    with console.progress_bar(escape(console.one_line(what, 40)), size) as (bar, task):
        yield lambda at: bar.update(task, completed=at)


def _show(report: ImportReport, seconds: float, have_rejects: bool) -> None:
    """Say what was refused, what was left empty and how long it took, on stderr."""
    from rich.markup import escape

    from earful import console
    from earful.importing.preview import emptied_line

    for refusal in sorted(report.refusals, key=lambda one: one.line):
        console.err.print(f"line {refusal.line}: {escape(refusal.reason)}")
    if (more := report.refused - len(report.refusals)) > 0:
        hint = "" if have_rejects else "; --rejects FILE writes them all"
        console.err.print(f"… and {more:,} more{hint}")
    for one in report.emptied.values():
        console.err.print(escape(emptied_line(one)))
    if seconds >= 1:
        console.err.print(f"{seconds:.0f} s: {report.rows / seconds:,.0f} rows a second")


def _sum(report: ImportReport) -> str:
    saved = report.saved
    return (
        f"{_rows(report)}: {saved.new:,} new · {saved.edited:,} edited · "
        f"{saved.known:,} known · {report.same:,} same · {report.refused:,} refused"
    )


def _rows(report: ImportReport) -> str:
    return "1 row" if report.rows == 1 else f"{report.rows:,} rows"


def _would(report: ImportReport) -> str:
    return (
        f"{_rows(report)}: {report.saved.new:,} would be stored · {report.same:,} same · "
        f"{report.refused:,} refused; nothing was stored"
    )
