"""The message of a case, which always shows its present state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import InteractiveElement

from alerts.messages.answer_words import answer_button, answer_section
from alerts.messages.blocks import (
    MAX_SECTION,
    actions,
    button,
    can_carry,
    payload,
    section,
    select,
)
from alerts.messages.languages import language_name
from alerts.messages.places import Places
from alerts.messages.plainly import plainly
from alerts.messages.safe_text import count, duration, in_utc, line, moment, units
from alerts.messages.voice_cards import (
    briefly,
    linked_words,
    not_about_button,
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
}
_ENDS = frozenset(
    {
        CaseEventKind.RESPONDED, CaseEventKind.ANSWERED, CaseEventKind.CLOSED,
        CaseEventKind.DISMISSED, CaseEventKind.MUTED, CaseEventKind.RELABELLED,
        CaseEventKind.WON_BACK, CaseEventKind.NOT_ABOUT_US,
    }
)  # fmt: skip
_OPENED_AGAIN = (CaseEventKind.REOPENED, CaseEventKind.ABOUT_US)
_LABELS = [
    ("It is mediocre", Experience.MEDIOCRE),
    ("It is delighted", Experience.DELIGHTED),
    ("It describes no experience", Experience.NONE),
]
_MAX_JOINED = 5


@plainly("Complaint")
def complaint(
    voice: Voice, places: Places, due_at: datetime, owner_replies: int = 0
) -> dict[str, Any]:
    """Build the message of a new case: who, where, stars, words, verdict, due time, link."""
    return case_card(_fresh(voice, due_at, AlertKind.COMPLAINT, owner_replies), places)


@plainly("Urgent: an advocate turned angry")
def lost_advocate(
    voice: Voice, places: Places, due_at: datetime | None, owner_replies: int = 0
) -> dict[str, Any]:
    """Build the most urgent message; `due_at` is None where the owner has answered already."""
    if due_at is not None:
        return case_card(_fresh(voice, due_at, AlertKind.LOST_ADVOCATE, owner_replies), places)
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


@plainly("Case", buttons=lambda file: _buttons(file))
def case_card(file: CaseFile, places: Places) -> dict[str, Any]:
    """Render a case as it is now. Pure: the same case gives the same message."""
    case, mention = file.case, file.mention
    lost = case.kind is AlertKind.LOST_ADVOCATE
    waits = case.state in (CaseState.OPEN, CaseState.CLAIMED)
    verdict = file.voice.verdict
    likely = (verdict.experience is Experience.ANGRY and not verdict.sure) or verdict.unread
    complaint_word = "Likely complaint" if likely else "Complaint"
    what = (
        f"An advocate of {line(mention.brand, 80)} {'has likely ' if likely else ''}turned angry:"
        if lost
        else f"{complaint_word} about {line(mention.brand, 80)} from"
    )
    ask = f"Answer {'this first, ' if lost else ''}by {in_utc(case.due_at)}." if waits else ""
    summary = (
        f"{what} {who_where(mention, places)}{stars_briefly(mention)}: {briefly(mention)} "
        f"{ask or state_line(file).replace('*', '')}"
    )
    if case.state is CaseState.CLAIMED:
        summary += f" Claimed by {line(case.claimed_by, 60)}."
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
            _advice(file),
            _joined(file, places),
        ],
        notes=[f"Case {case.id}"] if case.id else [],
    )
    return payload(summary, [*blocks, _buttons(file)])


def _doubt(voice: Voice) -> str:
    if voice.verdict.unread:
        language = language_name(voice.mention.language)
        return (
            f"*No model here reads {language}*: the stars alone say that this is likely a "
            "complaint. Read it before you answer."
        )
    return "*Earful is not sure that this is a complaint*: read it before you answer."


def state_line(file: CaseFile) -> str:
    """Say in one line how a case stands, by whom and since when."""
    case = file.case
    by = _by(file)
    match case.state:
        case CaseState.OPEN if any(event.event in _OPENED_AGAIN for event in file.events):
            return "*Open again*: nobody has claimed it."
        case CaseState.OPEN:
            return "*Open*: nobody has claimed it yet."
        case CaseState.CLAIMED:
            since = f", {moment(case.claimed_at)}" if case.claimed_at else ""
            return f"*Claimed by {line(case.claimed_by, 60)}*{since}."
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


def _fresh(voice: Voice, due_at: datetime, kind: AlertKind, owner_replies: int) -> CaseFile:
    case = Case(
        id=0,
        mention_id=voice.mention.id,
        brand=voice.mention.brand,
        state=CaseState.OPEN,
        opened_at=due_at,
        due_at=due_at,
        kind=kind,
    )
    return CaseFile(
        case=case,
        mention=voice.mention,
        verdict=voice.verdict,
        history=voice.history,
        answers=owner_replies,
    )


def _by(file: CaseFile) -> str:
    last: CaseEvent | None = next((e for e in reversed(file.events) if e.event in _ENDS), None)
    if last is None or last.actor == "earful":
        return " in public" if last is not None and last.event is CaseEventKind.ANSWERED else ""
    return f" by {line(last.actor, 60)}"


def _advice(file: CaseFile) -> Block | None:
    if file.case.state not in (CaseState.OPEN, CaseState.CLAIMED) or not file.answers:
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
        row = f"• {linked_words(one)} {places.at(one.source)}"
        room -= units(row) + 1
        if room < 0:
            break
        shown.insert(0, row)
    return section("\n".join([title, *shown]), "joined")


def _buttons(file: CaseFile) -> Block | None:
    case, value = file.case, file.case.mention_id
    if not can_carry(value):
        return None
    elements: Sequence[InteractiveElement]
    answer = [one] if (one := answer_button(file)) is not None else []
    if case.state in (CaseState.OPEN, CaseState.CLAIMED):
        first = (
            button("Claim", "case_claim", value, style="primary")
            if case.state is CaseState.OPEN
            else button("Give back", "case_release", value)
        )
        elements = [
            first,
            *answer,
            button("Responded", "case_responded", value),
            button("Not a case", "case_dismiss", value),
            not_about_button("case_not_about", value),
            select(
                "Wrong label",
                "case_relabel",
                [(name, experience.value) for name, experience in _LABELS],
            ),
            *(
                [button("Mute author", "case_mute", value)]
                if file.mention.is_by_known_author and not file.muted
                else []
            ),
        ]
    elif case.state is CaseState.RESPONDED:
        elements = [
            button("Close", "case_close", value, style="primary"),
            *answer,
            button("Reopen", "case_reopen", value),
        ]
    elif case.outcome is CaseOutcome.NOT_ABOUT_US:
        elements = [button("About us after all", "case_about", value)]
    else:
        elements = [button("Reopen", "case_reopen", value)]
    # A choice carries only its own value: the buttons beside it say which case it is about.
    return actions(elements, "actions")
