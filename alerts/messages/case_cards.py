"""The message of a case, which always shows its present state."""

from __future__ import annotations

from typing import Any

from slack_sdk.models.blocks import Block

from alerts.messages.answer_words import answer_section
from alerts.messages.blocks import MAX_SECTION, payload, section
from alerts.messages.case_buttons import case_buttons
from alerts.messages.catalogue import _, later, n_
from alerts.messages.issue_form import issue_links
from alerts.messages.languages import language_name
from alerts.messages.places import Places
from alerts.messages.plainly import plainly
from alerts.messages.quoting import quoting
from alerts.messages.safe_text import (
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
    rated,
    voice_blocks,
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
    CaseOutcome.WON_BACK: later("won back"),
    CaseOutcome.DONE: later("done"),
    CaseOutcome.NOT_A_CASE: later("not a case"),
    CaseOutcome.WRONG_LABEL: later("the label was wrong"),
    CaseOutcome.MUTED: later("the author is muted"),
    CaseOutcome.NOT_ABOUT_US: later("not about us"),
    CaseOutcome.WITHDRAWN: later("taken back at its source"),
    CaseOutcome.COMPETITOR: later("about a competitor"),
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
    summary = _(
        "An advocate of {brand} turned angry: {who}: {words} The owner has answered already.",
        brand=line(mention.brand, 80),
        who=rated(mention, places),
        words=briefly(mention),
    )
    lead = _(
        "*This person used to speak for you.* The owner has answered already: check that it "
        "helped."
    )
    title = _("{brand} is losing an advocate", brand=mention.brand)
    return payload(summary, voice_blocks(title, voice, places, lead=lead))


@plainly("Case", buttons=case_buttons)
def case_card(file: CaseFile, places: Places) -> dict[str, Any]:
    """Render a case as it is now. Pure: the same case gives the same message."""
    case = file.case
    lost = case.kind is AlertKind.LOST_ADVOCATE
    waits = case.waits
    verdict = file.voice.verdict
    likely = (verdict.experience is Experience.ANGRY and not verdict.sure) or verdict.unread
    title = _title(file, lost=lost, likely=likely)
    lead = None
    if lost and waits:
        lead = _(
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
    summary = _summary(file, places, lost=lost, likely=likely)
    message = payload(summary, [*blocks, *case_buttons(file)])
    return quoting(message, [(one, _joined_words(one, places)) for one in file.joined])


def _title(file: CaseFile, *, lost: bool, likely: bool) -> str:
    brand = file.mention.brand
    if file.case.outcome is CaseOutcome.WON_BACK:
        return _("Won back: a customer of {brand}", brand=brand)
    if lost and file.case.waits:
        return _("Urgent: {brand} is losing an advocate", brand=brand)
    if lost:
        return _("{brand} is losing an advocate", brand=brand)
    if likely:
        return _("Likely complaint about {brand}", brand=brand)
    return _("Complaint about {brand}", brand=brand)


def _summary(file: CaseFile, places: Places, *, lost: bool, likely: bool) -> str:
    """Say in a line who said what, and what is asked of the team or how the case stands."""
    case, mention = file.case, file.mention
    told = {
        "brand": line(mention.brand, 80),
        "who": rated(mention, places),
        "words": briefly(mention),
    }
    if lost and likely:
        said = _("An advocate of {brand} has likely turned angry: {who}: {words}", **told)
    elif lost:
        said = _("An advocate of {brand} turned angry: {who}: {words}", **told)
    elif likely:
        said = _("Likely complaint about {brand} from {who}: {words}", **told)
    else:
        said = _("Complaint about {brand} from {who}: {words}", **told)
    if not case.waits or case.snoozed_until is not None:
        return f"{said} {state_line(file).replace('*', '')}"
    due = in_utc(case.due_at)
    ask = _("Answer this first, by {due}.", due=due) if lost else _("Answer by {due}.", due=due)
    if case.state is not CaseState.CLAIMED:
        return f"{said} {ask}"
    return f"{said} {ask} {_('Claimed by {name}.', name=claimant(case))}"


def _doubt(voice: Voice) -> str:
    if voice.verdict.unread:
        language = language_name(voice.mention.language)
        return _(
            "*No model here reads {language}*: the stars alone say that this is likely a "
            "complaint. Read it before you answer.",
            language=language,
        )
    return _("*Earful is not sure that this is a complaint*: read it before you answer.")


def _number(case: Case, places: Places) -> str:
    """Name a case, and lead to its page where the dashboards can be reached."""
    return link(places.links.case(case.id), _("Case {id}", id=case.id))


def state_line(file: CaseFile) -> str:
    """Say in one line how a case stands, by whom and since when."""
    case = file.case
    if case.is_snoozed:
        return _waiting_line(case)
    match case.state:
        case CaseState.OPEN if any(event.event in _OPENED_AGAIN for event in file.events):
            return _("*Open again*: nobody has claimed it.")
        case CaseState.OPEN:
            return _("*Open*: nobody has claimed it yet.")
        case CaseState.CLAIMED:
            return _claimed_line(case)
        case CaseState.RESPONDED:
            return _answered_line(file)
        case CaseState.CLOSED | CaseState.DISMISSED:
            ended = _ended(file)
            return f"{ended}: {_(_ENDED[case.outcome])}." if case.outcome else f"{ended}."


def claimant(case: Case) -> str:
    """Name whoever has a case; whom Earful knows by the id alone Slack names."""
    unnamed = case.claimed_by is not None and case.claimed_by == case.claimed_by_id
    return (ping(case.claimed_by_id) if unnamed else None) or line(case.claimed_by, 60)


def _claimed_line(case: Case) -> str:
    claimed = _("*Claimed by {name}*", name=claimant(case))
    if case.claimed_at:
        claimed = f"{claimed}, {moment(case.claimed_at)}"
    if case.assigned_by:
        return _(
            "{claimed}: {name} assigned it.", claimed=claimed, name=line(case.assigned_by, 60)
        )
    return f"{claimed}."


def _answered_line(file: CaseFile) -> str:
    case, last = file.case, _last(file)
    name = _actor(last)
    if name:
        answered = _("*Answered by {name}*", name=name)
    elif last is not None and last.event is CaseEventKind.ANSWERED:
        answered = _("*Answered in public*")
    else:
        answered = _("*Answered*")
    if case.responded_at is None:
        return f"{answered}."
    return _(
        "{answered}, {moment}, {time} after the case opened.",
        answered=answered,
        moment=moment(case.responded_at),
        time=duration(case.responded_at - case.opened_at),
    )


def _ended(file: CaseFile) -> str:
    name, is_closed = _actor(_last(file)), file.case.state is CaseState.CLOSED
    if name and is_closed:
        return _("*Closed by {name}*", name=name)
    if name:
        return _("*Dismissed by {name}*", name=name)
    return _("*Closed*") if is_closed else _("*Dismissed*")


def _last(file: CaseFile) -> CaseEvent | None:
    """Give the event that answered a case, or ended it."""
    return next((one for one in reversed(file.events) if one.event in _ENDS), None)


def _actor(event: CaseEvent | None) -> str:
    return "" if event is None or event.actor == "earful" else line(event.actor, 60)


def _waiting_line(case: Case) -> str:
    until = moment(case.snoozed_until) if case.snoozed_until else ""
    if case.state is CaseState.OPEN:
        waits = _(
            "*Waiting for the customer until {until}*: nobody has claimed this case.", until=until
        )
    else:
        waits = _(
            "*Waiting for the customer until {until}*: {name} has this case.",
            until=until,
            name=claimant(case),
        )
    return f"{waits} “{line(case.snooze_note, 300)}”" if case.snooze_note else waits


def _taken_back(file: CaseFile) -> Block | None:
    if not file.withdrawn or file.case.outcome is CaseOutcome.WITHDRAWN:
        return None
    return section(_("*Taken back*: this text is no longer at its source."), "taken_back")


def _advice(file: CaseFile) -> Block | None:
    if not file.case.waits or not file.answers:
        return None
    if file.answers >= MAX_OWNER_REPLIES:
        return section(
            n_(
                "*Leave it*: this person had {n} public answer in this thread already. More "
                "would only feed the quarrel; write in private, or close the case.",
                "*Leave it*: this person had {n} public answers in this thread already. More "
                "would only feed the quarrel; write in private, or close the case.",
                file.answers,
            ),
            "advice",
        )
    return section(_("This thread has one public answer: make the second the last."), "advice")


def _joined(file: CaseFile, places: Places) -> Block | None:
    if not file.joined:
        return None
    title = n_(
        "*{n} further complaint by this author*",
        "*{n} further complaints by this author*",
        len(file.joined),
    )
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
