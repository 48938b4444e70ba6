"""A row with a word in it that is none of ours stops only itself, and ops hear of it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from earful.stages import score_stage
from sentiment.scoring.classifier import Classifier
from storage.models import AlertState, CaseState
from storage.store import Store
from tests.alerts.fake_slack import FakeSlack
from tests.earful.conftest import Earful
from tests.earful.test_cases import DAY, HOUR, World
from tests.earful.test_isolation import deliver, failing
from tests.earful.test_stages import WordClassifier
from tests.storage.ways import furnish


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "earful.db")


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    channels = ["voice-complaints", "voice-wows", "voice-digest", "voice-ops"]
    with FakeSlack(channels=channels) as slack:
        yield slack


def write(store: Store, sql: str, *values: object) -> None:
    store.database.connection.execute("PRAGMA ignore_check_constraints = ON")
    assert store.database.connection.execute(sql, values).rowcount == 1


def errors(world: World, stage: str) -> str:
    return " ".join(failure.error for failure in world.store.failures.of(stage).values())


def test_a_mention_that_cannot_be_read_is_not_scored_and_the_others_are(world: World) -> None:
    bad, good = (world.say(text, judge=False) for text in ("bad", "good"))
    world.store.database.connection.execute("UPDATE mentions SET verdict_id = NULL")
    classifier: Classifier = WordClassifier()  # type: ignore[assignment]
    change = "UPDATE mentions SET fetched_at = ? WHERE id = ?"
    write(world.store, change, "2026-99-99", bad.id)
    for _ in range(2):
        assert score_stage.score(world.store, classifier, lambda: world.now) == (
            1 if _ == 0 else 0
        )
        assert failing(world, "score") == [f"mention {bad.id}"]
    assert "the table mentions has '2026-99-99' as fetched_at where id is" in errors(
        world, "score"
    )
    assert world.store.judgements.voice(good.id) is not None
    write(world.store, change, world.now.isoformat(), bad.id)
    world.now += HOUR
    assert score_stage.score(world.store, classifier, lambda: world.now) == 1
    assert failing(world, "score") == []


def test_a_verdict_that_cannot_be_read_is_not_judged_and_the_others_are(world: World) -> None:
    bad, good = (world.say(text, judge=False) for text in ("bad", "good"))
    change = "UPDATE verdicts SET experience = ? WHERE mention_id = ?"
    write(world.store, change, "meeiocre", bad.id)
    for _ in range(2):
        world.judge()
        assert failing(world, "judge") == [f"mention {bad.id}"]
    assert "has 'meeiocre' as experience where mention_id is 'shop:1'" in errors(world, "judge")
    assert world.case(good).state is CaseState.OPEN
    write(world.store, change, "angry", bad.id)
    world.now += HOUR
    world.judge()
    assert world.case(bad).state is CaseState.OPEN
    assert failing(world, "judge") == []


def test_a_case_that_cannot_be_read_keeps_no_other_from_its_clock(world: World) -> None:
    bad, good = (world.say(text) for text in ("bad", "good"))
    change = "UPDATE cases SET kind = ? WHERE mention_id = ?"
    write(world.store, change, "tomorrow's", bad.id)
    for _ in range(2):
        world.now += DAY
        world.judge()
        assert failing(world, "cases") == [f"mention {bad.id}"]
    assert "overdue" in world.events(good)
    assert """has "tomorrow's" as kind where id is 1,""" in errors(world, "cases")
    write(world.store, change, "complaint", bad.id)
    world.now += HOUR
    world.judge()
    assert "overdue" in world.events(bad)
    assert failing(world, "cases") == []


def test_an_alert_that_cannot_be_read_keeps_no_other_from_slack(
    world: World, slack: FakeSlack
) -> None:
    for text in ("bad", "good"):
        world.say(text)
    change = "UPDATE alerts SET kind = ? WHERE id = ?"
    write(world.store, change, "tomorrow's", 1)
    for _ in range(2):
        (message,) = deliver(world, slack)
        assert "good" in message.text
        assert failing(world, "deliver") == ["alert 1"]
    assert world.store.outbox.counts()[AlertState.PENDING] == 1
    write(world.store, change, "complaint", 1)
    assert len(deliver(world, slack)) == 2
    assert failing(world, "deliver") == []


COMMANDS = {
    ("status",): "daemon_runs",
    ("case", "list"): "cases",
    ("case", "show", "appstore:hostile"): "mentions",
    ("alerts", "list"): "alerts",
    ("alerts", "retry", "1"): "alerts",
    ("correct", "labels.csv"): "verdicts",
}


@pytest.mark.parametrize(("command", "table"), COMMANDS.items())
def test_a_command_that_needs_the_row_ends_in_one_line(
    earful: Earful, tmp_path: Path, furnished: Path, command: tuple[str, ...], table: str
) -> None:
    (tmp_path / "labels.csv").write_text("mention_id,experience\nappstore:hostile,none\n")
    shutil.copy(furnished, tmp_path / "earful.db")
    columns = {
        "daemon_runs": "started_at",
        "stages": "worked_at",
        "cases": "kind",
        "mentions": "created_at",
        "alerts": "kind",
        "verdicts": "experience",
    }
    with closing(sqlite3.connect(tmp_path / "earful.db")) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute(f"UPDATE {table} SET {columns[table]} = 'opne'")
    ran = earful(*command)
    assert (ran.code, "Traceback" in ran.err) == (1, False)
    assert ran.err.splitlines()[-1].startswith("earful: earful.db: the table ")
    assert f"the table {table} has 'opne' as {columns[table]} where " in ran.err


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("furnished") / "earful.db"
    furnish(path)
    return path
