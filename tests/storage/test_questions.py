"""What programs ask of the store says the same as what was told to it, and ends in time."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.errors import InputError
from storage.models import CaseState, Experience
from storage.questions import questions
from storage.reports import Filter
from storage.store import Store
from storage.tables.brands import BrandRow
from tests.storage.fixtures import BRAND, OTHER_BRAND, Told, build_store

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("questions") / "earful.db"


@pytest.fixture(scope="module")
def told(path: Path) -> list[Told]:
    return build_store(path, NOW)


def scored(told: list[Told], brand: str | None = None) -> list[Told]:
    return [
        one for one in told if one.experience is not None and brand in (None, one.mention.brand)
    ]


def test_counts_are_those_of_what_was_told(path: Path, told: list[Told]) -> None:
    with questions(path) as asked:
        (row,) = asked.counts(Filter(brand=BRAND), "all", 10)
        (there,) = asked.counts(Filter(brand=BRAND, source="feeds"), "all", 10)
        by_language = asked.counts(Filter(brand=BRAND), "language", 10)
        with pytest.raises(InputError, match="by language goes over all sources"):
            asked.counts(Filter(source="feeds"), "language", 10)
    expected = Counter(str(one.current) for one in scored(told, BRAND))
    assert {name: row[name] for name in Experience} == expected
    assert row["mentions"] == expected.total()
    assert there["mentions"] == sum(one.mention.source == "feeds" for one in scored(told, BRAND))
    languages = Counter(one.mention.language or "" for one in scored(told, BRAND))
    assert {one["value"]: one["mentions"] for one in by_language} == languages


@pytest.mark.parametrize("by", ["source", "day", "week", "month", "brand"])
def test_every_cut_adds_up_to_the_whole(path: Path, told: list[Told], by: str) -> None:
    with questions(path) as asked:
        rows = asked.counts(Filter(), by, 1000)
    assert sum(row["mentions"] for row in rows) == len(scored(told))
    values = [row["value"] for row in rows]
    assert len(values) == len(set(values))
    if by in ("day", "week", "month"):
        assert values == sorted(values, reverse=True)


def test_mentions_come_page_by_page_and_each_once(path: Path, told: list[Told]) -> None:
    seen: list[str] = []
    before = None
    with questions(path) as asked:
        while rows := asked.voices(Filter(brand=BRAND), {}, limit=50, before=before):
            seen += [row["id"] for row in rows]
            before = (rows[-1]["counted_at"], rows[-1]["id"])
        (hated,) = asked.voices(Filter(), {"stance": "hater"}, limit=1)
        with pytest.raises(ValueError, match="mood"):
            asked.voices(Filter(), {"mood": "bad"}, limit=1)
    assert sorted(seen) == sorted(one.mention.id for one in told if one.mention.brand == BRAND)
    assert hated["stance"] == "hater"


def test_cases_are_those_that_wait(path: Path, told: list[Told]) -> None:
    waiting = {one.mention.id for one in told if one.case in (CaseState.OPEN, CaseState.CLAIMED)}
    with questions(path) as asked:
        rows = asked.cases(None, ("open", "claimed"), overdue=False, limit=50)
        case = asked.case(rows[0]["case_id"])
        assert asked.case(10_000) is None
        assert asked.cases(OTHER_BRAND, ("dismissed",), overdue=True, limit=5) == []
    assert {row["id"] for row in rows} == waiting
    assert [row["due_at"] for row in rows] == sorted(row["due_at"] for row in rows)
    assert case is not None
    assert case["mention_id"] == rows[0]["id"]


def test_brands_of_the_config_are_there_before_anything_is_said_of_them(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    with Store.open(path, migrate=True) as store:
        store.brands.sync([BrandRow(name="Other", time_zone="Asia/Tokyo", competitor=True)])
    with questions(path) as asked:
        (row,) = asked.brands()
    assert (row["brand"], row["mentions"], row["days_are_of"], row["competitor"]) == (
        "Other", 0, "Asia/Tokyo", 1,
    )  # fmt: skip


def test_a_brand_that_is_not_there_is_said(path: Path, told: list[Told]) -> None:
    with questions(path) as asked:
        asked.require_brand(BRAND)
        asked.require_brand(None)
        with pytest.raises(InputError, match=f"'Nobody' is not in the store: {BRAND}, "):
            asked.require_brand("Nobody")


def test_what_takes_too_long_is_stopped(path: Path, told: list[Told]) -> None:
    with (
        pytest.raises(InputError, match="stopped after 0 seconds"),
        questions(path, seconds=0) as asked,
    ):
        asked.saved(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n",
            {},
            1,
        )


def test_moments_of_a_filter_hold_for_days(path: Path, told: list[Told]) -> None:
    since = (NOW - timedelta(days=7)).replace(hour=0)
    with questions(path) as asked:
        (row,) = asked.counts(Filter(since=since, until=NOW.replace(hour=0)), "all", 1)
        listed = asked.voices(Filter(since=since, until=NOW.replace(hour=0)), {}, limit=1000)
    assert row["mentions"] == sum(
        one["counted"] and one["experience"] is not None for one in listed
    )
    assert row["mentions"] > 0
