"""`earful topics`: what mentions are about, what rises, what moved the rates."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from config.errors import InputError
from earful.app import App, utc_now
from earful.commands.chosen_case import actor
from storage.models import TopicKind, TopicState

if TYPE_CHECKING:
    from storage.models import Mention, Topic
    from storage.store import Store
    from storage.tables.topic_figures import ListedTopic, TopicPeriod

_NAME = 30
_HEADINGS = ("id", "topic", "about it", "share", "wow", "±", "angry", "±")
_QUOTE = 74
_LONGEST_NAME = 60
_BY = "Who says so.  [default: your user name]"


@click.group(invoke_without_command=True)
@click.option("--brand", help="Only this brand.")
@click.option(
    "--days",
    default="28",
    show_default=True,
    type=click.Choice(["7", "28", "90"]),
    help="The period that ends today, and is compared with as many days before.",
)
@click.option("--limit", default=12, show_default=True, type=click.IntRange(1, 1000))
@click.option("--hidden", is_flag=True, help="Also list what somebody hid.")
@click.option("--no-quotes", is_flag=True, help="Leave out the quotes.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.pass_context
def topics(
    context: click.Context,
    brand: str | None,
    days: str,
    limit: int,
    hidden: bool,
    no_quotes: bool,
    as_json: bool,
) -> None:
    """List what mentions are about, the most spoken of first.

    Of each topic: how many mentions are about it and their share of all, its wow and complaint
    rate, and by how many points of a hundred it moved the brand's two rates against the period
    before. What rises is above what chance explains.
    """
    if context.invoked_subcommand is not None:
        return
    app: App = context.obj
    from earful import console

    with app.open_store(readonly=True) as store:
        brands = [app.check_brand(brand)] if brand else store.insight.brands()
        for place, one in enumerate(sorted(brands)):
            listed = store.topic_figures.listed(one, int(days), hidden=hidden)
            if as_json:
                _print_json(store, one, int(days), listed[:limit])
                continue
            if place:
                console.out.print()
            _print(store, one, int(days), listed, limit, quotes=not no_quotes)


@topics.command()
@click.argument("topic_id", metavar="ID", type=int)
@click.argument("name", metavar="NAME")
@click.option("--by", "who", metavar="NAME", help=_BY)
@click.pass_obj
def rename(app: App, topic_id: int, name: str, who: str | None) -> None:
    """Give a topic a name that no refit changes."""
    wanted = " ".join(name.split())
    if not any(character.isalnum() for character in wanted) or len(wanted) > _LONGEST_NAME:
        raise InputError(f"{name!r}: write a name of 1 to {_LONGEST_NAME} characters")
    with app.open_store() as store:
        topic = _find(store, topic_id)
        if topic.kind is TopicKind.OWN:
            raise InputError(
                f"topic {topic_id}: it is {topic.name!r} of the config: rename it there, in "
                "[[brands.topics]]"
            )
        done = store.topics.rename(topic_id, wanted, by=actor(who).name, at=utc_now())
    click.echo(f"topic {topic_id} {'is now' if done else 'was already'} {wanted!r}")


@topics.command()
@click.argument("topic_id", metavar="ID", type=int)
@click.argument("into", metavar="INTO", type=int)
@click.option("--by", "who", metavar="NAME", help=_BY)
@click.pass_obj
def merge(app: App, topic_id: int, into: int, who: str | None) -> None:
    """Let the mentions of topic ID, past and to come, count for topic INTO.

    `earful topics show ID` parts them again.
    """
    with app.open_store() as store:
        topic, other = _find(store, topic_id), _find(store, into)
        if topic.kind is TopicKind.OWN:
            raise InputError(
                f"topic {topic_id}: it is {topic.name!r} of the config: merge the other into it"
            )
        if not store.topics.merge(topic_id, into, by=actor(who).name, at=utc_now()):
            raise InputError(
                f"topic {topic_id}: only two topics of one brand that are listed can be merged: "
                "see `earful topics --hidden`"
            )
    click.echo(f"{topic.name!r} counts for {other.name!r} (topic {into}) from now on")


@topics.command()
@click.argument("topic_ids", metavar="ID...", type=int, nargs=-1, required=True)
@click.option("--by", "who", metavar="NAME", help=_BY)
@click.pass_obj
def hide(app: App, topic_ids: tuple[int, ...], who: str | None) -> None:
    """Show topics nowhere, whatever refits find; their mentions stay counted."""
    with app.open_store() as store:
        for topic_id in topic_ids:
            topic = _find(store, topic_id)
            done = store.topics.hide(topic_id, by=actor(who).name, at=utc_now())
            click.echo(f"{topic.name!r} {'is hidden' if done else 'was not shown already'}")


@topics.command()
@click.argument("topic_ids", metavar="ID...", type=int, nargs=-1, required=True)
@click.option("--by", "who", metavar="NAME", help=_BY)
@click.pass_obj
def show(app: App, topic_ids: tuple[int, ...], who: str | None) -> None:
    """Take back a hide or a merge."""
    with app.open_store() as store:
        for topic_id in topic_ids:
            topic = _find(store, topic_id)
            done = store.topics.show(topic_id, by=actor(who).name, at=utc_now())
            click.echo(f"{topic.name!r} {'is shown again' if done else 'is shown already'}")


def _find(store: Store, topic_id: int) -> Topic:
    topic = store.topics.get(topic_id)
    if topic is None or topic.state is TopicState.RETIRED:
        raise InputError(f"topic {topic_id}: there is no such topic: see `earful topics`")
    return topic


def _print(
    store: Store, brand: str, days: int, listed: Sequence[ListedTopic], limit: int, *, quotes: bool
) -> None:
    from rich.markup import escape

    from earful import console

    waiting = store.topic_sorting.count_waiting(brand)
    shown = [one for one in listed if one.period is not None][:limit]
    if not shown:
        console.err.print(_why_none(store, brand, waiting))
        return
    period = next(one.period for one in shown if one.period is not None)
    console.out.print(
        f"[bold]{escape(brand)}[/], {period.since} to {period.until}: "
        f"{period.of_mentions:,} mentions, {period.before_of_mentions:,} in the {days} days before"
    )
    rows = [_row(one.id, escape(console.one_line(one.name, _NAME)), one.period) for one in shown]
    rest = store.topic_figures.untopical(brand, days)
    if rest is not None:
        rows.append(_row("", "(about none of them)", rest))
    rows.append(_all(store, brand, days, period))
    console.out.print(console.table(_HEADINGS, rows, right="rlrrrrrr"))
    console.out.print("± points of a hundred by which it moved the rate: they sum to the change")
    if len(listed) > len(shown):
        console.err.print(f"{len(listed) - len(shown):,} more topics: see --limit")
    for one in shown:
        if one.period is not None and one.period.rising:
            console.out.print(f"[bold]rising:[/] {escape(_rise(one))}")
    for one in shown if quotes else ():
        mentions = store.mentions.many(one.quotes)
        if mentions:
            console.out.print(f"\n[bold]{escape(one.name)}[/]")
        for mention_id in one.quotes:
            if (mention := mentions.get(mention_id)) is not None:
                console.out.print(f"  “{escape(console.one_line(_said(mention), _QUOTE))}”")
    if waiting:
        console.err.print(f"{waiting:,} mentions wait to be sorted by topic")


def _row(topic_id: object, name: str, period: TopicPeriod | None) -> tuple[object, ...]:
    if period is None:
        return (topic_id, name, "", "", "", "", "", "")
    return (
        topic_id,
        name,
        f"{period.mentions:,}",
        _percent(period.share),
        _percent(period.wow_rate),
        _points(period.wow_impact),
        _percent(period.complaint_rate),
        _points(period.complaint_impact),
    )


def _all(store: Store, brand: str, days: int, period: TopicPeriod) -> tuple[object, ...]:
    """Sum up all the brand's mentions, and how its two rates changed."""
    from datetime import timedelta

    length = timedelta(days=days)
    now = store.topic_figures.total(brand, period.since, period.until)
    before = store.topic_figures.total(brand, period.since - length, period.until - length)
    changes = [
        getattr(now, name) / now.told - getattr(before, name) / before.told
        if now.told and before.told
        else None
        for name in ("delighted", "angry")
    ]
    rates = [
        getattr(now, name) / now.told if now.told else None for name in ("delighted", "angry")
    ]
    return (
        "",
        "all mentions",
        f"{period.of_mentions:,}",
        "",
        _percent(rates[0]),
        _points(changes[0]),
        _percent(rates[1]),
        _points(changes[1]),
    )


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"


