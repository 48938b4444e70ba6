"""`earful run` as a real process beside a fake Slack, for tests of the daemon."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.alerts.fake_slack import FakeSlack
from tests.waiting import PATIENCE_S, wait_for

# The module that stands in for `earful`, with its first arguments.
RUN: tuple[str, ...] = ("tests.earful.moved_run",)


@dataclass
class Run:
    """A running daemon, its files, and how its command line is called."""

    process: subprocess.Popen[bytes]
    log: Path
    config: Path
    days: float

    def wait_for(self, condition: Callable[[], object]) -> None:
        """Wait until a condition holds; AssertionError with the log when it does not."""

        def said() -> str:
            return self.log.read_text()[-3000:]

        def holds() -> object:
            assert self.process.poll() is None, said()
            return condition()

        wait_for(holds, said)

    def limit_memory(self, more_mb: int) -> None:
        """Let the daemon take so many MB of data beside what it holds, and no more."""
        told = Path(f"/proc/{self.process.pid}/status").read_text()
        held = next(int(line.split()[1]) for line in told.splitlines() if "VmData" in line)
        limit = held * 1024 + more_mb * 1_000_000
        resource.prlimit(self.process.pid, resource.RLIMIT_DATA, (limit, limit))

    def status(self) -> tuple[int, dict[str, Any]]:
        """Ask `earful status --json`: exit code and what it printed."""
        return status(self.config, self.days)


def command(
    config: Path, days: float, seconds: float, *arguments: str, weights: Path | None = None
) -> list[str]:
    return [
        sys.executable, "-m", *RUN, str(days), str(seconds),
        *([str(weights)] if weights else []), "--", "--config", str(config), *arguments,
    ]  # fmt: skip


def status(config: Path, days: float = 0) -> tuple[int, dict[str, Any]]:
    """Ask `earful status --json` on its own: exit code and what it printed."""
    asked = subprocess.run(
        command(config, days, 60, "status", "--json"), capture_output=True, text=True, check=False
    )
    assert asked.stdout, asked.stderr
    return asked.returncode, json.loads(asked.stdout)


@contextmanager
def running(
    config: Path,
    slack: FakeSlack,
    *more: str,
    days: float = 0,
    seconds: float = 1,
    buttons: bool = False,
    weights: Path | None = None,
    clock: Path | None = None,
) -> Iterator[Run]:
    """Run the daemon until the block ends, then SIGTERM it and see that it stops in order."""
    environment = {**os.environ, "SLACK_BOT_TOKEN": slack.token}
    if buttons:
        environment["SLACK_APP_TOKEN"] = slack.app_token
    if clock is not None:
        environment["EARFUL_TEST_CLOCK"] = str(clock)
    log = config.with_suffix(".log")
    with log.open("ab") as errors:
        process = subprocess.Popen(
            command(config, days, seconds, "run", *more, weights=weights),
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
    run = Run(process, log, config, days)
    try:
        yield run
        # Twice, as `timeout` sends it: one stop all the same.
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGTERM)
        code = process.wait(PATIENCE_S)
        assert code == 0, f"the daemon ended with {code}: {log.read_text()[-3000:]}"
    finally:
        process.kill()
        process.wait()
