"""`earful status`: how Earful is doing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from config.errors import StoreError
from earful.app import App, utc_now

if TYPE_CHECKING:
    from rich.table import Table

    from earful.health import Status

# A store that is held for longer is a finding: whoever asks how Earful is does not wait for it.
_PATIENCE_S = 5.0


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def status(app: App, as_json: bool) -> int:
    """Show the sources, the queues, the cases and what is wrong.

    Exits with 1 if something is wrong.
    """
    from earful import health

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
    else:
        _print(current)
    return 0 if current.healthy else 1


def _print(current: Status) -> None:
    from rich.markup import escape

    from earful import console

    console.out.print(_summary(current))
    if current.sources:
        console.out.print(_sources(current.sources))
    if current.webhook:
        console.out.print(_doors(current.webhook))
    if current.destinations:
        console.out.print(_destinations(current.destinations))
    for entries in current.ledger:
        for sentence in entries["unusual"]:
            console.out.print(f"[bold]left out:[/bold] {escape(sentence)}")
    for problem in current.problems:
        console.out.print(f"[bold]problem:[/bold] {escape(problem)}")
    if current.healthy:
        console.out.print("healthy")


def _summary(current: Status) -> Table:
    """Lay out the store, the daemon, the queues and what comes next, a line each."""
    from rich.markup import escape

    from earful import console

    rows = [
        ("store", f"{current.store} · {current.mentions:,} mentions"),
        ("daemon", _daemon(current.daemon)),
        (
            "waiting",
            f"{current.unscored:,} to score · {current.unjudged:,} to judge · "
            f"{current.unsorted:,} to sort by topic",
        ),
        ("cases", " · ".join(f"{n:,} {state}" for state, n in current.cases.items())),
        ("alerts", " · ".join(f"{n:,} {state}" for state, n in current.alerts.items())),
        *([("compared", _compared(current.competitors))] if current.competitors else []),
        ("languages", _languages(current.languages, current.unread)),
        ("next", _coming(current.routines)),
    ]
    return console.table(("", ""), [(a, escape(b)) for a, b in rows])


def _compared(competitors: list[str]) -> str:
    return f"with {', '.join(competitors)}: gathered and judged, never told of"


def _daemon(daemon: dict[str, Any]) -> str:
    state: str = daemon["state"]
    if "pid" in daemon:
        state += f" (pid {daemon['pid']}, heartbeat {daemon['heartbeat_age_s']} s ago)"
    return state


def _sources(sources: list[dict[str, Any]]) -> Table:
    from earful import console

    return console.table(
        ("source", "brand", "state", "last good run (UTC)", "seen", "new"),
        [
            (
                _name(f"{row['source']} {row['target']}", 24),
                _name(row["brand"], 14),
                row["state"],
                _minute(row["last_good_at"]),
                row["seen"],
                row["new"],
            )
            for row in sources
        ],
        right="llllrr",
    )


def _doors(doors: list[dict[str, Any]]) -> Table:
    from earful import console

    return console.table(
        ("door", "brand", "last delivery (UTC)", "deliveries", "new"),
        [
            (
                _name(row["door"], 24),
                _name(row["brand"], 14),
                _minute(row["last_at"]),
                row["deliveries"],
                row["new"],
            )
            for row in doors
        ],
        right="lllrr",
    )


def _destinations(destinations: list[dict[str, Any]]) -> Table:
    from earful import console

    return console.table(
        ("destination", "last sent (UTC)", "sent", "waiting", "parked"),
        [
            (
                _name(row["via"], 24),
                _minute(row["last_at"]),
                row["sent"],
                row["waiting"],
                row["parked"],
            )
            for row in destinations
        ],
        right="llrrr",
    )


def _name(text: str, width: int) -> str:
    from rich.markup import escape

    from earful import console

    return escape(console.one_line(text, width))


def _minute(at: str | None) -> str:
    return (at or "never")[:16].replace("T", " ")


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
        from sentiment.scoring.multilingual_backbone import is_installed

        advice = "" if is_installed() else " (pip install 'earful[languages]')"
        shown.append(f"{unread:,} in languages that no model reads{advice}")
    return " · ".join(shown) if shown else "none yet"
