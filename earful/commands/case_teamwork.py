"""`earful case assign`, `snooze`, `wake`, `note`, `mute`, `mutes`: what a team agrees on."""

from __future__ import annotations

import click

from config.errors import InputError
from earful.app import App, utc_now
from earful.commands.case_decisions import acting, tell
from earful.commands.chosen_case import actor, find_case, later_moment

_AS = click.option(
    "--as", "name", metavar="NAME", help="Who does this.  [default: your user name]"
)


@click.command()
@click.argument("number", metavar="CASE")
@click.option(
    "--to", required=True, metavar="NAME|U…", help="Who shall answer: a name or a Slack user id."
)
@acting
@click.pass_obj
def assign(app: App, number: str, to: str, name: str | None, note: str | None) -> int:
    """Give a case to somebody, who is pinged in its thread."""
    from earful import case_desk
    from earful.people import person
    from earful.policies import Policies

    if not to.strip():
        raise InputError("--to is empty: name a person")
    with app.open_store() as store:
        acted = case_desk.assign(
            store,
            Policies(app.settings),
            find_case(store, number).mention_id,
            person(store, app.settings, to),
            actor(name),
            utc_now(),
            note=note,
        )
    return tell(acted)


@click.command()
@click.argument("number", metavar="CASE")
@click.option(
    "--until",
    required=True,
    metavar="WHEN",
    help="A day or moment (2026-12-01, 2026-12-01T09:00+01:00), or a time from now (3d, 8h). "
    "What names no zone is in that of the business hours.",
)
@acting
@click.pass_obj
def snooze(app: App, number: str, until: str, name: str | None, note: str | None) -> int:
    """Let a case wait for the customer: nobody is reminded until then."""
    from earful import case_desk
    from earful.policies import Policies

    now, policies = utc_now(), Policies(app.settings)
    with app.open_store() as store:
        acted = case_desk.snooze(
            store,
            policies,
            find_case(store, number).mention_id,
            later_moment(until, "--until", now, policies.hours.zone),
            actor(name),
            now,
            note=note,
        )
    return tell(acted)


@click.command()
@click.argument("number", metavar="CASE")
@acting
@click.pass_obj
def wake(app: App, number: str, name: str | None, note: str | None) -> int:
    """End a case's wait for the customer now."""
    from earful import case_desk
    from earful.policies import Policies

    with app.open_store() as store:
        acted = case_desk.wake(
            store,
            Policies(app.settings),
            find_case(store, number).mention_id,
            actor(name),
            utc_now(),
            note=note,
        )
    return tell(acted)


@click.command("note")
@click.argument("number", metavar="CASE")
@click.argument("text")
@_AS
@click.pass_obj
def add_note(app: App, number: str, text: str, name: str | None) -> int:
    """Note something on a case: its thread and its history show it."""
    from earful import case_desk
    from earful.policies import Policies

    with app.open_store() as store:
        acted = case_desk.add_note(
            store,
            Policies(app.settings),
            find_case(store, number).mention_id,
            text,
            actor(name),
            utc_now(),
        )
    return tell(acted)


@click.command()
@click.argument("number", metavar="CASE")
@_AS
@click.option("--undo", is_flag=True, help="Hear the author of the case again.")
@click.pass_obj
def mute(app: App, number: str, name: str | None, undo: bool) -> int:
    """Mute the author of a case: nothing they write alerts any more."""
    from earful import case_mutes
    from earful.policies import Policies

    with app.open_store() as store:
        one = find_case(store, number)
        change = case_mutes.unmute if undo else case_mutes.mute
        acted = change(store, Policies(app.settings), one.mention_id, actor(name), utc_now())
        if undo and acted.changed:
            file = store.cases.file(one.mention_id)
            click.echo(f"{file.mention.author_id if file else one.id} is no longer muted")
            return 0
    return tell(acted)


@click.command()
@click.pass_obj
def mutes(app: App) -> int:
    """List the authors who are muted: hear one again with `earful case mute CASE --undo`."""
    from rich.markup import escape

    from earful import console

    with app.open_store() as store:
        rows = []
        for one in store.cases.mutes():
            cases = store.cases.of_author(one.author_id, one.brand)
            rows.append(
                (
                    escape(console.one_line(one.author or one.author_id, 24)),
                    escape(console.one_line(one.brand, 16)),
                    escape(console.one_line(one.by, 10)),
                    f"{one.at:%Y-%m-%d}",
                    ", ".join(str(case.id) for case in cases[-4:]),
                )
            )
    if not rows:
        console.err.print("nobody is muted")
        return 0
    console.out.print(
        console.table(("author", "brand", "by", "since", "cases"), rows, right="lllll")
    )
    return 0
