"""`earful alerts retry`, `drop` and `move`."""

from __future__ import annotations

import getpass
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from config.errors import EarfulError, InputError
from earful.app import App, utc_now
from earful.commands.chosen_channel import channel_of, for_channel

if TYPE_CHECKING:
    from storage.models import Alert
    from storage.store import Store

log = logging.getLogger("earful.alerts")

# Long enough for a pass of the daemon that has little to send.
_LOCK_WAIT_S = 5.0


def deciding(command: Callable[..., Any]) -> Any:
    """Add what to choose alerts by: their ids, and how to tell the result."""
    command = click.option("--json", "as_json", is_flag=True, help="Print the IDs as JSON.")(
        command
    )
    return click.argument("ids", metavar="[ID]...", nargs=-1, type=int)(command)


@click.command()
@deciding
@click.option("--channel", metavar="CHANNEL", help="All alerts that wait for this channel.")
@click.option("--all", "every", is_flag=True, help="All alerts that wait.")
@click.option("--in-doubt", is_flag=True, help="Also alerts in doubt.")
@click.pass_obj
def retry(
    app: App, ids: tuple[int, ...], as_json: bool, channel: str | None, every: bool, in_doubt: bool
) -> int:
    """Put parked alerts back in line, and try waiting ones at once.

    Alerts in doubt are retried only if you name their IDs or give --in-doubt. Earful looks for
    them in Slack first; where it cannot look, a message may appear twice.
    """
    from storage.tables.outbox_word import Choice

    if bool(ids) + (channel is not None) + every != 1:
        raise click.UsageError("give IDs, --channel or --all")
    choice = Choice(ids=ids, channel=channel_of("--channel", channel))
    with app.open_store() as store:
        done = store.outbox_word.retry(choice, in_doubt=in_doubt)
    log.info("alerts %s put back in line", _ids((*done.back, *done.doubtful, *done.sooner)))
    if as_json:
        return _tell_json(
            back=done.back, in_doubt=done.doubtful, sooner=done.sooner, left=done.left
        )
    _say(done.back, "back in line")
    _say(
        done.doubtful,
        "back in line, may appear twice where Earful cannot look in Slack first",
        shown=True,
    )
    _say(done.sooner, "to be tried at once")
    _say(
        done.left,
        "in doubt, not retried (name the IDs or add --in-doubt)",
        shown=True,
    )
    if done.back or done.doubtful or done.sooner:
        click.echo("The daemon sends within a minute; if none runs, run `earful process`.")
    elif not done.left:
        click.echo(f"there is no alert to retry{for_channel(choice.channel)}")
    return 0


@click.command()
@deciding
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--as", "name", metavar="NAME", help="Who drops them.  [default: your user name]")
@click.pass_obj
def drop(app: App, ids: tuple[int, ...], as_json: bool, yes: bool, name: str | None) -> int:
    """Drop alerts for good; the cases that they are about stay.

    Replies to a dropped alert and updates of it that still wait are dropped too.
    """
    if not ids:
        raise click.UsageError("give the IDs of alerts")
    with app.open_store() as store:
        planned = store.outbox_word.dropping(ids)
        if planned.named and not yes:
            for alert in planned.named:
                click.echo(_shown(alert), err=True)
            about = f" and {len(planned.about):,} about them" if planned.about else ""
            click.confirm(
                f"Drop {_number(len(planned.named))}{about} for good?", abort=True, err=True
            )
        note = f"Dropped by {name or _user()} at {utc_now():%Y-%m-%d %H:%M} UTC."
        with _settled(store, planned.named) as locked:
            done = store.outbox_word.drop(ids, note, locked=locked)
    log.info("alerts %s dropped", _ids((*done.named, *done.about)))
    if as_json:
        return _tell_json(dropped=done.named, about=done.about)
    _say(done.named, "dropped")
    _say(done.about, "dropped too, as replies or updates")
    if not done.named:
        click.echo("nothing to drop: they are dropped already")
    return 0


