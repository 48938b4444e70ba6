"""Cases from the terminal: all that Slack's buttons do, without Slack."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from config.errors import InputError
from earful.app import App, utc_now

if TYPE_CHECKING:
    from earful.case_handling import Acted
    from storage.models import Case, CaseFile
    from storage.store import Store

_EXPERIENCES = ("angry", "mediocre", "delighted", "none")


@click.group()
def case() -> None:
    """See complaints that wait, claim them, say they are answered.

    CASE is a case's number or the id of its mention. What is done here is shown in Slack too.
    """


def acting(command: Callable[..., Any]) -> Any:
    """Add who acts and why."""
    command = click.option(
        "--as", "name", metavar="NAME", help="Who acts.  [default: the user's name]"
    )(command)
    return click.option("--note", help="A word on it, kept in the case's history.")(command)


@case.command("list")
@click.option("--all", "every", is_flag=True, help="Also what is answered, closed, dismissed.")
@click.option("--brand", help="Only this brand.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def list_cases(app: App, every: bool, brand: str | None, limit: int, as_json: bool) -> int:
    """List the cases that wait, the one due first at the top."""
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
        waits = one.state in (CaseState.OPEN, CaseState.CLAIMED)
        late = "overdue" if waits and one.due_at < now else ""
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
        console.err.print("no case waits")
        return 0
    console.out.print(
        console.table(("case", "state", "due (UTC)", "by", "says"), rows, right="rllll")
    )
    return 0


@case.command()
@click.argument("number", metavar="CASE")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def show(app: App, number: str, as_json: bool) -> int:
    """Show a case and its history."""
    from alerts.messages import plain
    from alerts.messages.case_cards import case_card
    from earful.policies import source_places

    with app.open_store() as store:
        one = _find(store, number)
        file = store.cases.file(one.mention_id)
    if as_json:
        click.echo(json.dumps(_as_json(one, file), ensure_ascii=False, indent=2))
        return 0
    if file is None:
        click.echo(f"case {one.id}: {one.state}, its mention waits for its verdict")
        return 0
    click.echo(plain(case_card(file, source_places())))
    click.echo()
    for event in file.events:
        note = f": {event.note}" if event.note else ""
        click.echo(f"{event.at:%Y-%m-%d %H:%M}  {event.event} by {event.actor}{note}")
    return 0


@case.command()
@click.argument("number", metavar="CASE")
@acting
@click.pass_obj
def claim(app: App, number: str, name: str | None, note: str | None) -> int:
    """Take a case: you see to it."""
    return _act(app, number, "claim", name, note)


@case.command()
@click.argument("number", metavar="CASE")
@acting
@click.pass_obj
def release(app: App, number: str, name: str | None, note: str | None) -> int:
    """Give a claimed case back."""
    return _act(app, number, "release", name, note)


@case.command()
@click.argument("number", metavar="CASE")
@acting
@click.pass_obj
def respond(app: App, number: str, name: str | None, note: str | None) -> int:
    """Say that the customer has an answer."""
    return _act(app, number, "respond", name, note)


@case.command()
@click.argument("number", metavar="CASE")
@acting
@click.pass_obj
def close(app: App, number: str, name: str | None, note: str | None) -> int:
    """Close a case: nothing more is to be done."""
    return _act(app, number, "close", name, note)


@case.command()
@click.argument("number", metavar="CASE")
@acting
@click.pass_obj
def reopen(app: App, number: str, name: str | None, note: str | None) -> int:
    """Open a case again, with a new due time."""
    return _act(app, number, "reopen", name, note)


@case.command()
@click.argument("number", metavar="CASE")
@acting
@click.pass_obj
def dismiss(app: App, number: str, name: str | None, note: str | None) -> int:
    """Say that it is no case; its like opens none for a while."""
    return _act(app, number, "dismiss", name, note)


@case.command()
@click.argument("mention", metavar="CASE")
@click.argument("experience", type=click.Choice(_EXPERIENCES))
@click.option("--as", "name", metavar="NAME", help="Who says so.  [default: the user's name]")
@click.pass_obj
def relabel(app: App, mention: str, experience: str, name: str | None) -> int:
    """Correct a label: what is not angry is no case, what is angry becomes one.

    CASE may also be the id of a mention that has no case yet.
    """
    from earful import case_handling
    from storage.models import Experience

    with app.open_store() as store:
        mention_id = _find(store, mention).mention_id if mention.isdigit() else mention
        acted = case_handling.relabel(
            store, app.settings, mention_id, Experience(experience), _actor(name), utc_now()
        )
    return _tell(acted, f"{mention_id} is {experience}")


@case.command()
@click.argument("number", metavar="CASE")
@click.option("--as", "name", metavar="NAME", help="Who says so.  [default: the user's name]")
@click.option("--undo", is_flag=True, help="Hear the author again.")
@click.pass_obj
def mute(app: App, number: str, name: str | None, undo: bool) -> int:
    """Let nothing of a case's author alert any more."""
    from earful import case_handling

    with app.open_store() as store:
        one = _find(store, number)
        if undo:
            file = store.cases.file(one.mention_id)
            author = file.mention.author_id if file else None
            if author is None or not store.cases.unmute(author, one.brand):
                raise InputError(f"case {one.id}: its author is not muted")
            click.echo(f"{author} is heard again")
            return 0
        acted = case_handling.mute(store, app.settings, one.mention_id, _actor(name), utc_now())
    return _tell(acted)


