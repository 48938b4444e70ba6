"""A store of two brands and a competitor, whose days begin at different times; seeded.

    told = build(tmp_path / "earful.db", now)

`told` is all that was written, so that a test can count it again in plain Python.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from config.settings import parse_settings
from earful.routines.advocate_routine import list_advocates
from earful.routines.checkpoint_routine import judge_checkpoints
from earful.routines.version_routine import watch_versions
from earful.stages.measure_stage import measure_changed
from earful.topic_upkeep.period_figures import write_figures
from storage.models import CaseState, Experience, Mention, Stance
from storage.store import Store
from storage.tables.brands import BrandRow
from storage.tables.cuts import cut
from storage.tables.topic_sorting import FIRST_TOPIC, TOPIC
from tests.storage.fixtures import Told, make_mention, store_voices

FERRY, RAIL, RIVAL = "Fjord Ferry", "Kiwi Rail", "Rival Lines"
ZONES = {FERRY: "Europe/Oslo", RAIL: "Pacific/Auckland", RIVAL: "Europe/Oslo"}
TOPICS = {"daughter": "Kind to children <i>", "minutes": "Leaves too early"}
SOURCES = ("appstore", "hackernews", "feeds")
LANGUAGES = ("en", "de", "nb")
_TEXTS = {
    Experience.ANGRY: "The boat left {n} minutes early and nobody told us a thing about it.",
    Experience.MEDIOCRE: "Cabin {n} was fine, the coffee too, nothing that I would remember.",
    Experience.DELIGHTED: "Ingrid on deck {n} gave my daughter her own cap. A wonderful trip!",
    Experience.NONE: "Does anybody know at what time boat number {n} leaves on a Sunday?",
}
SETTINGS = parse_settings(
    {
        "brands": [
            {
                "name": FERRY,
                "query": "ferry",
                "timezone": ZONES[FERRY],
                "checkpoints": [{"metric": "wow_rate", "target": 0.95, "window": "30d"}],
            }
        ]
    },
    {},
    where="the test",
)
HOSTILE = (
    "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"> "
    "\"><svg onload=document.title='owned'> {{ 7*7 }} javascript:document.title='owned'"
)


@dataclass(frozen=True)
class Spoken:
    """A mention of the store, and the day of its brand's calendar on which it counts."""

    told: Told
    day: date

    @property
    def mention(self) -> Mention:
        return self.told.mention


def build(path: Path, now: datetime, *, days: int = 50) -> list[Spoken]:
    """Write `days` of three brands: around midnight, a storm, cases, changed minds, oddities."""
    told = list(_voices(now, days))
    with Store.open(path, migrate=True) as store:
        store.brands.sync(
            [
                BrandRow(name=name, time_zone=zone, competitor=name == RIVAL)
                for name, zone in ZONES.items()
            ]
        )
        store_voices(store, told, now)
        named = [
            one for one in told if "Ingrid" in one.mention.text and one.mention.brand != RIVAL
        ]
        with store.database.transaction() as connection:
            connection.executemany(
                "INSERT INTO named_staff (mention_id, name) VALUES (?, ?) ON CONFLICT DO NOTHING",
                [(one.mention.id, "Ingrid <b>Å</b>") for one in named],
            )
            connection.execute("DELETE FROM topic_queue")
            for mark, topic in TOPICS.items():
                _write_topic(connection, mark, topic, told)
            connection.execute(
                "INSERT INTO checkpoints (brand, metric, window_days, target, set_at, reached_at, "
                "value) VALUES (?, 'wow_rate', 30, 0.2, ?, ?, 0.31)",
                (FERRY, now.isoformat(), now.isoformat()),
            )
        measure_changed(store, SETTINGS, now)
        list_advocates(store, SETTINGS, now)
        watch_versions(store, SETTINGS, now)
        write_figures(store, SETTINGS, now)
        judge_checkpoints(store, SETTINGS, now)
    return [Spoken(one, _day(one.mention, now)) for one in told]


def _write_topic(
    connection: sqlite3.Connection, mark: str, name: str, told: Sequence[Told]
) -> None:
    """Write a topic of the ferry with every mention that has a word, as sorting would."""
    number = connection.execute(
        """
        INSERT INTO topics (brand, kind, name, words, state, first_day, encoder, centre, floor,
            usual, size)
        VALUES (?, 'found', ?, '[]', 'active', '2026-01-01', 'test', x'00', 0.5, 0.6, 1)
        """,
        (FERRY, name),
    ).lastrowid
    about = [
        one.mention.id for one in told if one.mention.brand == FERRY and mark in one.mention.text
    ]
    for place, mention_id in enumerate(about):
        seq = connection.execute(
            "SELECT seq FROM mentions WHERE id = ?", (mention_id,)
        ).fetchone()[0]
        connection.execute(
            "INSERT INTO mention_topics SELECT seq, ?, brand, day, 0, 0.9 FROM mention_facts "
            "WHERE seq = ?",
            (number, seq),
        )
        if place < 3:
            connection.execute("INSERT INTO topic_quotes VALUES (?, ?, ?)", (number, place, seq))
        for dimension in (TOPIC, FIRST_TOPIC):
            cut(connection, seq, dimension, [str(number)])


def _day(mention: Mention, now: datetime) -> date:
    at = mention.created_at or mention.fetched_at
    return at.astimezone(ZoneInfo(ZONES[mention.brand])).date()


