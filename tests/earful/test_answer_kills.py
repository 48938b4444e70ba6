"""A killed sender answers each case once, and tells it once. The long form: `answer_kill_run`."""

from __future__ import annotations

import pytest

from tests.alerts.fake_publishing.all_sources import SOURCES
from tests.earful.answer_kill_run import run


@pytest.mark.slow("starts a sender four times and waits as long as what fails asks for")
def test_a_killed_sender_answers_each_case_once(capsys: pytest.CaptureFixture[str]) -> None:
    tally = run(SOURCES, cases=10, kills=3, seed=5)
    with capsys.disabled():
        print(f"\n{tally}")
    assert tally.good, str(tally)
    assert tally.messages == 20
