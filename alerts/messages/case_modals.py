"""Windows over a case: for how long it waits for the customer, and a note on it."""

from __future__ import annotations

from alerts.messages.blocks import section
from alerts.messages.case_thread import MAX_NOTE
from alerts.messages.safe_text import moment
from alerts.messages.views import (
    View,
    modal,
    moment_input,
    plainly_shown,
    select_input,
    text_input,
)
from alerts.messages.voice_cards import first_words, who
from storage.models import CaseFile

SNOOZE, NOTE = "case_snooze", "case_note"
"""How what is sent off names its window."""
FOR, UNTIL, WORDS = "snooze_for", "snooze_until", "note"
"""The fields of the windows."""

MAX_REASON = 300
_PRESETS = [
    ("Until tomorrow", "1d"),
    ("For three days", "3d"),
    ("For a week", "7d"),
    ("For two weeks", "14d"),
]


@plainly_shown("Wait for the customer")
def snooze_modal(file: CaseFile) -> View:
    """Ask for how long a case waits, and for what."""
    case = file.case
    said = f"Case {case.id}, {who(file.mention)}: {first_words(file.mention)}"
    if case.snoozed_until is not None:
        rule = (
            f"This case waits until {moment(case.snoozed_until)}. What you choose here takes the "
            "place of that."
        )
    else:
        rule = (
            "Until then nobody is reminded of this case and it is not overdue. Then it wakes by "
            "itself and pings whoever has it, with the time to answer that is left now. If the "
            "customer writes again, it wakes at once."
        )
    return modal(
        "Wait for the customer",
        [
            section(said, "about"),
            section(rule, "rule"),
            select_input("For how long", FOR, _PRESETS, initial="3d"),
            moment_input(
                "Or until this moment",
                UNTIL,
                hint="It goes before the choice above.",
                optional=True,
            ),
            text_input(
                "What does the customer have to do?",
                WORDS,
                initial=case.snooze_note or "",
                optional=True,
                longest=MAX_REASON,
            ),
        ],
        callback_id=SNOOZE,
        value=case.mention_id,
        submit="Wait",
    )


@plainly_shown("Add a note")
def note_modal(file: CaseFile) -> View:
    """Ask for a note, which the case's thread and its history show."""
    said = f"Case {file.case.id}, {who(file.mention)}: {first_words(file.mention)}"
    return modal(
        "Add a note",
        [
            section(said, "about"),
            text_input(
                "Note",
                WORDS,
                hint="Everybody who sees the thread of this case can read it.",
                lines=True,
                longest=MAX_NOTE,
            ),
        ],
        callback_id=NOTE,
        value=file.case.mention_id,
        submit="Add the note",
    )
