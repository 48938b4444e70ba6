"""Messages about many complaints at once, and about hours that chance does not explain.

Each explains itself: since when, how much above usual, and what most of it shares.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from slack_sdk.models.blocks import Block

from alerts.decide.explanation import Explanation, Facet, Trait
from alerts.decide.telling_phrases import Phrase
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
from alerts.messages.languages import country_name, language_name
from alerts.messages.places import Places
from alerts.messages.plainly import plainly
from alerts.messages.quoting import quoting
from alerts.messages.safe_text import count, duration, line, link, moment, percentage, units
from alerts.messages.voice_cards import linked_words, who_where
from storage.models import Incident, IncidentKind, IncidentWork, Mention

_LEAST = timedelta(minutes=1)
# Below twice the usual number a factor says less than the two numbers.
_MANY_TIMES = 2.0


@plainly("Many complaints at once")
def incident(
    state: Incident, why: Explanation, work: IncidentWork, places: Places
) -> dict[str, Any]:
    """Show an incident as it is now; the count grows while it goes on."""
    complaints = _complaints(state)
    brand = line(state.brand, 80)
    over = state.closed_at is not None
    lead = (
        f"*Over*: {complaints}."
        if over
        else f"{complaints}, and counting. Each has its case; none of them makes a message of its "
        "own while this goes on."
    )
    small = _since(state, places)
    message = payload(
        f"{brand}: {complaints.replace('*', '')}{': over' if over else ''}.",
        [
            header(f"{state.brand}: {state.complaints:,} complaints at once"),
            section(lead, "lead"),
            _apart(why, places, "complaints"),
            _quotes(why.quotes, places),
            _work(work),
            context(small, "small_print"),
            _buttons(state, work),
        ],
    )
    return quoting(message, [(one, _quote(one, places)) for one in why.quotes])


@plainly("Unusual numbers")
def spike(state: Incident, why: Explanation, places: Places, hours: int) -> dict[str, Any]:
    """Show hours with far more mentions or anger than the same hours of weeks before."""
    span = count(hours, "hour")
    if state.kind is IncidentKind.VOLUME:
        lead = f"{count(state.complaints, 'mention')} in {span}: far more than usual."
        title, what = f"Unusual: {state.brand} is talked about", "mentions"
    else:
        lead = (
            f"{count(state.complaints, 'angry mention')} in {span}: a far larger share than usual "
            "of what customers tell."
        )
        title, what = f"Unusual: anger at {state.brand}", "angry mentions"
    if state.closed_at is not None:
        lead = f"Over: it was {lead[0].lower()}{lead[1:]}"
    small = [
        *_since(state, places),
        "Control limits of three sigmas decide, by the same hours of the last weeks",
    ]
    message = payload(
        f"{line(state.brand, 80)}: {lead}",
        [
            header(title),
            section(f"*{lead}*", "lead"),
            _apart(why, places, what),
            _quotes(why.quotes, places),
            context(small, "small_print"),
        ],
    )
    return quoting(message, [(one, _quote(one, places)) for one in why.quotes])


@plainly("It is over: the numbers are back to usual", keep=lambda state: {"broadcast": True})
def incident_over(state: Incident) -> dict[str, Any]:
    """Say in the thread of an incident or spike, and in its channel, that it is over."""
    sentence = {
        IncidentKind.COMPLAINTS: "It is over: complaints are back to their usual number.",
        IncidentKind.VOLUME: "It is over: mentions are back to their usual number.",
        IncidentKind.ANGER: "It is over: anger is back to its usual share.",
    }[state.kind]
    return _broadcast(sentence)


@plainly("It is back", keep=lambda state: {"broadcast": True})
def incident_back(state: Incident) -> dict[str, Any]:
    """Say in the thread of an incident or spike, and in its channel, that it came back."""
    since = moment(state.opened_at)
    sentence = {
        IncidentKind.COMPLAINTS: f"*It is back*: more complaints than usual again. The message "
        f"above, of {since}, counts on.",
        IncidentKind.VOLUME: f"*It is back*: more mentions than usual again, as {since}.",
        IncidentKind.ANGER: f"*It is back*: more anger than usual again, as {since}.",
    }[state.kind]
    return _broadcast(sentence)


@plainly("News of an incident")
def incident_claimed(actor: str, cases: int) -> dict[str, Any]:
    """Say in an incident's thread who takes its open cases."""
    sentence = f"{line(actor, 60)} claimed {count(cases, 'case')} of this incident."
    return payload(sentence, [section(sentence, "line")])


@plainly("News of an incident")
def incident_answered(actor: str, cases: int) -> dict[str, Any]:
    """Say in an incident's thread that its customers have been answered."""
    sentence = f"{line(actor, 60)} has answered {count(cases, 'case')} of this incident."
    return payload(sentence, [section(sentence, "line")])


