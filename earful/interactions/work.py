"""`/earful` and the buttons of its lists: the cases that wait, one person's and the team's."""

from __future__ import annotations

import json
from dataclasses import replace

from alerts.messages.catalogue import _
from alerts.messages.work_lists import (
    PAGE,
    Asked,
    case_list,
    on_call,
    search_list,
    shown_case,
    unknown_brand,
    work_help,
)
from alerts.slack.interactions import Answer, Click, Command
from earful import case_acts
from earful.interactions.desk import Desk, OnClick, OnCommand, actor_of, foreign, rest_of
from earful.policies import places_of, rotas_of
from storage.models import CaseList, CaseState, ListedCase, Mention
from storage.reports import Filter


def _list(which: CaseList, desk: Desk, command: Command) -> Answer:
    brand, unknown = _brand(desk, rest_of(command))
    if unknown:
        return Answer(payload=unknown_brand(unknown, _brands(desk)))
    return show_list(desk, Asked(which=which, brand=brand), command)


def _case(desk: Desk, command: Command) -> Answer:
    number = rest_of(command).removeprefix("#").strip()
    if not number.isdecimal() or len(number) > 18:
        return Answer.of(_("Which case? Write its number: /earful case 12"))
    case = desk.store.cases.get(int(number))
    if case is None:
        return Answer.of(_("There is no case {number}.", number=int(number)))
    return show_case(desk, case.mention_id)


def _search(desk: Desk, command: Command) -> Answer:
    words = rest_of(command)
    if not words:
        return Answer.of(_("What shall be looked for? Write the words: /earful search refund"))
    return show_list(desk, Asked(words=words), command)


def _on_call(desk: Desk, command: Command) -> Answer:
    turns = [(one.channel or one.brand, one.at(desk.now())) for one in rotas_of(desk.settings)]
    return Answer(payload=on_call(turns))


def help_with(desk: Desk, command: Command) -> Answer:
    """Say what can be asked; a word that is none of it is named."""
    word = command.text.partition(" ")[0]
    unknown = "" if word.casefold() in ("", "help") else word
    return Answer(payload=work_help(unknown, _brands(desk)))


def show_list(
    desk: Desk, asked: Asked, event: Command | Click, *, instead: bool = False
) -> Answer:
    """Build a page of a list as it is now; `instead` of the one in which was clicked."""
    which = asked.which
    if which is None:
        return Answer(payload=_found(desk, asked, event.workspace), replace=instead)
    if asked.incident is not None:
        return _of_incident(desk, asked, asked.incident, event, instead=instead)
    lists, now = desk.store.waiting_cases, desk.now()
    total = lists.count(which, event.user_id, now, brand=asked.brand)
    if asked.offset >= total:
        # The page is empty since somebody worked on its cases: show the last one that is not.
        asked = replace(asked, offset=max(0, (total - 1) // PAGE * PAGE))
    listed = lists.page(
        which, event.user_id, now, brand=asked.brand, limit=PAGE, offset=asked.offset
    )
    places = places_of(desk.settings)
    payload = case_list(asked, listed, total, now, places, event.workspace)
    return Answer(payload=payload, replace=instead)


def _of_incident(
    desk: Desk, asked: Asked, root_key: str, event: Command | Click, *, instead: bool
) -> Answer:
    """List the cases of an incident that wait for an answer."""
    state = desk.store.incidents.named(root_key)
    if state is None:
        return Answer.of(_("This incident is not kept any more."))
    cases = desk.store.incidents.cases_of(state, [CaseState.OPEN, CaseState.CLAIMED])
    if asked.offset >= len(cases):
        asked = replace(asked, offset=max(0, (len(cases) - 1) // PAGE * PAGE))
    listed = desk.store.waiting_cases.of_cases(cases[asked.offset : asked.offset + PAGE])
    places = places_of(desk.settings)
    payload = case_list(asked, listed, len(cases), desk.now(), places, event.workspace)
    return Answer(payload=payload, replace=instead)


def show_case(desk: Desk, mention_id: str, *, instead: bool = False) -> Answer:
    """Show the case of a mention as it is now."""
    file = desk.store.cases.file(mention_id)
    if file is None:
        return Answer.of(_("{id}: there is no such case any more", id=mention_id))
    return Answer(payload=shown_case(file, places_of(desk.settings)), replace=instead)


def _found(desk: Desk, asked: Asked, workspace: str) -> dict[str, object]:
    limit = asked.offset + PAGE + 1
    rows = desk.store.insight.search(asked.words, Filter(brand=asked.brand), limit)
    ids = [str(row["id"]) for row in rows[asked.offset : asked.offset + PAGE]]
    mentions, cases = desk.store.mentions.many(ids), desk.store.cases.of_mentions(ids)
    listed = {one.case.id: one for one in desk.store.waiting_cases.of_cases({*cases.values()})}
    found: list[tuple[Mention, ListedCase | None]] = [
        (mentions[one], listed.get(cases[one].id) if one in cases else None)
        for one in ids
        if one in mentions
    ]
    more = len(rows) == limit
    return search_list(asked, found, more, desk.now(), places_of(desk.settings), workspace)


def _page(desk: Desk, click: Click) -> Answer:
    try:
        asked = Asked.read(click.value)
    except (ValueError, TypeError):
        return foreign()
    return show_list(desk, asked, click, instead=True)


def _claim(desk: Desk, click: Click) -> Answer | None:
    row = _row(click)
    if row is None:
        return foreign()
    mention_id, asked = row
    acted = case_acts.act(
        desk.store, desk.policies, mention_id, "claim", actor_of(click), desk.now(),
        click=click.key,
    )  # fmt: skip
    if acted.refused:
        return Answer.of(acted.refused)
    # The Home is published anew by itself.
    return show_list(desk, asked, click, instead=True) if asked is not None else None


def _show(desk: Desk, click: Click) -> Answer:
    row = _row(click)
    return show_case(desk, row[0]) if row is not None else foreign()


def _row(click: Click) -> tuple[str, Asked | None] | None:
    """Read what a button of a row carries: its case, and its list; None for one of no row."""
    try:
        carried = json.loads(click.value)
        return str(carried["case"]), Asked.read(carried["at"]) if carried["at"] else None
    except (ValueError, TypeError, KeyError):
        return None


def _brands(desk: Desk) -> list[str]:
    configured = [brand.name for brand in desk.settings.own_brands]
    known = {*configured, *desk.settings.competitors}
    return [*configured, *(one for one in desk.store.insight.brands() if one not in known)]


def _brand(desk: Desk, asked: str) -> tuple[str | None, str]:
    """Find the brand that was named, by its name or how it begins; else give what was asked."""
    name = asked.strip().strip("\"'“”").casefold()
    if not name:
        return None, ""
    known = _brands(desk)
    same = [brand for brand in known if brand.casefold() == name]
    alike = same or [brand for brand in known if brand.casefold().startswith(name)]
    return (alike[0], "") if len(alike) == 1 or same else (None, asked)


def _list_of(which: CaseList) -> OnCommand:
    return lambda desk, command: _list(which, desk, command)


COMMANDS: dict[str, OnCommand] = {
    **{
        str(which): _list_of(which)
        for which in CaseList
        if which not in (CaseList.TEAM, CaseList.INCIDENT)
    },
    "oncall": _on_call,
    "case": _case,
    "search": _search,
    "help": help_with,
}
CLICKS: dict[str, OnClick] = {"work_page": _page, "work_claim": _claim, "work_show": _show}
