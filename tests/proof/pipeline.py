"""The whole pipeline as it runs at a customer's: replay site, `earful run`, a fake Slack."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tomllib
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from uuid import uuid4

from alerts.decide.rules import judge
from config.settings import parse_settings
from crawler.catalog import options_models
from earful.policies import Policies
from storage.models import AlertState, Voice
from storage.store import Store
from storage.tables.mention_rows import mention_from
from storage.tables.voice_rows import SELECT_VOICE, verdict_from
from tests.alerts.fake_slack import FakeSlack
from tests.proof.replay_site import BRAND, THINGS, ReplaySite
from tests.waiting import PATIENCE_S

_MARK = "EARFUL_PROOF"
_OWN = ("complaint:", "wow:")
# What gathers messages is turned off: then each complaint and each wow is due by itself.
_CONFIG = """
[store]
path = "{store}"
[slack]
api_url = "{api_url}"
[alerts]
incident_over = 1000000
wows_per_hour = 1000000
{routes}
[serve]
port = 0
{more}
[[brands]]
name = "{brand}"
query = "acme"
"""
# A message in doubt holds its channel until it is found: many channels, as large teams have.
_ROUTE = """
  [[alerts.routes]]
  query = "{thing}"
  channel = "#{thing}"
"""
_SOURCE = """
  [[brands.sources]]
  source = "feeds"
  url = "{url}"
  every = "{every}"
"""


@dataclass
class Pipeline:
    """A folder with config, store and log, a site that is read, and a Slack that is written to."""

    folder: Path
    site: ReplaySite
    slack: FakeSlack
    every: str = "20s"
    more: str = ""
    serve: bool = True
    arguments: tuple[str, ...] = ("-m", "earful")
    environment: dict[str, str] = field(default_factory=dict)
    mark: str = field(default_factory=lambda: uuid4().hex)
    """What all processes of it have in their environment."""

    def __post_init__(self) -> None:
        for thing in THINGS:
            self.slack.add_channel(thing)
        self.config.write_text(self.toml(), encoding="utf-8")

    @property
    def store(self) -> Path:
        return self.folder / "earful.db"

    @property
    def config(self) -> Path:
        return self.folder / "earful.toml"

    @property
    def log(self) -> Path:
        return self.folder / "daemon.log"

    def toml(self) -> str:
        return _CONFIG.format(
            store=self.store,
            api_url=self.slack.api_url,
            brand=BRAND,
            more=self.more,
            routes="".join(_ROUTE.format(thing=thing) for thing in THINGS),
        ) + "".join(
            _SOURCE.format(url=self.site.url(feed), every=self.every)
            for feed in range(self.site.feeds)
        )

    def start(self, *, unheard: bool = False) -> Daemon:
        """Start the daemon as a process of its own, whose log goes on where the last one ended.

        One that is `unheard` writes into pipes that nobody reads any more.
        """
        arguments = [] if self.serve else ["--no-serve"]
        at = self.log.stat().st_size if self.log.exists() else 0
        with _pipe_without_end() if unheard else self.log.open("ab") as log:
            process = subprocess.Popen(
                self._command("run", *arguments, "--log", "json"),
                env=self._environment,
                cwd=self.folder,
                stdout=log if unheard else subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        return Daemon(process, self.log, at)

    def carry_out(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Carry out a command beside the daemon, or after it."""
        return subprocess.run(
            self._command(*arguments),
            env=self._environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, *self.arguments, "--config", str(self.config), *arguments]

    @property
    def _environment(self) -> dict[str, str]:
        token = self.slack.token
        return {**os.environ, "SLACK_BOT_TOKEN": token, _MARK: self.mark, **self.environment}


def _pipe_without_end() -> IO[bytes]:
    """Give what can be written to as long as nobody looks whether it is read."""
    reading, writing = os.pipe()
    os.close(reading)
    return os.fdopen(writing, "wb", buffering=0)


