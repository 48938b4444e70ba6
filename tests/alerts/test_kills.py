"""A sender killed with SIGKILL loses nothing and repeats nothing. The long form: `kill_run`."""

from __future__ import annotations

import pytest

from tests.alerts.kill_run import run


@pytest.mark.slow("starts a sender nine times and waits as long as a failing Slack asks for")
def test_killed_sender_delivers_each_alert_once_and_in_order(capsys):
    tally = run(alerts=42, kills=8, seed=7)
    with capsys.disabled():
        print(f"\n{tally}")
    assert tally.good, str(tally)
    assert tally.kills == 8
    assert tally.states["sent"] >= 42
