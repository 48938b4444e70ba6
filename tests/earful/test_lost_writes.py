"""Bytes flipped in SQLite's log take back its last writes: what Slack has is not posted again."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.outbox.delivery import SETTLE, DeliveryResult
from alerts.outbox.send_queue import Pace
from earful.stages.deliver_stage import deliver_waiting
from storage import sent_log
from storage.models import AlertKind, AlertState, NewAlert, TroubleKind
from storage.store import Store
from tests.alerts.fake_slack import FakeSlack, Message
from tests.earful.test_end_to_end import transport
from tests.earful.test_stages import NOW


def alert(key: str) -> NewAlert:
    return NewAlert(
        dedupe_key=key, kind=AlertKind.WOW, brand="Acme", channel="#voice-wows",
        payload={"text": key}, created_at=NOW,
    )  # fmt: skip


def send(store: Store, slack: FakeSlack, minutes: int = 0) -> DeliveryResult:
    now = NOW + timedelta(minutes=minutes)
    result = deliver_waiting(store, transport(slack), lambda: now, pace=Pace(0))
    assert result is not None
    return result


def crashed(store: Path, folder: Path) -> Path:
    """Copy a store as a crash leaves it, with some bytes of its log flipped."""
    folder.mkdir()
    for name in (store.name, f"{store.name}-wal", f"{store.name}-sent"):
        shutil.copy(store.with_name(name), folder / name)
    log = folder / f"{store.name}-wal"
    damaged = bytearray(log.read_bytes())
    assert len(damaged) > 200
    for place in range(100, 140):
        damaged[place] ^= 0xFF
    log.write_bytes(damaged)
    return folder / store.name


def test_what_was_sent_is_looked_for_and_told_of(tmp_path: Path) -> None:
    with FakeSlack() as slack, Store.open(tmp_path / "earful.db", migrate=True) as store:
        store.outbox.add([alert("wow:1"), alert("wow:2")])
        assert store.database.empty_log()
        assert send(store, slack).sent == 2
        path = crashed(tmp_path / "earful.db", tmp_path / "after")
        with Store.open(path) as after:
            assert [one.state for one in after.outbox.unsent()] == [AlertState.PENDING] * 2
            after.outbox.add([alert("wow:3")])
            minutes = 1 + SETTLE.seconds // 60
            assert send(after, slack, minutes).sent == 1
            for more in range(2, 9):
                send(after, slack, more)
            assert after.outbox.unsent() == []
            (failure,) = after.failures.all()
            assert failure.subject == "store earful.db"
            assert "has gone back to an earlier state" in failure.error
            assert "alerts that were sent wait again (2)" in failure.error
            send(after, slack, 60 * 25)
            assert after.failures.all() == []
        assert sorted(slack.texts("voice-wows")) == ["wow:1", "wow:2", "wow:3"]


def test_what_is_written_anew_while_others_go_out_is_looked_for_too(tmp_path: Path) -> None:
    """A backup is put back: what came after it is judged anew while delivery is under way."""
    path = tmp_path / "earful.db"
    after = tmp_path / "after" / "earful.db"

    def judged(channel: str, message: Message) -> None:
        if message.text == "wow:3":
            with Store.open(after) as other:
                other.outbox.add([alert("wow:2")])

    with FakeSlack(on_message=judged) as slack:
        with Store.open(path, migrate=True) as store:
            assert store.database.empty_log()
            after.parent.mkdir()
            shutil.copy(path, after)
            store.outbox.add([alert("wow:2")])
            assert send(store, slack).sent == 1
        shutil.copy(sent_log.path_of(path), sent_log.path_of(after))
        with Store.open(after) as restored:
            restored.outbox.add([alert("wow:3")])
            result = send(restored, slack, 5)
            assert (result.sent, result.found, result.lost) == (1, 1, 1)
            (failure,) = restored.failures.all()
            assert "alerts that were sent wait again (1)" in failure.error
        assert sorted(slack.texts("voice-wows")) == ["wow:2", "wow:3"]


def test_a_try_that_the_store_knows_of_is_looked_for_once(tmp_path: Path) -> None:
    """A kill between the line and the store's word loses nothing; else each look led to a look."""
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        store.outbox.add([alert("wow:1")])
        (waiting,) = store.outbox.unsent()
        assert store.outbox.claim(waiting.id, NOW)
        sent_log.add(store.database.path, store.database.connection, waiting.id, NOW)
        # The next delivery looked for it: the receiver does not have it, or cannot tell.
        trouble = TroubleKind.PASSING
        store.outbox.retry(waiting.id, NOW, "It is sent again.", trouble, absent=True)
        assert store.outbox.doubt_lost(NOW) == 0
        (waiting,) = store.outbox.unsent()
        assert waiting.state is AlertState.PENDING


def test_another_store_at_the_same_place_knows_nothing_of_it(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    with FakeSlack() as slack:
        for _ in range(2):
            with Store.open(path, migrate=True) as store:
                store.outbox.add([alert("wow:1")])
                assert send(store, slack).sent == 1
                assert store.failures.all() == []
            path.unlink()
        assert slack.texts("voice-wows") == ["wow:1", "wow:1"]


def test_the_file_names_nobody_and_stays_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "earful.db"
    with FakeSlack() as slack, Store.open(path, migrate=True) as store:
        store.outbox.add([alert("wow:shop:jane")])
        send(store, slack)
        kept = sent_log.path_of(path)
        assert "jane" not in kept.read_text()
        assert kept.stat().st_mode & 0o777 == 0o600
        monkeypatch.setattr(sent_log, "_LONGEST", 1)
        store.outbox.add([alert("wow:2")])
        send(store, slack, 60 * 24 * 4)
        assert len(kept.read_text().splitlines()) == 1


def test_a_line_that_was_cut_off_and_a_disk_that_takes_none_cost_nothing(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    with FakeSlack() as slack, Store.open(path, migrate=True) as store:
        sent_log.path_of(path).write_text("0123 2026")
        store.outbox.add([alert("wow:1")])
        assert send(store, slack).sent == 1
        sent_log.path_of(path).unlink()
        sent_log.path_of(path).mkdir()
        store.outbox.add([alert("wow:2")])
        assert send(store, slack, 1).sent == 1
        assert store.outbox.unsent() == []
