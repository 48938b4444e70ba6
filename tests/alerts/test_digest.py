"""The digest tells a period's numbers, and what changed beyond chance."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.decide.digest_alerts import digest_alert
from alerts.decide.stats import Rate
from alerts.messages import plain
from alerts.messages.digest import digest
from alerts.messages.digest_numbers import (
    CheckpointStanding,
    DigestNumbers,
    OpenCase,
    SourceTrouble,
    wow_rate,
)
from storage.models import AlertKind, Experience, SourceState
from tests.alerts.examples import NOW, PLACES, a_mention
from tests.alerts.goals import judged
from tests.alerts.test_rules import POLICY

EMPTY = DigestNumbers(
    brand="Acme Air", start=NOW - timedelta(days=1), end=NOW, counts={}, previous={}
)


def counts(angry=0, mediocre=0, delighted=0, none=0):
    return dict(zip(Experience, (angry, mediocre, delighted, none), strict=True))


def test_wow_rate_is_of_told_experiences():
    assert wow_rate(counts(1, 2, 3, 100)) == Rate(3, 6)
    assert wow_rate({}).value is None


@pytest.mark.parametrize(
    ("now", "before", "told"),
    [
        (
            counts(50, 50, 100),
            counts(80, 80, 40),
            "20% before; the difference is more than chance.",
        ),
        (counts(5, 5, 10), counts(6, 5, 9), "45% before; the difference is within chance."),
        (counts(1, 1, 1), {}, "33% (1 of 3; the true rate is likely between 6% and 79%)."),
        (counts(none=4), counts(1), "Nobody described an experience."),
    ],
)
def test_change_is_judged_by_chance(now, before, told):
    shown = plain(digest(replace(EMPTY, counts=now, previous=before), PLACES), width=500)
    assert told in shown


@pytest.mark.parametrize(
    ("now", "before", "told"),
    [(3, 3, "as many as before"), (4, 3, "1 more than before"), (2, 3, "1 fewer than before")],
)
def test_counts_tell_their_change(now, before, told):
    numbers = replace(EMPTY, counts=counts(angry=now), previous=counts(angry=before))
    assert f"{now} ({told})" in plain(digest(numbers, PLACES))


def test_the_oldest_case_says_who_has_it_and_whether_it_is_late():
    case = OpenCase(mention=a_mention(), opened_at=NOW, due_at=NOW + timedelta(hours=1))
    shown = plain(digest(replace(EMPTY, oldest_open=case), PLACES), width=500)
    assert "Nobody has claimed it." in shown
    taken = replace(case, claimed_by="Ana", due_at=NOW - timedelta(hours=1))
    shown = plain(digest(replace(EMPTY, oldest_open=taken), PLACES), width=500)
    assert "overdue since" in shown
    assert "Ana has claimed it." in shown


def test_long_lists_are_cut_and_say_so():
    trouble = SourceTrouble(source="steam", state=SourceState.BLOCKED, reason="no " * 100)
    shown = plain(digest(replace(EMPTY, troubles=(trouble,) * 30), PLACES))
    assert "more" in shown.split("Sources in trouble")[1]


def test_checkpoints_tell_how_far_they_are():
    standings = tuple(
        CheckpointStanding(metric="wow_rate", window="30d", result=judged(rate, 0.3))
        for rate in (Rate(0, 0), Rate(31, 100), Rate(500, 1000), Rate(100, 100))
    )
    shown = plain(digest(replace(EMPTY, checkpoints=standings), PLACES), width=200)
    assert "nothing counted yet" in shown
    assert "not reached yet" in shown
    assert "reached; the next is 55%" in shown
    assert shown.rstrip().splitlines()[-2].endswith("reached")


@pytest.mark.parametrize(
    ("days", "title"), [(1, "24 Nov 2026"), (7, "17 Nov 2026 to 24 Nov 2026")]
)
def test_the_title_names_the_period(days, title):
    numbers = replace(EMPTY, start=NOW - timedelta(days=days))
    assert plain(digest(numbers, PLACES)).startswith(f"Acme Air, {title}\n")


def test_one_alert_for_each_period():
    alert = digest_alert(EMPTY, POLICY, NOW)
    assert alert.dedupe_key == "digest:Acme Air:2026-11-24T09:30"
    assert (alert.kind, alert.channel) == (AlertKind.DIGEST, "#digest")
    assert digest_alert(EMPTY, POLICY, NOW + timedelta(hours=1)).dedupe_key == alert.dedupe_key
