"""The dashboards' server as a process of its own: nobody's queries hold up the daemon."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import pickle  # nosec B403 # writes alone
import subprocess
import sys
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from config.errors import EarfulError, InputError
from config.settings import Settings
from earful.http_serving import STOP_S, gone_with_parent
from earful.pages.accounts import NOBODY, Accounts, check_reach
from earful.pages.bounds import bound_process
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
    accounts: Accounts = NOBODY,
    allowed_hosts: Collection[str] = (),
    public_url: str | None = None,
    settings: Settings | None = None,
) -> Iterator[Served]:
    """Run `serve` in a process of its own; it ends with the block, or with this process.

    With `settings` those who may work on cases can change something there. It may take so much
    memory and no more: a query must not end what else this machine does.

    Raises what `serve` raises, before the block begins.
    """
    check_reach(host, accounts)
    check_store(store_path)
    wanted = {
        "store": str(store_path),
        "host": host,
        "port": port,
        "allowed_hosts": sorted(allowed_hosts),
        "public_url": public_url,
        "accounts": accounts.as_json(),
        "settings": base64.b64encode(pickle.dumps(settings)).decode() if settings else None,
    }
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "earful.pages.server_process"],
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
        assert process.stdin is not None
        assert process.stdout is not None
        # Not on its command line, which all users of this machine can read.
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps(wanted) + "\n")
            process.stdin.flush()
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


def _main() -> int:
    """Serve beside a parent, which says what on one line of stdin.

    One line on stdout tells it the address, or what is wrong.
    """
    wanted = json.loads(_first_line())

    def say_ready(url: str) -> None:
        print(f"ready {url}", flush=True)
        # Nobody reads this pipe any more: what a library prints must not fill it.
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    try:
        bound_process()
        serve(
            Path(wanted["store"]),
            wanted["host"],
            wanted["port"],
            accounts=Accounts.from_json(wanted["accounts"]),
            allowed_hosts=wanted["allowed_hosts"],
            public_url=wanted["public_url"],
            settings=base64.b64decode(wanted["settings"]) if wanted["settings"] else None,
            ready=say_ready,
            stop=gone_with_parent(),
        )
    except EarfulError as error:
        print(f"{'refused' if error.exit_code == 2 else 'failed'} {error}", flush=True)
        return error.exit_code
    return 0


def _first_line() -> bytes:
    """Read a line of stdin, and not a byte more: its end says later that the parent is gone."""
    line = b""
    while (one := os.read(0, 1)) not in (b"", b"\n"):
        line += one
    return line


if __name__ == "__main__":
    sys.exit(_main())
