"""State that once stood in a sentence or in numbers: what a store from before becomes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlite_utils import Database

from storage.migrations import migrations
from storage.models import AlertState, CaseEventKind
from storage.store import Store

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
AT = NOW.isoformat()

# Key, state and error of an alert as they were, and what they become: error, whether Slack may
# have it, whether it is in doubt.
ALERTS = [
    ("parked", "parked", "May be at Slack already: a webhook.", "a webhook.", True, True),
    ("back", "pending", "May be at Slack already: it timed out.", "it timed out.", True, True),
    ("unclear", "sending", "May be at Slack already: 500.", "500.", True, True),
    ("first", "sending", None, None, False, True),
    ("certain", "pending", "Slack is busy.", "Slack is busy.", False, False),
    ("other", "parked", "It may be: May be at Slack already: no.",
     "It may be: May be at Slack already: no.", False, False),
    ("fine", "sent", None, None, False, False),
]  # fmt: skip
# The probability of no experience and whether it was sure, and whether it was unread.
VERDICTS = [(1.0, 0, True), (1.0, 1, False), (0.999, 0, False)]


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """Make a store as it was before state had columns."""
    path = tmp_path / "earful.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrations.apply(Database(connection), stop_before="0012_typed_state")
        for key, state, error, *_ in ALERTS:
            connection.execute(
                "INSERT INTO alerts (dedupe_key, kind, brand, channel, payload, state, "
                "created_at, error) VALUES (?, 'complaint', 'Acme', '#c', '{}', ?, ?, ?)",
                (key, state, AT, error),
            )
        for number, (p_none, sure, _) in enumerate(VERDICTS):
            connection.execute(
                "INSERT INTO mentions (id, brand, source, native_id, text, fetched_at, text_hash, "
                "language) VALUES (?1, 'Acme', 'steam', ?2, 'Verspätet', ?3, 'h', 'de')",
                (f"steam:{number}", str(number), AT),
            )
            connection.execute(
                "INSERT INTO verdicts (mention_id, model, text_hash, experience, stance, p_angry, "
                "p_mediocre, p_delighted, p_none, p_advocate, p_hater, p_neither, sure, scored_at)"
                " VALUES (?, 'm1', 'h', 'none', 'neither', 0, 0, 0, ?, 0, 0, 1, ?, ?)",
                (f"steam:{number}", p_none, sure, AT),
            )
        connection.execute(
            "UPDATE mentions SET verdict_id = (SELECT id FROM verdicts WHERE mention_id = "
            "mentions.id)"
        )
        connection.execute(
            "INSERT INTO cases (id, mention_id, brand, state, opened_at, due_at) "
            "VALUES (1, 'steam:0', 'Acme', 'open', ?1, ?1)",
            (AT,),
        )
        connection.executemany(
            "INSERT INTO case_events (case_id, at, event, actor) VALUES (1, ?, ?, 'dana')",
            [(AT, "opened"), (AT, "claimed"), (AT, "open")],
        )
    return path


def test_what_slack_may_have_is_known_as_before(before: Path) -> None:
    with Store.open(before, migrate=True) as store:
        found = {one.dedupe_key: one for one in store.outbox_word.listed([*AlertState])}
        assert {
            key: (one.error, one.may_be_posted, one.in_doubt) for key, one in found.items()
        } == {key: (error, posted, doubt) for key, _, _, error, posted, doubt in ALERTS}
        # What may be at Slack waits for a person's word, before and after.
        assert store.outbox.unpark_certain() == 1
        assert [one.dedupe_key for one in store.outbox_word.listed([AlertState.PARKED])] == [
            "parked"
        ]


def test_what_no_model_could_read_is_known_as_before(before: Path) -> None:
    with Store.open(before, migrate=True) as store:
        voices = [store.judgements.voice(f"steam:{number}") for number in range(len(VERDICTS))]
        assert [voice is not None and voice.verdict.unread for voice in voices] == [
            unread for _, _, unread in VERDICTS
        ]
        assert store.verdicts.count_unread() == 1
        assert store.verdicts.count_stale(["m1"], languages=["de"]) == 1


def test_a_case_that_opened_again_says_so(before: Path) -> None:
    with Store.open(before, migrate=True) as store:
        file = store.cases.file("steam:0")
        assert file is not None
        assert [one.event for one in file.events] == [
            CaseEventKind.OPENED,
            CaseEventKind.CLAIMED,
            CaseEventKind.REOPENED,
        ]