@dataclass
class Daemon:
    """A daemon's process; `said_from` is where its part of the log begins."""

    process: subprocess.Popen[bytes]
    log: Path
    said_from: int

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def said(self) -> str:
        with self.log.open("rb") as log:
            log.seek(self.said_from)
            return log.read().decode("utf-8", "replace")

    def children(self) -> dict[int, str]:
        """Find the processes that it has started, with their command lines."""
        found: dict[int, str] = {}
        for children in Path(f"/proc/{self.process.pid}/task").glob("*/children"):
            with suppress(OSError):
                for child in children.read_text().split():
                    with suppress(OSError):
                        line = Path(f"/proc/{child}/cmdline").read_bytes()
                        found[int(child)] = line.replace(b"\0", b" ").decode().strip()
        return found

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """End it by SIGTERM and give its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE_S)
        finally:
            self.kill()


def processes_of(pipeline: Pipeline) -> list[str]:
    """Give the command lines of all that was ever begun for a pipeline and still runs.

    They are known by their environment: numbers of processes and sessions are given out again.
    """
    left = []
    mark = f"{_MARK}={pipeline.mark}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (process / "environ").read_bytes().split(b"\0"):
                line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
                left += [line] if line else []  # a zombie has none
    return left


@dataclass(frozen=True)
class Outcome:
    """What stands in store and Slack, against what was shown: all but `due` should be nothing."""

    shown: int
    stored: int
    missing: int
    strange: int
    without_verdict: int
    several_verdicts: int
    due: int
    not_told: int
    told_twice: int
    told_undue: int
    unsent: int
    astray: int
    integrity: str

    @property
    def good(self) -> bool:
        return self.stored == self.shown and self.integrity == "ok" and not any(
            (
                self.missing, self.strange, self.without_verdict, self.several_verdicts,
                self.not_told, self.told_twice, self.told_undue, self.unsent, self.astray,
            )
        )  # fmt: skip

    def __str__(self) -> str:
        return (
            f"mentions: {self.shown} shown, {self.stored} stored, {self.missing} missing, "
            f"{self.strange} strange or twice\n"
            f"verdicts: {self.without_verdict} mentions without a current one, "
            f"{self.several_verdicts} with several\n"
            f"alerts: {self.due} due, {self.not_told} not at Slack, {self.told_twice} there "
            f"twice, {self.told_undue} there undue, {self.unsent} unsent, "
            f"{self.astray} at Slack that the outbox does not know as sent\n"
            f"integrity of the store: {self.integrity}"
        )


def outcome(pipeline: Pipeline) -> Outcome:
    """Compare the store and Slack with what the site has shown.

    What is due is reckoned here anew: the rules see each mention with its verdict alone, which is
    all that they go by where nobody writes twice and nothing is gathered.
    """
    settings = parse_settings(_read_toml(pipeline), options_models(), where="proof")
    policy = Policies(settings).of(BRAND)
    arrived = Counter(pipeline.slack.alert_ids())
    with Store.open(pipeline.store) as store:
        connection = store.database.connection
        integrity = str(connection.execute("PRAGMA integrity_check").fetchone()[0])
        ids = [row[0] for row in connection.execute("SELECT id FROM mentions")]
        rows = connection.execute("SELECT mention_id, count(*) FROM verdicts GROUP BY 1")
        several = sum(number > 1 for _, number in rows)
        without = store.verdicts.count_waiting()
        due = set()
        for row in connection.execute(SELECT_VOICE):
            voice = Voice(mention=mention_from(row), verdict=verdict_from(row))
            decision = judge([voice], policy, datetime.now(UTC))
            due |= {alert.dedupe_key for alert in decision.alerts}
        outbox = connection.execute(
            "SELECT dedupe_key, state FROM alerts WHERE operation IN ('post', 'reply')"
        ).fetchall()
    wanted = {f"feeds:{entry}" for entry in pipeline.site.appeared}
    keys = {key for key, _ in outbox}
    own = {key for key in keys if key.startswith(_OWN)}
    sent = {key for key, state in outbox if state == AlertState.SENT}
    return Outcome(
        shown=len(wanted),
        stored=len(ids),
        missing=len(wanted - set(ids)),
        strange=len(set(ids) - wanted),
        without_verdict=without,
        several_verdicts=several,
        due=len(due),
        not_told=len(due - set(arrived)),
        told_twice=sum(number > 1 for key, number in arrived.items() if key),
        told_undue=len(own - due),
        unsent=len(keys - sent),
        # What ops hear of the store itself goes past it.
        astray=len({key for key in arrived if key and key.startswith(_OWN)} - sent)
        + len(sent - set(arrived)),
        integrity=integrity,
    )


def _read_toml(pipeline: Pipeline) -> dict[str, object]:
    return tomllib.loads(pipeline.config.read_text(encoding="utf-8"))
