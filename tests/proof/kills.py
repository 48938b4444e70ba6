"""The whole pipeline, killed with SIGKILL again and again while it works.

    python -m tests.proof.kills --kills 100 --mentions 5000

`earful run` reads a local site whose mentions appear while it is killed, and posts into a fake
Slack that fails 15% of its calls. At random moments (seeded) the daemon is killed, while it starts
or while it works, or one of its children: a crawl, the model, or the dashboards. Then one daemon
may finish. Prints what was killed, and what stands in store and Slack: each mention must be stored
once and have one current verdict, and each alert that is due must have arrived once.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from storage.models import AlertState
from storage.store import Store
from tests.alerts.fake_slack import Chaos, FakeSlack
from tests.crawler.site import running_site
from tests.proof.pipeline import Daemon, Outcome, Pipeline, outcome, processes_of
from tests.proof.replay_site import ReplaySite

# How long a daemon may live at most before it is killed, from its start and from its first work.
_STARTING_S, _WORKING_S = 4.0, 8.0
_HANG_S = 0.6
_ORPHANS_S = 30.0


@dataclass(frozen=True)
class Tally:
    """What was killed, how Slack failed, and what came of it."""

    kills: Counter[str]
    faults: dict[str, int]
    aside: int
    """Texts that were at hand at two kills, and which no daemon tries a third time."""
    outcome: Outcome
    orphans: list[str]
    exit_code: int
    seconds: float

    @property
    def good(self) -> bool:
        return self.outcome.good and not self.orphans and self.exit_code == 0

    def __str__(self) -> str:
        kills = ", ".join(f"{number} × {what}" for what, number in self.kills.most_common())
        faults = ", ".join(f"{name} {number}" for name, number in sorted(self.faults.items()))
        return (
            f"{self.kills.total()} SIGKILLs in {self.seconds:.0f} s: {kills}\n"
            f"Slack failed {sum(self.faults.values())} times: {faults}\n"
            f"put aside after two kills, then scored by `process --rescore`: {self.aside}\n"
            f"{self.outcome}\n"
            f"processes left of killed daemons: {', '.join(self.orphans) or 'none'}; the last "
            f"daemon, told to stop, exited with {self.exit_code}"
        )


def run(
    folder: Path,
    *,
    kills: int,
    mentions: int,
    seed: int = 1,
    limit_s: float,
    feeds: int = 4,
    serve: bool = True,
) -> Tally:
    """Kill so often while so many mentions appear, then let a daemon finish.

    Store and log lie in the folder. TimeoutError where it has not finished after `limit_s`
    seconds.
    """
    rng = random.Random(seed)
    began = time.monotonic()
    killed: Counter[str] = Counter()
    chaos = Chaos(seed, 0.15, hang=_HANG_S)
    with running_site() as site, FakeSlack() as slack:
        shown = ReplaySite(site, feeds, seed=seed)
        pipeline = Pipeline(folder, shown, slack, serve=serve)
        slack.chaos(chaos)
        daemon: Daemon | None = None
        while killed.total() < kills:
            shown.show(mentions * (killed.total() + 1) // (kills + 1))
            if daemon is None:
                daemon = pipeline.start()
                if rng.random() < 0.25:
                    _live(daemon, rng.uniform(0, _STARTING_S))
                    daemon.kill()
                    killed["a daemon that starts"] += 1
                    daemon = None
                    continue
                _wait_started(daemon)
            _live(daemon, rng.uniform(0, _WORKING_S))
            children = daemon.children()
            if children and rng.random() < 0.4:
                child = rng.choice(sorted(children))
                if _kill_child(child):
                    killed[_named(children[child])] += 1
                continue
            daemon.kill()
            killed["a daemon that works"] += 1
            daemon = None
        shown.show(mentions)
        if daemon is None:
            daemon = pipeline.start()
        _finish(pipeline, daemon, mentions, began + limit_s)
        exit_code = daemon.stop()
        aside = see_to_aside(pipeline, began + limit_s)
        slack.wait_idle()
        # A child hears of its parent's end by a pipe, and has then to end what it is at.
        ends = time.monotonic() + _ORPHANS_S
        while (orphans := processes_of(pipeline)) and time.monotonic() < ends:
            time.sleep(0.2)
        return Tally(
            killed, dict(chaos.counts), aside, outcome(pipeline), orphans, exit_code,
            time.monotonic() - began,
        )  # fmt: skip


def _live(daemon: Daemon, seconds: float) -> None:
    """Let a daemon live so long; RuntimeError where it ends by itself."""
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0:
        _require_alive(daemon)
        time.sleep(min(left, 0.1))
    _require_alive(daemon)


def _require_alive(daemon: Daemon) -> None:
    if daemon.ended:
        raise RuntimeError(f"the daemon ended by itself:\n{daemon.said()[-3000:]}")


def _wait_started(daemon: Daemon) -> None:
    while '"started"' not in daemon.said():
        _live(daemon, 0.1)


def _kill_child(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _named(command: str) -> str:
    for part, name in (
        ("crawler.runner", "a crawl"),
        ("earful.pages.server_process", "the dashboards"),
        ("sentiment.scoring.model_child", "the model's process"),
        ("storage.guarded_reading", "a guarded reading"),
        ("multiprocessing", "a helper of Python's"),
    ):
        if part in command:
            return name
    return command


def _finish(pipeline: Pipeline, daemon: Daemon, mentions: int, limit: float) -> None:
    """Wait until all that was shown is stored, scored, judged and sent."""
    while True:
        _live(daemon, 1.0)
        with Store.open(pipeline.store, readonly=True) as store:
            counts = store.outbox.counts()
            if (
                store.mentions.count() >= mentions
                and store.verdicts.count_waiting() == len(store.scoring_tries.aside())
                and not store.judgements.count_unjudged()
                and not counts[AlertState.PENDING] + counts[AlertState.SENDING]
            ):
                return
            if time.monotonic() > limit:
                raise TimeoutError(
                    f"{store.mentions.count()} mentions, {store.verdicts.count_waiting()} to "
                    f"score, {store.judgements.count_unjudged()} to judge, {dict(counts)}:\n"
                    f"{daemon.said()[-3000:]}"
                )


def see_to_aside(pipeline: Pipeline, limit: float) -> int:
    """Do what `status` tells ops to do for texts that were put aside; give how many there were."""
    with Store.open(pipeline.store, readonly=True) as store:
        aside = len(store.scoring_tries.aside())
    left = aside
    while left:
        if time.monotonic() > limit:
            raise TimeoutError(f"of {aside} texts put aside {left} are not seen to")
        ran = pipeline.carry_out("process", "--rescore")
        with Store.open(pipeline.store, readonly=True) as store:
            counts = store.outbox.counts()
            left = store.verdicts.count_waiting() + counts[AlertState.PENDING]
            left += counts[AlertState.SENDING]
        if ran.returncode and not left:
            raise RuntimeError(f"`process --rescore` ended with {ran.returncode}: {ran.stderr}")
    return aside


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--mentions", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where store and log are to stay")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="earful-kills-") as own:
        tally = run(
            wanted.folder or Path(own),
            kills=wanted.kills,
            mentions=wanted.mentions,
            seed=wanted.seed,
            limit_s=7200,
        )
    print(tally)
    print("nothing lost, nothing doubled" if tally.good else "FAILED")
    return 0 if tally.good else 1


if __name__ == "__main__":
    sys.exit(main())
