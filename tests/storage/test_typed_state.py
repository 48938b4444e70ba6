"""State that once stood in a sentence or in numbers: what a store from before becomes."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlite_utils import Database

from storage.migrations import migrations
from storage.models import AlertState, CaseEventKind, TroubleKind
from storage.store import Store
from tests.storage.ways import WAYS, furnish

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


# Key, state and error of an alert as it was, whether Slack may have it, and its kind of trouble.
CHANNEL_GONE = "#c: the channel is archived; unarchive it or configure another (is_archived)."
TROUBLES = [
    ("archived", "parked", CHANNEL_GONE, 0, TroubleKind.CHANNEL),
    ("doubtful", "parked", CHANNEL_GONE, 1, TroubleKind.CHANNEL),
    ("new code", "parked", "#c: the workspace … (restricted_action_x).", 0, TroubleKind.CHANNEL),
    ("revoked", "pending", "Slack: the token was revoked; … (token_revoked).", 0,
     TroubleKind.ACCOUNT),
    ("refused", "parked", "Slack refused the message (invalid_blocks), and its bare text too: "
     "Earful sets it aside, the others go on.", 0, TroubleKind.MESSAGE),
    ("put back", "pending", "Slack refused the message (invalid_blocks).", 1,
     TroubleKind.MESSAGE),
    ("damaged", "parked", "Its payload in the store is damaged: Earful sets it aside.", 0,
     TroubleKind.MESSAGE),
    ("blind", "parked", "Slack may have this message, but a webhook cannot look: check the "
     "channel by eye (`earful alerts list --channel '#c'` shows which).", 1, TroubleKind.BY_EYE),
    ("broke off", "sending", "slack.com broke off (timeout); it may have posted all the same.", 1,
     TroubleKind.PASSING),
    ("slow", "pending", "Slack asked to wait 30 s before the next message to #c.", 0,
     TroubleKind.PASSING),
    ("untried", "pending", None, 0, None),
    ("fine", "sent", None, 0, None),
    ("note", "dropped", "dana: out of date (is_archived)", 0, None),
]  # fmt: skip


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


def test_what_can_be_done_about_an_alert_is_known_as_before(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        (ours,) = (one.name for one in migrations._migrations if "_alert_trouble" in one.name)
        migrations.apply(Database(connection), stop_before=ours)
        connection.executemany(
            "INSERT INTO alerts (dedupe_key, kind, brand, channel, payload, state, created_at, "
            "error, may_be_posted) VALUES (?, 'complaint', 'Acme', '#c', '{}', ?, ?, ?, ?)",
            [(key, state, AT, error, posted) for key, state, error, posted, _ in TROUBLES],
        )
    with Store.open(path, migrate=True) as store:
        alerts = store.outbox_word.listed([*AlertState])
        assert {one.dedupe_key: (one.error, one.trouble) for one in alerts} == {
            key: (error, kind) for key, _, error, _, kind in TROUBLES
        }
        assert {one.trouble for one in store.outbox.troubles()} == set(TroubleKind)


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a store in which every alert that Slack does not have is in trouble."""
    path = tmp_path_factory.mktemp("troubled") / "earful.db"
    furnish(path)
    with Store.open(path) as store, store.database.transaction() as connection:
        connection.execute(
            "UPDATE alerts SET error = 'Slow down.', trouble = 'passing' "
            "WHERE state IN ('pending', 'sending', 'parked')"
        )
    return path


@pytest.mark.parametrize("name", [name for name in WAYS if WAYS[name].writes])
def test_an_error_and_its_kind_come_and_go_together(
    troubled: Path, tmp_path: Path, name: str
) -> None:
    with Store.open(Path(shutil.copy(troubled, tmp_path / "earful.db"))) as store:
        WAYS[name].go(store)
        apart = store.database.connection.execute(
            "SELECT id, state, error, trouble FROM alerts "
            "WHERE (error IS NOT NULL AND state <> 'dropped') <> (trouble IS NOT NULL)"
        )
        assert [tuple(row) for row in apart] == []
