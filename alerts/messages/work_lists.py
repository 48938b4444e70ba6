"""What `/earful` answers: lists of cases, mentions found, and what can be asked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from slack_sdk.models.blocks import Block

from alerts.decide.on_call import Duty
from alerts.messages.blocks import (
    actions,
    button,
    can_carry,
    context,
    header,
    id_about,
    payload,
    section,
)
from alerts.messages.case_cards import case_card
from alerts.messages.case_rows import case_rows, row_value, standing
from alerts.messages.catalogue import _, later, n_, written
from alerts.messages.page_links import message_link
from alerts.messages.places import Places
from alerts.messages.plainly import plainly
from alerts.messages.safe_text import line, link, moment
from alerts.messages.voice_cards import first_words, stars_briefly, who_where
from storage.models import CaseFile, CaseList, ListedCase, Mention

PAGE = 10
SHOWN = ":shown"
"""Ends the names of the buttons under a case that only one user sees."""

_MAX_LINK = 600
_TITLES = {
    CaseList.OPEN: later("Cases that wait for an answer"),
    CaseList.MINE: later("Your cases"),
    CaseList.TEAM: later("Cases of the team"),
    CaseList.UNCLAIMED: later("Cases that nobody has claimed"),
    CaseList.OVERDUE: later("Overdue cases"),
    CaseList.INCIDENT: later("Cases of this incident"),
}
_EMPTY = {
    CaseList.OPEN: later("No case waits for an answer."),
    CaseList.MINE: later(
        "No case of yours waits for an answer. `/earful unclaimed` shows what you may take."
    ),
    CaseList.TEAM: later("No case of the team waits for an answer."),
    CaseList.UNCLAIMED: later("Somebody has claimed every case that waits for an answer."),
    CaseList.OVERDUE: later("No case is overdue."),
    CaseList.INCIDENT: later("Every case of this incident has its answer, or has ended."),
}
_HELP = (
    later(
        "`/earful open` shows every case that waits for an answer, the one due first at the top."
    ),
    later("`/earful mine` shows the cases that you have claimed."),
    later("`/earful unclaimed` shows the cases that nobody has claimed."),
    later("`/earful overdue` shows the cases whose answer is late."),
    later("`/earful case 12` shows one case, with its buttons."),
    later("`/earful oncall` says who is on call, until when, and who then."),
    later(
        "`/earful search refund` shows mentions with these words; two words in quotes stand "
        "together."
    ),
    later("`/earful help` shows this list."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A list as it was asked for: of which brand, from which place on; or words to look for.

    `incident` is the dedupe key of the message of the one whose cases are listed.
    """

    which: CaseList | None = None
    words: str = ""
    brand: str | None = None
    offset: int = 0
    incident: str | None = None

    def written(self) -> str:
        """Write it for a button to carry."""
        carried = [self.which, self.words, self.brand, self.offset, self.incident]
        return json.dumps(carried, ensure_ascii=False)

    @classmethod
    def read(cls, written: str) -> Asked:
        """Read what a button carried; ValueError for what no button of ours does."""
        which, words, brand, offset, incident = json.loads(written)
        return cls(
            which=CaseList(which) if which else None,
            words=str(words),
            brand=None if brand is None else str(brand),
            offset=int(offset),
            incident=None if incident is None else str(incident),
        )


@plainly("Cases")
def case_list(
    asked: Asked,
    listed: Sequence[ListedCase],
    total: int,
    now: datetime,
    places: Places,
    workspace: str,
) -> dict[str, Any]:
    """Build a page of a list; `total` counts all of its cases."""
    assert asked.which is not None
    title, about = _(_TITLES[asked.which]), line(asked.brand, 80)
    if not total:
        nothing = _(_EMPTY[asked.which])
        if about:
            nothing = f"{nothing} {_('(Only {brand}.)', brand=about)}"
        return payload(nothing.replace("`", ""), [section(nothing, "line")])
    summary = (
        _("{title}: {total}, only {brand}.", title=title, total=written(total), brand=about)
        if about
        else f"{title}: {written(total)}."
    )
    blocks: list[Block | None] = [
        header(title),
        context([_("Only {brand}.", brand=about)], "brand") if about else None,
        *case_rows(listed, now, places, workspace, asked.written()),
        _paging(asked, len(listed), total),
        _dashboards(places.links.cases(asked.brand)),
    ]
    return payload(summary, blocks)


@plainly("Mentions found")
def search_list(
    asked: Asked,
    found: Sequence[tuple[Mention, ListedCase | None]],
    more: bool,
    now: datetime,
    places: Places,
    workspace: str,
) -> dict[str, Any]:
    """Build a page of mentions that hold some words, each with its case where it has one."""
    words = line(asked.words, 80)
    if not found:
        nothing = _("No mention holds “{words}”.", words=words)
        return payload(nothing, [section(nothing, "line")])
    summary = _("Mentions that hold “{words}”, the best match first.", words=words)
    blocks: list[Block | None] = [section(summary, "lead")]
    for place, (mention, one) in enumerate(found):
        blocks += [_found(mention, one, now, places, workspace, place)]
        if one is not None and can_carry(value := row_value(mention.id, asked.written())):
            blocks.append(actions([button(_("Show"), "work_show", value)], f"work_{one.case.id}"))
    last = asked.offset + len(found)
    onward = _page_button(_("Show more"), replace(asked, offset=last)) if more else None
    back = _back(asked)
    steps = [one for one in (back, onward) if one is not None]
    blocks += [actions(steps, "pages") if steps else None]
    blocks.append(_dashboards(places.links.search(asked.words, asked.brand)))
    return payload(summary, blocks)


