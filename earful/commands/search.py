"""Commands for those who look: status, search, report, export."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from config.errors import InputError, StoreError
from earful.app import App, utc_now

# A store that is held for longer is a finding: whoever asks how Earful is does not wait for it.
_PATIENCE_S = 5.0


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def status(app: App, as_json: bool) -> int:
    """Show sources, queues, cases, health.

    Exits 1 when something is wrong.
    """
    from rich.markup import escape

    from earful import console, health

    try:
        with app.open_store(readonly=True, patience_s=_PATIENCE_S) as store:
            found = health.status(store, app.settings, utc_now())
    except StoreError as error:
        if as_json:
            told = {"healthy": False, "store": str(app.store_path), "problems": [str(error)]}
            click.echo(json.dumps(told, indent=2))
        raise
    if as_json:
        click.echo(json.dumps(found.as_dict(), indent=2))
        return 0 if found.healthy else 1
    daemon = found.daemon["state"]
    if "pid" in found.daemon:
        daemon += (
            f" (pid {found.daemon['pid']}, heartbeat {found.daemon['heartbeat_age_s']} s ago)"
        )
    rows = [
        ("store", f"{found.store} · {found.mentions:,} mentions"),
        ("daemon", daemon),
        ("waiting", f"{found.unscored:,} to score · {found.unjudged:,} to judge"),
        ("cases", " · ".join(f"{n:,} {state}" for state, n in found.cases.items())),
        ("alerts", " · ".join(f"{n:,} {state}" for state, n in found.alerts.items())),
        ("languages", _languages(found.languages, found.unread)),
        ("next", _coming(found.routines)),
    ]
    console.out.print(console.table(("", ""), [(a, escape(b)) for a, b in rows]))
    if found.sources:
        console.out.print(
            console.table(
                ("source", "brand", "state", "last good run (UTC)", "seen", "new"),
                [
                    (
                        escape(console.one_line(f"{row['source']} {row['target']}", 24)),
                        escape(console.one_line(row["brand"], 14)),
                        row["state"],
                        (row["last_good_at"] or "never")[:16].replace("T", " "),
                        row["seen"],
                        row["new"],
                    )
                    for row in found.sources
                ],
                right="llllrr",
            )
        )
    for problem in found.problems:
        console.out.print(f"[bold]problem:[/bold] {escape(problem)}")
    if found.healthy:
        console.out.print("healthy")
    return 0 if found.healthy else 1


def _coming(routines: list[dict[str, Any]]) -> str:
    """Name what the daemon does next by the calendar; its own upkeep is of no interest."""
    coming = sorted(
        (one["next_at"], one["name"])
        for one in routines
        if one["next_at"] and one["name"] not in ("heartbeat", "health")
    )
    shown = [f"{name} {at[:16].replace('T', ' ')}" for at, name in coming[:3]]
    return " · ".join(shown) + " UTC" if shown else "no daemon has written its calendar"


def _languages(counts: dict[str, int], unread: int) -> str:
    shown = [f"{n:,} {language}" for language, n in list(counts.items())[:6]]
    if unread:
        shown.append(f"{unread:,} not read: no model for their language")
    return " · ".join(shown) if shown else "none yet"


def filter_options(command: Any) -> Any:
    """Add the options that say which mentions are meant."""
    for option in reversed(
        [
            click.option("--brand", help="Only this brand."),
            click.option("--source", help="Only this source."),
            click.option(
                "--experience",
                type=click.Choice(["angry", "mediocre", "delighted", "none"]),
                help="Only this experience.",
            ),
            click.option(
                "--since", metavar="WHEN", help="From a day (2026-01-31) or an age (30d) on."
            ),
            click.option("--until", metavar="WHEN", help="Up to a day or an age, excluded."),
        ]
    ):
        command = option(command)
    return command


@click.command()
@click.argument("query", nargs=-1, required=True)
@filter_options
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def search(app: App, /, query: tuple[str, ...], limit: int, as_json: bool, **which: Any) -> int:
    """Find mentions by full text.

    QUERY takes words, "phrases", AND, OR, NOT and pre*.
    """
    from rich.markup import escape

    from earful import console

    with app.open_store(readonly=True) as store:
        rows = store.insight.search(" ".join(query), _filter(**which), limit)
    if as_json:
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False))
        return 0
    for row in rows:
        head = " · ".join(
            part
            for part in (
                (row["created_at"] or "undated")[:10],
                row["brand"],
                row["source"],
                row["author"] or "somebody unnamed",
                f"{row['rating']:g} of {row['rating_max']:g}" if row["rating"] is not None else "",
                row["experience"] or "unscored",
            )
            if part
        )
        console.out.print(f"[bold]{escape(console.one_line(head, 80))}[/bold]")
        console.out.print(escape(console.one_line(row["snippet"], 240)))
        if row["url"]:
            console.out.print(escape(row["url"]), style="dim")
        console.out.print()
    if not rows:
        console.err.print("nothing found")
    return 0


@click.command()
@click.option("--brand", help="The brand; not needed where there is one.")
@click.option("--since", metavar="WHEN", default="30d", show_default=True)
@click.option("--until", metavar="WHEN")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("earful-report.html"),
    show_default=True,
)  # fmt: skip
@click.pass_obj
def report(app: App, brand: str | None, since: str, until: str | None, output: Path) -> int:
    """Write a one-file HTML report of a period."""
    from earful.pages.report import render_report

    now = utc_now()
    with app.open_store(readonly=True) as store:
        page = render_report(
            store,
            _the_brand(app, store.insight.brands(), brand),
            moment(since, "--since", now),
            moment(until, "--until", now) if until else now,
            now,
        )
    output.write_text(page, encoding="utf-8")
    click.echo(f"{output}: {len(page.encode()):,} bytes")
    return 0


@click.command()
@filter_options
@click.option(
    "--format", "kind", type=click.Choice(["csv", "jsonl", "parquet"]),
    help="Taken from the file's name where not given; else csv.",
)  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A file; else stdout.")
@click.pass_obj
def export(app: App, /, kind: str | None, output: Path | None, **which: Any) -> int:
    """Write mentions with their verdicts as CSV, JSON Lines or Parquet."""
    from earful.export import export as write

    suffix = output.suffix.lstrip(".").lower() if output else ""
    kind = kind or (suffix if suffix in ("csv", "jsonl", "parquet") else "csv")
    with app.open_store(readonly=True) as store:
        rows = write(store, _filter(**which), kind, output or sys.stdout.buffer)
    click.echo(f"{rows:,} mentions", err=True)
    return 0


def _the_brand(app: App, stored: list[str], brand: str | None) -> str:
    known = sorted({*stored, *(each.name for each in app.settings.brands)})
    if brand is not None:
        for name in known:
            if name.casefold() == brand.casefold():
                return name
        raise InputError(f"--brand: {brand!r} is not in the store: {', '.join(known) or 'empty'}")
    if len(known) != 1:
        raise InputError(f"--brand is needed: {', '.join(known) or 'the store is empty'}")
    return known[0]


def _filter(
    *,
    brand: str | None,
    source: str | None,
    experience: str | None,
    since: str | None,
    until: str | None,
) -> Any:
    from storage.reports import Filter

    now = utc_now()
    return Filter(
        brand=brand,
        source=source,
        experience=experience,
        since=moment(since, "--since", now) if since else None,
        until=moment(until, "--until", now) if until else None,
    )


def moment(text: str, option: str, now: datetime) -> datetime:
    """Read a day, a time or an age such as `30d`; InputError names the option."""
    from config.settings import parse_duration

    with suppress(ValueError):
        return now - parse_duration(text)
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"{option}: {text!r}: write a day such as 2026-01-31, or an age such as 30d"
        ) from None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


COMMANDS: list[click.Command] = [status, search, report, export]
