"""`earful check`: whether all that the config names would work."""

from __future__ import annotations

import click

from earful.app import App


@click.command()
@click.option("--offline", is_flag=True, help="Ask neither Slack nor the sources.")
@click.option(
    "--explain", is_flag=True,
    help="Tell for each source's newest entries which clauses of the query they hold.",
)  # fmt: skip
@click.pass_obj
def check(app: App, offline: bool, explain: bool) -> int:
    """Check config, secrets, channels, and one request a source.

    Changes nothing; exits 1 when something would not work.
    """
    from earful.checking import findings

    wrong = 0
    app.require_brands()
    for finding in findings(app, offline=offline, explain=explain):
        wrong += not finding.good
        click.echo(f"{'ok  ' if finding.good else 'FAIL'}  {finding.subject}: {finding.sentence}")
        for line in finding.details:
            click.echo(f"      {line}")
    return 1 if wrong else 0
