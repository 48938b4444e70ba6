"""Nothing fails in silence: `status`, the exit code and ops hear of each fault of Earful's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.outbox.send_queue import Pace
from alerts.slack.client import BotTransport
from config.errors import ModelError
from config.settings import Settings, parse_settings
from earful import health, process_locks, telling_ops
from earful.app import utc_now
from earful.failing import Failing, describe
from earful.problems import find_problems
from earful.stages import deliver_stage, judge_stage, score_stage
from storage.models import (
    AlertKind,
    AlertState,
    CrawlOutcome,
    CrawlReport,
    CrawlTarget,
    NewAlert,
    Operation,
    TroubleKind,
)
from storage.store import Store
from tests.alerts.fake_slack import FakeSlack
from tests.earful.test_stages import NOW, WordClassifier, say

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    raw: dict[str, Any] = {
        "store": {"path": str(tmp_path / "earful.db")},
        "brands": [
            {
                "name": "Acme",
                "query": "acme",
                "sources": [{"source": "lobsters", "every": "30m"}],
            }
        ],
    }
    from crawler.catalog import options_models

    return parse_settings(raw, options_models(), where="test")


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with Store.open(settings.store.path, migrate=True) as store:
        yield store


def keys(store: Store, settings: Settings, now: Any = NOW) -> set[str]:
    return {one.key for one in find_problems(store, settings, now)}


def test_a_new_store_is_healthy(store: Store, settings: Settings) -> None:
    assert health.status(store, settings, NOW).healthy


def test_one_failure_may_pass_and_three_are_a_problem(store: Store, settings: Settings) -> None:
    for minute, expected in enumerate([set(), set(), {"stage:score"}]):
        store.failures.failed("score", NOW + minute * MINUTE, "the model folder is missing")
        assert keys(store, settings, NOW + minute * MINUTE) == expected
    (problem,) = health.status(store, settings, NOW).problems
    assert problem == (
        "scoring has failed since 2026-03-10 12:00 UTC (3 times in a row): "
        "the model folder is missing"
    )
    store.failures.worked("score", NOW + 3 * MINUTE)
    assert keys(store, settings, NOW + 3 * MINUTE) == set()


def test_two_failures_that_last_are_a_problem(store: Store, settings: Settings) -> None:
    store.failures.failed("checkpoints", NOW, "x")
    store.failures.failed("checkpoints", NOW + HOUR, "x")
    assert keys(store, settings, NOW + HOUR) == {"stage:checkpoints"}


def test_a_hundred_bad_mentions_are_one_problem(store: Store, settings: Settings) -> None:
    for number in range(100):
        store.failures.failed("judge", NOW, "its link is broken", f"mention shop:{number}")
    (problem,) = health.status(store, settings, NOW).problems
    assert problem.startswith(
        "judging fails for 100 items and goes on with the others: mention shop:0: "
    )
    assert problem.endswith("; and 97 more")


def test_mentions_that_nobody_scores_or_judges(store: Store, settings: Settings) -> None:
    say(store, "angry about my bag")
    assert keys(store, settings, NOW + 10 * MINUTE) == set()
    assert keys(store, settings, NOW + 20 * MINUTE) == {"waiting:score"}
    # A long history is being scored: busy, not stuck.
    store.failures.worked("score", NOW + 20 * MINUTE)
    assert keys(store, settings, NOW + 20 * MINUTE) == set()
    score_stage.score(store, WordClassifier(), lambda: NOW)  # type: ignore[arg-type]
    assert keys(store, settings, NOW + HOUR) == {"waiting:judge"}
    judge_stage.judge_waiting(store, settings, lambda: NOW)
    assert keys(store, settings, NOW + HOUR) == {"waiting:deliver"}


def test_a_source_that_was_not_read_for_long(store: Store, settings: Settings) -> None:
    target = CrawlTarget(brand="Acme", source="lobsters", target="")
    run = store.crawls.start(target, NOW)
    store.crawls.finish(run, CrawlReport(outcome=CrawlOutcome.OK, seen=1), NOW + MINUTE)
    due = settings.brands[0].sources[0].every
    assert keys(store, settings, NOW + 3 * due) == set()
    (problem,) = find_problems(store, settings, NOW + 4 * due)
    assert problem.sentence == (
        "Acme, lobsters was last read at 2026-03-10 12:00 UTC, but should be read every 30 min: "
        "start `earful run`, or see its log"
    )


def test_a_daemon_that_does_not_run(store: Store, settings: Settings) -> None:
    run = store.daemon_runs.start(1, "1", NOW)
    assert keys(store, settings, NOW + MINUTE) == {"daemon:died"}
    store.daemon_runs.stop(run, NOW + MINUTE)
    assert keys(store, settings, NOW + 10 * MINUTE) == set()
    assert keys(store, settings, NOW + 20 * MINUTE) == {"daemon:stopped"}
    # Ops hear of it when the next one starts.
    telling_ops.tell_of_absence(store, settings, NOW + timedelta(days=8.7))
    telling_ops.tell_of_absence(store, settings, NOW + timedelta(days=8.7))
    (alert,) = store.outbox.unsent()
    assert alert.channel == "#voice-ops"
    assert "It had been stopped" in alert.payload["text"]


def test_a_daemon_whose_stage_hangs(store: Store, settings: Settings) -> None:
    store.daemon_runs.start(1, "1", NOW)
    with process_locks.lock_for_daemon(settings.store.path):
        for stage in ("score", "judge"):
            store.failures.worked(stage, NOW + 20 * MINUTE)
        store.daemon_runs.beat(1, NOW + 20 * MINUTE)
        assert keys(store, settings, NOW + 20 * MINUTE) == {"silent:deliver"}


def test_ops_hear_once_of_parked_alerts_and_when_they_are_gone(
    store: Store, settings: Settings
) -> None:
    with FakeSlack(channels=["voice-ops", "voice-wows"]) as slack:
        slack.channels["voice-wows"].archived = True
        alert = NewAlert(
            dedupe_key="wow:1", kind=AlertKind.WOW, brand="Acme", channel="#voice-wows",
            payload={"text": "wow"}, created_at=NOW,
        )  # fmt: skip
        store.outbox.add([alert])
        bot = BotTransport(slack.token, api_url=slack.api_url)

        def minute(number: int) -> None:
            now = NOW + number * MINUTE
            telling_ops.tell_ops(store, settings, now)
            deliver_stage.deliver_waiting(
                store, bot, lambda: now, pace=Pace(0), sleep=lambda _: None
            )

        for number in range(8):
            minute(number)
        (said,) = slack.texts("voice-ops")
        assert said.startswith("Earful is in trouble: #voice-wows: 1 alert is waiting")
        assert "archived" in said
        slack.channels["voice-wows"].archived = False
        store.outbox.unpark_certain()
        for number in range(8, 14):
            minute(number)
        assert slack.texts("voice-wows") == ["wow"]
        assert len(slack.texts("voice-ops")) == 2
        assert slack.texts("voice-ops")[1] == (
            "Earful: the problem with the alerts for #voice-wows is over."
        )
        assert store.outbox.counts()[AlertState.SENT] == 3
        assert health.status(store, settings, NOW + 14 * MINUTE).healthy


def test_what_quiet_hours_hold_back_is_no_trouble_until_it_may_go(
    store: Store, settings: Settings
) -> None:
    morning = NOW + 60 * HOUR
    held = NewAlert(
        dedupe_key="complaint:1", kind=AlertKind.COMPLAINT, brand="Acme", channel="#voice",
        payload={"text": "x"}, created_at=NOW, not_before=morning,
    )  # fmt: skip
    about = replace(
        held, dedupe_key="reply:1", not_before=None, operation=Operation.REPLY,
        root_key=held.dedupe_key,
    )  # fmt: skip
    store.outbox.add([held, about])
    assert keys(store, settings, NOW + 20 * HOUR) == set()
    assert keys(store, settings, morning + 15 * MINUTE) == set()
    assert keys(store, settings, morning + 16 * MINUTE) == {"waiting:deliver"}
    # Nor is a pause that Slack asks for as long as the quiet hours before it.
    until = morning + 2 * MINUTE
    store.outbox.hold_channel("#voice", until, "ratelimited", TroubleKind.PASSING)
    (problem,) = find_problems(store, settings, morning + MINUTE)
    assert (problem.key, problem.for_ops) == ("alerts:#voice", False)


def test_failing_counts_and_says_it_once(
    store: Store, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    failing = Failing(settings.store.path, utc_now)

    def load() -> None:
        raise ModelError("weights: altered: install Earful again")

    with caplog.at_level("INFO", "earful"):
        for _ in range(3):
            assert failing.carry_out("score", load) is None
        assert failing.carry_out("score", lambda: 7) == 7
    lines = [(one.levelname, one.getMessage()) for one in caplog.records]
    assert lines == [
        ("ERROR", "scoring fails: weights: altered: install Earful again"),
        ("INFO", "scoring works again"),
    ]
    assert all(one.exc_info is None for one in caplog.records)
    assert store.failures.counts() == {"score": 3}
    assert store.failures.all() == []


def test_a_failure_in_the_store_itself_is_said_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    failing = Failing(tmp_path / "gone" / "earful.db", utc_now)
    with pytest.raises(ZeroDivisionError), failing.watch("judge", "brand Acme"):
        raise ZeroDivisionError("division by zero")
    assert [one.getMessage() for one in caplog.records] == [
        "judging (brand Acme) fails: ZeroDivisionError: division by zero"
    ]


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("can't start new thread"),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate "
            "memory: you tried to allocate 36000000 bytes. Error code 12"
        ),
    ],
)
def test_too_little_memory_is_called_so(error: Exception) -> None:
    assert describe(error).startswith("there is not enough memory")
