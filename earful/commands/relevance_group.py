"""`earful relevance`: mentions that may not be about the brand; yes or no teaches."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from config.errors import InputError
from earful.app import App, utc_now
from earful.commands.chosen_case import actor

if TYPE_CHECKING:
    from earful.relevance_questions import Question
    from storage.store import Store

_WORDS = 44
# The model is made anew after so many answers, and asks what it would know now.
_ROUND = 5
# What is not weighed yet is left to the daemon and to `earful process`.
_MOST_NOW = 200


@click.group(invoke_without_command=True)
@click.option("--brand", help="Only this brand.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@click.option("--explain", "mention_id", metavar="ID", help="Say why this mention is doubtful.")
@click.option("--by", "name", metavar="NAME", help="Who answers.  [default: your user name]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.pass_context
def relevance(
    context: click.Context,
    brand: str | None,
    limit: int,
    mention_id: str | None,
    name: str | None,
    as_json: bool,
) -> int | None:
    """List mentions that may not be about the brand.

    The most doubtful come first, with the probability that they are about it. In a terminal
    Earful asks about each; your yes and no teach. With fewer than five of each it does not doubt
    by itself: it shows what the query alone bears out least.

    Nothing is dropped unless the config says `relevance = "drop"` of the brand.
    """
    if context.invoked_subcommand is not None:
        return None
    app: App = context.obj
    from earful import console
    from earful.brand_relevance import BrandRelevance
    from earful.relevance_questions import explain, questions

    with app.open_store() as store:
        relevances = BrandRelevance(app.settings)
        if mention_id is not None:
            explained = explain(store, relevances, mention_id, utc_now())
            click.echo(explained.as_json() if as_json else explained.as_text())
            return 0
        brands = [app.check_brand(brand)] if brand else store.insight.brands()
        if not as_json and console.out.is_terminal and sys.stdin.isatty():
            return _ask(app, store, brands, limit, name)
        for one in brands:
            relevances.learnt(store, one, utc_now())
        listed = [
            question
            for one in brands
            for question in questions(store, relevances, one, limit, utc_now())
        ]
    if as_json:
        for question in listed:
            click.echo(json.dumps(question.as_json(), ensure_ascii=False))
        return 0
    if not listed:
        console.err.print("no mention is doubtful")
        return 0
    _print(listed)
    return 0


@relevance.command()
@click.argument("mention_ids", metavar="ID...", nargs=-1, required=True)
@click.option("--by", "name", metavar="NAME", help="Who says so.  [default: your user name]")
@click.pass_obj
def yes(app: App, mention_ids: tuple[str, ...], name: str | None) -> int:
    """Say that mentions are about their brand; takes back a no."""
    return _say(app, mention_ids, True, name)


@relevance.command()
@click.argument("mention_ids", metavar="ID...", nargs=-1, required=True)
@click.option("--by", "name", metavar="NAME", help="Who says so.  [default: your user name]")
@click.pass_obj
def no(app: App, mention_ids: tuple[str, ...], name: str | None) -> int:
    """Say that mentions are not about their brand: rates and charts leave them out."""
    return _say(app, mention_ids, False, name)


def _say(app: App, mention_ids: tuple[str, ...], about: bool, name: str | None) -> int:
    from earful.brand_relevance import BrandRelevance
    from earful.case_acts import say_about
    from earful.policies import Policies

    policies, by = Policies(app.settings), actor(name)
    with app.open_store() as store:
        for mention_id in mention_ids:
            if store.mentions.get(mention_id) is None:
                raise InputError(f"{mention_id}: there is no such mention: see the view `voice`")
        changed = 0
        with store.write() as unit:
            for mention_id in mention_ids:
                changed += say_about(unit, policies, mention_id, about, by, utc_now()).changed
        BrandRelevance(app.settings).refresh(store, utc_now(), most=_MOST_NOW)
    known = len(mention_ids) - changed
    standing = "about the brand" if about else "not about the brand"
    click.echo(f"{changed} now {standing}" + (f" · {known} already so" if known else ""))
    return 0


def _ask(app: App, store: Store, brands: list[str], limit: int, name: str | None) -> int:
    """Ask about one mention after the other, and learn after each few answers."""
    from rich.markup import escape

    from earful import console
    from earful.brand_relevance import BrandRelevance
    from earful.case_acts import say_about
    from earful.policies import Policies
    from earful.relevance_questions import questions

    relevances, policies, by = BrandRelevance(app.settings), Policies(app.settings), actor(name)
    asked: set[str] = set()
    for brand in brands:
        while len(asked) < limit:
            pending = questions(store, relevances, brand, _ROUND + len(asked), utc_now())
            fresh = [one for one in pending if one.mention.id not in asked][:_ROUND]
            if not fresh:
                break
            for question in fresh[: limit - len(asked)]:
                asked.add(question.mention.id)
                words = console.one_line(question.words, 400)
                console.out.print(f"[bold]{escape(brand)}[/] {question.odds}  {escape(words)}")
                answer = click.prompt(
                    f"About {brand}? (y)es, (n)o, (s)kip, (q)uit",
                    type=click.Choice(["y", "n", "s", "q"]),
                    show_choices=False,
                    default="s",
                )
                if answer == "q":
                    return 0
                if answer != "s":
                    say_about(store, policies, question.mention.id, answer == "y", by, utc_now())
            relevances.refresh(store, utc_now(), most=_MOST_NOW)
    if not asked:
        console.err.print("no mention is doubtful")
    return 0


def _print(listed: list[Question]) -> None:
    from rich.markup import escape

    from earful import console

    rows = [
        (
            question.odds,
            escape(console.one_line(question.mention.brand, 14)),
            escape(console.one_line(question.words, _WORDS)),
            escape(question.mention.id),
        )
        for question in listed
    ]
    console.out.print(console.table(("about", "brand", "says", "mention"), rows, right="rlll"))
    if any(question.by_query_alone for question in listed):
        console.err.print(
            "~ the query's own guess: after five yes and five no your answers decide"
        )
