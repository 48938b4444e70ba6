"""The message of a case, which always shows its present state."""

from __future__ import annotations

from typing import Any

from slack_sdk.models.blocks import Block

from alerts.messages.answer_words import answer_section
from alerts.messages.blocks import MAX_SECTION, payload, section
from alerts.messages.case_buttons import case_buttons
from alerts.messages.issue_form import issue_links
from alerts.messages.languages import language_name
from alerts.messages.places import Places
from alerts.messages.plainly import plainly
from alerts.messages.quoting import quoting
from alerts.messages.safe_text import (
    count,
    duration,
    in_utc,
    line,
    link,
    moment,
    ping,
    units,
)
from alerts.messages.voice_cards import (
    briefly,
    linked_words,
    stars_briefly,
    voice_blocks,
    who_where,
)
from storage.models import (
    AlertKind,
    Case,
    CaseEvent,
    CaseEventKind,
    CaseFile,
    CaseOutcome,
    CaseState,
    Experience,
    Mention,
    Voice,
)

MAX_OWNER_REPLIES = 2
"""So many public replies to one person in one thread; more only feeds the quarrel (Baer)."""

_ENDED = {
    CaseOutcome.WON_BACK: "won back",
    CaseOutcome.DONE: "done",
    CaseOutcome.NOT_A_CASE: "not a case",
    CaseOutcome.WRONG_LABEL: "the label was wrong",
    CaseOutcome.MUTED: "the author is muted",
    CaseOutcome.NOT_ABOUT_US: "not about us",
    CaseOutcome.WITHDRAWN: "taken back at its source",
}
_ENDS = frozenset(
    {
        CaseEventKind.RESPONDED, CaseEventKind.ANSWERED, CaseEventKind.CLOSED,
        CaseEventKind.DISMISSED, CaseEventKind.MUTED, CaseEventKind.RELABELLED,
        CaseEventKind.WON_BACK, CaseEventKind.NOT_ABOUT_US,
    }
)  # fmt: skip
_OPENED_AGAIN = (CaseEventKind.REOPENED, CaseEventKind.ABOUT_US, CaseEventKind.RETURNED)
_MAX_JOINED = 5


@plainly("Urgent: an advocate turned angry")
def answered_advocate(voice: Voice, places: Places) -> dict[str, Any]:
    """Tell of an advocate who turned angry and whom the owner has answered already: no case."""
    mention = voice.mention
    summary = (
        f"An advocate of {line(mention.brand, 80)} turned angry: "
        f"{who_where(mention, places)}{stars_briefly(mention)}: {briefly(mention)} "
        "The owner has answered already."
    )
    lead = (
        "*This person used to speak for you.* The owner has answered already: check that it "
        "helped."
    )
    title = f"{mention.brand} is losing an advocate"
    return payload(summary, voice_blocks(title, voice, places, lead=lead))


@plainly("Case", buttons=case_buttons)
def case_card(file: CaseFile, places: Places) -> dict[str, Any]:
    """Render a case as it is now. Pure: the same case gives the same message."""
    case, mention = file.case, file.mention
    lost = case.kind is AlertKind.LOST_ADVOCATE
    waits = case.waits
    verdict = file.voice.verdict
    likely = (verdict.experience is Experience.ANGRY and not verdict.sure) or verdict.unread
    complaint_word = "Likely complaint" if likely else "Complaint"
    what = (
        f"An advocate of {line(mention.brand, 80)} {'has likely ' if likely else ''}turned angry:"
        if lost
        else f"{complaint_word} about {line(mention.brand, 80)} from"
    )
    ask = f"Answer {'this first, ' if lost else ''}by {in_utc(case.due_at)}."
    if not waits or case.snoozed_until is not None:
        ask = state_line(file).replace("*", "")
    summary = (
        f"{what} {who_where(mention, places)}{stars_briefly(mention)}: {briefly(mention)} {ask}"
    )
    if case.state is CaseState.CLAIMED and case.snoozed_until is None:
        summary += f" Claimed by {claimant(case)}."
    if lost:
        title = f"{'Urgent: ' if waits else ''}{mention.brand} is losing an advocate"
    else:
        title = f"{complaint_word} about {mention.brand}"
    if case.outcome is CaseOutcome.WON_BACK:
        title = f"Won back: a customer of {mention.brand}"
    lead = None
    if lost and waits:
        lead = (
            "*This person used to speak for you.* An answer here is worth more than anywhere "
            "else: answer this one first."
        )
    if likely and waits:
        doubt = _doubt(file.voice)
        lead = f"{lead} {doubt}" if lead else doubt
    blocks = voice_blocks(
        title,
        file.voice,
        places,
        due_at=case.due_at if waits else None,
        lead=lead,
        urgent=lost,
        more=[
            section(state_line(file), "state"),
            answer_section(file, places),
            _taken_back(file),
            _advice(file),
            _joined(file, places),
        ],
        notes=[_number(case, places), *issue_links(file)],
    )
    message = payload(summary, [*blocks, *case_buttons(file)])
    return quoting(message, [(one, _joined_words(one, places)) for one in file.joined])


