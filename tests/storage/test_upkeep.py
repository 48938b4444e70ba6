"""Cases' moves and forgetting, looked at down to the bytes on disk."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.errors import InputError
from storage.models import AlertKind, CaseState, Mention, NewAlert, NewCase
from storage.store import Store
from tests.storage.erasure import ERASURE

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
WORD = "zyxwombat"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / "earful.db", migrate=True)
    store.mentions.save(
        [
            Mention(
                brand="A",
                source="s",
                native_id=str(number),
                text=f"{WORD} says number {number}",
                author=f"u{number % 2}",
                created_at=NOW - timedelta(days=100 * number),
                fetched_at=NOW,
            )
            for number in range(4)
        ]
    )
    yield store
    store.close()


def open_case(store: Store) -> int:
    case = NewCase(mention_id="s:0", brand="A", opened_at=NOW, due_at=NOW + timedelta(hours=4))
    assert store.cases.open_new([case]) == 1
    return store.cases.unanswered()[0].id


def test_a_case_is_claimed_and_answered(store: Store) -> None:
    case_id = open_case(store)
    claimed = store.cases.move(case_id, CaseState.CLAIMED, actor="rita", at=NOW)
    assert (claimed.claimed_by, claimed.claimed_at) == ("rita", NOW)
    assert store.cases.move(case_id, CaseState.CLAIMED, actor="jim", at=NOW) == claimed
    answered = store.cases.move(
        case_id, CaseState.RESPONDED, actor="rita", at=NOW + timedelta(hours=1), note="called"
    )
    assert answered.responded_at == NOW + timedelta(hours=1)
    assert store.cases.unanswered() == []
    events = store.database.connection.execute("SELECT event, actor, note FROM case_events")
    assert [tuple(row) for row in events] == [
        ("opened", "earful", None),
        ("claimed", "rita", None),
        ("responded", "rita", "called"),
    ]


def test_a_move_that_makes_no_sense_is_refused(store: Store) -> None:
    case_id = open_case(store)
    store.cases.move(case_id, CaseState.DISMISSED, actor="rita", at=NOW)
    with pytest.raises(InputError, match=r"is dismissed and cannot become responded: .* open"):
        store.cases.move(case_id, CaseState.RESPONDED, actor="rita", at=NOW)
    with pytest.raises(InputError, match="case 99: there is none"):
        store.cases.move(99, CaseState.CLAIMED, actor="rita", at=NOW)


@pytest.mark.parametrize(("late", "overdue"), [(-1, 0), (0, 0), (1, 1)])
def test_a_case_is_overdue_after_its_due_time(store: Store, late: int, overdue: int) -> None:
    open_case(store)
    at = NOW + timedelta(hours=4, seconds=late)
    assert store.cases.counts(at)["overdue"] == overdue


def test_a_forgotten_author_is_gone_from_the_bytes_too(store: Store, tmp_path: Path) -> None:
    store.outbox.add(
        [
            NewAlert(
                dedupe_key="k",
                kind=AlertKind.COMPLAINT,
                brand="A",
                channel="#c",
                payload={"text": f"{WORD} says number 1"},
                created_at=NOW,
                mention_id="s:1",
            )
        ]
    )
    assert store.upkeep.forget_author("s:u1", ERASURE) == 2
    assert store.upkeep.forget_author("s:u1", ERASURE) == 0
    assert store.outbox.waiting(NOW, 9) == []
    store.database.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    left = b"".join(path.read_bytes() for path in tmp_path.glob("earful.db*"))
    assert re.findall(rb"says number \d", left)
    assert not re.findall(rb"says number [13]", left)


def test_forgetting_by_age_keeps_what_is_younger(store: Store) -> None:
    assert store.upkeep.forget_older(NOW - timedelta(days=150)) == 2
    assert store.mentions.get("s:1") is not None
    assert store.mentions.get("s:2") is None
    assert store.upkeep.forget_older(NOW - timedelta(days=150)) == 0
