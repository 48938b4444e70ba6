"""Windows over a case: for how long it waits for the customer, and a note on it."""

from __future__ import annotations

from alerts.messages.blocks import section
from alerts.messages.case_thread import MAX_NOTE
from alerts.messages.catalogue import _, later
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
    (later("Until tomorrow"), "1d"),
    (later("For three days"), "3d"),
    (later("For a week"), "7d"),
    (later("For two weeks"), "14d"),
]


@plainly_shown("Wait for the customer")
def snooze_modal(file: CaseFile) -> View:
    """Ask for how long a case waits, and for what."""
    case = file.case
    presets = [(_(name), value) for name, value in _PRESETS]
    said = _(
        "Case {id}, {who}: {words}",
        id=case.id,
        who=who(file.mention),
        words=first_words(file.mention),
    )
    if case.snoozed_until is not None:
        rule = _(
            "This case waits until {snoozed_until}. What you choose here takes the place of that.",
            snoozed_until=moment(case.snoozed_until),
        )
    else:
        rule = _(
            "Until then nobody is reminded of this case and it is not overdue. Then it wakes by "
            "itself and pings whoever has it, with the time to answer that is left now. If the "
            "customer writes again, it wakes at once."
        )
    return modal(
        _("Wait for the customer"),
        [
            section(said, "about"),
            section(rule, "rule"),
            select_input(_("For how long"), FOR, presets, initial="3d"),
            moment_input(
                _("Or until this moment"),
                UNTIL,
                hint=_("It goes before the choice above."),
                optional=True,
            ),
            text_input(
                _("What does the customer have to do?"),
                WORDS,
                initial=case.snooze_note or "",
                optional=True,
                longest=MAX_REASON,
            ),
        ],
        callback_id=SNOOZE,
        value=case.mention_id,
        submit=_("Wait"),
    )


@plainly_shown("Add a note")
def note_modal(file: CaseFile) -> View:
    """Ask for a note, which the case's thread and its history show."""
    said = _(
        "Case {id}, {who}: {words}",
        id=file.case.id,
        who=who(file.mention),
        words=first_words(file.mention),
    )
    return modal(
        _("Add a note"),
        [
            section(said, "about"),
            text_input(
                _("Note"),
                WORDS,
                hint=_("Everybody who sees the thread of this case can read it."),
                lines=True,
                longest=MAX_NOTE,
            ),
        ],
        callback_id=NOTE,
        value=file.case.mention_id,
        submit=_("Add the note"),
    )
