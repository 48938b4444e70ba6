"""A case as a row of a list: which, who, what, until when, and what can be done with it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from slack_sdk.models.blocks import Block

from alerts.messages.blocks import actions, button, can_carry, section
from alerts.messages.page_links import message_link
from alerts.messages.places import Places
from alerts.messages.safe_text import colleague, line, link, moment
from alerts.messages.voice_cards import first_words, stars_briefly, who_where
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
    due, name = moment(case.due_at), colleague(case.claimed_by)
    late = case.is_overdue(now)
    if case.is_snoozed and case.snoozed_until is not None:
        until = moment(case.snoozed_until)
        if case.state is CaseState.OPEN:
            return f"It waits for the customer until {until}. Nobody has claimed it."
        return f"It waits for the customer until {until}. {name} has claimed it."
    match case.state:
        case CaseState.OPEN:
            if late:
                return f"*Overdue* since {due}. Nobody has claimed it."
            return f"Answer by {due}. Nobody has claimed it."
        case CaseState.CLAIMED:
            if late:
                return f"*Overdue* since {due}. {name} has claimed it."
            return f"Answer by {due}. {name} has claimed it."
        case CaseState.RESPONDED:
            return "It is answered."
        case CaseState.CLOSED:
            return "It is closed."
        case CaseState.DISMISSED:
            return "It was dismissed."


def _words(one: ListedCase, now: datetime, places: Places, workspace: str) -> Block:
    case, mention = one.case, one.mention
    rows = [
        f"*Case {case.id}* about {line(case.brand, 80)}: {who_where(mention, places)}"
        f"{stars_briefly(mention)}",
        f"> {first_words(mention)}",
        standing(case, now),
    ]
    ways = [
        link(message_link(workspace, one.slack_channel, one.slack_ts), "Its message", _MAX_LINK),
        link(places.links.case(case.id), "In the dashboards", _MAX_LINK),
        link(mention.url, "Where it was written", _MAX_LINK),
    ]
    # What has no address is left out: a bare label leads nowhere.
    rows.append(" · ".join(way for way in ways if way.startswith("<")))
    return section("\n".join(filter(None, rows)), f"case_{case.id}")


def _buttons(one: ListedCase, at: str) -> Block | None:
    case, value = one.case, row_value(one.mention.id, at)
    if not can_carry(value):
        return None
    claim = [button("Claim", "work_claim", value)] if case.state is CaseState.OPEN else []
    return actions([*claim, button("Show", "work_show", value)], f"work_{case.id}")
