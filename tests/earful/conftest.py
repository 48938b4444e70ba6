"""What the tests of the command line share: a folder of one's own, and a run of a command."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from alerts.messages.catalogue import Languages, choose
from earful.cli import main


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


Earful = Callable[..., Ran]


@pytest.fixture
def earful(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Earful]:
    """Run a command in an empty folder, with no secrets and a terminal of 80 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_WEBHOOK_URL"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["earful", *arguments])
        with pytest.raises(SystemExit) as exited:
            main()
        told = capsys.readouterr()
        return Ran(int(exited.value.code or 0), told.out, told.err)

    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield run
    # A command's log goes to the stderr of this test, which the next one cannot write to.
    for handler in set(root.handlers) - set(handlers):
        if type(handler) is logging.StreamHandler:
            root.removeHandler(handler)
    root.setLevel(level)
    # What a command's config said is said no more.
    choose(Languages())
