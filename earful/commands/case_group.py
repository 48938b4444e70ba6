"""`earful case`: all that Slack's buttons do to a case, without Slack."""

from __future__ import annotations

import click

from earful.commands.case_decisions import (
    claim,
    close,
    dismiss,
    relabel,
    release,
    reopen,
)
from earful.commands.case_issue import issue
from earful.commands.case_list import list_cases, show
from earful.commands.case_replies import answer, approve, respond, send_back
from earful.commands.case_teamwork import add_note, assign, mute, mutes, snooze, wake


@click.group()
def case() -> None:
    """List complaints, claim them, and record that they are answered.

    CASE is the number of a case or the id of its mention. Slack shows what you do here too.
    """


for command in (
    *(list_cases, show),
    *(claim, release, assign, snooze, wake, add_note),
    *(answer, approve, send_back, respond),
    *(close, reopen, dismiss, relabel, mute, mutes, issue),
):
    case.add_command(command)