def _points(change: float | None) -> str:
    """Show a change of a rate in points of a hundred; what rounds to nothing has no sign."""
    if change is None:
        return ""
    return "0.0" if abs(change) < 0.0005 else f"{100 * change:+.1f}"


def _rise(one: ListedTopic) -> str:
    period = one.period
    if period is None or period.usual is None or period.upper_limit is None:
        return one.name
    return (
        f"{one.name}: {period.mentions:,} mentions; {period.usual:.1f} are usual, "
        f"up to {period.upper_limit:.1f} by chance"
    )


def _why_none(store: Store, brand: str, waiting: int) -> str:
    if waiting:
        return (
            f"{brand}: {waiting:,} mentions wait to be sorted by topic: `earful process` sorts "
            "them now, `earful run` by itself"
        )
    if store.topics.of(brand):
        return f"{brand}: its topics are not counted yet: ask again in a minute"
    return (
        f"{brand}: no topic was found yet: some 60 mentions in a language are needed, then "
        "`earful process` finds them, or `earful run` by itself"
    )


def _print_json(store: Store, brand: str, days: int, listed: Sequence[ListedTopic]) -> None:
    for one in listed:
        mentions = store.mentions.many(one.quotes)
        found = [mentions[mention_id] for mention_id in one.quotes if mention_id in mentions]
        click.echo(
            json.dumps(
                {
                    "id": one.id,
                    "brand": brand,
                    "name": one.name,
                    "kind": one.kind,
                    "state": one.state,
                    "words": json.loads(one.words),
                    "days": days,
                    **_figures(one.period),
                    "quotes": [
                        {"id": mention.id, "says": _said(mention), "url": mention.url}
                        for mention in found
                    ],
                },
                ensure_ascii=False,
            )
        )


def _figures(period: TopicPeriod | None) -> dict[str, Any]:
    from dataclasses import asdict
    from datetime import date

    if period is None:
        return {}
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in asdict(period).items()
        if name != "topic_id"
    }


def _said(mention: Mention) -> str:
    from earful.topic_upkeep.known_topics import text_of

    return text_of(mention.own_title, mention.text)
