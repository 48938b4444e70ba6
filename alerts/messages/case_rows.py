"""A case as a row of a list: which, who, what, until when, and what can be done with it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from slack_sdk.models.blocks import Block

from alerts.messages.blocks import actions, button, can_carry, section
from alerts.messages.catalogue import _
from alerts.messages.page_links import message_link
from alerts.messages.places import Places
from alerts.messages.safe_text import line, link, moment
from alerts.messages.voice_cards import first_words, rated
from storage.models import Case, CaseState, ListedCase

_MAX_LINK = 600


def case_rows(
    listed: Sequence[ListedCase], now: datetime, places: Places, workspace: str, at: str
) -> list[Block | None]:
    """Show cases one below the other; `at` is what their buttons carry of the list they are in."""
    blocks: list[Block | None] = []
    for one in listed:
        blocks += [_words(one, now, places, workspace), _buttons(one, at)]
    return blocks


def row_value(mention_id: str, at: str) -> str:
    """Write what a button of a row carries: which case, and the list in which it stands."""
    return json.dumps({"case": mention_id, "at": at}, ensure_ascii=False)


def standing(case: Case, now: datetime) -> str:
    """Say in one line how a case stands, who has it, and until when it must be answered."""
    due, name = moment(case.due_at), line(case.claimed_by, 60)
    late = case.is_overdue(now)
    if case.is_snoozed and case.snoozed_until is not None:
        until = moment(case.snoozed_until)
        if case.state is CaseState.OPEN:
            return _(
                "It waits for the customer until {until}. Nobody has claimed it.", until=until
            )
        return _(
            "It waits for the customer until {until}. {name} has claimed it.",
            until=until,
            name=name,
        )
    match case.state:
        case CaseState.OPEN:
            if late:
                return _("*Overdue* since {due}. Nobody has claimed it.", due=due)
            return _("Answer by {due}. Nobody has claimed it.", due=due)
        case CaseState.CLAIMED:
            if late:
                return _("*Overdue* since {due}. {name} has claimed it.", due=due, name=name)
            return _("Answer by {due}. {name} has claimed it.", due=due, name=name)
        case CaseState.RESPONDED:
            return _("It is answered.")
        case CaseState.CLOSED:
            return _("It is closed.")
        case CaseState.DISMISSED:
            return _("It was dismissed.")


def _words(one: ListedCase, now: datetime, places: Places, workspace: str) -> Block:
    case, mention = one.case, one.mention
    rows = [
        _(
            "*Case {id}* about {brand}: {who}",
            id=case.id,
            brand=line(case.brand, 80),
            who=rated(mention, places),
        ),
        f"> {first_words(mention)}",
        standing(case, now),
    ]
    ways = [
        link(
            message_link(workspace, one.slack_channel, one.slack_ts), _("Its message"), _MAX_LINK
        ),
        link(places.links.case(case.id), _("In the dashboards"), _MAX_LINK),
        link(mention.url, _("Where it was written"), _MAX_LINK),
    ]
    # What has no address is left out: a bare label leads nowhere.
    rows.append(" · ".join(way for way in ways if way.startswith("<")))
    return section("\n".join(filter(None, rows)), f"case_{case.id}")


def _buttons(one: ListedCase, at: str) -> Block | None:
    case, value = one.case, row_value(one.mention.id, at)
    if not can_carry(value):
        return None
    claim = [button(_("Claim"), "work_claim", value)] if case.state is CaseState.OPEN else []
    return actions([*claim, button(_("Show"), "work_show", value)], f"work_{case.id}")