def _act(app: App, number: str, what: str, name: str | None, note: str | None) -> int:
    from earful import case_handling

    with app.open_store() as store:
        one = _find(store, number)
        acted = case_handling.act(
            store, app.settings, one.mention_id, what, _actor(name), utc_now(), note=note
        )
    return _tell(acted)


def _tell(acted: Acted, otherwise: str = "") -> int:
    if acted.told:
        raise InputError(acted.told)
    if acted.case is None:
        click.echo(otherwise)
        return 0
    by = f" by {acted.case.claimed_by}" if acted.case.state == "claimed" else ""
    unchanged = "" if acted.changed else " (as it was)"
    click.echo(f"case {acted.case.id}: {acted.case.state}{by}{unchanged}")
    return 0


def _find(store: Store, number: str) -> Case:
    found = store.cases.get(int(number)) if number.isdigit() else None
    found = found or store.cases.of_mention(number)
    if found is None:
        raise InputError(f"case {number}: there is none: see `earful case list --all`")
    return found


def _actor(name: str | None) -> Any:
    from earful.case_handling import Actor

    try:
        return Actor(name or getpass.getuser())
    except (KeyError, OSError):
        raise InputError("--as NAME is needed: the system does not know your name") from None


def _words(file: CaseFile | None) -> str:
    if file is None:
        return "(waits for its verdict)"
    return " ".join(filter(None, (file.mention.title, file.mention.text)))


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
            {"at": moment(event.at), "event": event.event, "by": event.actor, "note": event.note}
            for event in (file.events if file else ())
        ],
    }


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--as", "name", metavar="NAME", help="Who says so.  [default: the user's name]")
@click.pass_obj
def correct(app: App, file: Path, name: str | None) -> int:
    """Correct many labels from a CSV FILE.

    Its columns: `mention_id`; `experience`, `stance` or both; if you like `by` and `note`. A label
    that is left out stays. What is not angry is no case, what is angry becomes one. Rows that do
    not fit are named. Taking a file again changes nothing.
    """
    from rich.markup import escape

    from earful import console
    from earful.correcting import correct_file

    with app.open_store() as store:
        report = correct_file(store, app.settings, file, _actor(name), utc_now())
    console.out.print(
        f"{report.rows:,} rows: {report.corrected:,} corrected · {report.known:,} known · "
        f"{len(report.refused):,} refused"
    )
    for refusal in report.refused:
        console.err.print(f"row {refusal.row}: {escape(refusal.reason)}")
    if report.rows and len(report.refused) == report.rows:
        raise InputError(f"{file}: every row was refused: see the reasons above")
    return 0


COMMANDS: list[click.Command] = [case, correct]
