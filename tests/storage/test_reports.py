"""What people ask of the store, counted again in plain Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from config.errors import InputError
from storage.models import CaseState, Experience, iso
from storage.reports import Filter
from storage.store import Store
from tests.storage.fixtures import BRAND, OTHER_BRAND, Told, build_store

NOW = datetime(2026, 5, 20, 12, 0, tzinfo=UTC)
SINCE, UNTIL = NOW - timedelta(days=12), NOW - timedelta(days=1)
CHOICES = (
    Filter(),
    Filter(brand=BRAND),
    Filter(brand=OTHER_BRAND, source="feeds"),
    Filter(experience="angry"),
    Filter(since=SINCE, until=UNTIL),
    Filter(brand=BRAND, since=SINCE, experience="delighted"),
    Filter(brand="Nobody"),
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Told], Path]:
    path = tmp_path_factory.mktemp("insight") / "earful.db"
    return build_store(path, NOW), path


@pytest.fixture
def told(built: tuple[list[Told], Path]) -> list[Told]:
    return built[0]


@pytest.fixture
def store(built: tuple[list[Told], Path]) -> Iterator[Store]:
    with Store.open(built[1], readonly=True) as store:
        yield store


def fits(item: Told, which: Filter) -> bool:
    mention, at = item.mention, item.mention.created_at
    return (
        which.brand in (None, mention.brand)
        and which.source in (None, mention.source)
        and which.experience in (None, item.current)
        and (which.since is None or (at is not None and at >= which.since))
        and (which.until is None or (at is not None and at < which.until))
    )


def counts(items: list[Told]) -> dict[str, int]:
    experiences = Counter(str(item.current) for item in items)
    stances = Counter(str(item.stance) for item in items)
    return {
        "mentions": len(items),
        **{str(name): experiences[name] for name in Experience},
        **{name: stances[name] for name in ("advocate", "hater")},
    }


@pytest.mark.parametrize("which", CHOICES)
def test_totals_and_export_follow_the_filter(
    store: Store, told: list[Told], which: Filter
) -> None:
    chosen = [item for item in told if fits(item, which)]

    assert store.insight.totals(which) == counts([item for item in chosen if item.current])
    exported = list(store.insight.export(which))
    assert {row["id"] for row in exported} == {item.mention.id for item in chosen}
    dates = [row["created_at"] or "" for row in exported]
    assert dates == sorted(dates)


@pytest.mark.parametrize("column", ["source", "week", "rating"])
def test_counts_by_group(store: Store, told: list[Told], column: str) -> None:
    def group(item: Told) -> object:
        at = item.mention.created_at or item.mention.fetched_at
        if column == "source":
            return item.mention.source
        if column == "rating":
            return item.mention.rating
        return iso(at - timedelta(days=at.weekday()))[:10]

    found = {row.pop(column): row for row in store.insight.by(column, Filter(brand=BRAND))}
    chosen = [item for item in told if item.current and item.mention.brand == BRAND]

    assert set(found) == {group(item) for item in chosen}
    for key, row in found.items():
        assert row == counts([item for item in chosen if group(item) == key])


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/Sao_Paulo", "Pacific/Apia"])
def test_counts_by_the_days_of_a_zone(store: Store, told: list[Told], zone: str) -> None:
    found = store.insight.by_day(Filter(brand=BRAND), ZoneInfo(zone))
    days: dict[date, list[Told]] = {}
    for item in told:
        at = item.mention.created_at or item.mention.fetched_at
        if item.current and item.mention.brand == BRAND:
            days.setdefault(at.astimezone(ZoneInfo(zone)).date(), []).append(item)

    kinds = ("mentions", *Experience)
    assert found == {day: {k: counts(items)[k] for k in kinds} for day, items in days.items()}


def test_picks_are_sure_and_the_strongest_first(store: Store, told: list[Told]) -> None:
    found = store.insight.picks(Filter(experience="angry", since=SINCE), "p_angry", 5)
    strengths = [row["p_angry"] for row in found]

    assert len(found) == 5
    assert strengths == sorted(strengths, reverse=True)
    assert all(row["sure"] and len(row["text"]) > 40 for row in found)
    with pytest.raises(ValueError, match="cannot order by"):
        store.insight.picks(Filter(), "id; DROP TABLE mentions", 1)


def test_cases_of_a_period(store: Store, told: list[Told]) -> None:
    which = Filter(brand=BRAND, since=SINCE)
    cases = [
        item for item in told if fits(item, which) and item.case not in (None, CaseState.DISMISSED)
    ]
    answered = [item for item in cases if item.responded_at]

    assert store.insight.answers(which) == {
        "cases": len(cases),
        "answered": len(answered),
        "waiting": sum(item.case in (CaseState.OPEN, CaseState.CLAIMED) for item in cases),
    }


def test_the_oldest_open_case(store: Store, told: list[Told]) -> None:
    waiting = [
        item
        for item in told
        if item.case in (CaseState.OPEN, CaseState.CLAIMED) and item.mention.brand == BRAND
    ]
    oldest = min(waiting, key=lambda item: str(item.mention.created_at))
    found = store.insight.oldest_open_case(BRAND)

    assert found
    assert found["mention_id"] == oldest.mention.id
    assert store.insight.oldest_open_case("Nobody") is None


def test_how_verdicts_came_about(store: Store, told: list[Told]) -> None:
    scored = [item for item in told if item.current]

    assert store.insight.method(Filter()) == {
        "mentions": len(scored),
        "sure": sum(item.sure or item.corrected_to is not None for item in scored),
        "corrected": 1,
        "unscored": 1,
        "models": {"fixture-1": len(scored)},
    }
    empty = store.insight.method(Filter(brand="Nobody"))
    assert empty == {"mentions": 0, "sure": 0, "corrected": 0, "unscored": 0, "models": {}}


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("suitcase", "suitcase"), ("suitcases", "suitcase"), ('"lost my suitcase"', "suitcase"),
        ("stran*", "Stranded"), ("lounge OR stranded", ""), ("suitcase NOT nobody", None),
        # Not FTS5's syntax: every word, literally.
        ("suitcase?", "suitcase"), ("what's", None), ('un"balanced', None), ("a AND", None),
        ("évil.example", "evil"),
    ],
)  # fmt: skip
def test_search(store: Store, told: list[Told], words: str, part: str | None) -> None:
    found = store.insight.search(words, Filter(), 500)

    if part is None:
        assert found == []
    elif part:
        wanted = {item.mention.id for item in told if part in item.mention.text}
        assert {row["id"] for row in found} == wanted
        assert all("[" in row["snippet"] for row in found)
    else:
        assert len(found) == 2


def test_search_follows_the_filter_and_refuses_nothing_to_look_for(store: Store) -> None:
    found = store.insight.search("suitcase", Filter(brand=OTHER_BRAND), 500)

    assert {row["brand"] for row in found} == {OTHER_BRAND}
    assert len(store.insight.search("suitcase", Filter(), 3)) == 3
    with pytest.raises(InputError, match="the search is empty"):
        store.insight.search("  ", Filter(), 3)


def test_brands_languages_flips_and_health(store: Store, told: list[Told]) -> None:
    assert sorted(store.insight.brands()) == [BRAND, OTHER_BRAND]
    assert store.insight.languages() == {"en": len(told)}
    assert [row["author"] for row in store.insight.flips(Filter(brand=BRAND))] == ["Bob", "Ana"]
    assert store.insight.flips(Filter(until=SINCE)) == []
    assert [row["outcome"] for row in store.insight.source_health()] == ["ok", "blocked", "ok"]
