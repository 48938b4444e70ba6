"""A version that makes things worse is told once; one that makes them better, in the digest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from alerts.messages import plain
from config.settings import Settings, parse_settings
from earful.routines.digest_routine import write_digests
from earful.routines.version_routine import watch_versions
from storage.models import AlertKind, Experience
from storage.store import Store
from tests.storage.fixtures import BRAND, Told, make_mention, store_voices

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
ANGRY, MEDIOCRE, DELIGHTED, NONE = Experience
# Shares of angry, mediocre and delighted.
USUAL, BAD, GOOD = (15, 45, 40), (45, 35, 20), (3, 27, 70)


class Versions:
    """A store into which versions of a product are spoken of, and a clock."""

    def __init__(self, path: Path, **brand: Any) -> None:
        raw = {
            "store": {"path": str(path)},
            "brands": [{"name": BRAND, "query": "acme", **brand}],
        }
        self.settings: Settings = parse_settings(raw, {}, where="test")
        self.store = Store.open(path, migrate=True)
        self.now = NOW
        self._chance = Random(2)
        self._number = 0

    def say(
        self,
        version: str | None,
        number: int,
        weights: tuple[int, int, int],
        *,
        days: tuple[float, float],
        country: str | None = "GB",
    ) -> None:
        """Let so many speak of a version, between so many days ago and so many."""
        voices = []
        for _ in range(number):
            self._number += 1
            at = self.now - self._chance.uniform(*days) * DAY
            voices.append(
                Told(
                    mention=make_mention(
                        f"{self._number}", f"words {self._number}", at, product_version=version,
                        country=country, fetched_at=self.now,
                    ),
                    experience=self._chance.choices((ANGRY, MEDIOCRE, DELIGHTED), weights)[0],
                )
            )  # fmt: skip
        store_voices(self.store, voices, self.now)

    def watch(self) -> int:
        return watch_versions(self.store, self.settings, self.now)

    def alerts(self, kind: AlertKind = AlertKind.VERSION) -> list[dict[str, Any]]:
        rows = self.store.database.connection.execute(
            "SELECT * FROM alerts WHERE kind = ? AND operation = 'post' ORDER BY id", (kind,)
        )
        return [dict(row) for row in rows]

    def looks(self) -> dict[tuple[str, str], str | None]:
        rows = self.store.database.connection.execute(
            "SELECT version, metric, direction FROM version_changes"
        )
        return {(row["version"], row["metric"]): row["direction"] for row in rows}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Versions]:
    world = Versions(tmp_path / "earful.db")
    yield world
    world.store.close()


def test_a_worse_version_is_one_message_and_never_two(world: Versions) -> None:
    world.say("1.9", 200, USUAL, days=(6, 40))
    world.say("1.10", 25, BAD, days=(4, 5))
    world.say(None, 50, BAD, days=(1, 5))
    world.watch()
    for _ in range(4):
        world.now += DAY
        world.say("1.10", 120, BAD, days=(0.1, 0.9))
        world.watch()
    (alert,) = world.alerts()
    words = " ".join(plain(json.loads(alert["payload"])).split())
    assert "version 1.10 is worse" in words
    assert "complaint rate" in words.lower()
    assert world.looks()["1.10", "complaint_rate"] == "worse"
    assert world.looks()["1.10", "wow_rate"] == "worse"
    assert alert["channel"] == world.settings.slack.complaints
    # 1.9 had no version before it; what has no number is compared with nothing.
    assert {version for version, _ in world.looks()} == {"1.10"}
    # A week later the digest has told it too; nothing tells it anew.
    before = world.store.database.connection.execute("SELECT * FROM version_changes").fetchall()
    world.now += 7 * DAY
    assert world.watch() == 0
    after = world.store.database.connection.execute("SELECT * FROM version_changes").fetchall()
    assert [tuple(row) for row in before] == [tuple(row) for row in after]


def test_a_better_version_is_for_the_digest_alone(world: Versions) -> None:
    world.say("2.0", 200, USUAL, days=(6, 40))
    world.say("2.0.1", 170, GOOD, days=(0.2, 4))
    world.watch()
    assert world.alerts() == []
    assert world.looks()["2.0.1", "complaint_rate"] == "better"
    world.now += DAY
    world.say(None, 5, USUAL, days=(0.2, 0.9))
    write_digests(world.store, world.settings, world.now)
    (digest,) = (row for row in world.alerts(AlertKind.DIGEST) if ":week" not in row["dedupe_key"])
    words = " ".join(plain(json.loads(digest["payload"])).split())
    assert "Versions" in words
    assert "2.0.1 is better" in words


def test_a_change_of_country_is_no_change_of_the_version(world: Versions) -> None:
    for version, days, share in (("3.1", (6.0, 40.0), 0.2), ("3.2", (0.2, 4.0), 0.8)):
        world.say(version, round(400 * share), (40, 40, 20), days=days, country="FR")
        world.say(version, round(400 * (1 - share)), (8, 42, 50), days=days, country="GB")
    world.watch()
    assert world.alerts() == []
    assert set(world.looks().values()) == {None}


def test_too_few_are_not_looked_at_and_competitors_never(tmp_path: Path) -> None:
    few = Versions(tmp_path / "few.db")
    few.say("1.0", 200, USUAL, days=(6, 40))
    few.say("1.1", 19, (100, 0, 0), days=(0.2, 4))
    assert (few.watch(), few.looks()) == (0, {})
    few.say("1.1", 1, (100, 0, 0), days=(0.2, 1))
    assert few.watch() == 1
    few.store.close()
    rival = Versions(tmp_path / "rival.db", competitor=True)
    rival.say("1.0", 200, USUAL, days=(6, 40))
    rival.say("1.1", 100, (100, 0, 0), days=(0.2, 4))
    assert (rival.watch(), rival.looks()) == (0, {})
    rival.store.close()
