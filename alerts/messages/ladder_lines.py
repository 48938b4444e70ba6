"""Lines about a case whose time runs out or is over: each can be worked from where it is read.

`pings` are ids of Slack from our config or from Slack itself, never from outside.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from alerts.messages.blocks import context, payload, section
from alerts.messages.case_cards import case_card, claimant
from alerts.messages.catalogue import _
from alerts.messages.places import Places
from alerts.messages.plainly import plainly
from alerts.messages.safe_text import duration, line, moment, ping
from alerts.messages.voice_cards import first_words, rated, read_link
from storage.models import CaseFile

_GROUP = re.compile(r"S[A-Z0-9]+")


@plainly("Nobody has claimed a case")
def unclaimed(
    file: CaseFile,
    places: Places,
    now: datetime,
    pings: Sequence[str] = (),
    home: str | None = None,
) -> dict[str, Any]:
    """Warn that nobody has claimed a case; `home` is the channel of its message, if elsewhere."""
    case = file.case
    return _line(
        pinged(pings)
        + _(
            "*Nobody has claimed case {id} yet.* The answer is due {due}, in {left}.",
            id=case.id,
            due=moment(case.due_at),
            left=duration(case.due_at - now),
        ),
        file,
        places,
        home,
    )


@plainly("Reminder: a case is due soon")
def reminder(
    file: CaseFile, places: Places, now: datetime, pings: Sequence[str] = ()
) -> dict[str, Any]:
    """Remind whoever has claimed a case that its time runs out, or that it is over."""
    case = file.case
    whom = pinged(pings).rstrip() or f"{claimant(case)}:"
    if case.due_at < now:
        sentence = _(
            "{whom} this case is yours. The answer was due {due}, {late} ago.",
            whom=whom,
            due=moment(case.due_at),
            late=duration(now - case.due_at),
        )
    else:
        sentence = _(
            "{whom} this case is yours. It is due {due}, in {left}.",
            whom=whom,
            due=moment(case.due_at),
            left=duration(case.due_at - now),
        )
    return _line(sentence, file, places)


@plainly("A claimed case is due soon")
def due_soon(
    file: CaseFile,
    places: Places,
    now: datetime,
    pings: Sequence[str] = (),
    home: str | None = None,
) -> dict[str, Any]:
    """Tell others than the claimer that the time of a case runs out."""
    case = file.case
    return _line(
        pinged(pings)
        + _(
            "*Case {id} is due soon*: the answer is due {due}, in {left}; {name} has claimed the "
            "case.",
            id=case.id,
            due=moment(case.due_at),
            left=duration(case.due_at - now),
            name=claimant(case),
        ),
        file,
        places,
        home,
    )


@plainly("Overdue case")
def overdue(
    file: CaseFile,
    places: Places,
    now: datetime,
    pings: Sequence[str] = (),
    home: str | None = None,
) -> dict[str, Any]:
    """Say that a case was not answered in time, and who has it."""
    case = file.case
    told = {
        "id": case.id,
        "opened": moment(case.opened_at),
        "due": moment(case.due_at),
        "late": duration(now - case.due_at),
    }
    if case.claimed_by:
        sentence = _(
            "*Overdue*: case {id} has had no answer since {opened}. The answer was due {due}, "
            "{late} ago; {name} has claimed the case.",
            name=claimant(case),
            **told,
        )
    else:
        sentence = _(
            "*Overdue*: case {id} has had no answer since {opened}. The answer was due {due}, "
            "{late} ago; nobody has claimed the case.",
            **told,
        )
    return _line(f"{pinged(pings)}{sentence}", file, places, home)


@plainly("Case")
def on_card(said: dict[str, Any], file: CaseFile, places: Places) -> dict[str, Any]:
    """Put what is said of a case above its message: for a case that has none yet."""
    card = case_card(file, places)
    if said.get("plain") or card.get("plain"):
        return card
    return {**card, "text": said["text"], "blocks": [said["blocks"][0], *card["blocks"]]}


def pinged(ids: Sequence[str]) -> str:
    """Ping users and user groups, with a space behind each; what is no id pings nobody."""
    pings = []
    for one in dict.fromkeys(ids):
        if user := ping(one):
            pings.append(f"{user} ")
        elif _GROUP.fullmatch(one):
            pings.append(f"<!subteam^{one}> ")
    return "".join(pings)


def channel_name(channel: str) -> str:
    """Name a channel of the config for people: one that stands there by its id as a link to it."""
    return f"<#{channel}>" if re.fullmatch(r"[CGD][A-Z0-9]{6,}", channel) else line(channel, 80)


def _line(
    sentence: str, file: CaseFile, places: Places, home: str | None = None
) -> dict[str, Any]:
    mention = file.mention
    said = f"{rated(mention, places)}: {first_words(mention)}"
    where = (
        _("Its message is in {channel}", channel=channel_name(home))
        if home
        else _("Case {id}", id=file.case.id)
    )
    return payload(
        f"{sentence.replace('*', '')} {said}",
        [
            section(sentence, "line"),
            section(said, "words"),
            context([read_link(mention, places, False), where], "small_print"),
        ],
    )
