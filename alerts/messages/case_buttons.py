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
from alerts.messages.catalogue import _, later
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
    (later("It is mediocre"), Experience.MEDIOCRE),
    (later("It is delighted"), Experience.DELIGHTED),
    (later("It describes no experience"), Experience.NONE),
]


def case_buttons(file: CaseFile) -> list[Block]:
    """Offer what a case's state allows; nothing where a button cannot carry the mention's id."""
    case, value = file.case, file.case.mention_id
    if not can_carry(value):
        return []
    if case.waits:
        return [actions(_work(file), "actions"), actions(_ends(file), "ends")]
    note = button(_("Add a note"), "case_note", value)
    elements: list[ButtonElement] = [*_answer(file)]
    if case.state is CaseState.RESPONDED:
        elements.insert(0, button(_("Close"), "case_close", value, style="primary"))
    if case.outcome is CaseOutcome.NOT_ABOUT_US:
        elements.append(button(_("About us after all"), "case_about", value))
    else:
        elements.append(button(_("Reopen"), "case_reopen", value))
    issues = [
        button(_issue_in(via), f"case_issue:{tracker_name(via)}", value)
        for via in file.trackers[:_MOST_TRACKERS]
        if case.state is CaseState.RESPONDED
    ]
    return [actions([*elements, *_hear_again(file), note, *issues], "actions")]


def _issue_in(via: str) -> str:
    return _("Make an issue in {tracker}", tracker=tracker_name(via))


def _work(file: CaseFile) -> list[InteractiveElement]:
    """Offer what brings a case to its answer."""
    case, value = file.case, file.case.mention_id
    first = (
        button(_("Claim"), "case_claim", value, style="primary")
        if case.state is CaseState.OPEN
        else button(_("Give back"), "case_release", value)
    )
    # A list and a menu carry only their own choice: the buttons beside them say of which case.
    return [
        first,
        *_answer(file),
        button(_("Responded"), "case_responded", value),
        people(_("Assign to"), "case_assign"),
        overflow(
            "case_more",
            [
                (_("Wait for the customer"), SNOOZE),
                *([(_("Stop waiting now"), WAKE)] if case.is_snoozed else []),
                (_("Add a note"), NOTE),
                *(
                    (_issue_in(via), f"{ISSUE}{tracker_name(via)}")
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
                _("Mute author"),
                "case_mute",
                value,
                confirm=confirmation(
                    _("Mute this author?"),
                    _(
                        "Earful posts nothing more by this author about this brand, and dismisses "
                        "their cases that wait. What they write still counts. You can unmute them."
                    ),
                    _("Mute the author"),
                ),
            )
        ]
        if file.mention.is_by_known_author and not file.muted
        else _hear_again(file)
    )
    return [
        button(_("Not a case"), "case_dismiss", value),
        not_about_button("case_not_about", value),
        select(
            _("Wrong label"),
            "case_relabel",
            [(_(name), experience.value) for name, experience in _LABELS],
            confirm=confirmation(
                _("Correct the label?"),
                _(
                    "Earful dismisses this case and counts the mention under the label that you "
                    "chose. You can reopen the case."
                ),
                _("Correct the label"),
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
    return [button(_("Unmute author"), "case_unmute", file.case.mention_id)]
