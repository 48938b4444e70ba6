"""Cuts, share of voice, and you beside your competitors: the same figures as counted by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from alerts.decide.stats import Interval, Rate, difference, wilson
from storage.models import Experience, Stance
from storage.store import Store
from storage.tables.brands import BrandRow
from storage.tables.cuts import cut
from tests.storage.fixtures import BRAND, OTHER_BRAND, Told, make_mention, store_voices

ANGRY, MEDIOCRE, DELIGHTED, NONE = Experience
ADVOCATE, HATER, NEITHER = Stance
_RATES: dict[str, Callable[[Told], bool]] = {
    "wow_rate": lambda one: one.current is DELIGHTED,
    "complaint_rate": lambda one: one.current is ANGRY,
    "mediocre_rate": lambda one: one.current is MEDIOCRE,
    "advocate_rate": lambda one: one.stance is ADVOCATE,
    "hater_rate": lambda one: one.stance is HATER,
}


def now() -> datetime:
    """Give the true time: the views have no other."""
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, list[Told]]]:
    path = tmp_path_factory.mktemp("compared") / "earful.db"
    voices = [*make_voices(Random(3), now())]
    with Store.open(path, migrate=True) as store:
        store.brands.sync(
            [
                BrandRow(name=BRAND, time_zone="UTC"),
                BrandRow(name=OTHER_BRAND, time_zone="UTC", competitor=True),
            ]
        )
        store_voices(store, voices, now())
        yield store, voices


def make_voices(chance: Random, at: datetime) -> Iterator[Told]:
    """Make what is said of a brand and a competitor: 2.0 is worse than the versions before."""
    for number in range(900):
        brand = chance.choices((BRAND, OTHER_BRAND), (3, 1))[0]
        version = chance.choices(("1.9", "1.10", "2.0", "0.1", None), (9, 9, 9, 0.2, 4))[0]
        weights = (40, 20, 25, 15) if version == "2.0" else (12, 30, 40, 18)
        experience = chance.choices(list(Experience), weights)[0]
        stance = chance.choices(list(Stance), (20, 10, 70))[0]
        age = timedelta(days=chance.randrange(120), hours=1)
        yield Told(
            mention=make_mention(
                str(number),
                f"words {number}",
                at - age,
                brand=brand,
                source=chance.choice(("appstore", "reddit")),
                country=chance.choice(("DE", "GB", None)),
                product_version=version,
            ),
            experience=experience,
            stance=stance,
        )


def spoken(voices: list[Told], days: int, brand: str = BRAND) -> list[Told]:
    first = now().date() - timedelta(days=days - 1)
    return [
        one
        for one in voices
        if one.mention.brand == brand
        and one.mention.created_at is not None
        and one.mention.created_at.date() >= first
    ]


def rate(voices: list[Told], metric: str) -> Rate:
    whole = [
        one for one in voices if metric in ("advocate_rate", "hater_rate")
        or one.current is not NONE
    ]  # fmt: skip
    return Rate(sum(map(_RATES[metric], whole)), len(whole))


def column(name: str) -> Callable[[Told], Any]:
    return lambda one: getattr(one.mention, name) or "not told"


@pytest.mark.parametrize(("period", "days"), [("7 days", 7), ("30 days", 30), ("90 days", 90)])
@pytest.mark.parametrize(
    ("dimension", "key"),
    [
        ("source", column("source")),
        ("country", column("country")),
        ("version", column("product_version")),
        ("language", column("language")),
    ],
)
def test_cuts_are_what_hands_count(
    told: tuple[Store, list[Told]],
    period: str,
    days: int,
    dimension: str,
    key: Callable[[Told], Any],
) -> None:
    store, voices = told
    own = spoken(voices, days)
    rows = store.comparisons.cuts(BRAND, dimension, period)
    assert {row["value"] for row in rows} == {key(one) for one in own}
    enough = {
        value
        for value in {key(one) for one in own} - {"not told"}
        if rate([one for one in own if key(one) == value], "wow_rate").total >= 20
        and rate([one for one in own if key(one) != value], "wow_rate").total >= 20
    }
    for row in rows:
        part = [one for one in own if key(one) == row["value"]]
        rest = [one for one in own if key(one) != row["value"]]
        mine, theirs = rate(part, row["metric"]), rate(rest, row["metric"])
        assert row["mentions"] == len(part)
        assert (row["part"], row["whole"]) == (mine.part, mine.total)
        assert (row["low"], row["high"]) == about(wilson(mine.part, mine.total))
        if theirs.total:
            found = (row["difference_low"], row["difference_high"])
            assert found == about(difference(mine, theirs))
        assert row["compared"] == len(enough)
        if row["value"] in enough:
            strict = difference(mine, theirs, 1 - 0.05 / len(enough))
            # Where a limit lies on 0 itself, the approximate deviate may say otherwise.
            if min(abs(strict.low), abs(strict.high)) > 0.001:
                assert row["may_be_chance"] == (0 in strict)
        else:
            assert row["may_be_chance"] is None


def about(interval: Interval, within: float = 1e-4) -> tuple[Any, Any]:
    return pytest.approx(interval.low, abs=within), pytest.approx(interval.high, abs=within)


def test_a_version_that_is_worse_is_seen(told: tuple[Store, list[Told]]) -> None:
    store, _ = told
    rows = {
        (row["value"], row["metric"]): row
        for row in store.comparisons.cuts(BRAND, "version", "90 days")
    }
    assert rows["2.0", "complaint_rate"]["may_be_chance"] == 0
    assert rows["2.0", "complaint_rate"]["difference"] > 0.1
    assert rows["1.9", "hater_rate"]["may_be_chance"] == 1
    # Too few, and no version at all, are compared with nothing.
    assert rows["0.1", "complaint_rate"]["may_be_chance"] is None
    assert rows["not told", "complaint_rate"]["may_be_chance"] is None
    assert rows["2.0", "wow_rate"]["compared"] == 3


def test_of_parts_that_are_all_alike_few_are_called_different(tmp_path: Path) -> None:
    """The more parts are compared, the more of them differ by chance: that is reckoned with."""
    chance, called = Random(8), 0
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        connection = store.database.connection
        for number in range(120):
            for value in range(12):
                angry = sum(chance.random() < 0.2 for _ in range(60))
                connection.execute(
                    "INSERT INTO cut_days VALUES (?, date('now'), 'version', ?, 60, ?, ?, 0, 0, "
                    "0, 0)",
                    (f"brand {number}", str(value), angry, 60 - angry),
                )
            connection.execute(
                "INSERT INTO cut_days SELECT brand, day, 'all', '', sum(mentions), sum(angry), "
                "sum(mediocre), 0, 0, 0, 0 FROM cut_days WHERE brand = ?",
                (f"brand {number}",),
            )
            rows = store.comparisons.cuts(f"brand {number}", "version", "7 days")
            called += any(
                row["may_be_chance"] == 0 for row in rows if row["metric"] == "complaint_rate"
            )
    # Without it, nearly half of them would be.
    assert called / 120 <= 0.1


def test_a_mention_counts_for_each_colleague_it_names(told: tuple[Store, list[Told]]) -> None:
    store, voices = told
    one = spoken(voices, 7)[0]
    with store.database.transaction() as connection:
        seq = connection.execute(
            "SELECT seq FROM mentions WHERE id = ?", (one.mention.id,)
        ).fetchone()[0]
        cut(connection, seq, "staff", ["Rita", "Jim"])
    rows = store.comparisons.cuts(BRAND, "staff", "7 days")
    assert {(row["value"], row["mentions"]) for row in rows} == {("Jim", 1), ("Rita", 1)}


def test_a_topic_is_called_by_its_name(told: tuple[Store, list[Told]]) -> None:
    store, voices = told
    with store.database.transaction() as connection:
        topic = connection.execute(
            "INSERT INTO topics (brand, kind, name, words, state, first_day, encoder, centre, "
            "floor, usual, size) VALUES (?, 'own', 'Delivery time', '[]', 'active', '2026-01-01', "
            "'e', x'00', 0, 0, 0) RETURNING id",
            (BRAND,),
        ).fetchone()["id"]
    one = spoken(voices, 7)[0]
    seq = store.database.connection.execute(
        "SELECT seq FROM mentions WHERE id = ?", (one.mention.id,)
    ).fetchone()["seq"]
    with store.database.transaction() as connection:
        cut(connection, seq, "topic", [str(topic)])
    found = store.comparisons.cuts(BRAND, "topic", "7 days")
    assert {row["value"] for row in found} == {"Delivery time"}


def test_share_of_voice_and_both_rates_side_by_side(told: tuple[Store, list[Told]]) -> None:
    store, voices = told
    for period, days in (("7 days", 7), ("30 days", 30), ("90 days", 90)):
        own, theirs = (spoken(voices, days, brand) for brand in (BRAND, OTHER_BRAND))
        shown = {row["brand"]: row for row in store.comparisons.share_of_voice(period)}
        assert {name: row["competitor"] for name, row in shown.items()} == {
            BRAND: 0,
            OTHER_BRAND: 1,
        }
        for name, said in ((BRAND, own), (OTHER_BRAND, theirs)):
            row, total = shown[name], len(own) + len(theirs)
            assert row["share"] == pytest.approx(len(said) / total, abs=1e-4)
            limits = about(wilson(len(said), total))
            assert (row["share_low"], row["share_high"]) == limits
            for metric, low, high in (
                ("wow_rate", "wow_low", "wow_high"),
                ("complaint_rate", "complaint_low", "complaint_high"),
            ):
                counted = rate(said, metric)
                assert row[metric] == pytest.approx(counted.value, abs=1e-4)
                assert (row[low], row[high]) == about(counted.interval())
        for row in store.comparisons.side_by_side(BRAND, period):
            gap = difference(rate(own, row["metric"]), rate(theirs, row["metric"]))
            found = (row["difference_low"], row["difference_high"])
            assert found == about(gap, within=3e-4)
            assert row["may_be_chance"] == (0 in gap)
    months = {row["period"] for row in store.comparisons.share_of_voice(f"{now():%Y-%m}")}
    assert months == {f"{now():%Y-%m}"}
    assert store.comparisons.side_by_side(OTHER_BRAND, "90 days") == []
