"""Faults put into a daemon under load, one by one: what was seen of each, and what it cost.

    python -m tests.proof.faults [NAME…]

`earful run` reads a site that shows new mentions all the time, and posts into a fake Slack. A
fault is put in, and mended once it was seen: in `earful status`, by ops in Slack, or in the log.
Then it is measured how long it takes until all that was shown up to that moment is stored, scored,
judged and at Slack. The looks come every second instead of every minute. Prints a table.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storage.models import AlertState
from storage.store import Store
from tests.alerts.fake_slack import Chaos, FakeSlack, Fault
from tests.crawler.site import Reply, Site, running_site
from tests.proof.pipeline import Daemon, Outcome, Pipeline, outcome
from tests.proof.replay_site import ReplaySite

RATE = 2.0
_ROOT = Path(__file__).parents[2]
_QUICK = ("-m", "tests.earful.moved_run", "0", "1", "--")
_LONGEST_S = 240.0


@dataclass
class World:
    """A pipeline under load, and what a fault can get at of it."""

    pipeline: Pipeline
    site: Site
    daemon: Daemon
    clock: Path
    stopped: list[int] = field(default_factory=list)

    def restart(self) -> None:
        """End the daemon however it can be ended, and start another."""
        self.daemon.kill()
        self.daemon = self.pipeline.start()


Putting = Callable[[World], contextlib.AbstractContextManager[object]]


@dataclass(frozen=True)
class Kind:
    """A fault: how it is put in and taken out, and the words by which it is seen.

    Without words it is one that nobody has to see: it only must not do harm.
    """

    put: Putting
    words: tuple[str, ...]
    more: str = ""
    serve: bool = False
    told_on: str | None = None
    """Words of what `status` goes on to say for a day, as nothing later could clear it."""


@dataclass(frozen=True)
class Came:
    """What was seen of a fault, after how long, and what came of it."""

    name: str
    seen: str
    seen_after_s: float | None
    recovered_after_s: float | None
    problems: list[str]
    """What `status` still says at the end, where that is not good."""
    outcome: Outcome

    @property
    def lost(self) -> int:
        return self.outcome.missing + self.outcome.not_told + self.outcome.unsent

    @property
    def doubled(self) -> int:
        return self.outcome.strange + self.outcome.told_twice + self.outcome.several_verdicts

    @property
    def good(self) -> bool:
        return (
            self.seen_after_s is not None
            and self.recovered_after_s is not None
            and not self.problems
            and self.outcome.good
        )


@contextmanager
def store_locked(world: World) -> Iterator[None]:
    """Another process holds the store's write lock."""
    other = sqlite3.connect(world.pipeline.store, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@contextmanager
def disk_full(world: World) -> Iterator[None]:
    """Not one byte is left on the store's disk."""
    ballast = world.pipeline.folder / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    try:
        yield
    finally:
        ballast.unlink()


@contextmanager
def store_read_only(world: World) -> Iterator[None]:
    """The folder of the store is mounted again, read-only."""
    folder = str(world.pipeline.folder)
    subprocess.run(["mount", "--bind", folder, folder], check=True)
    subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def store_corrupt(world: World) -> Iterator[None]:
    """The first pages of all tables and indexes are lost; a backup is put back by the command."""
    backup = world.pipeline.folder / "backup.db"
    _command(world.pipeline, "backup", str(backup))
    with contextlib.closing(sqlite3.connect(world.pipeline.store)) as connection:
        roots = connection.execute("SELECT rootpage FROM sqlite_master WHERE rootpage > 1")
        pages = [row[0] for row in roots]
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    with world.pipeline.store.open("r+b") as file:
        for page in pages:
            file.seek((page - 1) * 4096)
            file.write(b"\xff" * 4096)
    yield
    world.daemon.stop()
    _command(world.pipeline, "restore", str(backup))
    world.daemon = world.pipeline.start()


@contextmanager
def clock_forward(world: World) -> Iterator[None]:
    """The machine's clock is set three days ahead, and back again."""
    world.clock.write_text(f"{3 * 86400}")
    try:
        yield
    finally:
        world.clock.write_text("0")


@contextmanager
def clock_back(world: World) -> Iterator[None]:
    """The machine's clock is set an hour back, and right again."""
    world.clock.write_text("-3600")
    try:
        yield
    finally:
        world.clock.write_text("0")


@contextmanager
def no_network(world: World) -> Iterator[None]:
    """Each connection is cut: to the site and to Slack."""
    answer = world.site._answer
    world.site._answer = lambda asked: Reply(b"cut", sent=0)  # type: ignore[method-assign]
    world.pipeline.slack.chaos(lambda *_: Fault.cut())
    try:
        yield
    finally:
        world.pipeline.slack.chaos(None)
        world.site._answer = answer  # type: ignore[method-assign]


@contextmanager
def no_memory(world: World) -> Iterator[None]:
    """The daemon gets no more memory than it has; then it is started anew with what it needs."""
    limit = _resident(world.daemon.process.pid)
    subprocess.run(
        ["prlimit", "--pid", str(world.daemon.process.pid), f"--data={limit}"], check=True
    )
    yield
    world.restart()


@contextmanager
def hung_source(world: World) -> Iterator[None]:
    """The site takes requests and answers none."""
    answer = world.site._answer
    world.site._answer = lambda asked: Reply(b"late", delay=200)  # type: ignore[method-assign]
    try:
        yield
    finally:
        world.site._answer = answer  # type: ignore[method-assign]


@contextmanager
def hung_spider(world: World) -> Iterator[None]:
    """Each process that crawls is stopped in the middle of its work and goes on no more."""
    with _stopping_crawls(world):
        yield


@contextmanager
def slack_hangs(world: World) -> Iterator[None]:
    """Slack takes each call and answers none."""
    world.pipeline.slack.chaos(lambda *_: Fault.hang(120))
    try:
        yield
    finally:
        world.pipeline.slack.chaos(None)


@contextmanager
def dashboards_dead(world: World) -> Iterator[None]:
    """The dashboards' process is killed."""
    _kill_children(world, _SERVER)
    yield


@contextmanager
def dashboards_hang(world: World) -> Iterator[None]:
    """The dashboards' process is stopped and answers nothing; then it goes on."""
    stopped = [pid for pid, command in world.daemon.children().items() if _SERVER in command]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in stopped:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@contextmanager
def model_killed(world: World) -> Iterator[None]:
    """The model's process is killed while it loads or scores, as Linux does for memory."""
    _wait(lambda: bool(_kill_children(world, "sentiment.scoring.model_child")), world)
    yield


@contextmanager
def log_corrupt(world: World) -> Iterator[None]:
    """The daemon is killed, and bytes of the store's write-ahead log are flipped."""
    _wait(lambda: _wal(world).stat().st_size > 4096 * 8, world)
    world.daemon.kill()
    damaged = bytearray(_wal(world).read_bytes())
    # The first frame that was written last is not known: one in the middle takes the later ones.
    for place in range(len(damaged) // 2, len(damaged) // 2 + 40):
        damaged[place] ^= 0xFF
    _wal(world).write_bytes(damaged)
    world.daemon = world.pipeline.start()
    yield


@contextmanager
def clock_ahead_at_start(world: World) -> Iterator[None]:
    """The daemon is started with a clock a month ahead, which is set right later."""
    world.daemon.stop()
    world.clock.write_text(f"{30 * 86400}")
    world.daemon = world.pipeline.start()
    try:
        yield
    finally:
        world.clock.write_text("0")


@contextmanager
def slack_fails_often(world: World) -> Iterator[None]:
    """Slack fails 15% of its calls, in each way that it can."""
    world.pipeline.slack.chaos(Chaos(1, 0.15, hang=0.6))
    try:
        yield
    finally:
        world.pipeline.slack.chaos(None)


@contextmanager
def slack_down(world: World) -> Iterator[None]:
    """Slack answers each call with an error of its own."""
    world.pipeline.slack.chaos(lambda *_: Fault.http(503))
    try:
        yield
    finally:
        world.pipeline.slack.chaos(None)


@contextmanager
def config_broken(world: World) -> Iterator[None]:
    """The config gets a mistake, and SIGHUP has it read."""
    sound = world.pipeline.toml()
    world.pipeline.config.write_text(sound.replace("[alerts]", "[alerts]\nmax_aeg = 3"))
    world.daemon.process.send_signal(signal.SIGHUP)
    try:
        yield
    finally:
        world.pipeline.config.write_text(sound)
        world.daemon.process.send_signal(signal.SIGHUP)


@contextmanager
def output_closed(world: World) -> Iterator[None]:
    """Who reads the daemon's output is gone: each line that it writes fails."""
    world.daemon.stop()
    world.daemon = world.pipeline.start(unheard=True)
    yield


@contextmanager
def poison_text(world: World) -> Iterator[None]:
    """A feed has an entry of 25 MB before all others; later it has it no more."""
    world.pipeline.site.poison = "Acme " + "lost my parcel again and again " * 800_000
    try:
        yield
    finally:
        world.pipeline.site.poison = None


@contextmanager
def handles_short(world: World) -> Iterator[None]:
    """The daemon may open no further file; then it may again."""
    pid = str(world.daemon.process.pid)
    limit = len([*Path(f"/proc/{pid}/fd").iterdir()])
    subprocess.run(["prlimit", "--pid", pid, f"--nofile={limit}:1024"], check=True)
    try:
        yield
    finally:
        subprocess.run(["prlimit", "--pid", pid, "--nofile=1024:1024"], check=True)


_SERVER = "earful.pages.server_process"
_WENT_BACK = "gone back to an earlier state"
_LATE = ("is failed", "time limit", "took longer")
_PASSING = ("did not answer", "answered HTTP", "broke off", "may have posted", "asks to wait")
_SHORT = '[crawl]\ntime_limit = "45s"\n'

FAULTS: dict[str, Kind] = {
    "store_locked": Kind(store_locked, ("another process is writing", "locked", "has held")),
    "disk_full": Kind(disk_full, ("on its disk", "no room", "full")),
    "store_read_only": Kind(
        store_read_only, ("may only be read", "read-only", "cannot be written")
    ),
    "store_corrupt": Kind(store_corrupt, ("is damaged",), told_on=_WENT_BACK),
    "clock_forward": Kind(clock_forward, ("clock",)),
    "clock_back": Kind(clock_back, ("clock",)),
    "no_network": Kind(no_network, ("is failed", "cannot be reached", "broke off")),
    "no_memory": Kind(no_memory, ("not enough memory", "memory")),
    "hung_source": Kind(hung_source, _LATE, more=_SHORT),
    "hung_spider": Kind(hung_spider, _LATE, more=_SHORT),
    "slack_hangs": Kind(slack_hangs, ("did not answer", "timed out", "may have posted")),
    "slack_down": Kind(slack_down, ("503",)),
    "slack_fails_often": Kind(slack_fails_often, _PASSING),
    "dashboards_dead": Kind(dashboards_dead, ("were started again",), serve=True),
    "dashboards_hang": Kind(dashboards_hang, ("dashboards",), serve=True),
    "model_killed": Kind(model_killed, ("killed by signal 9",)),
    "log_corrupt": Kind(log_corrupt, (_WENT_BACK,), told_on=_WENT_BACK),
    "clock_ahead_at_start": Kind(clock_ahead_at_start, ("clock", "in the future")),
    "config_broken": Kind(config_broken, ("goes on with the config that it has",)),
    "output_closed": Kind(output_closed, ()),
    "poison_text": Kind(poison_text, ("refused 1 entry",)),
    "handles_short": Kind(handles_short, ("too many open files", "Too many open files")),
}
_NEED_ROOT = ("disk_full", "store_read_only")


def run(name: str) -> Came:
    """Put one fault into a daemon under load, and measure what it costs."""
    kind = FAULTS[name]
    with _world(kind) as world:
        shown = world.pipeline.site
        with shown.showing(RATE):
            if not _wait(lambda: _is_at_slack(world), world):
                raise RuntimeError("nothing came to Slack before the fault was put in")
            began = time.monotonic()
            with kind.put(world):
                seen = _wait_seen(world, kind)
                seen_after = time.monotonic() - began
            mended, by_then = time.monotonic(), len(shown.appeared)
            recovered = _wait(lambda: _has_caught_up(world, by_then), world)
            recovered_after = time.monotonic() - mended if recovered else None
        _wait(lambda: _has_caught_up(world, len(shown.appeared)), world)
        _wait(lambda: not _problems(world, kind), world)
        problems = _problems(world, kind)
        world.daemon.stop()
        world.pipeline.slack.wait_idle()
        return Came(
            name, seen or "nothing", seen_after if seen else None, recovered_after, problems,
            outcome(world.pipeline),
        )  # fmt: skip


def table(found: list[Came]) -> str:
    """Write what came of the faults for a terminal: a line each, and what was seen under it."""
    lines = [f"{'fault':<17}{'seen':>8}{'recovered':>11}{'lost':>6}{'doubled':>9}  healthy after"]
    for one in found:
        lines += [
            f"{one.name:<17}{_seconds(one.seen_after_s):>8}{_seconds(one.recovered_after_s):>11}"
            f"{one.lost:>6}{one.doubled:>9}  {'NO' if one.problems else 'yes'}",
            f"    {one.seen[:300]}",
        ]
        lines += [f"    at the end: {problem[:300]}" for problem in one.problems]
        if not one.outcome.good:
            lines.append(str(one.outcome))
    return "\n".join(lines)


def _seconds(number: float | None) -> str:
    return "never" if number is None else f"{number:.0f} s"


@contextmanager
def _world(kind: Kind) -> Iterator[World]:
    with (
        _small_disk() as folder,
        running_site() as site,
        FakeSlack() as slack,
    ):
        clock = folder / "clock"
        clock.write_text("0")
        shown = ReplaySite(site, 2)
        pipeline = Pipeline(
            folder, shown, slack, every="5s", more=kind.more,
            serve=kind.serve, arguments=_QUICK,
            environment={
                "EARFUL_TEST_CLOCK": str(clock),
                "PYTHONPATH": os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")]),
            },
        )  # fmt: skip
        world = World(pipeline, site, pipeline.start(), clock)
        try:
            yield world
        finally:
            world.daemon.kill()


@contextmanager
def _small_disk() -> Iterator[Path]:
    """Give a folder on a small file system of its own, or, where that may not be, a plain one."""
    with tempfile.TemporaryDirectory(prefix="earful-fault-") as name:
        mount = ["mount", "-t", "tmpfs", "-o", "size=120m", "earful-fault", name]
        mounted = os.geteuid() == 0 and not subprocess.run(mount, check=False).returncode
        folder = Path(name) / "store"
        folder.mkdir()
        try:
            yield folder
        finally:
            if mounted:
                subprocess.run(["umount", "--lazy", name], check=True)


@contextmanager
def _stopping_crawls(world: World) -> Iterator[None]:
    import threading

    done = threading.Event()

    def stop_them() -> None:
        while not done.wait(0.05):
            for pid, command in world.daemon.children().items():
                if "crawler.runner" in command and pid not in world.stopped:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGSTOP)
                        world.stopped.append(pid)

    thread = threading.Thread(target=stop_them)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _is_at_slack(world: World) -> bool:
    return any(key and key.startswith("complaint:") for key in world.pipeline.slack.alert_ids())


def _wait_seen(world: World, kind: Kind) -> str | None:
    """Wait for the first sentence about a fault; None where none came."""
    found: list[str] = []
    if not kind.words:
        _wait(lambda: _has_caught_up(world, len(world.pipeline.site.appeared) - 20), world)
        return "nothing is to be seen"

    def look() -> bool:
        ops = world.pipeline.slack.texts("voice-ops")
        said = [f"ops: {text}" for text in ops]
        _, problems = _status(world.pipeline)
        said += [f"status: {problem}" for problem in problems]
        said += [f"log: {line}" for line in _remarks(world.daemon)]
        found.extend(one for one in said if any(word in one for word in kind.words))
        return bool(found)

    _wait(look, world, may_end=True)
    return found[0] if found else None


def _remarks(daemon: Daemon) -> Iterator[str]:
    """Give what the log says is wrong, and what it remarks on each crawl."""
    for line in daemon.said().splitlines():
        with suppress(ValueError):
            said = json.loads(line)
            if isinstance(said, dict) and (
                said.get("level") in ("WARNING", "ERROR") or said.get("message") == "crawled"
            ):
                parts = (said.get("message"), said.get("reason"), *(said.get("problems") or ()))
                yield ": ".join(str(part) for part in parts if part)


def _wait(condition: Callable[[], bool], world: World, *, may_end: bool = False) -> bool:
    """Wait until a condition holds; tells whether it came to that within the longest wait."""
    ends = time.monotonic() + _LONGEST_S
    while time.monotonic() < ends:
        if world.daemon.ended and not may_end:
            raise RuntimeError(f"the daemon ended by itself:\n{world.daemon.said()[-3000:]}")
        if condition():
            return True
        time.sleep(0.5)
    return False


def _has_caught_up(world: World, shown: int) -> bool:
    """Tell whether all that was shown up to a number has come through the whole pipeline."""
    wanted = {f"feeds:{entry}" for entry in list(world.pipeline.site.appeared)[:shown]}
    try:
        with Store.open(world.pipeline.store, readonly=True) as store:
            connection = store.database.connection
            stored = {
                row[0]
                for row in connection.execute(
                    "SELECT m.id FROM mentions m JOIN verdicts v ON v.id = m.verdict_id "
                    "WHERE v.judged_at IS NOT NULL"
                )
            }
            if wanted - stored:
                return False
            unsent = connection.execute(
                "SELECT mention_id FROM alerts WHERE state <> ?", (AlertState.SENT,)
            )
            return not wanted & {row[0] for row in unsent}
    except Exception:
        return False  # a store in trouble has caught up with nothing


def _status(pipeline: Pipeline) -> tuple[int, list[str]]:
    asked = subprocess.run(
        [
            sys.executable, *pipeline.arguments, "--config", str(pipeline.config),
            "status", "--json",
        ],
        env={**os.environ, **pipeline.environment},
        capture_output=True, text=True, check=False, cwd=_ROOT,
    )  # fmt: skip
    try:
        found: dict[str, Any] = json.loads(asked.stdout)
    except ValueError:
        return asked.returncode, [asked.stderr.strip()]
    return asked.returncode, list(found["problems"])


def _kill_children(world: World, module: str) -> int:
    """Kill those of the daemon's processes that run a module; tells how many there were."""
    killed = 0
    for pid, command in world.daemon.children().items():
        if module in command:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                killed += 1
    return killed


def _wal(world: World) -> Path:
    return Path(f"{world.pipeline.store}-wal")


def _problems(world: World, kind: Kind) -> list[str]:
    """Give what `status` says is wrong, without what it says of the fault for a day."""
    code, problems = _status(world.pipeline)
    if code and not problems:
        return ["unhealthy, and no reason"]
    return [one for one in problems if kind.told_on is None or kind.told_on not in one]


def _command(pipeline: Pipeline, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "earful", "--config", str(pipeline.config), *arguments],
        env={**os.environ, **pipeline.environment}, cwd=_ROOT, check=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip


def _resident(pid: int) -> int:
    """Read how many bytes of data a process has."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData:"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("names", nargs="*", choices=[*FAULTS, []], metavar="NAME")
    names = parser.parse_args().names or [*FAULTS]
    if os.geteuid() != 0 or shutil.which("mount") is None:
        print(f"only root may mount a disk: without {', '.join(_NEED_ROOT)}")
        names = [name for name in names if name not in _NEED_ROOT]
    found = []
    for name in names:
        try:
            found.append(run(name))
        except Exception as error:
            print(f"{name}: {type(error).__name__}: {error}", flush=True)
            continue
        print(table(found[-1:]), flush=True)
    print(table(found))
    good = len(found) == len(names) and all(one.good for one in found)
    print("nothing lost, nothing doubled" if good else "FAILED")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
