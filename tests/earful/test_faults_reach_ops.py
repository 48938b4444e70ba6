"""Faults in a running daemon, by the real command: ops hear of each once, `status` sees it."""

from __future__ import annotations

import os

import pytest

from tests.earful.fault_run import FAULTS, Seen

pytestmark = pytest.mark.slow("each starts the daemon and waits until it has looked three times")

WORDS = {
    "model_missing": "scoring has failed since",
    "language_missing": "model for de: models: de:",
    "buttons_dead": "hearing Slack's buttons has failed since",
    "channel_archived": "the channel is archived",
    "memory_short": "there is not enough memory",
    # Whoever meets it first: a write that fails, or the look at what is left.
    "disk_full": "on its disk",
}


def seen(name: str) -> Seen:
    return FAULTS[name]()


@pytest.mark.parametrize("name", sorted(WORDS))
def test_ops_hear_of_it_once_and_when_it_is_over(name: str) -> None:
    if name == "disk_full" and os.geteuid() != 0:
        pytest.skip("a small disk can be mounted by root alone")
    found = seen(name)
    assert found.code == 1
    assert any(WORDS[name] in problem for problem in found.problems), found.problems
    (said,) = found.told
    assert said.startswith("Earful is in trouble: ")
    assert WORDS[name] in said
    if name in ("memory_short", "language_missing"):
        return  # for as long as this process runs
    assert (found.code_after, found.problems_after) == (0, [])
    (over,) = found.told_after
    assert over.startswith("Earful: the problem with ")


def test_dashboards_that_end_are_started_again() -> None:
    found = seen("dashboards_killed")
    assert (found.code, found.problems) == (0, [])
    (line,) = found.told
    assert "they were started again at http://127.0.0.1:" in line


def test_an_absence_is_told_at_the_next_start() -> None:
    found = seen("daemon_stopped")
    assert found.code == 1
    keys = (
        "the daemon has been stopped since",
        "1 mention has waited for scoring",
        "was last read at",
    )
    for key in keys:
        assert any(key in problem for problem in found.problems), found.problems
    assert "It had been stopped." in found.told_after[0]
