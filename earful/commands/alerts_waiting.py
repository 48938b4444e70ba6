"""`earful alerts list`: what waits or is in doubt, in the order it goes."""

from __future__ import annotations

import json

import click

from earful.app import App, utc_now
from earful.commands.chosen_channel import channel_of, for_channel

_STATES = ("pending", "sending", "parked", "sent", "dropped")
_UNSENT = _STATES[:3]


@click.command("list")
@click.option(
    "--state",
    type=click.Choice(_STATES),
    help="Only this state.  [default: all that Slack does not have]",
)
@click.option("--channel", metavar="CHANNEL", help="Only this channel.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.pass_obj
def list_alerts(
    app: App, state: str | None, channel: str | None, limit: int, as_json: bool
) -> int:
    """List waiting alerts by channel, in the order they will be sent."""
    from alerts.outbox.by_via import ByVia
    from alerts.outbox.waiting_for import waits
    from earful import console
    from earful.alert_list import as_row, pages
    from earful.configured_destinations import way_of_channel
    from storage.models import AlertState

    now = utc_now()
    chosen = channel_of("--channel", channel)
    with app.open_store() as store:
        unsent = store.outbox_word.listed([AlertState(one) for one in _UNSENT])
        listed = store.outbox_word.listed(
            [AlertState(one) for one in ([state] if state else _UNSENT)], chosen
        )
        left = store.channel_roles.left()
    waiting = waits(unsent, now)
    way_of = ByVia({}, way_of_channel(app.settings)).way_of
    if as_json:
        for alert in listed[:limit]:
            row = as_row(alert, waiting.get(alert.id), way_of(alert))
            click.echo(json.dumps(row, ensure_ascii=False))
    elif not listed:
        click.echo(f"no alert is {state or 'waiting'}{for_channel(chosen)}")
    else:
        for lines in pages(listed[:limit], waiting, now, way_of, left):
            click.echo("\n".join(lines))
    if len(listed) > limit:
        console.err.print(f"{len(listed) - limit:,} more are not shown: raise --limit")
    return 0
