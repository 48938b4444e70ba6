"""Backups: made in use, verified, put back; nothing is lost by it, and nothing is sent twice."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlite_utils

from config.errors import (
    InputError,
    StoreError,
    StoreLockedError,
    StoreUnreachableError,
)
from storage.backups import restore, verify
from storage.migrations import migrations
from storage.models import AlertKind, Mention, NewAlert
from storage.store import Store

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
WORD = "zyxwombat"


def mention(number: int) -> Mention:
    return Mention(
        brand="A",
        source="s",
        native_id=str(number),
        text=f"{WORD} says number {number}",
        author=f"u{number % 2}",
        created_at=NOW - timedelta(days=100 * number),
        fetched_at=NOW,
    )


def alert(key: str) -> NewAlert:
    return NewAlert(
        dedupe_key=key, kind=AlertKind.COMPLAINT, brand="A", channel="#c",
        payload={"text": f"{WORD} {key}"}, created_at=NOW,
    )  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / "earful.db", migrate=True)
    store.mentions.save([mention(number) for number in range(4)])
    yield store
    store.close()


def states(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT dedupe_key, state FROM alerts ORDER BY id"))


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
    restore(copy, path, at=NOW)
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
        restore(copy, tmp_path / "earful.db", at=NOW)
    assert "\n" not in str(caught.value)
    assert store.mentions.count() == 4


def test_a_backup_never_takes_the_place_of_the_store_itself(store: Store, tmp_path: Path) -> None:
    path = store.database.path
    link, hard = tmp_path / "link.db", tmp_path / "hard.db"
    link.symlink_to(path)
    hard.hardlink_to(path)
    for target in (path, link, hard, Path(f"{path}-wal"), Path(f"{path}-shm")):
        with pytest.raises(InputError, match="is the store itself: name another file"):
            store.upkeep.backup(target)
    assert store.mentions.count() == 4


def test_a_backup_replaces_backups_alone(store: Store, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("to be kept")
    with pytest.raises(InputError, match=r"notes.txt: is there already, and is no backup"):
        store.upkeep.backup(notes)
    with pytest.raises(InputError, match="is a folder"):
        store.upkeep.backup(tmp_path)
    assert notes.read_text() == "to be kept"
    copy = tmp_path / "copy.db"
    store.upkeep.backup(copy)
    store.mentions.save([mention(9)])
    store.upkeep.backup(copy)
    with Store.open(copy) as newer:
        assert newer.mentions.count() == 5


def test_only_its_owner_may_read_a_store_and_its_backups(store: Store, tmp_path: Path) -> None:
    store.upkeep.backup(tmp_path / "copy.db")
    log = Path(f"{store.database.path}-wal")
    for path in (tmp_path / "copy.db", store.database.path, log):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_folder_keeps_the_newest_backups_of_a_store(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    others = [folder / name for name in ("other-20260310T120000Z.db", "earful-notes.db", "a.txt")]
    for other in others:
        other.touch()
    names = []
    for hour in range(4):
        path, size, removed = store.upkeep.backup_into(folder, 2, NOW + timedelta(hours=hour))
        assert size == path.stat().st_size
        names.append(path.name)
        assert [one.name for one in removed] == (names[hour - 2 : hour - 1] if hour > 1 else [])
    assert {path.name for path in folder.iterdir()} == {*names[2:], *(one.name for one in others)}


def test_what_lies_in_the_backups_own_log_is_restored_too(store: Store, tmp_path: Path) -> None:
    # A copy made by `cp`, while the store was in use.
    held = store.database.connection.execute("SELECT id FROM mentions")
    next(held)
    store.mentions.save([mention(9)])
    for suffix in ("", "-wal"):
        shutil.copy(f"{store.database.path}{suffix}", tmp_path / f"copy.db{suffix}")
    held.close()
    restore(tmp_path / "copy.db", tmp_path / "new.db", at=NOW)
    with Store.open(tmp_path / "new.db") as restored:
        assert restored.mentions.get("s:9") is not None


def test_a_backup_of_an_older_earful_is_brought_up_to_date(store: Store, tmp_path: Path) -> None:
    old = tmp_path / "old.db"
    database = sqlite_utils.Database(old)
    migrations.apply(database, stop_before="0020_answer_times")
    database.execute(
        "INSERT INTO alerts (dedupe_key, kind, brand, channel, payload, created_at) "
        "VALUES ('k', 'wow', 'A', '#c', '{}', '2026-03-01T00:00:00+00:00')"
    )
    database.conn.commit()
    database.close()
    before = old.read_bytes()
    restore(old, store.database.path, at=NOW, force=True)
    assert store.mentions.count() == 0
    with Store.open(store.database.path) as restored:
        assert restored.outbox.waiting(NOW, 9) != []
    assert old.read_bytes() == before


def test_a_store_is_backed_up_before_it_is_migrated(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    for first in ("0018_via", "0023_desk", "0029_lookups"):
        # As three upgrades left it.
        path.unlink(missing_ok=True)
        database = sqlite_utils.Database(path)
        migrations.apply(database, stop_before=first)
        database.close()
        Store.open(path, migrate=True).close()
    kept = sorted(one.name for one in tmp_path.glob("earful.db.before-*"))
    assert kept == ["earful.db.before-0023_desk", "earful.db.before-0029_lookups"]
    verify(tmp_path / kept[1])
    with closing(sqlite3.connect(tmp_path / kept[1])) as old:
        assert old.execute(
            "SELECT count(*) FROM _sqlite_migrations WHERE name >= '0029'"
        ).fetchone() == (0,)
    # Nothing is left to do, and nothing is backed up.
    Store.open(path, migrate=True).close()
    assert len(list(tmp_path.glob("earful.db.before-*"))) == 2


def test_a_new_store_is_not_backed_up(tmp_path: Path) -> None:
    Store.open(tmp_path / "earful.db", migrate=True).close()
    assert list(tmp_path.glob("*.before-*")) == []


def test_a_backup_of_a_newer_earful_is_refused(store: Store, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    store.upkeep.backup(copy)
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
            "VALUES ('earful', '9999_tomorrow', '2031-01-01')"
        )
        connection.execute("PRAGMA user_version = 9999")
    with pytest.raises(InputError, match="9999_tomorrow"):
        restore(copy, store.database.path, at=NOW)
    assert store.mentions.count() == 4


def test_who_has_the_store_open_is_asked_for_and_goes_on_with_it(
    store: Store, tmp_path: Path
) -> None:
    copy, path = tmp_path / "copy.db", store.database.path
    store.upkeep.backup(copy)
    store.mentions.save([mention(9)])
    with pytest.raises(StoreLockedError, match=r"another process has it open: .*--force"):
        restore(copy, path, at=NOW)
    assert store.mentions.count() == 5
    done = restore(copy, path, at=NOW, force=True)
    # The same process sees the restored store, and what it writes now is in it.
    assert store.mentions.count() == 4
    store.mentions.save([mention(10)])
    with Store.open(path) as again:
        assert again.mentions.get("s:10") is not None
    assert done.aside is not None
    with Store.open(done.aside) as aside:
        assert aside.mentions.get("s:9") is not None


@pytest.mark.parametrize("moment", ["before", "while"])
def test_what_is_written_meanwhile_is_in_one_of_the_two(
    store: Store, tmp_path: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, path = tmp_path / "copy.db", store.database.path
    store.upkeep.backup(copy)
    refused = False
    with Store.open(path, patience_s=0.01) as writer:
        if moment == "before":
            writer.mentions.save([mention(9)])
        else:
            # The old store is being kept: from here on a write must wait, or come after.
            real = sqlite3.connect

            def connect(*args: Any, **named: Any) -> sqlite3.Connection:
                nonlocal refused
                if str(args[0]).endswith(".before-restore"):
                    try:
                        writer.mentions.save([mention(9)])
                    except StoreLockedError:
                        refused = True
                connection: sqlite3.Connection = real(*args, **named)
                return connection

            monkeypatch.setattr("storage.backups.sqlite3.connect", connect)
        done = restore(copy, path, at=NOW, force=True)
    assert done.aside is not None
    with Store.open(path) as new, Store.open(done.aside) as old:
        kept = [one.mentions.get("s:9") is not None for one in (new, old)]
    assert refused is (moment == "while")
    assert kept == [False, moment == "before"]


def test_each_restore_keeps_the_store_before_it(store: Store, tmp_path: Path) -> None:
    copy, path = tmp_path / "copy.db", store.database.path
    store.upkeep.backup(copy)
    kept = []
    for number in range(3):
        store.mentions.save([mention(20 + number)])
        done = restore(copy, path, at=NOW, force=True)
        assert done.aside is not None
        with Store.open(done.aside) as aside:
            assert aside.mentions.get(f"s:{20 + number}") is not None
        kept.append(done.aside.name)
    assert kept == ["earful.db.before-restore", *(f"earful.db.before-restore-{n}" for n in (2, 3))]


def test_what_was_sent_after_the_backup_is_not_sent_again(store: Store, tmp_path: Path) -> None:
    copy, path = tmp_path / "copy.db", store.database.path
    store.outbox.add([alert("sent before"), alert("sent since"), alert("waits")])
    connection = store.database.connection
    connection.execute("UPDATE alerts SET state = 'sent' WHERE dedupe_key = 'sent before'")
    store.upkeep.backup(copy)
    connection.execute(
        "UPDATE alerts SET state = 'sent', slack_ts = '1.2' WHERE dedupe_key = 'sent since'"
    )
    store.outbox.add([alert("made and sent since"), alert("made since")])
    connection.execute("UPDATE alerts SET state = 'sent' WHERE dedupe_key = 'made and sent since'")
    done = restore(copy, path, at=NOW, force=True)
    assert (done.sent, done.doubted) == (2, 0)
    assert states(path) == {
        "sent before": "sent",
        "sent since": "sent",
        "waits": "pending",
        "made and sent since": "sent",
    }
    # Its mention is judged again; the message is not.
    assert store.outbox.add([alert("made and sent since")]) == 0


@pytest.mark.parametrize("damage", ["garbage", "gone"])
def test_what_may_have_been_sent_is_looked_for_before_it_is_sent(
    store: Store, tmp_path: Path, damage: str
) -> None:
    copy, path = tmp_path / "copy.db", store.database.path
    store.outbox.add([alert("waits")])
    store.upkeep.backup(copy)
    store.close()
    if damage == "garbage":
        path.write_text("no store at all\n" * 999)
    else:
        path.unlink()
    done = restore(copy, path, at=NOW)
    assert done.doubted == 1
    assert (done.aside is None) is (damage == "gone")
    with Store.open(path) as restored:
        assert restored.outbox.waiting(NOW, 9) == []
        (doubtful,) = restored.outbox.sending()
        assert doubtful.may_be_posted


def test_what_was_forgotten_since_the_backup_stays_out(store: Store, tmp_path: Path) -> None:
    from tests.storage.erasure import ERASURE

    copy, path = tmp_path / "copy.db", store.database.path
    store.upkeep.backup(copy)
    store.mentions.save([mention(9)])
    assert store.upkeep.forget_author("s:u1", ERASURE) == 3
    restore(copy, path, at=NOW, force=True)
    assert store.mentions.save([mention(9)]).forgotten == 1


def test_a_restore_that_fails_leaves_the_store(store: Store, tmp_path: Path) -> None:
    copy, path = tmp_path / "copy.db", store.database.path
    store.upkeep.backup(copy)
    with Store.open(path) as writer, writer.write():
        writer.mentions.save([mention(9)])
        with pytest.raises(StoreError, match="is writing to it"):
            restore(copy, path, at=NOW, force=True, patience_s=0.05)
    assert store.mentions.count() == 5
    assert [one.name for one in tmp_path.iterdir() if "restore" in one.name] == []
    assert [one.name for one in tmp_path.iterdir() if "partial" in one.name] == []


def test_the_store_itself_is_no_backup(store: Store) -> None:
    with pytest.raises(InputError, match="is the store itself"):
        restore(store.database.path, store.database.path, at=NOW)