@plainly("Case")
def shown_case(file: CaseFile, places: Places, workspace: str = "") -> dict[str, Any]:
    """Show a case as it is now to one user alone, with its buttons."""
    card = case_card(file, places)
    blocks = []
    for number, block in enumerate(card["blocks"]):
        if block["type"] == "actions":
            buttons = [
                one | {"action_id": f"{one['action_id']}{SHOWN}"} for one in block["elements"]
            ]
            # Slack sends no message along with a click in one that only one user sees.
            about = id_about(file.case.mention_id, number)
            block = {**block, "elements": buttons, "block_id": about or block["block_id"]}
        blocks.append(block)
    return {**card, "blocks": blocks}


@plainly("Help")
def work_help(unknown: str = "", brands: Sequence[str] = ()) -> dict[str, Any]:
    """Say what can be asked with `/earful`; `unknown` is what was asked and is none of it."""
    if unknown:
        lead = _(
            "`/earful` knows no “{words}”. It answers, to you alone:", words=line(unknown, 60)
        )
    else:
        lead = _("`/earful` answers, to you alone:")
    rows = "\n".join(f"• {_(sentence)}" for sentence in _HELP)
    blocks: list[Block | None] = [section(lead, "lead"), section(rows, "words")]
    if len(brands) > 1:
        names = ", ".join(line(brand, 60) for brand in brands[:20])
        blocks.append(
            section(
                _("A brand's name behind a list keeps to that brand: {names}.", names=names),
                "brands",
            )
        )
    blocks.append(
        context(
            [
                _(
                    "“Make this a case” in a message's menu opens a case for a complaint that "
                    "stands in Slack. The app's Home shows your cases and the team's."
                )
            ],
            "small_print",
        )
    )
    return payload(lead.replace("`", ""), blocks)


@plainly("Brands")
def unknown_brand(name: str, brands: Sequence[str]) -> dict[str, Any]:
    """Say that there is no brand of a name, and which there are."""
    known = ", ".join(line(brand, 60) for brand in brands[:20])
    sentence = _(
        "There is no brand “{name}”. The brands are: {known}.", name=line(name, 60), known=known
    )
    return payload(sentence, [section(sentence, "line")])


def _found(
    mention: Mention,
    one: ListedCase | None,
    now: datetime,
    places: Places,
    workspace: str,
    place: int,
) -> Block:
    who = f"*{who_where(mention, places)}*{stars_briefly(mention)}"
    rows = [
        _("{who}, about {brand}", who=who, brand=line(mention.brand, 80)),
        f"> {first_words(mention)}",
    ]
    ways = [link(mention.url, _("Where it was written"), _MAX_LINK)]
    ways.append(link(places.links.mention(mention.id), _("In the dashboards"), _MAX_LINK))
    if one is not None:
        case = _("Case {id}", id=one.case.id)
        rows.append(f"{case}. {standing(one.case, now)}")
        sent = message_link(workspace, one.slack_channel, one.slack_ts)
        ways.append(link(sent, _("Its message"), _MAX_LINK))
    rows.append(" · ".join(way for way in ways if way.startswith("<")))
    return section("\n".join(filter(None, rows)), f"found_{place}")


def _paging(asked: Asked, shown: int, total: int) -> Block | None:
    """Offer the next page and the one before, and say how much the next ones hold."""
    rest = total - asked.offset - shown
    steps = [
        _back(asked),
        _page_button(
            n_("{n} more case", "{n} more cases", rest),
            replace(asked, offset=asked.offset + shown),
        )
        if rest > 0
        else None,
    ]
    kept = [one for one in steps if one is not None]
    return actions(kept, "pages") if kept else None


def _back(asked: Asked) -> Any:
    if not asked.offset:
        return None
    before = replace(asked, offset=max(0, asked.offset - PAGE))
    return _page_button(_("Back"), before, "work_page:back")


def _page_button(label: str, asked: Asked, action_id: str = "work_page") -> Any:
    value = asked.written()
    return button(label, action_id, value) if can_carry(value) else None


def _dashboards(url: str | None) -> Block | None:
    shown = link(url, _("Open it in the dashboards"), _MAX_LINK)
    return context([shown], "small_print") if shown.startswith("<") else None


@plainly("Who is on call")
def on_call(turns: Sequence[tuple[str | None, Duty | None]]) -> dict[str, Any]:
    """Say who is on call for each channel or brand, for all where that is None; pings nobody."""
    if not turns:
        sentence = _("The config names no rota: write `[[on_call]]` in earful.toml.")
        return payload(sentence.replace("`", ""), [section(sentence, "line")])
    lines = [
        _on_call_for(line(place, 80), duty) if place else _on_call(duty) for place, duty in turns
    ]
    return payload(" ".join(lines).replace("*", ""), [section("\n".join(lines[:20]), "line")])


def _on_call(duty: Duty | None) -> str:
    if duty is None:
        return _("Nobody is on call yet.")
    name = line(duty.person.name, 60)
    if duty.until is None:
        return _("*{name}* is on call.", name=name)
    until = moment(duty.until)
    if duty.then is None:
        return _("*{name}* is on call until {until}, and nobody then.", name=name, until=until)
    then = line(duty.then.name, 60)
    return _("*{name}* is on call until {until}, then {then}.", name=name, until=until, then=then)


def _on_call_for(place: str, duty: Duty | None) -> str:
    if duty is None:
        return _("Nobody is on call for {place} yet.", place=place)
    told = {"name": line(duty.person.name, 60), "place": place}
    if duty.until is None:
        return _("*{name}* is on call for {place}.", **told)
    until = moment(duty.until)
    if duty.then is None:
        return _(
            "*{name}* is on call for {place} until {until}, and nobody then.", until=until, **told
        )
    return _(
        "*{name}* is on call for {place} until {until}, then {then}.",
        until=until,
        then=line(duty.then.name, 60),
        **told,
    )
