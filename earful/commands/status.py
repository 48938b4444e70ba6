"""`earful status`: how Earful is doing."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from config.errors import InputError, StoreError
from earful.app import App, utc_now

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from earful.health import Status

# A store that is held for longer is a finding: whoever asks how Earful is does not wait for it.
_PATIENCE_S = 5.0
_EVERY_S = 2.0
# Ctrl-C is heard within so long.
_HEARS_S = 0.1
# So many times as long as a look takes, the next one waits.
_SHARE = 4


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--watch", is_flag=True, help="Show it anew every few seconds, until Ctrl-C.")
@click.pass_obj
def status(app: App, as_json: bool, watch: bool) -> int:
    """Show the sources, the queues, the cases and what is wrong.

    Exits with 1 if something is wrong.
    """
    from earful import health

    if watch and as_json:
        raise InputError("--watch is for people: leave out --json, or ask again and again")
    if watch:
        return _watch(app)
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
    from earful import console

    for part in _parts(current):
        console.out.print(part)


def _parts(current: Status) -> Iterator[Table | str]:
    """Lay out all that is shown, in its order."""
    from rich.markup import escape

    yield _summary(current)
    if current.sources:
        yield _sources(current.sources)
    if current.webhook:
        yield _doors(current.webhook)
    if current.destinations:
        yield _destinations(current.destinations)
    for entries in current.ledger:
        for sentence in entries["unusual"]:
            yield f"[bold]left out:[/bold] {escape(sentence)}"
    for problem in current.problems:
        yield f"[bold]problem:[/bold] {escape(problem)}"
    if current.healthy:
        yield "healthy"


def _watch(app: App) -> int:
    """Show the state on a screen of its own until Ctrl-C, then once more where it stays."""
    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text

    from earful import health

    screen = Console(highlight=False)
    if not screen.is_terminal:
        raise InputError("--watch needs a terminal: without one, ask `earful status` again")
    current: Status | None = None

    def look() -> Group:
        nonlocal current
        now = utc_now()
        try:
            with app.open_store(readonly=True, patience_s=_PATIENCE_S) as store:
                current = health.status(store, app.settings, now)
        except StoreError as error:
            current = None
            return Group(_at(now), Text(f"problem: {error}"))
        # What is wrong first: a screen that is too low cuts off what comes last.
        wrong = [Text(f"problem: {one}", style="bold") for one in current.problems]
        shown = [part for part in _parts(current) if not isinstance(part, str)]
        return Group(_at(now), *(wrong or [Text("healthy", style="green")]), *shown)

    with (
        suppress(KeyboardInterrupt),
        ctrl_c() as asked_to_end,
        Live(console=screen, screen=True, auto_refresh=False) as live,
    ):
        while not asked_to_end():
            began = time.monotonic()
            live.update(look(), refresh=True)
            # A large store that takes its time is not asked all the time.
            until = time.monotonic() + max(_EVERY_S, _SHARE * (time.monotonic() - began))
            while not asked_to_end() and time.monotonic() < until:
                time.sleep(_HEARS_S)
    if current is None:
        return 1
    _print(current)
    return 0 if current.healthy else 1


@contextmanager
def ctrl_c() -> Iterator[Callable[[], bool]]:
    """Let a block ask whether Ctrl-C was pressed; a second one ends it wherever it is.

    A KeyboardInterrupt that is raised while SQLite calls one of our functions would be taken for
    an error of the store, and the watching would go on.
    """
    pressed = False

    def note(_signal: int, _frame: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True

    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)


def _at(now: datetime) -> Text:
    from rich.text import Text

    return Text(f"earful status at {now:%H:%M:%S} UTC · Ctrl-C ends it", style="dim")


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
