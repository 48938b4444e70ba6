"""The dashboards' server as a process of its own: nobody's queries hold up the daemon."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from config.errors import EarfulError, InputError
from earful.http_serving import STOP_S, gone_with_parent
from earful.pages.web_server import check_store, serve

_START_S = 60.0


@dataclass(frozen=True, slots=True)
class Served:
    """A running server: where it is, and its process."""

    url: str
    process: subprocess.Popen[str]

    def alive(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> None:
        """Let it finish what it answers, then end it; safe to repeat."""
        with contextlib.suppress(OSError):
            self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()


@contextlib.contextmanager
def server_process(
    store_path: Path,
    host: str,
    port: int,
    *,
    allowed_hosts: Collection[str] = (),
) -> Iterator[Served]:
    """Run `serve` in a process of its own; it ends with the block, or with this process.

    Raises what `serve` raises, before the block begins.
    """
    check_store(store_path)
    command = [
        sys.executable,
        "-m",
        "earful.pages.server_process",
        str(store_path),
        host,
        str(port),
    ]
    process = subprocess.Popen(
        [*command, *allowed_hosts],
        # Its end of the pipe closes when this process dies, however it dies.
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        # Ctrl-C is ours to pass on, in order.
        start_new_session=True,
    )
    served = Served(url="", process=process)
    too_slow = threading.Timer(_START_S, process.kill)
    too_slow.start()
    try:
        assert process.stdout is not None
        word, _, rest = process.stdout.readline().strip().partition(" ")
        too_slow.cancel()
        if word == "refused":
            raise InputError(rest)
        if word != "ready":
            reason = rest or f"it ended with {process.wait()} before it served a page"
            raise EarfulError(f"dashboards at {host}:{port}: cannot be served: {reason}")
        yield Served(url=rest, process=process)
    finally:
        too_slow.cancel()
        served.stop()


def _main(arguments: list[str]) -> int:
    """Serve beside a parent: one line on stdout tells it the address, or what is wrong."""
    store_path, host, port, *allowed = arguments

    def say_ready(url: str) -> None:
        print(f"ready {url}", flush=True)
        # Nobody reads this pipe any more: what a library prints must not fill it.
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    try:
        serve(
            Path(store_path),
            host,
            int(port),
            allowed_hosts=allowed,
            ready=say_ready,
            stop=gone_with_parent(),
        )
    except EarfulError as error:
        print(f"{'refused' if error.exit_code == 2 else 'failed'} {error}", flush=True)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
