"""`earful case issue`: a tracker makes an issue of a case."""

from __future__ import annotations

import click

from config.errors import InputError
from earful.app import App, utc_now
from earful.commands.chosen_case import actor, find_case


@click.command()
@click.argument("number", metavar="CASE")
@click.argument("tracker")
@click.option("--as", "name", metavar="NAME", help="Who does this.  [default: your user name]")
@click.pass_obj
def issue(app: App, number: str, tracker: str, name: str | None) -> int:
    """Make an issue of a case, in a tracker that the config names.

    The next delivery makes it; its link then stands in the case's history.
    """
    from earful.case_issues import ask_for_issue
    from earful.configured_destinations import subscribe
    from earful.policies import Policies

    with app.open_store() as store:
        subscribe(store, app.settings)
        case = find_case(store, number)
        via, now = f"issues:{tracker}", utc_now()
        policies = Policies(app.settings)
        acted, sentence = ask_for_issue(store, policies, case.mention_id, via, actor(name), now)
    if acted.refused:
        raise InputError(sentence)
    click.echo(sentence)
    return 0
