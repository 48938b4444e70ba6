"""`earful case`: all that Slack's buttons do to a case, without Slack."""

from __future__ import annotations

import click

from earful.commands.case_decisions import (
    claim,
    close,
    dismiss,
    mute,
    relabel,
    release,
    reopen,
    respond,
)
from earful.commands.case_list import list_cases, show


@click.group()
def case() -> None:
    """See complaints that wait, claim them, say they are answered.

    CASE is a case's number or the id of its mention. What is done here is shown in Slack too.
    """


for command in (
    *(list_cases, show),
    *(claim, release, respond, close, reopen, dismiss, relabel, mute),
):
    case.add_command(command)
