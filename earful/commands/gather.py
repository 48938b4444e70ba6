"""Commands that bring mentions in: crawl, import, sources."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from config.errors import ConfigError, InputError
from earful.app import App, utc_now

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


@click.command()
@click.argument("sources", nargs=-1)
@click.option("--brand", help="Only this brand.")
@click.pass_obj
def crawl(app: App, sources: tuple[str, ...], brand: str | None) -> int:
    """Crawl once, now: all sources, or the SOURCEs named.

    Exits 1 when a source could not be read.
    """
    from rich.markup import escape

    from earful import console, needs
    from earful.crawling import crawl_target
    from storage.store import Store

    brands = app.require_brands()
    if brand is not None:
        brand = app.check_brand(brand)
    configured = {source.source for each in brands for source in each.sources}
    for name in sources:
        if name not in configured:
            raise InputError(
                f"{name!r} is not a source in {app.config_path}; it has: "
                + (", ".join(sorted(configured)) or "none")
            )
    jobs = [
        (each, source)
        for each in brands
        for source in each.sources
        if (brand in (None, each.name))
        and (source.source in sources if sources else source.enabled)
    ]
    needs.require(
        app.settings,
        os.environ,
        str(app.config_path),
        lambda each, source: (each, source) in jobs,
    )
    if not jobs:
        raise ConfigError(f"{app.config_path}: no enabled source to crawl: add [[brands.sources]]")
    Store.open(app.store_path, migrate=True).close()
    failed = 0
    for each, source in jobs:
        name = " ".join(part for part in (each.name, source.source, source.target) if part)
        with console.progress_bar(console.one_line(escape(name), 40), None) as shown:
            report = crawl_target(
                app.settings, each, source, utc_now, progress=partial(_show_seen, shown)
            )
        failed += not report.outcome.good
        console.out.print(
            f"{escape(name)}: {report.outcome} · seen {report.seen} · new {report.new} · "
            f"edited {report.edited} · irrelevant {report.irrelevant} · refused {report.refused}"
        )
        if report.reason:
            console.err.print(f"earful: {escape(name)}: {escape(report.reason)}")
    return 1 if failed else 0


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
    from earful.importing.import_rows import import_file

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


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def sources(app: App, as_json: bool) -> int:
    """List the sources: what each needs, its limits and terms.

    Those that are read here are listed with their state.
    """
    from crawler.catalog import sources as all_sources

    found = all_sources()
    standings = _standings(app)
    if as_json:
        click.echo(
            json.dumps(
                [
                    {
                        "source": name,
                        "label": spider.label,
                        "needs": spider.needs,
                        "limits": spider.limits,
                        "terms": spider.terms,
                        "robots": spider.robots,
                        "secrets": dict(spider.secrets),
                        "optional_secrets": dict(spider.optional_secrets),
                        "daily_quota": spider.daily_quota,
                        "targets": standings.get(name, []),
                        "options": spider.Options.model_json_schema().get("properties", {}),
                    }
                    for name, spider in found.items()
                ],
                indent=2,
            )
        )
        return 0
    import textwrap

    for name, spider in found.items():
        click.echo(f"{name} — {spider.label}")
        for heading, words in (
            ("needs", spider.needs),
            ("limits", spider.limits),
            ("terms", spider.terms),
            *((name, f"{told} (needed)") for name, told in spider.secrets.items()),
            *((name, f"{told} (if set)") for name, told in spider.optional_secrets.items()),
            *(("here", _standing_words(row)) for row in standings.get(name, [])),
        ):
            click.echo(
                textwrap.fill(
                    words, 78, initial_indent=f"  {heading:<7} ", subsequent_indent=" " * 10
                )
            )
        for option, field in spider.Options.model_fields.items():
            told = f"{field.description or ''}" + (" (needed)" if field.is_required() else "")
            click.echo(
                textwrap.fill(
                    told, 78, initial_indent=f"  {option} = ", subsequent_indent=" " * 10
                )
            )
        click.echo()
    return 0


def _standings(app: App) -> dict[str, list[dict[str, Any]]]:
    """Give the health of what is read here, by source; nothing where there is no store yet."""
    if not app.has_config or not app.store_path.exists():
        return {}
    found: dict[str, list[dict[str, Any]]] = {}
    keys = ("brand", "target", "state", "reason", "since", "last_good_at", "opens_at")
    with app.open_store(readonly=True) as store:
        for row in store.insight.source_health():
            found.setdefault(row["source"], []).append({key: row[key] for key in keys})
    return found


def _standing_words(row: dict[str, Any]) -> str:
    place = ", ".join(part for part in (row["brand"], row["target"]) if part)
    since = f" since {row['since'][:16].replace('T', ' ')} UTC" if row["since"] else ""
    reason = f": {row['reason']}" if row["reason"] and row["state"] != "ok" else ""
    return f"{place} is {row['state']}{since}{reason}"


def _show_seen(shown: tuple[Progress, TaskID], seen: int) -> None:
    bar, task = shown
    bar.update(task, completed=seen)


COMMANDS: list[click.Command] = [crawl, import_, sources]
