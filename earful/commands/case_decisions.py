"""`earful case claim`, `close`, `dismiss` and the like: what people do to a case."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from config.errors import InputError
from earful.app import App, utc_now
from earful.commands.chosen_case import actor, find_case

if TYPE_CHECKING:
    from earful.case_acts import Acted

_EXPERIENCES = ("angry", "mediocre", "delighted", "none")


def acting(command: Callable[..., Any]) -> Any:
    """Add who acts and why."""
    command = click.option(
        "--as", "name", metavar="NAME", help="Who does this.  [default: your user name]"
    )(command)
    return click.option("--note", help="A note for the history of the case.")(command)


@click.command()
@click.argument("number", metavar="CASE")
@acting
@click.pass_obj
def claim(app: App, number: str, name: str | None, note: str | None) -> int:
    """Claim a case: you will answer it."""
    return _act(app, number, "claim", name, note)


@click.command()
@click.argument("number", metavar="CASE")
@acting
@click.pass_obj
def release(app: App, number: str, name: str | None, note: str | None) -> int:
    """Give a claimed case back."""
    return _act(app, number, "release", name, note)


@click.command()
@click.argument("number", metavar="CASE")
@acting
@click.pass_obj
def close(app: App, number: str, name: str | None, note: str | None) -> int:
    """Close a case: nothing is left to do."""
    return _act(app, number, "close", name, note)


@click.command()
@click.argument("number", metavar="CASE")
@acting
@click.pass_obj
def reopen(app: App, number: str, name: str | None, note: str | None) -> int:
    """Open a case again, with a new due time."""
    return _act(app, number, "reopen", name, note)


@click.command()
@click.argument("number", metavar="CASE")
@acting
@click.pass_obj
def dismiss(app: App, number: str, name: str | None, note: str | None) -> int:
    """Dismiss a case; similar complaints open none for a while."""
    return _act(app, number, "dismiss", name, note)


@click.command()
@click.argument("mention", metavar="CASE")
@click.argument("experience", type=click.Choice(_EXPERIENCES))
@click.option("--as", "name", metavar="NAME", help="Who does this.  [default: your user name]")
@click.pass_obj
def relabel(app: App, mention: str, experience: str, name: str | None) -> int:
    """Correct a label, and open or dismiss the case with it.

    Only an angry mention has a case.

    CASE may also be the id of a mention that has no case yet.
    """
    from earful import case_acts
    from earful.policies import Policies
    from storage.models import Experience

    with app.open_store() as store:
        mention_id = find_case(store, mention).mention_id if mention.isdigit() else mention
        acted = case_acts.relabel(
            store,
            Policies(app.settings),
            mention_id,
            Experience(experience),
            actor(name),
            utc_now(),
        )
    return tell(acted, f"{mention_id} is now {experience}")


def _act(app: App, number: str, what: str, name: str | None, note: str | None) -> int:
    from earful import case_acts
    from earful.policies import Policies

    with app.open_store() as store:
        one = find_case(store, number)
        acted = case_acts.act(
            store, Policies(app.settings), one.mention_id, what, actor(name), utc_now(), note=note
        )
    return tell(acted)


def tell(acted: Acted, otherwise: str = "") -> int:
    """Say how the case stands now; InputError says why the act was refused."""
    if acted.refused:
        raise InputError(acted.refused)
    if acted.case is None:
        click.echo(otherwise)
        return 0
    by = f" by {acted.case.claimed_by}" if acted.case.state == "claimed" else ""
    if acted.case.is_snoozed and acted.case.snoozed_until is not None:
        by += f", waits for the customer until {acted.case.snoozed_until:%Y-%m-%d %H:%M} UTC"
    unchanged = "" if acted.changed else " (unchanged)"
    click.echo(f"case {acted.case.id}: {acted.case.state}{by}{unchanged}")
    return 0
