"""`earful case list` and `earful case show`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from earful.app import App, utc_now
from earful.commands.chosen_case import find_case

if TYPE_CHECKING:
    from storage.models import Case, CaseFile


@click.command("list")
@click.option(
    "--all", "every", is_flag=True, help="Also list cases that are answered, closed or dismissed."
)
@click.option("--brand", help="Only this brand.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.pass_obj
def list_cases(app: App, every: bool, brand: str | None, limit: int, as_json: bool) -> int:
    """List the cases that wait for an answer, the one due first on top."""
    from rich.markup import escape

    from earful import console
    from storage.models import CaseState

    states = tuple(CaseState) if every else (CaseState.OPEN, CaseState.CLAIMED)
    now = utc_now()
    with app.open_store() as store:
        files = [
            (one, store.cases.file(one.mention_id))
            for one in store.cases.in_states(states, brand, limit)
        ]
    if as_json:
        for one, file in files:
            click.echo(json.dumps(_as_json(one, file), ensure_ascii=False))
        return 0
    rows = []
    for one, file in files:
        late = "waits" if one.is_snoozed else "overdue" if one.is_overdue(now) else ""
        rows.append(
            (
                one.id,
                one.state.value,
                f"{one.due_at:%m-%d %H:%M} {late}".strip(),
                escape(console.one_line(one.claimed_by or "", 10)),
                escape(console.one_line(_words(file), 34)),
            )
        )
    if not rows:
        console.err.print("there are no cases" if every else "no case is waiting")
        return 0
    console.out.print(
        console.table(("case", "state", "due (UTC)", "by", "says"), rows, right="rllll")
    )
    return 0


@click.command()
@click.argument("number", metavar="CASE")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def show(app: App, number: str, as_json: bool) -> int:
    """Show a case and its history."""
    from alerts.messages import plain
    from alerts.messages.case_cards import case_card
    from earful.policies import source_places

    with app.open_store() as store:
        one = find_case(store, number)
        file = store.cases.file(one.mention_id)
    if as_json:
        click.echo(json.dumps(_as_json(one, file), ensure_ascii=False, indent=2))
        return 0
    if file is None:
        click.echo(f"case {one.id}: {one.state}, its mention has no verdict yet")
        return 0
    click.echo(plain(case_card(file, source_places())))
    click.echo()
    for event in file.events:
        to = f" to {event.owner}" if event.owner else ""
        until = f" until {event.until:%Y-%m-%d %H:%M}" if event.until else ""
        note = f": {event.note}" if event.note else ""
        click.echo(f"{event.at:%Y-%m-%d %H:%M}  {event.event}{to}{until} by {event.actor}{note}")
    return 0


def _words(file: CaseFile | None) -> str:
    if file is None:
        return "(no verdict yet)"
    return file.mention.own_words


def _as_json(one: Case, file: CaseFile | None) -> dict[str, Any]:
    def moment(value: Any) -> str | None:
        return value.isoformat() if value else None

    mention = file.mention if file else None
    return {
        "id": one.id,
        "mention_id": one.mention_id,
        "brand": one.brand,
        "state": one.state.value,
        "kind": one.kind.value,
        "opened_at": moment(one.opened_at),
        "due_at": moment(one.due_at),
        "claimed_by": one.claimed_by,
        "assigned_by": one.assigned_by,
        "snoozed_until": moment(one.snoozed_until),
        "snooze_note": one.snooze_note,
        "responded_at": moment(one.responded_at),
        "closed_at": moment(one.closed_at),
        "outcome": one.outcome.value if one.outcome else None,
        "author": mention.author if mention else None,
        "source": mention.source if mention else None,
        "text": mention.text if mention else None,
        "url": mention.url if mention else None,
        "answers": file.answers if file else 0,
        "joined": [joined.id for joined in file.joined] if file else [],
        "history": [
            {
                "at": moment(event.at),
                "event": event.event,
                "by": event.actor,
                "note": event.note,
                "to": event.owner,
                "until": moment(event.until),
            }
            for event in (file.events if file else ())
        ],
    }
