"""`earful status --watch` in a real terminal of 80 columns: it redraws, and ends by Ctrl-C."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import sqlite3
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from earful.commands.status import ctrl_c
from storage.models import Mention
from storage.store import Store
from tests.waiting import PATIENCE_S

_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]")


def say(store: Store, number: int) -> None:
    at = datetime.now(UTC)
    store.mentions.save(
        [Mention(brand="Acme", source="shop", native_id=str(number), text=f"Acme {number}",
                 created_at=at, fetched_at=at)]
    )  # fmt: skip


def command(config: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "earful", "--config", str(config), "status", *more]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "earful.toml"
    path.write_text('[store]\npath = "earful.db"\n[[brands]]\nname = "Acme"\nquery = "acme"\n')
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        say(store, 1)
    return path


@pytest.mark.slow("starts the command in a terminal, and writes beside it")
def test_it_redraws_and_ends_by_ctrl_c(config: Path) -> None:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = {**os.environ, "TERM": "xterm"}
    environment.pop("COLUMNS", None)
    process = subprocess.Popen(
        command(config, "--watch"), stdin=slave, stdout=slave, stderr=slave, env=environment
    )
    os.close(slave)
    shown = ""

    def until(condition: Callable[[str], bool]) -> None:
        nonlocal shown
        end = time.monotonic() + PATIENCE_S
        while not condition(_CODES.sub("", shown)):
            assert time.monotonic() < end, shown[-2000:]
            if select.select([master], [], [], 1.0)[0]:
                try:
                    shown += os.read(master, 65536).decode("utf-8", "replace")
                except OSError:
                    break  # the other end is closed

    until(lambda text: "1 mentions" in text)
    with Store.open(config.parent / "earful.db") as store:
        say(store, 2)
    until(lambda text: "2 mentions" in text)
    assert len(re.findall(r"earful status at \d\d:\d\d:\d\d UTC", _CODES.sub("", shown))) >= 2
    process.send_signal(signal.SIGINT)
    # The screen of its own is left, and what it last showed stays in the terminal.
    until(lambda text: text.rstrip().endswith("healthy") and "\x1b[?1049l" in shown)
    code = process.wait(PATIENCE_S)
    os.close(master)
    assert code == 0, shown[-2000:]
    assert shown.count("\x1b[?1049h") == shown.count("\x1b[?1049l") == 1
    assert "Traceback" not in shown
    screen = shown.partition("\x1b[?1049h")[2].partition("\x1b[?1049l")[0]
    screens = [_CODES.sub("", one).splitlines() for one in screen.split("\x1b[H")]
    assert all(len(line.rstrip()) <= 80 for lines in screens for line in lines)
    assert all(len(lines) <= 24 for lines in screens)


@pytest.fixture
def heard() -> Iterator[None]:
    """Let SIGINT interrupt: whoever starts the tests in the background may have it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
def test_ctrl_c_is_heard_while_sqlite_calls_a_function_of_ours() -> None:
    """Raised there, a KeyboardInterrupt is an error of SQLite's to whoever asked."""

    def press() -> int:
        signal.raise_signal(signal.SIGINT)
        return 1

    with closing(sqlite3.connect(":memory:")) as connection, ctrl_c() as asked_to_end:
        connection.create_function("press", 0, press)
        assert not asked_to_end()
        assert connection.execute("SELECT press()").fetchone() == (1,)
        assert asked_to_end()
        with pytest.raises(KeyboardInterrupt):
            press()
    with pytest.raises(KeyboardInterrupt):
        press()


@pytest.mark.parametrize(
    ("more", "said"),
    [(["--watch"], "--watch needs a terminal"), (["--watch", "--json"], "leave out --json")],
)
def test_it_is_for_people_at_a_terminal(config: Path, more: list[str], said: str) -> None:
    ran = subprocess.run(command(config, *more), capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert said in ran.stderr
    assert ran.stderr.count("\n") == 1
