"""Faults put into a running daemon, one by one: what ops hear in Slack, what `status` says.

`python -m tests.earful.fault_run [NAME…]` prints it for each fault; a test runs some of them.
The daemon is the real command; its looks at itself come every second instead of every minute.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from storage.models import AlertKind, Mention, NewAlert
from storage.store import Store
from tests.alerts.fake_slack import FakeSlack
from tests.earful.running import Run, running, status

CONFIG = """
[store]
path = "{store}"
[slack]
api_url = "{api_url}"
[serve]
port = 0
[[brands]]
name = "Acme"
query = "acme"
{more}
"""

# More than the daemon's looks at itself take beside what it holds; the model takes 250 MB more.
_ROOM_MB = 120


@dataclass
class Seen:
    """What a fault came to: the problems of `status`, its exit code, what ops were told."""

    problems: list[str] = field(default_factory=list)
    code: int = 0
    told: list[str] = field(default_factory=list)
    problems_after: list[str] = field(default_factory=list)
    code_after: int = 0
    told_after: list[str] = field(default_factory=list)


@dataclass
class World:
    """A folder with a config, a store and a fake Slack."""

    folder: Path
    slack: FakeSlack
    more: str = ""

    @property
    def store(self) -> Path:
        return self.folder / "earful.db"

    @property
    def config(self) -> Path:
        path = self.folder / "earful.toml"
        path.write_text(
            CONFIG.format(store=self.store, api_url=self.slack.api_url, more=self.more)
        )
        return path

    def ops(self) -> list[str]:
        return self.slack.texts("voice-ops")

    def say(self, text: str, number: int = 1, source: str = "shop") -> None:
        now = datetime.now(UTC)
        mention = Mention(
            brand="Acme", source=source, native_id=str(number), text=text,
            created_at=now - timedelta(minutes=1), fetched_at=now,
        )  # fmt: skip
        with Store.open(self.store, migrate=True) as store:
            store.mentions.save([mention])


@contextmanager
def world(more: str = "", folder: Path | None = None) -> Iterator[World]:
    with tempfile.TemporaryDirectory(prefix="earful-") as own, FakeSlack() as slack:
        made = World(folder or Path(own), slack, more)
        Store.open(made.store, migrate=True).close()
        yield made


def look(world: World, run: Run, words: str, heal: Callable[[], object] | None = None) -> Seen:
    """Wait until ops hear `words`, look at `status`; then mend the fault and look again."""
    seen = Seen()
    run.wait_for(lambda: any(words in text for text in world.ops()))
    seen.code, found = run.status()
    seen.problems, seen.told = found["problems"], world.ops()
    if heal is not None:
        heal()
        before = len(seen.told)
        run.wait_for(lambda: len(world.ops()) > before)
        run.wait_for(lambda: run.status()[0] == 0)
        seen.code_after, found = run.status()
        seen.problems_after, seen.told_after = found["problems"], world.ops()[before:]
    return seen


def model_missing() -> Seen:
    """The folder with the model's weights is not there, and later is."""
    from sentiment.scoring.adapter import WEIGHTS

    with world() as made:
        made.say("Acme lost my parcel and nobody answers. Never again.")
        weights = made.folder / "weights"
        with running(made.config, made.slack, "--no-serve", weights=weights) as run:
            return look(made, run, "scoring has failed", lambda: shutil.copytree(WEIGHTS, weights))


def language_missing() -> Seen:
    """A model for another language is not there: the others are scored all the same."""
    with world() as made:
        labels = 'labels = {bad = "angry", good = "delighted"}'
        made.more = f'[[models]]\nlanguage = "de"\npath = "{made.folder}/no"\n{labels}'
        made.say("Acme lost my parcel and nobody answers. Never again.")
        with running(made.config, made.slack, "--no-serve") as run:
            run.wait_for(lambda: made.slack.messages("voice-complaints"))
            return look(made, run, "model for de")


def buttons_dead() -> Seen:
    """The app token is revoked while the daemon listens, and later set right."""
    with world() as made, running(made.config, made.slack, "--no-serve", buttons=True) as run:
        made.slack.socket.wait_connected(timeout=60)
        token, made.slack.app_token = made.slack.app_token, "xapp-another"
        made.slack.socket.drop()

        def heal() -> None:
            made.slack.app_token = token

        return look(made, run, "buttons", heal)


def channel_archived() -> Seen:
    """An alert is parked because its channel is archived."""
    with world() as made, running(made.config, made.slack, "--no-serve") as run:
        made.slack.channels["voice-wows"].archived = True
        alert = NewAlert(
            dedupe_key="wow:1", kind=AlertKind.WOW, brand="Acme", channel="#voice-wows",
            payload={"text": "wow"}, created_at=datetime.now(UTC),
        )  # fmt: skip
        with Store.open(made.store) as store:
            store.outbox.add([alert])

        def heal() -> None:
            made.slack.channels["voice-wows"].archived = False
            with Store.open(made.store) as store:
                store.outbox.unpark_certain()

        return look(made, run, "archived", heal)


