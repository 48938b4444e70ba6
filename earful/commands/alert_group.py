"""`earful alerts`: what waits or is in doubt in the outbox, and a person's word on it."""

from __future__ import annotations

import click

from earful.commands.alert_decisions import drop, move, retry
from earful.commands.alerts_waiting import list_alerts


@click.group()
def alerts() -> None:
    """List alerts that wait or are in doubt, and decide what to do.

    `earful alerts list` shows the ID of each alert. An alert is in doubt if Slack may have it but
    never confirmed it. Write channels in quotes: '#voice-ops'.
    """


for command in (list_alerts, retry, drop, move):
    alerts.add_command(command)
