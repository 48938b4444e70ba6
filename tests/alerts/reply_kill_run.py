"""Post replies at failing sources while the sender is killed with SIGKILL again and again.

Each reply must stand once at its source. `python -m tests.alerts.reply_kill_run` runs the long
form (100 replies at ten sources, 50 kills) and prints counts; `tests/alerts/test_reply_kills.py` a
short one. The sender is a process of its own (`--send`), the store a real one, the fake sources
live in the process that kills.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

from pydantic import BaseModel, ConfigDict

from alerts.outbox.by_via import ByVia
from alerts.outbox.delivery import deliver
from alerts.outbox.send_queue import Pace
from alerts.publishing.registry import PUBLISHERS, publisher_for, via_of
from config.settings import BrandSettings, Settings, SourceSettings
from storage.models import NewAlert
from tests.alerts.fake_publishing.server import FakeSource
from tests.alerts.outboxes import open_outbox

ROOT = Path(__file__).parents[2]
HANG_S = 0.6
# Longer than a hanging request takes to appear, and than the second that the store rounds off.
SETTLE = timedelta(seconds=1.5)


class Options(BaseModel):
    """What the config says of a source, without the spider that checks it: it loads Scrapy."""

    model_config = ConfigDict(extra="allow")

    @property
    def address(self) -> str:
        return str((self.model_extra or {}).get("site", "")).rstrip("/")


@dataclass(frozen=True)
class Tally:
    """What came of a run; `good` when each reply stands once."""

    replies: int
    kills: int
    kills_while_sending: int
    standing: int
    missing: int
    twice: int
    writes: dict[str, int]
    looks: int
    states: dict[str, int]
    seconds: float

    @property
    def good(self) -> bool:
        return self.standing == self.replies and not self.missing and not self.twice

    def __str__(self) -> str:
        writes = ", ".join(f"{name} {number}" for name, number in self.writes.items())
        states = ", ".join(f"{name} {number}" for name, number in self.states.items() if number)
        return (
            f"{self.replies} replies, {self.kills} SIGKILLs ({self.kills_while_sending} with a "
            f"reply in flight), {self.seconds:.0f} s\n"
            f"standing {self.standing}, missing {self.missing}, twice {self.twice}\n"
            f"{self.looks} requests that wrote nothing; outbox: {states}\n"
            f"writes that were carried out: {writes}"
        )


def run(
    kinds: Sequence[type[FakeSource]],
    *,
    replies: int,
    kills: int,
    seed: int = 1,
    share: float = 0.3,
    limit_s: float = 300,
) -> Tally:
    """Kill the sender `kills` times, then let one finish; raises TimeoutError past the limit."""
    rng = random.Random(seed)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        fakes = [stack.enter_context(kind()) for kind in kinds]
        for place, fake in enumerate(fakes):
            fake.chaos(seed + place, share, HANG_S)
        path = Path(folder) / "earful.db"
        database, outbox = open_outbox(path)
        stack.callback(database.close)
        queued = [fakes[n % len(fakes)].reply(n + 1) for n in range(replies)]
        in_flight = 0
        for kill in range(kills):
            some = queued[replies * kill // (kills + 1) : replies * (kill + 1) // (kills + 1)]
            outbox.add(some)
            sender = _start(path, fakes)
            time.sleep(rng.uniform(0.0, 0.6))
            sender.kill()  # SIGKILL
            sender.communicate()  # closes its pipe too
            in_flight += any(alert.next_attempt_at is None for alert in outbox.sending())
        outbox.add(queued)
        sender = _start(path, fakes)
        while outbox.unsent() and time.monotonic() - began < limit_s:
            time.sleep(0.1)
        sender.kill()
        sender.communicate()
        if left := outbox.unsent():
            errors = {f"{alert.channel} {alert.state}: {alert.error}" for alert in left}
            raise TimeoutError(f"{len(left)} replies left after {limit_s:g} s: {errors}")
        for fake in fakes:
            fake.wait()
        return _tally(fakes, queued, kills, in_flight, outbox.counts(), time.monotonic() - began)


def send(path: Path, config: str) -> NoReturn:
    """Be the sender until killed, with the waits cut short for a test."""
    _, outbox = open_outbox(path)
    settings = settings_of(json.loads(config))
    transport = ByVia(
        {
            via_of(name): publisher
            for name in PUBLISHERS
            if (publisher := publisher_for(name, settings, os.environ, timeout_s=5)) is not None
        }
    )
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
            workers=4,
        )
        next_at = result.next_at or datetime.max.replace(tzinfo=UTC)
        time.sleep(min(0.2, max(0.02, (next_at - datetime.now(UTC)).total_seconds())))


def settings_of(entries: Sequence[Mapping[str, Any]]) -> Settings:
    """Give a config that reads these sources."""
    sources = tuple(
        SourceSettings(
            source=entry["source"],
            base_url=entry["base_url"],
            options=Options.model_validate(
                {key: entry[key] for key in entry if key not in ("source", "base_url")}
            ),
        )
        for entry in entries
    )
    return Settings(brands=(BrandSettings(name="Acme Air", query="acme", sources=sources),))


def _start(path: Path, fakes: Sequence[FakeSource]) -> subprocess.Popen[str]:
    secrets = {name: value for fake in fakes for name, value in fake.environment.items()}
    config = json.dumps([fake.entry() for fake in fakes])
    sender = subprocess.Popen(
        [sys.executable, "-m", "tests.alerts.reply_kill_run", "--send", str(path), config],
        cwd=ROOT,
        env={**os.environ, **secrets},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert sender.stdout is not None
    sender.stdout.readline()  # Python's start must not use up the time in which it is killed
    return sender


def _tally(
    fakes: Sequence[FakeSource],
    queued: Sequence[NewAlert],
    kills: int,
    in_flight: int,
    states: Mapping[Any, int],
    seconds: float,
) -> Tally:
    standing: Counter[tuple[str, str]] = Counter()
    for fake in fakes:
        for words, number in fake.standing().items():
            standing[fake.source, words] += number
    wanted = [(str(reply.payload["source"]), str(reply.payload["text"])) for reply in queued]
    return Tally(
        replies=len(queued),
        kills=kills,
        kills_while_sending=in_flight,
        standing=sum(standing[one] > 0 for one in wanted),
        missing=sum(standing[one] == 0 for one in wanted),
        twice=sum(standing[one] > 1 for one in wanted),
        writes={fake.source: len(fake.writes) for fake in fakes},
        looks=sum(len(fake.asked) - len(fake.writes) for fake in fakes),
        states={state.value: number for state, number in states.items()},
        seconds=seconds,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replies", type=int, default=100)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--send", nargs=2, metavar=("DB", "CONFIG"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.send:
        send(Path(options.send[0]), options.send[1])
    # Late: the fakes' config is checked by the spiders' models, which the sender does without.
    from tests.alerts.fake_publishing.all_sources import SOURCES

    tally = run(
        SOURCES, replies=options.replies, kills=options.kills, seed=options.seed, limit_s=900
    )
    print(tally)
    return 0 if tally.good else 1


if __name__ == "__main__":
    sys.exit(main())