@click.command()
@deciding
@click.option("--from", "old", metavar="CHANNEL", help="All alerts that wait for this channel.")
@click.option("--to", "new", metavar="CHANNEL", required=True, help="The channel to move to.")
@click.option("--in-doubt", is_flag=True, help="Also alerts in doubt that you name by ID.")
@click.pass_obj
def move(
    app: App, ids: tuple[int, ...], as_json: bool, old: str | None, new: str, in_doubt: bool
) -> int:
    """Send waiting alerts to another channel.

    A reply stays with its message; where that stands in an archived or closed channel, the message
    is posted again and the reply goes with it. An alert in doubt moves only by ID and with
    --in-doubt, as it may appear in both channels. The config does not change: new alerts go where
    it says.
    """
    from storage.tables.outbox_word import Choice

    if bool(ids) + (old is not None) != 1:
        raise click.UsageError("give IDs or --from")
    if in_doubt and not ids:
        raise click.UsageError("--in-doubt needs the IDs of alerts")
    choice = Choice(ids=ids, channel=channel_of("--from", old))
    to = channel_of("--to", new) or new
    if choice.channel == to:
        raise InputError(f"--to: {to} is the channel that --from names")
    with (
        app.open_store() as store,
        _settled(store, store.outbox_word.named(ids)) as locked,
    ):
        if to in store.channel_roles.left():
            raise InputError(
                f"--to: the config names {to} no more, so Earful would move what waits there on: "
                "name another channel, or add it to the config again"
            )
        done = store.outbox_word.move(choice, to, in_doubt=in_doubt, locked=locked)
    log.info("alerts %s moved to %s", _ids((*done.moved, *done.about)), to)
    if as_json:
        return _tell_json(
            moved=done.moved,
            about=done.about,
            anew=done.anew,
            in_doubt=done.doubtful,
            bound=done.bound,
        )
    _say(done.moved, f"moved to {to}")
    _say(done.about, f"moved to {to} too, as replies or updates")
    _say(done.anew, f"moved to {to}, with their messages posted again")
    _say(
        done.doubtful,
        "in doubt, not moved (name the IDs and add --in-doubt)",
        shown=True,
    )
    _say(done.bound, "not moved, because replies and updates stay with their messages")
    if not any((done.moved, done.anew, done.doubtful, done.bound)):
        click.echo(f"there is no alert to move{for_channel(choice.channel)}")
    return 0


@contextmanager
def _settled(store: Store, chosen: Sequence[Alert]) -> Iterator[bool]:
    """Keep senders out where one of `chosen` is being sent; tells whether they are."""
    from filelock import Timeout

    from earful.process_locks import lock_for_delivery
    from storage.models import AlertState

    sending = [one for one in chosen if one.state is AlertState.SENDING]
    if not sending:
        yield False
        return
    lock = lock_for_delivery(store.database.path)
    try:
        lock.acquire(timeout=_LOCK_WAIT_S, blocking=True)
    except Timeout:
        raise EarfulError(
            f"alert {_ids(sending)}: a process is sending from this store, perhaps this alert; "
            "nothing was changed: try again in a minute, or stop `earful run` first"
        ) from None
    try:
        yield True
    finally:
        lock.release()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise InputError("--as NAME is needed: the system does not know your user name") from None


def _shown(alert: Alert) -> str:
    from earful import console
    from earful.alert_list import words

    return f"{alert.id:>6} {console.one_line(f'{alert.channel}: {words(alert)}', 72)}"


def _say(alerts: Sequence[Alert], what: str, *, shown: bool = False) -> None:
    if alerts:
        click.echo(f"{_number(len(alerts))} {what}" + (":" if shown else f": {_ids(alerts)}"))
        for alert in alerts if shown else ():
            click.echo(_shown(alert))


def _tell_json(**by_fate: Sequence[Alert]) -> int:
    click.echo(json.dumps({fate: [one.id for one in alerts] for fate, alerts in by_fate.items()}))
    return 0


def _ids(alerts: Sequence[Alert]) -> str:
    return ", ".join(str(one.id) for one in alerts)


def _number(count: int) -> str:
    return f"{count:,} alert" + ("" if count == 1 else "s")
