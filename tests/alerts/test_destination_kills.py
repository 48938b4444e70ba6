"""A sender killed with SIGKILL loses nothing in any destination, and repeats nothing in those that
can tell. The long form: `kill_destinations`."""

from __future__ import annotations

import pytest

from tests.alerts.kill_destinations import TELLS, WAYS, run


@pytest.mark.slow("starts a sender seven times and waits as long as failing destinations ask for")
def test_a_killed_sender_loses_nothing_and_repeats_nothing_where_that_can_be_told(capsys):
    tally = run(each=6, kills=6, seed=7)
    with capsys.disabled():
        print(f"\n{tally}")
    assert tally.good, str(tally)
    assert set(tally.by_way) == set(WAYS)
    assert all(tally.by_way[way].asked == 0 for way in TELLS)
    assert all(one.alerts == 6 for one in tally.by_way.values())
