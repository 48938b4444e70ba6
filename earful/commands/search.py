"""`earful search`: full-text search in the terminal."""

from __future__ import annotations

import json
from typing import Any

import click

from earful.app import App
from earful.commands.which_mentions import chosen, filter_options
from storage.models import own_title


@click.command()
@click.argument("query", nargs=-1, required=True)
@filter_options
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.pass_obj
def search(app: App, /, query: tuple[str, ...], limit: int, as_json: bool, **which: Any) -> int:
    """Find mentions by full text.

    QUERY can hold words, "phrases", AND, OR, NOT and pre* for what begins so.
    """
    from rich.markup import escape

    from earful import console

    with app.open_store(readonly=True) as store:
        rows = store.insight.search(" ".join(query), chosen(**which), limit)
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
        if not own_title(row["title"], row["text"], row["parent_id"]) and row["title"]:
            thread = console.one_line(row["title"], 120)
            console.out.print(f"in the thread “{escape(thread)}”", style="dim")
        if row["url"]:
            console.out.print(escape(row["url"]), style="dim")
        console.out.print()
    if not rows:
        console.err.print("no mention matches")
    return 0
