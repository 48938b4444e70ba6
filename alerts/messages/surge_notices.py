"""Messages about many complaints at once, and about hours that chance does not explain.

Each explains itself: since when, how much above usual, and what most of it shares.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from slack_sdk.models.blocks import Block

from alerts.decide.explanation import Explanation
from alerts.messages.apart_rows import apart
from alerts.messages.blocks import (
    MAX_SECTION,
    actions,
    button,
    can_carry,
    confirmation,
    context,
    header,
    payload,
    section,
)
from alerts.messages.catalogue import _, n_
from alerts.messages.places import Places
from alerts.messages.plainly import plainly
from alerts.messages.quoting import quoting
from alerts.messages.safe_text import duration, line, link, moment, units
from alerts.messages.voice_cards import linked_words, who_where
from storage.models import Incident, IncidentKind, IncidentWork, Mention

_LEAST = timedelta(minutes=1)


@plainly("Many complaints at once")
def incident(
    state: Incident, why: Explanation, work: IncidentWork, places: Places
) -> dict[str, Any]:
    """Show an incident as it is now; the count grows while it goes on."""
    complaints, brand = _complaints(state), line(state.brand, 80)
    plain_words = complaints.replace("*", "")
    if state.closed_at is not None:
        summary = _("{brand}: {complaints}: over.", brand=brand, complaints=plain_words)
        lead = _("*Over*: {complaints}.", complaints=complaints)
    else:
        summary = f"{brand}: {plain_words}."
        lead = _(
            "{complaints}, and counting. Each has its case; none of them makes a message of its "
            "own while this goes on.",
            complaints=complaints,
        )
    title = n_(
        "{brand}: {n} complaints at once",
        "{brand}: {n} complaints at once",
        state.complaints,
        brand=state.brand,
    )
    message = payload(
        summary,
        [
            header(title),
            section(lead, "lead"),
            apart(why, places, state.kind),
            _quotes(why.quotes, places),
            _work(work),
            context(_since(state, places), "small_print"),
            _buttons(state, work),
        ],
    )
    return quoting(message, [(one, _quote(one, places)) for one in why.quotes])


@plainly("Unusual numbers")
def spike(state: Incident, why: Explanation, places: Places, hours: int) -> dict[str, Any]:
    """Show hours with far more mentions or anger than the same hours of weeks before."""
    lead = _spike_lead(state, n_("{n} hour", "{n} hours", hours))
    title = (
        _("Unusual: {brand} is talked about", brand=state.brand)
        if state.kind is IncidentKind.VOLUME
        else _("Unusual: anger at {brand}", brand=state.brand)
    )
    small = [
        *_since(state, places),
        _("Control limits of three sigmas decide, by the same hours of the last weeks"),
    ]
    message = payload(
        f"{line(state.brand, 80)}: {lead}",
        [
            header(title),
            section(f"*{lead}*", "lead"),
            apart(why, places, state.kind),
            _quotes(why.quotes, places),
            context(small, "small_print"),
        ],
    )
    return quoting(message, [(one, _quote(one, places)) for one in why.quotes])


def _spike_lead(state: Incident, time: str) -> str:
    over = state.closed_at is not None
    if state.kind is IncidentKind.VOLUME and over:
        return n_(
            "Over: it was {n} mention in {time}: far more than usual.",
            "Over: it was {n} mentions in {time}: far more than usual.",
            state.complaints,
            time=time,
        )
    if state.kind is IncidentKind.VOLUME:
        return n_(
            "{n} mention in {time}: far more than usual.",
            "{n} mentions in {time}: far more than usual.",
            state.complaints,
            time=time,
        )
    if over:
        return n_(
            "Over: it was {n} angry mention in {time}: a far larger share than usual of what "
            "customers tell.",
            "Over: it was {n} angry mentions in {time}: a far larger share than usual of what "
            "customers tell.",
            state.complaints,
            time=time,
        )
    return n_(
        "{n} angry mention in {time}: a far larger share than usual of what customers tell.",
        "{n} angry mentions in {time}: a far larger share than usual of what customers tell.",
        state.complaints,
        time=time,
    )


@plainly("It is over: the numbers are back to usual", keep=lambda state: {"broadcast": True})
def incident_over(state: Incident) -> dict[str, Any]:
    """Say in the thread of an incident or spike, and in its channel, that it is over."""
    sentence = {
        IncidentKind.COMPLAINTS: _("It is over: complaints are back to their usual number."),
        IncidentKind.VOLUME: _("It is over: mentions are back to their usual number."),
        IncidentKind.ANGER: _("It is over: anger is back to its usual share."),
    }[state.kind]
    return _broadcast(sentence)


@plainly("It is back", keep=lambda state: {"broadcast": True})
def incident_back(state: Incident) -> dict[str, Any]:
    """Say in the thread of an incident or spike, and in its channel, that it came back."""
    since = moment(state.opened_at)
    sentence = {
        IncidentKind.COMPLAINTS: _(
            "*It is back*: more complaints than usual again. The message above, of {since}, "
            "counts on.",
            since=since,
        ),
        IncidentKind.VOLUME: _(
            "*It is back*: more mentions than usual again, as {since}.", since=since
        ),
        IncidentKind.ANGER: _(
            "*It is back*: more anger than usual again, as {since}.", since=since
        ),
    }[state.kind]
    return _broadcast(sentence)


@plainly("News of an incident")
def incident_claimed(actor: str, cases: int) -> dict[str, Any]:
    """Say in an incident's thread who takes its open cases."""
    sentence = n_(
        "{actor} claimed {n} case of this incident.",
        "{actor} claimed {n} cases of this incident.",
        cases,
        actor=line(actor, 60),
    )
    return payload(sentence, [section(sentence, "line")])


