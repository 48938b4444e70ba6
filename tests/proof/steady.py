"""The pipeline under a steady load: where time goes, what grows, and which stage cannot keep up.

    python -m tests.proof.steady --rate 20 --minutes 60            # soak: slopes an hour
    python -m tests.proof.steady --rates 5,10,20,40 --minutes 2    # load: the highest steady rate

A local site shows so many mentions a second; `earful run` reads it and posts into a fake Slack
that never fails. Printed are slopes of memory, write-ahead log, handles and threads (least squares
over means of a minute, after the first quarter, with their standard errors), processor time a
mention, how long the stages took, from a mention's appearance to Slack's receipt of its alert, and
what waits at the end before each stage. A rate is steady where no queue has grown. `--samples`
names a file to which each sample is written as it is taken.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import groupby, pairwise
from math import sqrt
from pathlib import Path
from statistics import fmean, linear_regression, quantiles

from storage.models import from_iso
from storage.store import Store
from tests.alerts.fake_slack import FakeSlack
from tests.crawler.site import running_site
from tests.proof.pipeline import Daemon, Outcome, Pipeline, outcome
from tests.proof.replay_site import ReplaySite

FEEDS, EVERY_S = 2, 30
# What a feed shows: all that came since the last four readings, and more.
_WINDOW_S = 150
_APART_S = 5.0
_GROWING = {
    "memory_mib": "daemon, MiB of its own",
    "model_mib": "model, MiB of its own",
    "wal_mib": "write-ahead log, MiB",
    "handles": "handles",
    "threads": "threads",
}
_TICKS = os.sysconf("SC_CLK_TCK")
STAGES = ("crawl", "score", "judge", "deliver")


@dataclass
class Sample:
    """What the daemon and its model hold, and what waits before each stage, at a moment."""

    at_s: float
    memory_mib: float
    """Anonymous memory of the daemon's own process: mapped files come and go with the load."""
    model_mib: float
    wal_mib: float
    handles: int
    threads: int
    cpu_s: dict[str, float]
    """Processor time so far: of the daemon, of its model, of what it began that has ended."""
    waiting: dict[str, int]


@dataclass(frozen=True)
class Slope:
    """How much something grows in an hour, and the standard error of that."""

    hourly: float
    error: float

    def __str__(self) -> str:
        return f"{self.hourly:+.2f} ± {self.error:.2f} an hour"


@dataclass
class Run:
    """One rate: its samples, how long each step of each alert took, and what stands at the end."""

    rate: float
    samples: list[Sample] = field(default_factory=list)
    steps: dict[str, list[float]] = field(default_factory=dict)
    outcome: Outcome | None = None
    exit_code: int | None = None

    def slope(self, name: str) -> Slope:
        """Fit how much grows in an hour, after the first quarter of the run.

        Neighbouring samples are alike: means of minutes are fitted, or the error would be too low.
        """
        warm = [one for one in self.samples if one.at_s >= self.samples[-1].at_s / 4]
        minutes = [[*each] for _, each in groupby(warm, lambda one: one.at_s // 60)]
        x = [fmean(one.at_s for one in each) / 3600 for each in minutes]
        y = [fmean(getattr(one, name) for one in each) for each in minutes]
        if len(x) < 3:
            return Slope(float("nan"), float("nan"))
        found = linear_regression(x, y)
        left = sum((b - found.slope * a - found.intercept) ** 2 for a, b in zip(x, y, strict=True))
        spread = sum((a - fmean(x)) ** 2 for a in x)
        return Slope(found.slope, sqrt(left / (len(x) - 2) / spread))

    def cpu_ms(self, process: str, shown: int) -> float:
        """Give the processor time a mention, in milliseconds."""
        return 1000 * self.samples[-1].cpu_s[process] / max(1, shown)

    @property
    def limit(self) -> str | None:
        """Name the first stage whose queue has grown by more than its reading distance brings."""
        slack = self.rate * EVERY_S * 3
        return next((s for s in STAGES if self.samples[-1].waiting[s] > slack), None)

    def __str__(self) -> str:
        last = self.samples[-1]
        lines = [
            f"{self.rate:g} mentions a second, {last.at_s / 60:.1f} min: "
            + (f"not steady: {self.limit} cannot keep up" if self.limit else "steady"),
            "  waiting at the end: " + ", ".join(f"{k} {v}" for k, v in last.waiting.items()),
            *(
                f"  {title:<26} {getattr(last, name):8.1f} at the end, {self.slope(name)}"
                for name, title in _GROWING.items()
            ),
            "  processor time a mention: "
            + ", ".join(
                f"{name} {self.cpu_ms(name, int(self.rate * last.at_s)):.1f} ms"
                for name in last.cpu_s
            ),
        ]
        for step, seconds in self.steps.items():
            if len(seconds) > 1:
                cuts = quantiles(seconds, n=20)
                lines.append(
                    f"  {step:<26} p50 {cuts[9]:6.1f} s, p95 {cuts[18]:6.1f} s, of {len(seconds)}"
                )
        lines.append(f"{self.outcome}")
        return "\n".join(lines)


def run(folder: Path, rate: float, minutes: float, samples: Path | None = None) -> Run:
    """Let a daemon work at a rate for so long, then finish and stop."""
    found = Run(rate)

    def take() -> None:
        found.samples.append(_sample(pipeline, daemon, time.monotonic() - began))
        if samples is not None:
            with samples.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(found.samples[-1])) + "\n")

    with running_site() as site, FakeSlack() as slack:
        shown = ReplaySite(site, FEEDS, window=max(50, int(rate * _WINDOW_S / FEEDS)))
        pipeline = Pipeline(folder, shown, slack, every=f"{EVERY_S}s", serve=False)
        shown.show(FEEDS)
        daemon = pipeline.start()
        _wait_first(pipeline, daemon)
        began = time.monotonic()
        with shown.showing(rate):
            while time.monotonic() - began < 60 * minutes:
                take()
                time.sleep(_APART_S)
            take()
        ends = time.monotonic() + max(120.0, 60 * minutes)
        while time.monotonic() < ends and any(_waiting(pipeline).values()):
            time.sleep(1)
        found.exit_code = daemon.stop()
        found.steps = _steps(pipeline)
        found.outcome = outcome(pipeline)
    return found


