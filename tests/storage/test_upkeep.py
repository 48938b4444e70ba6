"""Cases' moves; backup, restore and forgetting, looked at down to the bytes on disk."""

import re
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.errors import InputError, StoreUnreachableError
from storage.models import AlertKind, CaseState, Mention, NewAlert, NewCase
from storage.store import Store
from storage.tables.upkeep import restore, verify
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


def test_a_backup_holds_everything_and_is_verified(store: Store, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    assert store.upkeep.backup(target) == target.stat().st_size
    verify(target)
    with Store.open(target) as copy:
        assert copy.mentions.count() == 4
        hits = copy.database.connection.execute(
            "SELECT count(*) FROM mentions_fts WHERE mentions_fts MATCH ?", (WORD,)
        ).fetchone()[0]
        assert hits == 4
    assert not list(tmp_path.glob(".*partial"))


def test_a_backup_that_cannot_be_written_leaves_the_old_one(store: Store, tmp_path: Path) -> None:
    target = tmp_path / "nowhere" / "copy.db"
    with pytest.raises(StoreUnreachableError, match=rf"^{target}: .* no folder "):
        store.upkeep.backup(target)


def test_restore_puts_the_backup_back_and_keeps_the_old_store(
    store: Store, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    store.upkeep.backup(copy)
    store.upkeep.forget_older(NOW + timedelta(days=1))
    store.close()
    path = tmp_path / "earful.db"
    restore(copy, path)
    with Store.open(path) as restored:
        assert restored.mentions.count() == 4
    with Store.open(tmp_path / "earful.db.before-restore") as old:
        assert old.mentions.count() == 0


@pytest.mark.parametrize("damage", ["cut", "flip", "text", "other", "missing"])
def test_a_bad_backup_is_refused_and_the_store_stays(
    store: Store, tmp_path: Path, damage: str
) -> None:
    copy = tmp_path / "copy.db"
    store.upkeep.backup(copy)
    content = copy.read_bytes()
    if damage == "cut":
        copy.write_bytes(content[: len(content) // 2])
    elif damage == "flip":
        middle = content.index(WORD.encode())
        page = middle - middle % 4096
        copy.write_bytes(content[:page] + b"\xff" * 64 + content[page + 64 :])
    elif damage == "text":
        copy.write_text("not a database, but long enough to be read as one " * 40)
    elif damage == "other":
        copy.unlink()
        connection = sqlite3.connect(copy)
        connection.execute("CREATE TABLE t (x)")
        connection.close()
    else:
        copy.unlink()
    with pytest.raises(InputError) as caught:
        restore(copy, tmp_path / "earful.db")
    assert "\n" not in str(caught.value)
    assert store.mentions.count() == 4


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
