"""A daemon that is told to stop while it is at something long: it ends, and nothing is lost."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from earful.daemon import _within
from storage.models import AlertKind, AlertState, Mention, NewAlert
from storage.store import Store
from tests.alerts.fake_slack import Fault
from tests.earful.fault_run import world
from tests.earful.running import Run, running

_TICKS = os.sysconf("SC_CLK_TCK")


def model_process(run: Run) -> int | None:
    """Find the process that holds the daemon's model."""
    for task in Path(f"/proc/{run.process.pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            if "sentiment.scoring.model_child" in Path(f"/proc/{child}/cmdline").read_text():
                return int(child)
    return None


def seconds_of(pid: int) -> float:
    """Tell what a process has computed so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def waiting(path: Path) -> int:
    with Store.open(path) as store:
        return store.verdicts.count_waiting()


@pytest.mark.slow("loads the model in a daemon")
def test_a_long_batch_is_not_waited_for() -> None:
    """2,048 texts of 2,000 words take minutes: they wait for the next start; nothing failed."""
    now = datetime.now(UTC)
    with world() as made:
        mentions = [
            Mention(
                brand="Acme", source="shop", native_id=str(number), text=f"{number} acme " * 1000,
                created_at=now - timedelta(minutes=1), fetched_at=now,
            )
            for number in range(2048)
        ]  # fmt: skip
        with Store.open(made.store) as store:
            store.mentions.save(mentions)
        with running(made.config, made.slack, "--no-serve") as run:
            run.wait_for(lambda: "model loaded" in run.log.read_text())
            pid = model_process(run)
            assert pid is not None
            loaded = seconds_of(pid)
            run.wait_for(lambda: seconds_of(pid) > loaded + 1)
        assert waiting(made.store) == 2048
        assert not Path(f"/proc/{pid}").exists()
        log = run.log.read_text()
        assert '"stopped"' in log
        assert "fails" not in log
        with Store.open(made.store) as store:
            assert store.failures.all() == []


def test_a_hanging_slack_is_not_waited_for() -> None:
    """What Slack may have posted is looked for by the next daemon, and is there once."""
    released = threading.Event()
    with world() as made:
        alert = NewAlert(
            dedupe_key="wow:1", kind=AlertKind.WOW, brand="Acme", channel="#voice-wows",
            payload={"text": "wow"}, created_at=datetime.now(UTC),
        )  # fmt: skip
        with Store.open(made.store) as store:
            store.outbox.add([alert])
        made.slack.fail("chat.postMessage", Fault.hang(600, posts=True, until=released))
        with running(made.config, made.slack, "--no-serve") as run:
            run.wait_for(lambda: made.slack.called("chat.postMessage"))
        assert '"stopped"' in run.log.read_text()
        released.set()
        with Store.open(made.store) as store:
            assert [one.state for one in store.outbox.unsent()] == [AlertState.SENDING]
        with running(made.config, made.slack, "--no-serve") as run:
            run.wait_for(lambda: not _unsent(made.store))
        assert made.slack.texts("voice-wows") == ["wow"]


def _unsent(path: Path) -> int:
    with Store.open(path) as store:
        return len(store.outbox.unsent())


def test_what_does_not_end_is_named() -> None:
    never = threading.Event()
    assert _within(0.0, {"routines": never.wait}) == ["routines"]
    never.set()
    assert _within(60.0, {"routines": never.wait, "crawls": lambda: None}) == []