@plainly("News of an incident")
def incident_answered(actor: str, cases: int) -> dict[str, Any]:
    """Say in an incident's thread that its customers have been answered."""
    sentence = n_(
        "{actor} has answered {n} case of this incident.",
        "{actor} has answered {n} cases of this incident.",
        cases,
        actor=line(actor, 60),
    )
    return payload(sentence, [section(sentence, "line")])


def _broadcast(sentence: str) -> dict[str, Any]:
    return payload(sentence.replace("*", ""), [section(sentence, "line")]) | {"broadcast": True}


def _complaints(state: Incident) -> str:
    took = duration(max(state.last_at - state.opened_at, _LEAST))
    if state.about:
        return n_(
            "{n} complaint about *{about}* in {time}",
            "{n} complaints about *{about}* in {time}",
            state.complaints,
            about=line(state.about, 60),
            time=took,
        )
    return n_("{n} complaint in {time}", "{n} complaints in {time}", state.complaints, time=took)


def _since(state: Incident, places: Places) -> list[str]:
    small = [_("Since {moment}", moment=moment(state.opened_at))]
    if state.back_at is not None:
        small.append(_("Back since {moment}", moment=moment(state.back_at)))
    if state.closed_at is not None:
        small.append(_("Over since {moment}", moment=moment(state.closed_at)))
    page = (
        places.links.cases(state.brand)
        if state.kind is IncidentKind.COMPLAINTS
        else places.links.home()
    )
    if page is not None:
        small.append(link(page, _("Open the dashboards")))
    return small


def _quotes(mentions: Sequence[Mention], places: Places) -> Block | None:
    rows = [_("*In their words*")]
    room = MAX_SECTION - units(rows[0])
    for one in mentions:
        row = f"• {_quote(one, places)}"
        room -= units(row) + 1
        if room < 0:
            break
        rows.append(row)
    return section("\n".join(rows), "quotes") if mentions else None


def _quote(mention: Mention, places: Places) -> str:
    return f"{linked_words(mention)} {who_where(mention, places)}"


def _work(work: IncidentWork) -> Block | None:
    total = work.waiting + work.answered + work.ended
    if not total:
        return None
    parts = [
        *([n_("{n} open", "{n} open", work.open)] if work.open else []),
        *([n_("{n} claimed", "{n} claimed", work.claimed)] if work.claimed else []),
        *([n_("{n} answered", "{n} answered", work.answered)] if work.answered else []),
        *(
            [n_("{n} closed or dismissed", "{n} closed or dismissed", work.ended)]
            if work.ended
            else []
        ),
    ]
    shown = n_("*{n} case*: {parts}.", "*{n} cases*: {parts}.", total, parts=", ".join(parts))
    by = ", ".join(line(one, 40) for one in work.claimants[:5])
    if work.claimed and by:
        shown = f"{shown} {_('Claimed by {name}.', name=by)}"
    return section(shown, "work")


def _buttons(state: Incident, work: IncidentWork) -> Block | None:
    if not can_carry(state.root_key):
        return None
    elements = [button(_("Show cases"), "incident_show", state.root_key)]
    if work.open:
        elements.append(
            button(
                _("Claim all"),
                "incident_claim",
                state.root_key,
                style="primary",
                confirm=confirmation(
                    _("Claim all?"),
                    n_(
                        "You become the owner of {n} open case of this incident.",
                        "You become the owner of {n} open cases of this incident.",
                        work.open,
                    ),
                    _("Claim all"),
                ),
            )
        )
    if work.waiting:
        elements.append(
            button(
                _("Answered all"),
                "incident_answered",
                state.root_key,
                confirm=confirmation(
                    _("Answered all?"),
                    n_(
                        "{n} case of this incident count as answered, by you.",
                        "{n} cases of this incident count as answered, by you.",
                        work.waiting,
                    ),
                    _("All are answered"),
                ),
            )
        )
    return actions(elements, "actions")