def dashboards_killed() -> Seen:
    """The dashboards' process is killed: it is started again, and the log says so."""
    with world() as made, running(made.config, made.slack) as run:
        run.wait_for(lambda: '"dashboards"' in run.log.read_text())
        pid = _dashboards_of(run.process.pid)
        os.kill(pid, signal.SIGKILL)
        run.wait_for(lambda: run.log.read_text().count('"dashboards"') >= 2)
        run.wait_for(lambda: "were started again" in run.log.read_text())
        run.wait_for(lambda: run.status()[0] == 0)
        code, found = run.status()
        lines = [one for one in run.log.read_text().splitlines() if "started again" in one]
        return Seen(found["problems"], code, lines)


def store_locked() -> Seen:
    """Another process holds the store's write lock and lets go of it later."""
    with world() as made, running(made.config, made.slack, "--no-serve") as run:
        run.wait_for(lambda: '"started"' in run.log.read_text())
        other = sqlite3.connect(made.store, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        try:
            return look(made, run, "Earful is in trouble", lambda: other.execute("ROLLBACK"))
        finally:
            other.close()


def disk_full() -> Seen:
    """The store's disk is full, and later is not. Needs root: a small file system of its own."""
    with tempfile.TemporaryDirectory(prefix="earful-disk-") as mount:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=80m", "earful-test", mount], check=True
        )
        try:
            with (
                world(folder=Path(mount)) as made,
                running(made.config, made.slack, "--no-serve") as run,
            ):
                run.wait_for(lambda: '"started"' in run.log.read_text())
                ballast = Path(mount) / "ballast"
                _fill(ballast)
                return look(made, run, "Earful is in trouble", ballast.unlink)
        finally:
            subprocess.run(["umount", "--lazy", mount], check=True)


def memory_short() -> Seen:
    """The model does not fit into the memory that the daemon may use."""
    with world() as made, running(made.config, made.slack, "--no-serve") as run:
        run.wait_for(lambda: '"started"' in run.log.read_text())
        run.wait_for(lambda: run.status()[0] == 0)
        # What the daemon holds by then differs by machine and release.
        run.limit_memory(_ROOM_MB)
        made.say("Acme lost my parcel and nobody answers. Never again.")
        return look(made, run, "scoring has failed")


def daemon_stopped() -> Seen:
    """No daemon runs for nine days with mentions to score; the next one tells ops."""
    source = '[[brands.sources]]\nsource = "lobsters"\nbase_url = "http://127.0.0.1:9"\n'
    with world(source) as made:
        with running(made.config, made.slack, "--no-serve") as run:
            run.wait_for(lambda: _begun_crawls(made.store))
        made.say("Acme lost my parcel and nobody answers.")
        code, found = status(made.config, days=8.7)
        seen = Seen(found["problems"], code)
        made.more = f"{source}enabled = false\n"
        with running(made.config, made.slack, "--no-serve", days=8.7) as run:
            run.wait_for(made.ops)
            run.wait_for(lambda: '"scored"' in run.log.read_text())
            seen.code_after, found = run.status()
            seen.problems_after, seen.told_after = found["problems"], made.ops()
        return seen


FAULTS: dict[str, Callable[[], Seen]] = {
    one.__name__: one
    for one in (
        model_missing,
        language_missing,
        buttons_dead,
        channel_archived,
        dashboards_killed,
        store_locked,
        disk_full,
        memory_short,
        daemon_stopped,
    )
}


def _begun_crawls(path: Path) -> int:
    with Store.open(path) as store:
        row = store.database.connection.execute("SELECT count(*) FROM crawl_runs").fetchone()
        return int(row[0])


def _fill(ballast: Path) -> None:
    """Write until no byte is left."""
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


def _dashboards_of(parent: int) -> int:
    """Find the process of the dashboards among a daemon's children."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    found = [
        int(child)
        for task in Path(f"/proc/{parent}/task").iterdir()
        for child in (task / "children").read_text().split()
        if "earful.pages.server_process" in Path(f"/proc/{child}/cmdline").read_text()
    ]
    assert found, children
    return found[0]


def main(names: list[str]) -> None:
    for name in names or FAULTS:
        fault = FAULTS[name]
        began = time.monotonic()
        seen = fault()
        print(f"\n{name}: {fault.__doc__} ({time.monotonic() - began:.0f} s)")
        print(f"  status exits {seen.code}")
        for problem in seen.problems:
            print(f"    problem: {problem}")
        for text in seen.told:
            print(f"  ops: {text}")
        if seen.told_after or seen.problems_after:
            print(f"  mended: status exits {seen.code_after}")
            for text in seen.told_after:
                print(f"  ops: {text}")


if __name__ == "__main__":
    main(sys.argv[1:])
