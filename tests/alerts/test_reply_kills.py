"""A killed sender loses no reply and repeats none. The long form: `reply_kill_run`."""

from __future__ import annotations

import pytest

from tests.alerts.fake_publishing.all_sources import SOURCES
from tests.alerts.reply_kill_run import run


@pytest.mark.slow("starts a sender six times and waits as long as failing sources ask for")
def test_a_killed_sender_posts_each_reply_once(capsys: pytest.CaptureFixture[str]) -> None:
    tally = run(SOURCES, replies=20, kills=5, seed=3)
    with capsys.disabled():
        print(f"\n{tally}")
    assert tally.good, str(tally)
    assert tally.kills == 5
    assert tally.states["sent"] == 20
