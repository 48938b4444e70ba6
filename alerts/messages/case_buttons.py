"""What can be done to a case where its message stands: its work first, its end in a second row."""

from __future__ import annotations

from slack_sdk.models.blocks import Block, ButtonElement
from slack_sdk.models.blocks.block_elements import InteractiveElement

from alerts.messages.answer_words import answer_button
from alerts.messages.blocks import (
    actions,
    button,
    can_carry,
    confirmation,
    overflow,
    people,
    select,
)
from alerts.messages.issue_form import tracker_name
from alerts.messages.voice_cards import not_about_button
from storage.models import CaseFile, CaseOutcome, CaseState, Experience

NOTE, SNOOZE, WAKE = "note", "snooze", "wake"
"""What the menu of three dots offers, as its choices name it."""
ISSUE = "issue:"
"""So begins a choice that asks for an issue; the tracker's name follows."""

# A menu of three dots holds five choices, and three are taken.
_MOST_TRACKERS = 2

_LABELS = [
    ("It is mediocre", Experience.MEDIOCRE),
    ("It is delighted", Experience.DELIGHTED),
    ("It describes no experience", Experience.NONE),
]


def case_buttons(file: CaseFile) -> list[Block]:
    """Offer what a case's state allows; nothing where a button cannot carry the mention's id."""
    case, value = file.case, file.case.mention_id
    if not can_carry(value):
        return []
    if case.waits:
        return [actions(_work(file), "actions"), actions(_ends(file), "ends")]
    note = button("Add a note", "case_note", value)
    elements: list[ButtonElement] = [*_answer(file)]
    if case.state is CaseState.RESPONDED:
        elements.insert(0, button("Close", "case_close", value, style="primary"))
    if case.outcome is CaseOutcome.NOT_ABOUT_US:
        elements.append(button("About us after all", "case_about", value))
    else:
        elements.append(button("Reopen", "case_reopen", value))
    issues = [
        button(f"Make an issue in {tracker_name(via)}", f"case_issue:{tracker_name(via)}", value)
        for via in file.trackers[:_MOST_TRACKERS]
        if case.state is CaseState.RESPONDED
    ]
    return [actions([*elements, *_hear_again(file), note, *issues], "actions")]


def _work(file: CaseFile) -> list[InteractiveElement]:
    """Offer what brings a case to its answer."""
    case, value = file.case, file.case.mention_id
    first = (
        button("Claim", "case_claim", value, style="primary")
        if case.state is CaseState.OPEN
        else button("Give back", "case_release", value)
    )
    # A list and a menu carry only their own choice: the buttons beside them say of which case.
    return [
        first,
        *_answer(file),
        button("Responded", "case_responded", value),
        people("Assign to", "case_assign"),
        overflow(
            "case_more",
            [
                ("Wait for the customer", SNOOZE),
                *([("Stop waiting now", WAKE)] if case.is_snoozed else []),
                ("Add a note", NOTE),
                *(
                    (f"Make an issue in {tracker_name(via)}", f"{ISSUE}{tracker_name(via)}")
                    for via in file.trackers[:_MOST_TRACKERS]
                ),
            ],
        ),
    ]


def _ends(file: CaseFile) -> list[InteractiveElement]:
    """Offer what ends a case without an answer; Slack asks once more where it is hard to undo."""
    value = file.case.mention_id
    muting = (
        [
            button(
                "Mute author",
                "case_mute",
                value,
                confirm=confirmation(
                    "Mute this author?",
                    "Earful posts nothing more by this author about this brand, and dismisses "
                    "their cases that wait. What they write still counts. You can unmute them.",
                    "Mute the author",
                ),
            )
        ]
        if file.mention.is_by_known_author and not file.muted
        else _hear_again(file)
    )
    return [
        button("Not a case", "case_dismiss", value),
        not_about_button("case_not_about", value),
        select(
            "Wrong label",
            "case_relabel",
            [(name, experience.value) for name, experience in _LABELS],
            confirm=confirmation(
                "Correct the label?",
                "Earful dismisses this case and counts the mention under the label that you "
                "chose. You can reopen the case.",
                "Correct the label",
            ),
        ),
        *muting,
    ]


def _answer(file: CaseFile) -> list[ButtonElement]:
    answer = answer_button(file)
    return [answer] if answer is not None else []


def _hear_again(file: CaseFile) -> list[ButtonElement]:
    if not file.muted:
        return []
    return [button("Unmute author", "case_unmute", file.case.mention_id)]
