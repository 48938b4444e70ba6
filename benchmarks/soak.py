"""Soak: the daemon against the demo's site and a fake Slack over HTTP; each alert arrives once.

    python -m benchmarks.soak --minutes 10 [--kills 5]

Prints what was crawled, stored and sent, what is missing or was sent twice, and the daemon's peak
memory. Exits 1 when anything is missing, twice or unhealthy. Loopback only; ends by itself.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.machine import peak_mib
from earful.app import utc_now
from earful.demo.demo_site import DemoSite
from earful.demo.story import build_story
from storage.models import AlertState
from storage.store import Store
from tests.alerts.fake_slack import FakeSlack
from tests.earful.demo_file import demo_toml

CHANNELS = ["voice-complaints", "voice-wows", "voice-digest", "voice-ops"]
# What the sender needs at the end to look for what a kill left in doubt.
_SETTLE_S = 20.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--kills", type=int, default=0, help="SIGKILL the daemon so often")
    parser.add_argument("--every", default="15s", help="how often each source is read")
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="earful-soak-") as folder,
        FakeSlack(channels=CHANNELS) as slack,
        DemoSite(build_story(utc_now()), utc_now) as site,
    ):
        soak = _Soak(Path(folder), slack, site, wanted.every)
        soak.run(wanted.minutes * 60, wanted.kills, random.Random(wanted.seed))
        return soak.report()


class _Soak:
    def __init__(self, folder: Path, slack: FakeSlack, site: DemoSite, every: str) -> None:
        self._slack = slack
        self._store = folder / "earful.db"
        self._config = folder / "earful.toml"
        self._log = folder / "daemon.log"
        self._config.write_text(
            demo_toml(site.url, self._store, every=every)
            + f'\n[slack]\napi_url = "{slack.api_url}"\n',
            encoding="utf-8",
        )
        self._peak_mib = 0.0
        self._starts = 0
        self._exit_code: int | None = None

    def run(self, seconds: float, kills: int, rng: random.Random) -> None:
        """Keep a daemon running; kill it at random moments; stop the last one by SIGTERM."""
        ends = time.monotonic() + seconds
        moments = sorted(rng.uniform(0.1, 0.9) * seconds for _ in range(kills))
        for moment in moments:
            daemon = self._start()
            self._watch(daemon, ends - seconds + moment)
            daemon.send_signal(signal.SIGKILL)
            daemon.wait()
        daemon = self._start()
        self._watch(daemon, max(ends, time.monotonic() + (_SETTLE_S if kills else 0)))
        daemon.send_signal(signal.SIGTERM)
        try:
            self._exit_code = daemon.wait(90)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()

    def report(self) -> int:
        """Print the figures; 1 when the daemon lost, repeated or broke something."""
        arrived = Counter(self._slack.alert_ids())
        with Store.open(self._store) as store:
            rows = store.database.connection.execute(
                "SELECT dedupe_key, state, operation FROM alerts"
            ).fetchall()
            troubles = store.database.connection.execute(
                "SELECT source, outcome, reason FROM crawl_runs "
                "WHERE outcome NOT IN ('ok', 'unchanged', 'quiet')"
            ).fetchall()
            outcomes = store.database.connection.execute(
                "SELECT outcome, count(*) FROM crawl_runs GROUP BY 1"
            ).fetchall()
            mentions, unscored = store.mentions.count(), store.verdicts.count_waiting()
            counts = store.outbox.counts()
        # An update changes a message and an upload is a file: neither is a message of its own.
        sent = {
            key
            for key, state, operation in rows
            if state == AlertState.SENT and operation in ("post", "reply")
        }
        missing = sent - set(arrived)
        twice = {key: number for key, number in arrived.items() if number > 1}
        unknown = set(arrived) - {key for key, *_ in rows}
        levels = Counter(
            json.loads(line).get("level", "?")
            for line in self._log.read_text(encoding="utf-8").splitlines()
            if line.startswith("{")
        )
        print(f"daemon starts           {self._starts} (exit code of the last {self._exit_code})")
        print(f"crawls by outcome       {dict(map(tuple, outcomes))}")
        for trouble in troubles:
            print(f"  {' · '.join(map(str, trouble))}")
        print(f"mentions stored         {mentions} ({unscored} still to score)")
        print(f"alerts written          {len(rows)} {dict(counts)}")
        print(f"messages at Slack       {sum(arrived.values())}")
        print(f"sent but not there      {len(missing)}")
        print(f"there more than once    {len(twice)} {list(twice)[:3]}")
        print(f"there but not written   {len(unknown)}")
        print(f"log lines by level      {dict(levels)}")
        print(f"peak memory (daemon)    {self._peak_mib:.0f} MiB")
        bad = missing or twice or unknown or self._exit_code != 0 or counts[AlertState.PARKED]
        print("FAILED" if bad else "good: each alert arrived once")
        return 1 if bad else 0

    def _start(self) -> subprocess.Popen[bytes]:
        self._starts += 1
        return subprocess.Popen(
            [
                sys.executable, "-c", "from earful.cli import main; main()",
                "--config", str(self._config), "run", "--no-serve", "--log", "json",
            ],
            env={**os.environ, "SLACK_BOT_TOKEN": self._slack.token},
            stdout=subprocess.DEVNULL,
            stderr=self._log.open("ab"),
        )  # fmt: skip

    def _watch(self, daemon: subprocess.Popen[bytes], until: float) -> None:
        while time.monotonic() < until:
            if daemon.poll() is not None:
                raise SystemExit(f"the daemon ended by itself:\n{self._log.read_text()[-2000:]}")
            self._peak_mib = max(self._peak_mib, peak_mib(daemon.pid))
            time.sleep(1)


if __name__ == "__main__":
    sys.exit(main())
