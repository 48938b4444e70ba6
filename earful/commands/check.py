"""`earful check`: whether all that the config names would work."""

from __future__ import annotations

import click

from earful.app import App


@click.command()
@click.option("--offline", is_flag=True, help="Send nothing to Slack or to the sources.")
@click.option(
    "--explain", is_flag=True,
    help="Show which clauses of the query the newest entries of each source match.",
)  # fmt: skip
@click.pass_obj
def check(app: App, offline: bool, explain: bool) -> int:
    """Check the config, the secrets, Slack and every source.

    Sends one request to each source and changes nothing. Exits with 1 if something would not work.
    """
    from alerts.messages.catalogue import ENGLISH, speaking
    from earful.checking import findings

    wrong = 0
    app.require_brands()
    # Not the language of the messages: the command line has one.
    with speaking(ENGLISH):
        for finding in findings(app, offline=offline, explain=explain):
            wrong += not finding.good
            word = "ok  " if finding.good else "FAIL"
            click.echo(f"{word}  {finding.subject}: {finding.sentence}")
            for line in finding.details:
                click.echo(f"      {line}")
    return 1 if wrong else 0