def _voices(now: datetime, days: int) -> Iterator[Told]:
    chance = random.Random(15)
    number = 0
    for ago in range(days - 1, -1, -1):
        for brand in ZONES:
            # So strong that it is a signal at whatever time of day the store is built.
            storm = brand == FERRY and 5 <= ago <= 6
            for _ in range(chance.randint(2, 5) + (18 if storm else 0)):
                number += 1
                weights = (80, 8, 8, 4) if storm else (20, 25, 40, 15)
                experience = chance.choices(list(Experience), weights)[0]
                at = _moment(chance, brand, now, ago)
                version = "2.0" if ago <= 6 else "1.0"
                yield _told(chance, number, brand, experience, at, version)
    yield from _histories(now)
    yield from _oddities(now)


def _moment(chance: random.Random, brand: str, now: datetime, ago: int) -> datetime:
    """Choose a time near a midnight of the brand: UTC has it on another day often."""
    zone = ZoneInfo(ZONES[brand])
    midnight = datetime.combine(
        now.astimezone(zone).date() - timedelta(days=ago), datetime.min.time(), zone
    )
    at = midnight + timedelta(minutes=chance.choice((-90, -20, -1, 0, 1, 15, 45, 700)))
    return min(at.astimezone(now.tzinfo), now - timedelta(minutes=chance.randint(1, 30)))


def _told(
    chance: random.Random,
    number: int,
    brand: str,
    experience: Experience,
    at: datetime,
    version: str,
) -> Told:
    stance = Stance.NEITHER
    if experience is Experience.ANGRY and chance.random() < 0.3:
        stance = Stance.HATER
    if experience is Experience.DELIGHTED and chance.random() < 0.4:
        stance = Stance.ADVOCATE
    sure = chance.random() < 0.85
    case = None
    if experience is Experience.ANGRY and sure and brand != RIVAL:
        case = chance.choice(list(CaseState))
    return Told(
        mention=make_mention(
            str(number),
            _TEXTS[experience].format(n=number),
            at.replace(microsecond=0),
            brand=brand,
            source=chance.choice(SOURCES),
            language=chance.choice(LANGUAGES),
            author=f"Guest {number}",
            country=chance.choice(("NO", "DE", None)),
            product_version=version,
        ),
        experience=experience,
        stance=stance,
        sure=sure,
        case=case,
        due_at=at + timedelta(hours=4) if case else None,
        responded_at=at + timedelta(hours=chance.choice((1, 2, 9)))
        if case in (CaseState.RESPONDED, CaseState.CLOSED)
        else None,
    )


def _histories(now: datetime) -> Iterator[Told]:
    def by(author: str, key: str, text: str, ago: int, **more: object) -> Mention:
        at = now - timedelta(days=ago, hours=2)
        return make_mention(key, text, at, brand=FERRY, source="feeds", author=author, **more)

    first = by("Kari", "kari-1", "I tell everybody to take this boat, the best crew at sea.", 20)
    yield Told(mention=first, experience=Experience.DELIGHTED, stance=Stance.ADVOCATE)
    yield Told(
        mention=by(
            "Kari", "kari-2", "Left on the quay for four hours. I am done with them.", 2,
            parent_id=first.id,
        ),
        experience=Experience.ANGRY,
        case=CaseState.OPEN,
        due_at=now - timedelta(hours=5),
    )  # fmt: skip

    # Every other day, and then not a word.
    for number in range(5):
        yield Told(
            mention=by(
                "Olav", f"olav-{number}", f"Day {number}: I tell all my friends of this crew.",
                45 - 2 * number,
            ),
            experience=Experience.DELIGHTED,
            stance=Stance.ADVOCATE,
        )  # fmt: skip
    asks = by("Astrid", "astrid-1", "The best line there is, take it. Can we bring our dog?", 1)
    yield Told(mention=asks, experience=Experience.DELIGHTED, stance=Stance.ADVOCATE)


def _oddities(now: datetime) -> Iterator[Told]:
    at = now - timedelta(hours=3)
    yield Told(
        mention=make_mention(
            "hostile", HOSTILE, at, brand=FERRY, author=f"Eve {HOSTILE}", title=HOSTILE,
            url="javascript:document.title='owned'", source="appstore", language="en",
        ),
        experience=Experience.ANGRY,
        stance=Stance.HATER,
        case=CaseState.OPEN,
        due_at=now + timedelta(hours=2),
    )  # fmt: skip
    yield Told(
        mention=make_mention(
            "formula", '=HYPERLINK("http://evil.example")', at, brand=FERRY, author="@SUM(A1)",
            source="appstore",
        ),
        experience=Experience.DELIGHTED,
    )  # fmt: skip
    yield Told(
        mention=make_mention(
            "undated", "An old letter, kindly meant and kept.", None, fetched_at=at, brand=FERRY
        ),
        experience=Experience.MEDIOCRE,
    )
    yield Told(
        mention=make_mention("unscored", "Just in: a new boat for the line.", at, brand=FERRY),
        experience=None,
        stance=None,
    )
    yield Told(
        mention=make_mention(
            "corrected", "Oh great, late again. Bravo, what a company.", at, brand=FERRY
        ),
        experience=Experience.DELIGHTED,
        corrected_to=Experience.ANGRY,
    )
