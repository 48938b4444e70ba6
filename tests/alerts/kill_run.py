"""Deliver through a failing Slack while the sender is killed with SIGKILL again and again.

`python -m tests.alerts.kill_run` runs the long form (200 alerts, 50 kills) and prints counts;
`tests/alerts/test_kills.py` a short one. The sender is a process of its own
(`--send`), the store a real one, the fake Slack lives in the process that kills.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

from alerts.delivery import Pace, deliver
from alerts.slack import BotTransport
from storage.models import AlertState
from tests.alerts.fake_slack import Chaos, FakeSlack
from tests.alerts.outboxes import open_outbox, several

ROOT = Path(__file__).parents[2]
CHANNELS = ("#voice-complaints", "#voice-wows", "#voice-digest", "#voice-ops")
HANG_S = 0.6
# Longer than a hanging post takes to appear, and than the second that the store rounds off.
SETTLE = timedelta(seconds=1.5)


@dataclass(frozen=True)
class Tally:
    """What came of a run; `good` when each alert arrived once and in order."""

    alerts: int
    kills: int
    kills_while_sending: int
    arrived: int
    missing: int
    twice: int
    out_of_order: int
    looks: int
    posts: int
    faults: dict[str, int]
    states: dict[str, int]
    seconds: float

    @property
    def good(self) -> bool:
        return (
            self.arrived == self.alerts
            and not self.missing
            and not self.twice
            and not self.out_of_order
        )

    def __str__(self) -> str:
        faults = ", ".join(f"{name} {number}" for name, number in sorted(self.faults.items()))
        states = ", ".join(f"{name} {number}" for name, number in self.states.items() if number)
        return (
            f"{self.alerts} alerts, {self.kills} SIGKILLs ({self.kills_while_sending} with an "
            f"alert in flight), {self.seconds:.0f} s\n"
            f"arrived {self.arrived}, missing {self.missing}, twice {self.twice}, "
            f"out of order {self.out_of_order}\n"
            f"{self.posts} posts tried, {self.looks} looks into history; outbox: {states}\n"
            f"faults: {faults}"
        )


def run(
    *, alerts: int, kills: int, seed: int = 1, share: float = 0.3, limit_s: float = 300
) -> Tally:
    """Kill the sender `kills` times, then let one finish; raises TimeoutError past the limit."""
    rng = random.Random(seed)
    began = time.monotonic()
    chaos = Chaos(seed, share, hang=HANG_S)
    with tempfile.TemporaryDirectory() as folder, FakeSlack() as slack:
        path = Path(folder) / "earful.db"
        database, outbox = open_outbox(path)
        queued = several(alerts, CHANNELS, at=datetime.now(UTC))
        slack.chaos(chaos)
        in_flight = 0
        for kill in range(kills):
            # Some at a time, so that every sender has something to do when it is killed.
            outbox.add(queued[alerts * kill // (kills + 1) : alerts * (kill + 1) // (kills + 1)])
            sender = _start(path, slack)
            time.sleep(rng.uniform(0.0, 0.4))
            sender.kill()  # SIGKILL
            sender.wait()
            in_flight += any(alert.next_attempt_at is None for alert in outbox.sending())
        outbox.add(queued)
        sender = _start(path, slack)
        while outbox.unsent() and time.monotonic() - began < limit_s:
            time.sleep(0.1)
        sender.kill()
        sender.wait()
        if outbox.unsent():
            raise TimeoutError(f"{len(outbox.unsent())} alerts left after {limit_s:g} s")
        tally = _tally(slack, [(a.dedupe_key, a.channel) for a in queued], kills, in_flight, chaos,
                       dict(outbox.counts()), time.monotonic() - began)  # fmt: skip
        database.close()
    return tally


def send(path: Path, api_url: str, token: str) -> NoReturn:
    """Be the sender until killed, with the waits cut short for a test."""
    _, outbox = open_outbox(path)
    transport = BotTransport(token, api_url=api_url, timeout=5)
    print("ready", flush=True)
    while True:
        result = deliver(
            outbox,
            transport,
            lambda: datetime.now(UTC),
            time.sleep,
            pace=Pace(0),
            settle=SETTLE,
            first_backoff=timedelta(seconds=0.1),
        )
        next_at = result.next_at or datetime.max.replace(tzinfo=UTC)
        time.sleep(min(0.2, max(0.02, (next_at - datetime.now(UTC)).total_seconds())))


def _start(path: Path, slack: FakeSlack) -> subprocess.Popen[str]:
    sender = subprocess.Popen(
        [sys.executable, "-m", "tests.alerts.kill_run", "--send", str(path), slack.api_url],
        cwd=ROOT,
        env={**os.environ, "SLACK_BOT_TOKEN": slack.token},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert sender.stdout is not None
    sender.stdout.readline()  # Python's start must not use up the time in which it is killed
    return sender


def _tally(
    slack: FakeSlack,
    queued: list[tuple[str, str]],
    kills: int,
    in_flight: int,
    chaos: Chaos,
    states: dict[AlertState, int],
    seconds: float,
) -> Tally:
    seen = Counter(slack.alert_ids())
    out_of_order = 0
    for channel in CHANNELS:
        got = [key for key in slack.alert_ids(channel) if key is not None]
        first_seen = list(dict.fromkeys(got))
        wanted = [key for key, of in queued if of == channel and key in seen]
        out_of_order += sum(a != b for a, b in zip(first_seen, wanted, strict=True))
    return Tally(
        alerts=len(queued),
        kills=kills,
        kills_while_sending=in_flight,
        arrived=sum(key in seen for key, _ in queued),
        missing=sum(key not in seen for key, _ in queued),
        twice=sum(number > 1 for number in seen.values()),
        out_of_order=out_of_order,
        looks=len(slack.called("conversations.history")),
        posts=len(slack.called("chat.postMessage")),
        faults=dict(chaos.counts),
        states={state.value: number for state, number in states.items()},
        seconds=seconds,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=200)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--send", nargs=2, metavar=("DB", "API_URL"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.send:
        send(Path(options.send[0]), options.send[1], os.environ["SLACK_BOT_TOKEN"])
    tally = run(alerts=options.alerts, kills=options.kills, seed=options.seed, limit_s=900)
    print(tally)
    return 0 if tally.good else 1


if __name__ == "__main__":
    sys.exit(main())
