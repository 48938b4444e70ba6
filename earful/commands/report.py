"""`earful report`: a page of HTML about a period."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime, tzinfo
from pathlib import Path

import click

from alerts.decide.local_time import first_of_days
from config.errors import StoreReadOnlyError
from earful.app import App, utc_now
from earful.brand_zones import zone_of
from earful.commands.chosen_brand import the_brand
from earful.commands.which_mentions import moment


@click.command()
@click.option("--brand", help="The brand; needed only if there are several.")
@click.option("--since", metavar="WHEN", default="30d", show_default=True,
    help="The start: a day (2026-01-31), or so many days of which today is the last (30d).",
)  # fmt: skip
@click.option("--until", metavar="WHEN", help="The end, itself excluded.  [default: now]")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("earful-report.html"),
    show_default=True, help="The file to write: .html, or .pdf where Chromium is installed.",
)  # fmt: skip
@click.pass_obj
def report(app: App, brand: str | None, since: str, until: str | None, output: Path) -> int:
    """Write a report of a period: one HTML file, or a PDF.

    It has what the home page of `earful serve` shows. Days are whole ones, of the brand's time
    zone.
    """
    from earful.answering_for import note_file
    from earful.pages.pdf_print import find_browser, print_to_pdf
    from earful.pages.report_page import render_report
    from storage.tables.audit import Act
    from storage.tables.written_files import WrittenFile

    now = utc_now()
    as_pdf = output.suffix.lower() == ".pdf"
    if as_pdf:
        find_browser()
    if app.has_config and app.settings.brands:
        # The store's days are those of the config as it is now; one that cannot be written keeps
        # those it has.
        with suppress(StoreReadOnlyError):
            app.open_store().close()
    with app.open_store(readonly=True) as store:
        chosen = the_brand(app, store, brand)
        zone = zone_of(app.settings, chosen)
        since_at = _begin(since, now, zone)
        until_at = moment(until, "--until", now, zone) if until else now
        page = render_report(
            store, chosen, since_at, until_at, now, zone, public_url=app.settings.serve.public_url
        )
    if as_pdf:
        size = print_to_pdf(page, output)
    else:
        output.write_text(page, encoding="utf-8")
        size = len(page.encode())
    note_file(
        app,
        Act.REPORTED,
        f"{chosen}, {since_at:%Y-%m-%d} to {until_at:%Y-%m-%d}",
        WrittenFile(
            path=output, kind="report", at=now, brand=chosen, since=since_at, until=until_at
        ),
        now,
    )
    click.echo(f"{output}: {size:,} bytes")
    return 0


def _begin(text: str, now: datetime, zone: tzinfo) -> datetime:
    """Read `--since`: days are whole ones, as the dashboards count them."""
    days = re.fullmatch(r"\s*(\d{1,5})\s*d\s*", text)
    return (
        first_of_days(int(days[1]), zone, now)
        if days and int(days[1])
        else moment(text, "--since", now, zone)
    )