def _doubt(voice: Voice) -> str:
    if voice.verdict.unread:
        language = language_name(voice.mention.language)
        return (
            f"*No model here reads {language}*: the stars alone say that this is likely a "
            "complaint. Read it before you answer."
        )
    return "*Earful is not sure that this is a complaint*: read it before you answer."


def _number(case: Case, places: Places) -> str:
    """Name a case, and lead to its page where the dashboards can be reached."""
    return link(places.links.case(case.id), f"Case {case.id}")


def state_line(file: CaseFile) -> str:
    """Say in one line how a case stands, by whom and since when."""
    case = file.case
    if case.is_snoozed:
        return _waiting_line(case)
    by = _by(file)
    match case.state:
        case CaseState.OPEN if any(event.event in _OPENED_AGAIN for event in file.events):
            return "*Open again*: nobody has claimed it."
        case CaseState.OPEN:
            return "*Open*: nobody has claimed it yet."
        case CaseState.CLAIMED:
            return _claimed_line(case)
        case CaseState.RESPONDED:
            took = ""
            if case.responded_at is not None:
                after = duration(case.responded_at - case.opened_at)
                took = f", {moment(case.responded_at)}, {after} after the case opened"
            return f"*Answered{by}*{took}."
        case CaseState.CLOSED | CaseState.DISMISSED:
            name = "Closed" if case.state is CaseState.CLOSED else "Dismissed"
            why = f": {_ENDED[case.outcome]}" if case.outcome else ""
            return f"*{name}{by}*{why}."


def claimant(case: Case) -> str:
    """Name whoever has a case; whom Earful knows by the id alone Slack names."""
    unnamed = case.claimed_by is not None and case.claimed_by == case.claimed_by_id
    return (ping(case.claimed_by_id) if unnamed else None) or line(case.claimed_by, 60)


def _claimed_line(case: Case) -> str:
    since = f", {moment(case.claimed_at)}" if case.claimed_at else ""
    if case.assigned_by:
        return f"*Claimed by {claimant(case)}*{since}: {line(case.assigned_by, 60)} assigned it."
    return f"*Claimed by {claimant(case)}*{since}."


def _waiting_line(case: Case) -> str:
    until = moment(case.snoozed_until) if case.snoozed_until else ""
    note = f" “{line(case.snooze_note, 300)}”" if case.snooze_note else ""
    if case.state is CaseState.OPEN:
        return f"*Waiting for the customer until {until}*: nobody has claimed this case.{note}"
    return f"*Waiting for the customer until {until}*: {claimant(case)} has this case.{note}"


def _taken_back(file: CaseFile) -> Block | None:
    if not file.withdrawn or file.case.outcome is CaseOutcome.WITHDRAWN:
        return None
    return section("*Taken back*: this text is no longer at its source.", "taken_back")


def _by(file: CaseFile) -> str:
    last: CaseEvent | None = next((e for e in reversed(file.events) if e.event in _ENDS), None)
    if last is None or last.actor == "earful":
        return " in public" if last is not None and last.event is CaseEventKind.ANSWERED else ""
    return f" by {line(last.actor, 60)}"


def _advice(file: CaseFile) -> Block | None:
    if not file.case.waits or not file.answers:
        return None
    if file.answers >= MAX_OWNER_REPLIES:
        return section(
            f"*Leave it*: this person had {count(file.answers, 'public answer')} in this thread "
            "already. More would only feed the quarrel; write in private, or close the case.",
            "advice",
        )
    return section("This thread has one public answer: make the second the last.",
                   "advice")  # fmt: skip


def _joined(file: CaseFile, places: Places) -> Block | None:
    if not file.joined:
        return None
    title = f"*{count(len(file.joined), 'further complaint')} by this author*"
    room = MAX_SECTION - units(title)
    shown: list[str] = []
    # The newest matter most: what has no room is the oldest.
    for one in reversed(file.joined[-_MAX_JOINED:]):
        row = f"• {_joined_words(one, places)}"
        room -= units(row) + 1
        if room < 0:
            break
        shown.insert(0, row)
    return section("\n".join([title, *shown]), "joined")


def _joined_words(mention: Mention, places: Places) -> str:
    return f"{linked_words(mention)} {places.at(mention.source)}"
