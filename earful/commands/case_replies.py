"""`earful case answer`, `approve`, `send-back` and `respond`: what customers are told."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from config.errors import InputError
from earful.app import App, utc_now
from earful.commands.chosen_case import actor, find_case

if TYPE_CHECKING:
    from earful.replying.reply_acts import ReplyActs
    from storage.models import Case, Reply
    from storage.store import Store

_who = click.option(
    "--as", "name", metavar="NAME", help="Who does this.  [default: your user name]"
)


@click.command()
@click.argument("number", metavar="CASE")
@click.argument("text", required=False)
@click.option("--template", metavar="NAME", help="Begin with the words of a template.")
@_who
@click.pass_obj
def answer(app: App, number: str, text: str | None, template: str | None, name: str | None) -> int:
    """Answer a case with TEXT: it is posted where Earful can, else you post it.

    Where the channel or the brand wants it, somebody else approves it first.
    """
    with app.open_store() as store:
        one = find_case(store, number)
        who = actor(name)
        words = "\n\n".join(filter(None, (_template(app, store, one, template, who.name), text)))
        if not words:
            raise click.UsageError("give TEXT or --template")
        _acts(app, store).answer(one.mention_id, words, who, utc_now())
        _tell(store, one)
    return 0


@click.command()
@click.argument("number", metavar="CASE")
@_who
@click.pass_obj
def approve(app: App, number: str, name: str | None) -> int:
    """Approve the answer of somebody else: it goes out."""
    with app.open_store() as store:
        one = find_case(store, number)
        _acts(app, store).approve(_latest(store, one).id, actor(name), utc_now())
        _tell(store, one)
    return 0


@click.command("send-back")
@click.argument("number", metavar="CASE")
@click.option("--note", help="What should change.")
@_who
@click.pass_obj
def send_back(app: App, number: str, note: str | None, name: str | None) -> int:
    """Give an answer back to who wrote it."""
    with app.open_store() as store:
        one = find_case(store, number)
        reply = _latest(store, one)
        _acts(app, store).send_back(reply.id, actor(name), utc_now(), note=note)
        _tell(store, one)
    return 0


@click.command()
@click.argument("number", metavar="CASE")
@click.option("--text", default="", help="What you answered.")
@click.option("--link", metavar="URL", help="Where your answer stands.")
@click.option("--note", help="A note for the history of the case.")
@_who
@click.pass_obj
def respond(
    app: App, number: str, text: str, link: str | None, note: str | None, name: str | None
) -> int:
    """Record that the customer has an answer, which you gave by hand."""
    from alerts.messages.safe_text import web_address

    if link is not None and web_address(link) is None:
        raise InputError(f"--link: {link!r}: not a web address: give it whole, with its https://")
    with app.open_store() as store:
        one = find_case(store, number)
        acted = _acts(app, store).respond(
            one.mention_id, actor(name), utc_now(), text=text, url=link, note=note
        )
    if acted.refused:
        raise InputError(acted.refused)
    state = acted.case.state if acted.case else "gone"
    click.echo(f"case {one.id}: {state}{'' if acted.changed else ' (unchanged)'}")
    return 0


def _acts(app: App, store: Store) -> ReplyActs:
    from earful.policies import Policies
    from earful.replying.reply_acts import ReplyActs
    from earful.replying.ways import reply_ways

    return ReplyActs(store, Policies(app.settings), reply_ways(app.settings, os.environ))


def _template(app: App, store: Store, case: Case, name: str | None, agent: str) -> str | None:
    from earful.policies import Policies

    if name is None:
        return None
    mention = store.mentions.get(case.mention_id)
    suiting = [one for one in Policies(app.settings).templates if mention and one.suits(mention)]
    for one in suiting:
        if mention is not None and one.name.casefold() == name.casefold():
            return one.fill(mention, agent)
    names = ", ".join(one.name for one in suiting) or "none"
    raise InputError(f"--template: {name!r}: there is none of that name for this case: {names}")


def _latest(store: Store, case: Case) -> Reply:
    replies = store.replies.of_case(case.id)
    if not replies:
        raise InputError(f"case {case.id}: nobody has written an answer")
    return replies[-1]


def _tell(store: Store, case: Case) -> None:
    """Say how far the answer is, and give the words where somebody posts them by hand."""
    from storage.models import ReplyState

    reply = _latest(store, case)
    mention = store.mentions.get(reply.mention_id)
    place = (mention.url if mention else None) or reply.mention_id
    said: dict[Any, str] = {
        ReplyState.WAITING: "the answer waits for somebody else's approval",
        ReplyState.SENDING: "the answer is on its way: `earful run` or `earful process` sends it",
        ReplyState.COPIED: f"post the answer by hand at {place}",
        ReplyState.DRAFT: f"the answer is back with {reply.author}",
    }
    click.echo(f"case {case.id}: {said.get(reply.state, f'the answer is {reply.state}')}")
    if reply.state is ReplyState.COPIED:
        click.echo(f"\n{reply.text}")
