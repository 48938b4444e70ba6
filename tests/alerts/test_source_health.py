"""How a source is doing, from its own history: states, rests, what ops are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts.decide.policy import Channels, Policy
from alerts.decide.source_health import RESTS_AFTER, is_resting, needs_probe, source_health, stand
from storage.models import (
    AlertKind,
    CrawlOutcome,
    CrawlReport,
    CrawlTarget,
    NewAlert,
    PastRun,
    SourceStanding,
    SourceState,
    iso,
)

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TARGET = CrawlTarget(brand="Acme Air", source="steam", target="620")
POLICY = Policy(
    channels=Channels(complaints="#c", wows="#w", digest="#d", ops="#ops"), due=lambda at: at
)
OK = SourceStanding(state=SourceState.OK, since=NOW - DAY)
BAD = [outcome for outcome in CrawlOutcome if not outcome.good]
GOOD = [outcome for outcome in CrawlOutcome if outcome.good]


def told(
    before: SourceStanding | None, report: CrawlReport, now: datetime = NOW
) -> NewAlert | None:
    after = stand(report, [], before, HOUR, now)
    return source_health(TARGET, before, after, report, POLICY, now)


def filled(seen: int, **counts: int) -> CrawlReport:
    stats: dict[str, Any] = {f"earful/field/{name}": number for name, number in counts.items()}
    return CrawlReport(outcome=CrawlOutcome.OK, seen=seen, new=1, stats=stats)


def past(number: int, *, every: timedelta = HOUR, **more: Any) -> list[PastRun]:
    given = {"outcome": CrawlOutcome.OK, "seen": 50, "new": 1, **more}
    return [PastRun(started_at=NOW - every * (place + 1), **given) for place in range(number)]


class TestWhatOpsAreTold:
    @pytest.mark.parametrize("bad", BAD)
    @pytest.mark.parametrize("before", [None, OK])
    def test_a_source_that_turns_bad_or_begins_so(
        self, bad: CrawlOutcome, before: SourceStanding | None
    ) -> None:
        alert = told(before, CrawlReport(outcome=bad, reason="because"))
        assert alert is not None
        assert (alert.kind, alert.channel) == (AlertKind.OPS, "#ops")
        assert "in trouble" in alert.payload["text"]
        assert "because" in alert.payload["text"]

    @pytest.mark.parametrize("good", GOOD)
    def test_good_is_told_only_as_healing(self, good: CrawlOutcome) -> None:
        assert told(None, CrawlReport(outcome=good)) is None
        assert told(OK, CrawlReport(outcome=good)) is None
        blocked = replace(OK, state=SourceState.BLOCKED)
        alert = told(blocked, CrawlReport(outcome=good))
        assert alert is not None
        assert "healed" in alert.payload["text"]

    @pytest.mark.parametrize("bad", BAD)
    def test_the_same_trouble_is_told_once(self, bad: CrawlOutcome) -> None:
        first = stand(CrawlReport(outcome=bad), [], OK, HOUR, NOW)
        assert told(first, CrawlReport(outcome=bad), NOW + HOUR) is None
        again = stand(CrawlReport(outcome=bad), [], first, HOUR, NOW + HOUR)
        assert again.since == NOW, "since when it has been so"

    def test_another_trouble_is_told_but_a_mere_failure_hides_none(self) -> None:
        blocked = replace(OK, state=SourceState.BLOCKED)
        assert told(blocked, CrawlReport(outcome=CrawlOutcome.UNAUTHORISED)) is not None
        down = CrawlReport(outcome=CrawlOutcome.FAILED, reason="the connection was refused")
        assert told(blocked, down) is None
        assert stand(down, [], blocked, HOUR, NOW).state is SourceState.BLOCKED

    def test_each_change_has_its_own_key_and_a_repeat_the_same(self) -> None:
        report = CrawlReport(outcome=CrawlOutcome.BLOCKED)
        keys = [told(OK, report, at) for at in (NOW, NOW, NOW + HOUR)]
        first, same, later = (alert.dedupe_key for alert in keys if alert)
        assert first == same != later


class TestFallenCoverage:
    def test_a_field_that_most_had_and_few_have_now_is_broken(self) -> None:
        history = past(5, filled={"rating": 50, "author": 30})
        standing = stand(filled(50, rating=4, author=30), history, OK, HOUR, NOW)
        assert standing.state is SourceState.BROKEN
        assert "only 8% of 50 entries have rating, 100% had it before" in (standing.reason or "")
        fine = stand(filled(50, rating=45, author=5), history, OK, HOUR, NOW)
        assert fine.state is SourceState.OK, "few had an author before"

    @pytest.mark.parametrize(("runs", "seen"), [(2, 50), (5, 4)])
    def test_too_little_says_nothing(self, runs: int, seen: int) -> None:
        history = past(runs, filled={"rating": 50})
        assert stand(filled(seen), history, OK, HOUR, NOW).state is SourceState.OK

    def test_it_heals_by_its_old_shape_and_not_by_getting_used_to_the_new(self) -> None:
        broken = SourceStanding(state=SourceState.BROKEN, since=NOW - 20 * HOUR)
        history = past(20, filled={"rating": 0}) + [
            replace(run, started_at=run.started_at - 20 * HOUR)
            for run in past(5, filled={"rating": 50})
        ]
        assert stand(filled(50), history, broken, HOUR, NOW).state is SourceState.BROKEN
        assert stand(filled(50, rating=50), history, broken, HOUR, NOW).state is SourceState.OK
        long = replace(broken, since=NOW - timedelta(days=15))
        assert stand(filled(50), history, long, HOUR, NOW).state is SourceState.OK


class TestStale:
    def history(self, silent: int, gap: timedelta = HOUR) -> list[PastRun]:
        """Something new at each gap, then only known ones in the last `silent` hours."""
        quiet = past(silent, new=0)
        gave = past(12, every=gap)
        return quiet + [replace(run, started_at=run.started_at - silent * HOUR) for run in gave]

    @pytest.mark.parametrize(
        ("silent", "gap", "state"),
        [
            (10, HOUR, SourceState.OK),  # half a day of silence says nothing
            (14, HOUR, SourceState.STALE),
            (14, DAY, SourceState.OK),
            (46, DAY, SourceState.STALE),
        ],
    )
    def test_twice_its_longest_gap_is_too_long(
        self, silent: int, gap: timedelta, state: SourceState
    ) -> None:
        report = CrawlReport(outcome=CrawlOutcome.QUIET)
        standing = stand(report, self.history(silent, gap), OK, HOUR, NOW)
        assert standing.state is state
        if state is SourceState.STALE:
            assert "nothing new for" in (standing.reason or "")

    def test_something_new_ends_it(self) -> None:
        stale = replace(OK, state=SourceState.STALE)
        report = CrawlReport(outcome=CrawlOutcome.OK, seen=1, new=1)
        assert stand(report, self.history(60), stale, HOUR, NOW).state is SourceState.OK

    def test_a_young_source_has_no_usual_gaps(self) -> None:
        history = past(40, new=0) + [
            replace(run, started_at=run.started_at - 40 * HOUR) for run in past(5)
        ]
        report = CrawlReport(outcome=CrawlOutcome.QUIET)
        assert stand(report, history, OK, HOUR, NOW).state is SourceState.OK


class TestRest:
    def after(self, failures: int, every: timedelta = HOUR) -> SourceStanding:
        standing: SourceStanding | None = None
        report = CrawlReport(outcome=CrawlOutcome.FAILED)
        for _ in range(failures):
            standing = stand(report, [], standing, every, NOW)
        assert standing is not None
        return standing

    @pytest.mark.parametrize(
        ("failures", "hours"), [(1, None), (2, None), (3, 2), (4, 4), (5, 8), (7, 24), (90, 24)]
    )
    def test_it_opens_again_slowly(self, failures: int, hours: int | None) -> None:
        standing = self.after(failures)
        assert standing.opens_at == (None if hours is None else NOW + hours * HOUR)
        assert needs_probe(standing) is (failures >= RESTS_AFTER)
        assert is_resting(standing, NOW) is (hours is not None)
        assert not is_resting(standing, NOW + DAY)

    def test_a_good_answer_closes_it(self) -> None:
        healed = stand(CrawlReport(outcome=CrawlOutcome.OK), [], self.after(9), HOUR, NOW)
        assert (healed.failures, healed.opens_at) == (0, None)
        assert not needs_probe(healed)

    def test_a_source_says_itself_when_to_come_back(self) -> None:
        opens = NOW + 7 * HOUR
        for outcome in (CrawlOutcome.QUOTA, CrawlOutcome.BLOCKED):
            report = CrawlReport(outcome=outcome, stats={"earful/opens_at": iso(opens)})
            standing = stand(report, [], OK, HOUR, NOW)
            assert standing.opens_at == opens
            assert not needs_probe(standing)
        spent = CrawlReport(outcome=CrawlOutcome.QUOTA)
        assert stand(spent, [], self.after(2), HOUR, NOW).failures == 2

    def test_a_rarely_read_source_rests_no_less_than_its_own_pause(self) -> None:
        assert self.after(3, timedelta(days=7)).opens_at == NOW + timedelta(days=7)
