"""Commands that bring mentions in: crawl, sources."""

from __future__ import annotations

import json
import os
from functools import partial
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


COMMANDS: list[click.Command] = [crawl, sources]
