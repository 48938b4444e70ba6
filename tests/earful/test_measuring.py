"""Metrics as tables: what they hold, when they are written anew, and that the daemon does it."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from alerts.decide.stats import Rate, difference
from config.checkpoint_metrics import CheckpointMetric
from config.settings import Settings
from earful.brand_charts import BrandCharts
from earful.stages.measure_stage import measure_all, measure_changed, measured_of
from storage.migrations import migrations
from storage.models import Experience, Mention, Stance, Verdict
from storage.store import Store
from storage.tables.verdicts import Scored
from tests.alerts.fake_slack import FakeSlack
from tests.earful.running import running

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = NOW.date()
SETTINGS = Settings()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        yield store


def verdict(experience: Experience, stance: Stance = Stance.NEITHER) -> Verdict:
    chances = dict.fromkeys((f"p_{one}" for one in (*Experience, *Stance)), 0.0)
    return Verdict(
        experience=experience, stance=stance, sure=True, model="made-up", unread=False, **chances
    )


class Speech:
    """Says of a brand what a day needs: so many of each experience."""

    def __init__(self, store: Store, brand: str = "Acme") -> None:
        self.store, self.brand, self.said = store, brand, 0

    def say(
        self, day: date | None, *experiences: Experience, author: str = "Sam", hour: int = 9
    ) -> list[str]:
        moment = None if day is None else datetime.combine(day, time(hour), UTC)
        scored = []
        for experience in experiences:
            self.said += 1
            mention = Mention(
                brand=self.brand,
                source="shop",
                native_id=f"{self.brand}-{self.said}",
                text=f"{self.brand}, number {self.said}",
                author=author,
                author_native_id=author,
                created_at=moment,
                fetched_at=moment or NOW,
            )
            scored.append(Scored(mention=mention, verdict=verdict(experience)))
        self.store.mentions.save([one.mention for one in scored])
        self.store.verdicts.save(scored, NOW)
        return [one.mention.id for one in scored]

    def days(
        self, ago: int, number: int, share: float, rng: random.Random, size: int = 20
    ) -> None:
        """Say `size` things on each of `number` days, the first of which was `ago` days ago."""
        for back in range(ago, ago - number, -1):
            angry = sum(rng.random() < share for _ in range(size))
            self.say(
                TODAY - timedelta(days=back),
                *[Experience.ANGRY] * angry,
                *[Experience.DELIGHTED] * (size - angry),
            )


def rows(store: Store, sql: str, *values: object) -> list[dict[str, Any]]:
    return [dict(row) for row in store.database.connection.execute(sql, values)]


def metric(
    store: Store, name: str, period: str = "30 days", brand: str = "Acme"
) -> dict[str, Any]:
    (row,) = rows(
        store,
        "SELECT * FROM metrics WHERE brand = ? AND metric = ? AND period = ?",
        brand,
        name,
        period,
    )
    return row


def test_a_period_beside_the_one_before_it(store: Store) -> None:
    speech = Speech(store)
    now = [Experience.ANGRY] * 3 + [Experience.MEDIOCRE] * 2 + [Experience.DELIGHTED] * 15
    before = [Experience.ANGRY] * 12 + [Experience.DELIGHTED] * 8 + [Experience.NONE] * 5
    speech.say(TODAY, *now)
    speech.say(TODAY - timedelta(days=29), *now)
    speech.say(TODAY - timedelta(days=30), *before)
    speech.say(TODAY - timedelta(days=59), *before)
    speech.say(TODAY - timedelta(days=60), *[Experience.ANGRY] * 40)
    assert measure_changed(store, SETTINGS, NOW) == 1
    wows = metric(store, "wow_rate")
    here, then = Rate(30, 40), Rate(16, 40)
    moved = difference(here, then)
    assert (wows["k"], wows["n"], wows["value"]) == (30, 40, 0.75)
    assert (wows["low"], wows["high"]) == (here.interval().low, here.interval().high)
    assert (wows["value_before"], wows["change"]) == (0.4, pytest.approx(0.35))
    assert (wows["change_low"], wows["change_high"]) == (moved.low, moved.high)
    assert wows["chance"] == 0
    assert (wows["first_day"], wows["last_day"]) == ("2026-10-22", "2026-11-20")
    assert metric(store, "wow_rate", "7 days")["n"] == 20
    assert metric(store, "complaint_rate")["value"] == 0.15
    assert metric(store, "mediocre_rate")["value"] == 0.1
    assert metric(store, "mediocre_rate")["value_before"] == 0
    assert metric(store, "complaint_rate", "90 days")["n"] == 120
    assert metric(store, "advocate_rate")["k"] == 0
    empty = metric(store, "coverage")
    assert (empty["n"], empty["value"], empty["low"], empty["chance"]) == (0, None, None, None)


def test_every_metric_has_a_row_for_each_period(store: Store) -> None:
    Speech(store).say(TODAY, Experience.ANGRY)
    measure_changed(store, SETTINGS, NOW)
    names = {row["metric"] for row in rows(store, "SELECT metric FROM metric_periods")}
    assert names == set(CheckpointMetric)
    assert len(rows(store, "SELECT * FROM metric_periods")) == 4 * len(CheckpointMetric)


def test_a_lasting_shift_stands_in_the_tables(store: Store) -> None:
    rng = random.Random(3)
    speech = Speech(store)
    speech.days(90, 60, 0.2, rng, size=30)
    speech.days(30, 30, 0.5, rng, size=30)
    measure_changed(store, SETTINGS, NOW)
    (shift,) = rows(store, "SELECT * FROM shifts WHERE metric = 'complaint_rate'")
    assert abs((date.fromisoformat(shift["day"]) - (TODAY - timedelta(days=30))).days) <= 2
    assert shift["value_before"] == pytest.approx(0.2, abs=0.03)
    assert shift["value"] == pytest.approx(0.5, abs=0.03)
    assert shift["better"] == 0
    assert shift["change_low"] > 0.2
    (wows,) = rows(store, "SELECT * FROM shifts WHERE metric = 'wow_rate'")
    assert (wows["day"], wows["better"]) == (shift["day"], 0)
    phases = rows(
        store,
        "SELECT phase, min(day) AS first, count(*) AS points, max(centre) AS centre, "
        "min(centre) AS same FROM control_points WHERE metric = 'complaint_rate' GROUP BY 1",
    )
    assert [row["points"] for row in phases] == [60, 30] or phases[1]["first"] == shift["day"]
    assert all(row["centre"] == row["same"] for row in phases)
    assert phases[0]["centre"] < 0.25 < 0.45 < phases[1]["centre"]
    # A worse level is no steady experience: its first days are told of.
    assert metric(store, "consistency")["value"] < metric(store, "consistency")["value_before"]


def test_a_storm_is_a_random_act(store: Store) -> None:
    rng = random.Random(4)
    speech = Speech(store)
    speech.days(60, 60, 0.2, rng, size=30)
    speech.say(TODAY - timedelta(days=20), *[Experience.ANGRY] * 60)
    measure_changed(store, SETTINGS, NOW)
    assert rows(store, "SELECT * FROM shifts") == []
    acts = rows(
        store, "SELECT * FROM control_points WHERE act IS NOT NULL AND metric = 'wow_rate'"
    )
    assert [(row["day"], row["act"], row["side"]) for row in acts] == [
        ("2026-10-31", "random act of chaos", "below")
    ]
    assert acts[0]["signal"].startswith("1 beyond 3 sigma")


def test_only_what_changed_is_measured_and_written_anew(store: Store) -> None:
    one, two = Speech(store, "Acme"), Speech(store, "Zenith")
    for speech in (one, two):
        speech.days(40, 40, 0.3, random.Random(5))
    assert measure_changed(store, SETTINGS, NOW) == 2
    assert measure_changed(store, SETTINGS, NOW) == 0
    two.say(TODAY, Experience.ANGRY)
    assert store.metrics.due().keys() == {"Zenith"}
    changes = store.database.connection.total_changes
    assert measure_changed(store, SETTINGS, NOW) == 1
    # Today's points and the periods: not each of forty days.
    assert store.database.connection.total_changes - changes < 150
    assert metric(store, "complaint_rate", brand="Zenith")["last_day"] == "2026-11-20"


def test_what_changes_while_a_brand_is_measured_keeps_it_due(store: Store) -> None:
    speech = Speech(store)
    speech.say(TODAY, Experience.ANGRY)
    due = store.metrics.due()["Acme"]
    measured = BrandCharts.of(store, ["Acme"], TODAY)
    assert measured.over(CheckpointMetric.COMPLAINT_RATE, 7).whole == 1
    speech.say(TODAY, Experience.DELIGHTED)
    store.metrics.write("Acme", measured_of(store, "Acme", NOW), due)
    assert store.metrics.due().keys() == {"Acme"}


def test_the_day_turns_and_periods_with_it(store: Store) -> None:
    Speech(store).say(TODAY, Experience.ANGRY)
    measure_changed(store, SETTINGS, NOW)
    assert measure_all(store, SETTINGS, NOW + timedelta(days=7)) == 1
    assert metric(store, "complaint_rate", "7 days")["n"] == 0
    assert metric(store, "complaint_rate", "7 days")["value_before"] == 1


def test_what_has_no_date_is_in_periods_and_in_no_chart(store: Store) -> None:
    rng = random.Random(6)
    speech = Speech(store)
    speech.days(40, 40, 0.2, rng)
    speech.say(None, *[Experience.ANGRY] * 500)
    measure_changed(store, SETTINGS, NOW)
    assert metric(store, "complaint_rate", "7 days")["k"] >= 500
    assert rows(store, "SELECT * FROM control_points WHERE day >= ? AND n > 100", TODAY) == []


def test_cases_and_answers(store: Store) -> None:
    speech = Speech(store)
    for number, (after, answered) in enumerate(
        [(Experience.DELIGHTED, True), (Experience.ANGRY, True), (None, True),
         (Experience.DELIGHTED, False)]
    ):  # fmt: skip
        name = f"author {number}"
        (mention,) = speech.say(TODAY - timedelta(days=9), Experience.ANGRY, author=name)
        day = (TODAY - timedelta(days=8)).isoformat()
        store.database.connection.execute(
            "INSERT INTO cases (mention_id, brand, state, opened_at, due_at, responded_at) "
            "VALUES (?, 'Acme', 'open', ?, ?, ?)",
            (mention, f"{day}T08:00:00Z", f"{day}T12:00:00Z",
             f"{day}T10:00:00Z" if answered else None),
        )  # fmt: skip
        if after is not None:
            speech.say(TODAY - timedelta(days=2), after, author=name)
            speech.say(TODAY - timedelta(days=1), Experience.MEDIOCRE, author=name)
    measure_changed(store, SETTINGS, NOW)
    coverage, back = metric(store, "coverage"), metric(store, "won_back_rate")
    assert (coverage["k"], coverage["n"]) == (3, 4)
    # The first word after the answer counts, and only where there was one.
    assert (back["k"], back["n"]) == (1, 2)


def test_the_error_that_people_measured_stands_beside_the_metric(store: Store) -> None:
    speech = Speech(store)
    ids = speech.say(TODAY, *[Experience.ANGRY] * 10, *[Experience.DELIGHTED] * 30)
    for place, label in enumerate(
        [Experience.ANGRY, Experience.ANGRY, Experience.ANGRY, Experience.MEDIOCRE]
    ):
        store.corrections.add(ids[place], experience=label, stance=None, by="dana", at=NOW)
    measure_changed(store, SETTINGS, NOW)
    complaints = metric(store, "complaint_rate")
    wrong = Rate(1, 4).interval()
    assert (complaints["checked"], complaints["error"]) == (4, 0.25)
    assert (complaints["error_low"], complaints["error_high"]) == (wrong.low, wrong.high)
    assert metric(store, "wow_rate")["error"] is None
    (row,) = rows(store, "SELECT * FROM measured_error")
    assert (row["label"], row["verdicts"], row["corrected"]) == ("angry", 9, 1)


def test_one_brand_that_cannot_be_measured_stops_no_other(store: Store) -> None:
    for brand in ("Acme", "Zenith"):
        Speech(store, brand).say(TODAY, Experience.ANGRY)
    store.database.connection.execute("UPDATE cut_days SET angry = 'many' WHERE brand = 'Acme'")
    assert measure_changed(store, SETTINGS, NOW) == 1
    assert metric(store, "complaint_rate", brand="Zenith")["k"] == 1
    assert [name for name in store.failures.of("measure") if name] == ["metrics of Acme"]


def test_a_store_with_history_is_measured_after_the_migration(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    with closing(sqlite3.connect(path)) as connection:
        migrations.apply(Database(connection), stop_before="0032_charts")
        connection.execute(
            "INSERT INTO cut_days VALUES ('Acme', ?, 'all', '', 10, 2, 1, 5, 2, 0, 0)",
            (TODAY.isoformat(),),
        )
        connection.executemany(
            "INSERT INTO checkpoints "
            "(brand, metric, window_days, target, set_at, reached_at, value) "
            "VALUES ('Acme', 'wow_rate', 30, ?, ?, ?, ?)",
            [(0.3, "2026-01-01", "2026-02-01", 0.34), (0.41, "2026-02-01", None, None)],
        )
        connection.commit()
    with Store.open(path, migrate=True) as store:
        assert store.metrics.due() == {"Acme": 1}
        assert measure_changed(store, SETTINGS, NOW) == 1
        assert metric(store, "wow_rate", "7 days")["value"] == 5 / 8
        # Goals that were raised before stay as they were: the config still says 30%.
        goal = store.checkpoints.current("Acme", "wow_rate", 30, 0.3, NOW)
        assert goal is not None
        assert (goal.target, goal.lowered_from) == (0.41, None)
        road = rows(store, "SELECT state, target, value, set_by, set_at FROM checkpoint_road")
    assert [tuple(row.values()) for row in road] == [
        ("reached", 0.3, 0.34, "config", "2026-01-01"),
        ("walking", 0.41, None, "raised", "2026-02-01"),
    ]


@pytest.mark.slow("starts the daemon as a process")
def test_the_daemon_measures_what_it_judged(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    now = datetime.now(UTC)
    with Store.open(path, migrate=True) as store:
        speech = Speech(store)
        speech.say(now.date(), *[Experience.DELIGHTED] * 3, Experience.ANGRY, hour=0)
    config = tmp_path / "earful.toml"
    with FakeSlack() as slack:
        config.write_text(
            f'[store]\npath = "{path}"\n[slack]\napi_url = "{slack.api_url}"\n'
            '[[brands]]\nname = "Acme"\nquery = "acme"\n'
        )
        with running(config, slack, "--no-serve") as run, Store.open(path) as store:
            run.wait_for(lambda: rows(store, "SELECT * FROM metrics WHERE n > 0"))
            run.wait_for(lambda: "metrics" in {one["name"] for one in run.status()[1]["routines"]})
            assert metric(store, "wow_rate", "7 days")["value"] == 0.75
            speech = Speech(store, "Zenith")
            speech.say(now.date(), Experience.ANGRY, hour=0)
            run.wait_for(
                lambda: rows(store, "SELECT * FROM metrics WHERE brand = 'Zenith' AND n > 0")
            )
