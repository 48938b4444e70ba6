"""Deliver through a failing Slack while the sender is killed with SIGKILL again and again.

Messages, replies in their threads, and updates of them: each message and reply must arrive once,
those of a case in their order, and each message must show its last update in the end.

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
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

from alerts.outbox.delivery import deliver
from alerts.outbox.send_queue import Pace
from alerts.slack.client import BotTransport
from storage.models import AlertState, NewAlert, Operation
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
    replies: int
    arrived: int
    missing: int
    twice: int
    out_of_order: int
    astray: int
    stale: int
    looks: int
    posts: int
    updates: int
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
            and not self.astray
            and not self.stale
        )

    def __str__(self) -> str:
        faults = ", ".join(f"{name} {number}" for name, number in sorted(self.faults.items()))
        states = ", ".join(f"{name} {number}" for name, number in self.states.items() if number)
        return (
            f"{self.alerts} alerts ({self.replies} of them replies), {self.kills} SIGKILLs "
            f"({self.kills_while_sending} with an alert in flight), {self.seconds:.0f} s\n"
            f"arrived {self.arrived}, missing {self.missing}, twice {self.twice}, "
            f"out of order {self.out_of_order}, in a wrong thread {self.astray}, "
            f"not up to date {self.stale}\n"
            f"{self.posts} posts and {self.updates} updates tried, {self.looks} looks into "
            f"history and threads; outbox: {states}\n"
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
        queued = cases(alerts, datetime.now(UTC))
        slack.chaos(chaos)
        in_flight = 0
        last: dict[str, str] = {}
        for kill in range(kills):
            # Some at a time, so that every sender has something to do when it is killed.
            some = queued[alerts * kill // (kills + 1) : alerts * (kill + 1) // (kills + 1)]
            outbox.add(some)
            # Somebody moves an earlier case meanwhile.
            moved = rng.choice(queued[: max(1, alerts * kill // (kills + 1))])
            root = moved.root_key or moved.dedupe_key
            last[root] = f"state {kill} of {root}"
            outbox.add([update(moved, root, last[root])])
            sender = _start(path, slack)
            time.sleep(rng.uniform(0.0, 0.4))
            sender.kill()  # SIGKILL
            sender.communicate()  # closes its pipe too
            in_flight += any(alert.next_attempt_at is None for alert in outbox.sending())
        outbox.add(queued)
        sender = _start(path, slack)
        while outbox.unsent() and time.monotonic() - began < limit_s:
            time.sleep(0.1)
        sender.kill()
        sender.communicate()
        if outbox.unsent():
            raise TimeoutError(f"{len(outbox.unsent())} alerts left after {limit_s:g} s")
        tally = _tally(
            slack, queued, last, kills, in_flight, chaos, dict(outbox.counts()),
            time.monotonic() - began,
        )  # fmt: skip
        database.close()
    return tally


def cases(number: int, at: datetime) -> list[NewAlert]:
    """Make messages and replies: every third is the root of the two replies after it."""
    made: list[NewAlert] = []
    for place, alert in enumerate(several(number, CHANNELS, at=at)):
        root = made[place - place % 3] if place % 3 else None
        if root is None:
            made.append(replace(alert, channel=CHANNELS[place // 3 % len(CHANNELS)]))
        else:
            made.append(
                replace(
                    alert,
                    channel=root.channel,
                    operation=Operation.REPLY,
                    root_key=root.dedupe_key,
                )
            )
    return made


def update(alert: NewAlert, root: str, text: str) -> NewAlert:
    return replace(
        alert,
        dedupe_key=f"update:{root}",
        operation=Operation.UPDATE,
        root_key=root,
        payload={"text": text, "blocks": []},
    )


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
            looks=(1, 2),
            first_backoff=timedelta(seconds=0.1),
            workers=4,
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
    queued: list[NewAlert],
    last: dict[str, str],
    kills: int,
    in_flight: int,
    chaos: Chaos,
    states: dict[AlertState, int],
    seconds: float,
) -> Tally:
    seen = Counter(slack.alert_ids())
    placed = {message.alert_id: message for message in reversed(slack.messages())}
    out_of_order = astray = 0
    # The roots of a channel keep their order, and so do the replies of a root.
    lines = {alert.root_key or alert.channel for alert in queued}
    for name in lines:
        wanted = [a.dedupe_key for a in queued if (a.root_key or a.channel) == name]
        got = sorted((placed[key].ts, key) for key in wanted if key in placed)
        wanted = [key for key in wanted if key in placed]
        out_of_order += sum(a != b for (_, a), b in zip(got, wanted, strict=True))
    for alert in queued:
        root = placed.get(alert.root_key) if alert.root_key else None
        there = placed.get(alert.dedupe_key)
        if there is not None and there.thread_ts != (root.ts if root else None):
            astray += 1
    stale = sum(placed[root].text != text for root, text in last.items() if root in placed)
    return Tally(
        alerts=len(queued),
        kills=kills,
        kills_while_sending=in_flight,
        replies=sum(alert.operation is Operation.REPLY for alert in queued),
        arrived=sum(alert.dedupe_key in seen for alert in queued),
        missing=sum(alert.dedupe_key not in seen for alert in queued),
        twice=sum(number > 1 for number in seen.values()),
        out_of_order=out_of_order,
        astray=astray,
        stale=stale,
        looks=len(slack.called("conversations.history"))
        + len(slack.called("conversations.replies")),
        posts=len(slack.called("chat.postMessage")),
        updates=len(slack.called("chat.update")),
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
