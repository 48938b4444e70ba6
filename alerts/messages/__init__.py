"""Slack messages as Block Kit payloads (`{"text": ..., "blocks": [...]}`), and their reading.

Pure: the same facts make the same message.
"""

from alerts.messages.advocate_notices import advocates_today
from alerts.messages.case_cards import answered_advocate, case_card
from alerts.messages.case_thread import note, thread_reply
from alerts.messages.competitor_notices import competitor_no_more, competitor_now
from alerts.messages.console_text import plain
from alerts.messages.ladder_lines import due_soon, on_card, overdue, reminder, unclaimed
from alerts.messages.ladder_lists import many_due, many_overdue, many_unclaimed
from alerts.messages.notices import (
    backlog,
    checkpoint,
    checkpoint_lowered,
    leaderboard,
    limited,
    overdue_count,
)
from alerts.messages.own_health_notices import (
    clock_was_set,
    earful_in_trouble,
    earful_is_well,
    earful_was_away,
)
from alerts.messages.places import Places
from alerts.messages.quoting import erased_author, erased_quote, erased_text
from alerts.messages.source_notices import fallen_coverage, ops, unusual_silence
from alerts.messages.surge_notices import (
    incident,
    incident_answered,
    incident_back,
    incident_claimed,
    incident_over,
    spike,
)
from alerts.messages.version_notices import worse_version
from alerts.messages.views import as_modal
from alerts.messages.voice_cards import shared_quote, won_back, wow

__all__ = [
    "Places",
    "advocates_today",
    "answered_advocate",
    "as_modal",
    "backlog",
    "case_card",
    "checkpoint",
    "checkpoint_lowered",
    "clock_was_set",
    "competitor_no_more",
    "competitor_now",
    "complaint",
    "due_soon",
    "earful_in_trouble",
    "earful_is_well",
    "earful_was_away",
    "erased_author",
    "erased_quote",
    "erased_text",
    "fallen_coverage",
    "incident",
    "incident_answered",
    "incident_back",
    "incident_claimed",
    "incident_over",
    "leaderboard",
    "limited",
    "lost_advocate",
    "many_due",
    "many_overdue",
    "many_unclaimed",
    "note",
    "on_card",
    "ops",
    "overdue",
    "overdue_count",
    "plain",
    "reminder",
    "shared_quote",
    "spike",
    "thread_reply",
    "unclaimed",
    "unusual_silence",
    "won_back",
    "worse_version",
    "wow",
]
