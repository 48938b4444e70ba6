"""`earful advocates`: what they need from us today, and who has gone quiet."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

import click

from earful.app import App, utc_now
from earful.commands.chosen_brand import the_brand

if TYPE_CHECKING:
    from alerts.messages.advocate_notices import AdvocatesToday
    from storage.models import Mention

_WORDS = {
    "complaint": "complains, and has no answer",
    "question": "asks, and has no answer",
    "wish": "wishes",
    "lack": "misses something",
}


@click.command()
@click.option("--brand", help="The brand; needed only if there are several.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.pass_obj
def advocates(app: App, brand: str | None, limit: int, as_json: bool) -> int:
    """List what your advocates need from you today.

    One thing each, of the last 30 days: a complaint without an answer, else a question without
    one, else a wish, else what they missed. Quiet is who is silent for longer than their own
    rhythm explains.
    """
    from earful import console
    from earful.advocates_now import advocates_now
    from earful.brand_zones import zone_of

    with app.open_store(readonly=True) as store:
        chosen = the_brand(app, store, brand, own=True)
        listed = advocates_now(store, chosen, utc_now(), zone_of(app.settings, chosen))
        since = store.advocates.standing(
            chosen, [one.mention.author_id or "" for one in listed.needs]
        )
    if as_json:
        for row in _as_json(listed, since):
            click.echo(json.dumps(row, ensure_ascii=False))
        return 0
    if not listed.needs and not listed.quiet:
        console.err.print(f"no advocate of {chosen} needs anything today")
        return 0
    for one in listed.needs[:limit]:
        stands, times = since.get(one.mention.author_id or "", (None, 0))
        advocate = f", advocate since {stands[:10]}" if stands else ""
        _print(
            f"{_name(one.mention)} {_WORDS[one.need]}",
            f"{one.mention.source}, {_day(one.mention)}{advocate} ({times}×)",
            f"“{one.sentence}”",
            one.mention.url,
        )
    if len(listed.needs) > limit:
        console.out.print(f"and {len(listed.needs) - limit:,} more: --limit shows them\n")
    for quiet in listed.quiet[:limit]:
        _print(
            f"{_name(quiet.last)} has gone quiet",
            f"silent for {quiet.silent_days:.0f} days, over {quiet.limit_days:.0f} is no chance: "
            f"spoke every {quiet.usual_days:.0f} days before",
            "",
            quiet.last.url,
        )
    return 0


def _as_json(
    listed: AdvocatesToday, since: dict[str, tuple[str | None, int]]
) -> list[dict[str, Any]]:
    needs = [
        {
            "brand": listed.brand,
            "author": one.mention.author,
            "author_id": one.mention.author_id,
            "need": one.need.value,
            "sentence": one.sentence,
            "said_at": one.mention.created_at.isoformat() if one.mention.created_at else None,
            "advocate_since": since.get(one.mention.author_id or "", (None, 0))[0],
            "source": one.mention.source,
            "mention_id": one.mention.id,
            "url": one.mention.url,
        }
        for one in listed.needs
    ]
    quiet = [
        {
            "brand": listed.brand,
            "author": one.last.author,
            "author_id": one.last.author_id,
            "need": "quiet",
            "advocate_since": one.advocate_since.isoformat() if one.advocate_since else None,
            "days_spoken": one.days_spoken,
            "silent_days": one.silent_days,
            "usual_days": one.usual_days,
            "limit_days": one.limit_days,
            "source": one.last.source,
            "mention_id": one.last.id,
            "url": one.last.url,
        }
        for one in listed.quiet
    ]
    return [*needs, *quiet]


def _print(who: str, small: str, words: str, url: str | None) -> None:
    from rich.markup import escape

    from earful import console

    console.out.print(f"[bold]{escape(console.one_line(who, 78))}[/bold]")
    console.out.print(escape(console.one_line(small, 78)), style="dim")
    for line in textwrap.wrap(" ".join(words.split()), 76):
        console.out.print(f"  {escape(line)}")
    if url:
        console.out.print(f"  {escape(url)}", style="dim")
    console.out.print()


def _name(mention: Mention) -> str:
    return mention.author or "somebody unnamed"


def _day(mention: Mention) -> str:
    return f"{mention.created_at:%Y-%m-%d}" if mention.created_at else "undated"
