"""`earful status`: how Earful is doing."""

from __future__ import annotations

import json
from typing import Any

import click

from config.errors import StoreError
from earful.app import App, utc_now

# A store that is held for longer is a finding: whoever asks how Earful is does not wait for it.
_PATIENCE_S = 5.0


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def status(app: App, as_json: bool) -> int:
    """Show the sources, the queues, the cases and what is wrong.

    Exits with 1 if something is wrong.
    """
    from rich.markup import escape

    from earful import console, health

    try:
        with app.open_store(readonly=True, patience_s=_PATIENCE_S) as store:
            current = health.status(store, app.settings, utc_now())
    except StoreError as error:
        if as_json:
            broken = {"healthy": False, "store": str(app.store_path), "problems": [str(error)]}
            click.echo(json.dumps(broken, indent=2))
        raise
    if as_json:
        click.echo(json.dumps(current.as_dict(), indent=2))
        return 0 if current.healthy else 1
    daemon = current.daemon["state"]
    if "pid" in current.daemon:
        daemon += (
            f" (pid {current.daemon['pid']}, heartbeat {current.daemon['heartbeat_age_s']} s ago)"
        )
    rows = [
        ("store", f"{current.store} · {current.mentions:,} mentions"),
        ("daemon", daemon),
        ("waiting", f"{current.unscored:,} to score · {current.unjudged:,} to judge"),
        ("cases", " · ".join(f"{n:,} {state}" for state, n in current.cases.items())),
        ("alerts", " · ".join(f"{n:,} {state}" for state, n in current.alerts.items())),
        ("languages", _languages(current.languages, current.unread)),
        ("next", _coming(current.routines)),
    ]
    console.out.print(console.table(("", ""), [(a, escape(b)) for a, b in rows]))
    if current.sources:
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
                    for row in current.sources
                ],
                right="llllrr",
            )
        )
    if current.webhook:
        console.out.print(
            console.table(
                ("door", "brand", "last delivery (UTC)", "deliveries", "new"),
                [
                    (
                        escape(console.one_line(row["door"], 24)),
                        escape(console.one_line(row["brand"], 14)),
                        (row["last_at"] or "never")[:16].replace("T", " "),
                        row["deliveries"],
                        row["new"],
                    )
                    for row in current.webhook
                ],
                right="lllrr",
            )
        )
    for entries in current.ledger:
        for sentence in entries["unusual"]:
            console.out.print(f"[bold]left out:[/bold] {escape(sentence)}")
    for problem in current.problems:
        console.out.print(f"[bold]problem:[/bold] {escape(problem)}")
    if current.healthy:
        console.out.print("healthy")
    return 0 if current.healthy else 1


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
        shown.append(f"{unread:,} in languages that no model reads")
    return " · ".join(shown) if shown else "none yet"