def _broadcast(sentence: str) -> dict[str, Any]:
    return payload(sentence.replace("*", ""), [section(sentence, "line")]) | {"broadcast": True}


def _complaints(state: Incident) -> str:
    about = f" about *{line(state.about, 60)}*" if state.about else ""
    took = duration(max(state.last_at - state.opened_at, _LEAST))
    return f"{count(state.complaints, 'complaint')}{about} in {took}"


def _since(state: Incident, places: Places) -> list[str]:
    small = [f"Since {moment(state.opened_at)}"]
    if state.back_at is not None:
        small.append(f"Back since {moment(state.back_at)}")
    if state.closed_at is not None:
        small.append(f"Over since {moment(state.closed_at)}")
    page = (
        places.links.cases(state.brand)
        if state.kind is IncidentKind.COMPLAINTS
        else places.links.home()
    )
    if page is not None:
        small.append(link(page, "Open the dashboards"))
    return small


def _apart(why: Explanation, places: Places, what: str) -> Block | None:
    """Say how much above usual it is, and what sets it apart; the lines that fit."""
    lines = [*_above_usual(why, what), *(_trait(one, places) for one in why.traits)]
    lines += [_phrase(one) for one in why.phrases]
    if why.usual is not None and not why.traits and not why.phrases:
        lines.append("No source, version, country or word sets them apart from what is usual")
    if not lines:
        return None
    rows = ["*What sets it apart*"]
    room = MAX_SECTION - units(rows[0])
    for one in lines:
        room -= units(one) + 3
        if room < 0:
            break
        rows.append(f"• {one}")
    return section("\n".join(rows), "apart")


def _above_usual(why: Explanation, what: str) -> list[str]:
    if why.usual is None:
        return []
    usual = f"{why.usual:,.0f}" if why.usual >= 1 else "less than one"
    times = why.times
    if times is not None and times >= _MANY_TIMES and why.usual >= 1:
        return [f"{times:,.0f} times the usual number: {usual} {what} would be usual in this time"]
    return [f"{usual} {what} would be usual in this time"]


def _trait(trait: Trait, places: Places) -> str:
    part = f"*{trait.part:,} of {trait.total:,}*"
    match trait.facet:
        case Facet.SOURCE:
            said = f"{part} were written {places.at(trait.value)}"
        case Facet.VERSION:
            said = f"{part} are about version {line(trait.value, 40)}"
        case Facet.COUNTRY:
            said = f"{part} come from {country_name(trait.value)}"
        case Facet.LANGUAGE:
            said = f"{part} are in {language_name(trait.value)}"
    usual = f", usually {percentage(trait.usual)}" if trait.usual else ", before: none"
    explains = ""
    if trait.explains is not None:
        explains = f"; they are {percentage(trait.explains)} of the rise"
    return f"{said}{usual if trait.usual is not None else ''}{explains}"


def _phrase(phrase: Phrase) -> str:
    said = f"*{phrase.part:,} of {phrase.total:,}* say “{line(phrase.words, 60)}”"
    if phrase.usual is None:
        return said
    return (
        f"{said}, usually {percentage(phrase.usual)}" if phrase.usual else f"{said}, before: none"
    )


def _quotes(mentions: Sequence[Mention], places: Places) -> Block | None:
    rows = ["*In their words*"]
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
        f"{number:,} {name}"
        for number, name in (
            (work.open, "open"),
            (work.claimed, "claimed"),
            (work.answered, "answered"),
            (work.ended, "closed or dismissed"),
        )
        if number
    ]
    by = ", ".join(line(one, 40) for one in work.claimants[:5])
    claimed = f" Claimed by {by}." if work.claimed and by else ""
    return section(f"*{count(total, 'case')}*: {', '.join(parts)}.{claimed}", "work")


def _buttons(state: Incident, work: IncidentWork) -> Block | None:
    if not can_carry(state.root_key):
        return None
    elements = [button("Show cases", "incident_show", state.root_key)]
    if work.open:
        elements.append(
            button(
                "Claim all",
                "incident_claim",
                state.root_key,
                style="primary",
                confirm=confirmation(
                    "Claim all?",
                    f"You become the owner of {count(work.open, 'open case')} of this incident.",
                    "Claim all",
                ),
            )
        )
    if work.waiting:
        elements.append(
            button(
                "Answered all",
                "incident_answered",
                state.root_key,
                confirm=confirmation(
                    "Answered all?",
                    f"{count(work.waiting, 'case')} of this incident count as answered, by you.",
                    "All are answered",
                ),
            )
        )
    return actions(elements, "actions")