def _wait_first(pipeline: Pipeline, daemon: Daemon) -> None:
    """Wait until the model is loaded and the first mentions are judged."""
    while _waiting(pipeline)["crawl"] or _waiting(pipeline)["judge"]:
        if daemon.ended:
            raise RuntimeError(f"the daemon ended by itself:\n{daemon.said()[-2000:]}")
        time.sleep(0.5)


def _waiting(pipeline: Pipeline) -> dict[str, int]:
    with suppress(Exception), Store.open(pipeline.store, readonly=True) as store:
        counts = store.outbox.counts()
        return {
            "crawl": len(pipeline.site.appeared) - store.mentions.count(),
            "score": store.verdicts.count_waiting(),
            "judge": store.judgements.count_unjudged(),
            "deliver": sum(n for state, n in counts.items() if state in ("pending", "sending")),
        }
    return {"crawl": len(pipeline.site.appeared), "score": 0, "judge": 0, "deliver": 0}


def _sample(pipeline: Pipeline, daemon: Daemon, at_s: float) -> Sample:
    if daemon.ended:
        raise RuntimeError(f"the daemon ended by itself:\n{daemon.said()[-2000:]}")
    proc = Path(f"/proc/{daemon.process.pid}")
    told = _told(proc)
    models = [
        Path(f"/proc/{pid}")
        for pid, command in daemon.children().items()
        if "sentiment.scoring.model_child" in command
    ]
    wal = Path(f"{pipeline.store}-wal")
    own, ended = _cpu(proc)
    return Sample(
        at_s=at_s,
        memory_mib=told["RssAnon"] / 1024,
        model_mib=sum(_told(model).get("RssAnon", 0) for model in models) / 1024,
        wal_mib=wal.stat().st_size / 2**20 if wal.exists() else 0.0,
        handles=len([*(proc / "fd").iterdir()]),
        threads=told["Threads"],
        cpu_s={
            "daemon": own, "model": sum(sum(_cpu(model)) for model in models), "crawls": ended,
        },
        waiting=_waiting(pipeline),
    )  # fmt: skip


def _told(proc: Path) -> dict[str, int]:
    """Read what the kernel says of a process in whole numbers; nothing of one that is gone."""
    told = {}
    with suppress(OSError):
        for line in (proc / "status").read_text().splitlines():
            name, _, value = line.partition(":")
            with suppress(ValueError, IndexError):
                told[name] = int(value.split()[0])
    return told


def _cpu(proc: Path) -> tuple[float, float]:
    """Give the processor seconds of a process, and of its children that have ended."""
    with suppress(OSError):
        fields = (proc / "stat").read_text().rpartition(")")[2].split()
        own, ended = fields[11:13], fields[13:15]
        return sum(map(int, own)) / _TICKS, sum(map(int, ended)) / _TICKS
    return 0.0, 0.0


def _steps(pipeline: Pipeline) -> dict[str, list[float]]:
    """Give how long each alerted mention took, step by step; Slack's own stamps end the last."""
    arrived = {
        message.alert_id: datetime.fromtimestamp(float(message.ts), UTC)
        for message in pipeline.slack.messages()
    }
    names = ("shown to stored", "stored to scored", "scored to written", "written to Slack")
    steps: dict[str, list[float]] = {name: [] for name in (*names, "shown to Slack's receipt")}
    with Store.open(pipeline.store, readonly=True) as store:
        rows = store.database.connection.execute(
            "SELECT m.id, m.fetched_at, v.scored_at, a.created_at, a.dedupe_key FROM alerts a "
            "JOIN mentions m ON m.id = a.mention_id JOIN verdicts v ON v.id = m.verdict_id "
            "WHERE a.kind IN ('complaint', 'wow')"
        )
        for mention_id, *written, key in rows:
            shown = pipeline.site.appeared[mention_id.removeprefix("feeds:")]
            if key not in arrived:
                continue
            moments = [shown, *(from_iso(one) for one in written), arrived[key]]
            for name, (one, other) in zip(names, pairwise(moments), strict=True):
                steps[name].append((other - one).total_seconds())
            steps["shown to Slack's receipt"].append((moments[-1] - shown).total_seconds())
    return steps


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rate", type=float, default=20.0)
    parser.add_argument("--rates", help="several, such as 5,10,20: until one is not steady")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--samples", type=Path, help="a file for each sample, as JSON Lines")
    wanted = parser.parse_args()
    rates = [float(one) for one in wanted.rates.split(",")] if wanted.rates else [wanted.rate]
    highest = None
    good = True
    for rate in rates:
        with tempfile.TemporaryDirectory(prefix="earful-steady-") as folder:
            found = run(Path(folder), rate, wanted.minutes, wanted.samples)
        print(found, flush=True)
        good &= found.outcome is not None and found.outcome.good and found.exit_code == 0
        if found.limit:
            break
        highest = rate
    if wanted.rates:
        print(f"highest steady rate: {highest:g} a second" if highest else "none was steady")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
