"""`earful crawl`: read sources once, now."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

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
    """Crawl all enabled sources once, or only the SOURCES you name.

    Exits with 1 if a source could not be read.
    """
    from rich.markup import escape

    from earful import console, needs
    from earful.stages.crawl_stage import crawl_target

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
    targets = [
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
        lambda each, source: (each, source) in targets,
    )
    if not targets:
        raise ConfigError(
            f"{app.config_path}: there is no enabled source to crawl: add [[brands.sources]]"
        )
    app.open_store(migrate=True).close()
    failed = 0
    for each, source in targets:
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


def _show_seen(shown: tuple[Progress, TaskID], seen: int) -> None:
    bar, task = shown
    bar.update(task, completed=seen)
