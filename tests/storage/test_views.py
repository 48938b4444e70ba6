"""The views brand managers query: each says what its name promises."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from storage.models import (
    CaseState,
    CrawlOutcome,
    CrawlReport,
    CrawlTarget,
    Experience,
    Stance,
)
from storage.store import Store
from tests.storage.fixtures import (
    BRAND,
    OTHER_BRAND,
    Told,
    build_store,
    make_mention,
    store_voices,
)

NOW = datetime(2026, 5, 20, 12, 0, tzinfo=UTC)
ANGRY, MEDIOCRE, DELIGHTED, NONE = Experience
ADVOCATE, HATER, NEITHER = Stance


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        yield store


def said(
    key: str,
    experience: Experience | None,
    stance: Stance = NEITHER,
    *,
    days: float | None = 0,
    author: str | None = "Ana",
    brand: str = BRAND,
    **more: Any,
) -> Told:
    at = None if days is None else NOW + timedelta(days=days)
    mention = make_mention(key, f"words {key}", at, author=author, brand=brand, fetched_at=NOW)
    return Told(mention=mention, experience=experience, stance=stance, **more)


def rows(store: Store, sql: str, *values: object) -> list[dict[str, Any]]:
    return [dict(row) for row in store.database.connection.execute(sql, values)]


def ids(found: Sequence[dict[str, Any]]) -> list[str]:
    return [row["id"].removeprefix("appstore:") for row in found]


def test_voice_has_every_mention_once_with_what_is_known(store: Store) -> None:
    store_voices(
        store,
        [
            said("1", ANGRY, HATER),
            said("2", DELIGHTED, corrected_to=ANGRY, sure=False),
            said("3", None, author=None),
        ],
        NOW,
    )
    found = {row["id"]: row for row in rows(store, "SELECT * FROM voice")}

    assert len(found) == 3
    plain, corrected, waiting = (found[f"appstore:{n}"] for n in (1, 2, 3))
    assert (plain["experience"], plain["stance"], plain["sure"]) == ("angry", "hater", 1)
    assert (plain["author"], plain["corrected"], plain["model"]) == ("Ana", 0, "fixture-1")
    # A person's word wins, and is sure; what they left open stays the model's.
    assert (corrected["experience"], corrected["sure"], corrected["corrected"]) == ("angry", 1, 1)
    assert corrected["stance"] == "neither"
    assert (waiting["experience"], waiting["sure"], waiting["author"]) == (None, None, None)


def test_voices_seq_is_the_row_of_the_full_text_index(store: Store) -> None:
    store_voices(store, [said("1", ANGRY), said("2", ANGRY)], NOW)
    found = rows(
        store,
        "SELECT id FROM voice WHERE seq IN "
        "(SELECT rowid FROM mentions_fts WHERE mentions_fts MATCH '2')",
    )

    assert ids(found) == ["2"]


def test_the_wow_wall_has_sure_delight_the_newest_first(store: Store) -> None:
    store_voices(
        store,
        [
            said("old", DELIGHTED, days=-2),
            said("new", DELIGHTED, days=-1),
            said("unsure", DELIGHTED, sure=False),
            said("angry", ANGRY),
            said("corrected", MEDIOCRE, corrected_to=DELIGHTED, days=-3, sure=False),
        ],
        NOW,
    )

    assert ids(rows(store, "SELECT * FROM wow_wall")) == ["new", "old", "corrected"]


def test_open_cases_have_the_most_urgent_first_and_say_what_is_overdue(store: Store) -> None:
    real_now = datetime.now(UTC)
    store_voices(
        store,
        [
            said("later", ANGRY, case=CaseState.OPEN, due_at=real_now + timedelta(hours=1)),
            said("late", ANGRY, case=CaseState.CLAIMED, due_at=real_now - timedelta(hours=1)),
            said("done", ANGRY, case=CaseState.RESPONDED, due_at=real_now),
            said("closed", ANGRY, case=CaseState.CLOSED, due_at=real_now),
            said("dismissed", ANGRY, case=CaseState.DISMISSED, due_at=real_now),
        ],
        NOW,
    )
    found = rows(store, "SELECT * FROM open_cases")

    assert [(row["mention_id"], row["overdue"], row["claimed_by"]) for row in found] == [
        ("appstore:late", 1, "omar"),
        ("appstore:later", 0, None),
    ]


def test_advocates_and_haters_are_counted_by_person_and_brand(store: Store) -> None:
    store_voices(
        store,
        [
            said("1", DELIGHTED, ADVOCATE, days=-5),
            said("2", DELIGHTED, ADVOCATE, days=-3),
            said("3", MEDIOCRE, days=-1),
            said("4", DELIGHTED, ADVOCATE, brand=OTHER_BRAND),
            said("5", DELIGHTED, ADVOCATE, author="Bob"),
            said("6", DELIGHTED, ADVOCATE, author=None),
            said("7", MEDIOCRE, author="Cyd"),
            said("8", ANGRY, HATER, author="Cyd", days=-1),
        ],
        NOW,
    )
    advocates = rows(store, "SELECT * FROM advocates")
    haters = rows(store, "SELECT * FROM haters")

    found = [(r["author"], r["brand"], r["advocacy"], r["mentions"]) for r in advocates]
    assert found[0] == ("Ana", BRAND, 2, 3)
    assert sorted(found[1:]) == [("Ana", OTHER_BRAND, 1, 1), ("Bob", BRAND, 1, 1)]
    assert advocates[0]["advocate_since"] == "2026-05-15T12:00:00+00:00"
    assert advocates[0]["last_seen_at"] == "2026-05-19T12:00:00+00:00"
    assert [(r["author"], r["warnings"], r["mentions"]) for r in haters] == [("Cyd", 1, 2)]


STANDINGS: list[tuple[str, list[tuple[Experience, Stance]], bool, bool]] = [
    ("an advocate", [(DELIGHTED, ADVOCATE), (MEDIOCRE, NEITHER)], True, False),
    ("an advocate who turned angry", [(DELIGHTED, ADVOCATE), (ANGRY, NEITHER)], False, False),
    ("an advocate who warns", [(DELIGHTED, ADVOCATE), (MEDIOCRE, HATER)], False, True),
    ("lost, then an advocate again",
     [(DELIGHTED, ADVOCATE), (ANGRY, NEITHER), (DELIGHTED, ADVOCATE)], True, False),
    ("lost, then merely delighted",
     [(DELIGHTED, ADVOCATE), (ANGRY, NEITHER), (DELIGHTED, NEITHER)], False, False),
    ("a hater", [(ANGRY, HATER), (ANGRY, NEITHER)], False, True),
    ("a hater won back", [(ANGRY, HATER), (DELIGHTED, NEITHER)], False, False),
    ("a hater who advocates", [(ANGRY, HATER), (MEDIOCRE, ADVOCATE)], True, False),
    ("won back, then lost again",
     [(ANGRY, HATER), (DELIGHTED, NEITHER), (ANGRY, HATER)], False, True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "story", "advocates", "hates"), STANDINGS, ids=[name for name, *_ in STANDINGS]
)
def test_who_turned_is_no_advocate_or_hater_any_more(
    store: Store, name: str, story: list[tuple[Experience, Stance]], advocates: bool, hates: bool
) -> None:
    told = [said(str(n), *voice, days=n - 10) for n, voice in enumerate(story)]
    # What they say of another brand is about that one.
    told.append(said("brand", ANGRY, NEITHER, days=-0.5, brand=OTHER_BRAND))
    store_voices(store, told, NOW)

    assert len(rows(store, "SELECT 1 FROM advocates")) == advocates
    assert len(rows(store, "SELECT 1 FROM haters")) == hates


STORIES: list[tuple[str, list[tuple[Experience, Stance]], list[tuple[int, str]]]] = [
    ("an advocate turns angry", [(DELIGHTED, ADVOCATE), (ANGRY, NEITHER)], [(1, "lost_advocate")]),
    ("with words between", [(DELIGHTED, ADVOCATE), (MEDIOCRE, NEITHER), (ANGRY, NEITHER)],
     [(2, "lost_advocate")]),
    ("a hater is delighted", [(ANGRY, HATER), (DELIGHTED, NEITHER)], [(1, "won_back")]),
    ("a hater advocates", [(ANGRY, HATER), (MEDIOCRE, ADVOCATE)], [(1, "won_back")]),
    ("a hater stays angry", [(ANGRY, HATER), (ANGRY, NEITHER)], []),
    ("an advocate stays", [(DELIGHTED, ADVOCATE), (DELIGHTED, ADVOCATE)], []),
    ("no stance before", [(DELIGHTED, NEITHER), (ANGRY, NEITHER)], []),
    ("the last stance counts", [(DELIGHTED, ADVOCATE), (ANGRY, HATER), (ANGRY, NEITHER)],
     [(1, "lost_advocate")]),
    ("there and back", [(DELIGHTED, ADVOCATE), (ANGRY, HATER), (DELIGHTED, NEITHER)],
     [(1, "lost_advocate"), (2, "won_back")]),
    ("only mediocre now", [(ANGRY, HATER), (MEDIOCRE, NEITHER)], []),
]  # fmt: skip


@pytest.mark.parametrize(("name", "story", "flips"), STORIES, ids=[name for name, *_ in STORIES])
def test_flips(
    store: Store,
    name: str,
    story: list[tuple[Experience, Stance]],
    flips: list[tuple[int, str]],
) -> None:
    told = [said(str(n), *voice, days=n - 10) for n, voice in enumerate(story)]
    # Others, and the same person on another brand or with no date, change nothing.
    told.append(said("other", ANGRY, HATER, days=-20, author="Bob"))
    told.append(said("brand", ANGRY, HATER, days=-20, brand=OTHER_BRAND))
    told.append(said("undated", DELIGHTED, ADVOCATE, days=None))
    store_voices(store, told, NOW)
    found = rows(store, "SELECT * FROM flips ORDER BY created_at")

    assert [(int(row["id"].split(":")[1]), row["flip"]) for row in found] == flips
    assert all(row["was_since"] < row["created_at"] for row in found)


def test_a_name_that_many_people_share_does_not_flip(store: Store) -> None:
    crowd = [said(str(n), ANGRY, HATER, days=-n / 100, author="J. Smith") for n in range(1, 502)]
    store_voices(store, [*crowd[:499], said("last", DELIGHTED, author="J. Smith")], NOW)
    assert ids(rows(store, "SELECT id FROM flips")) == ["last"]

    store_voices(store, crowd[499:], NOW)
    assert rows(store, "SELECT id FROM flips") == []


def test_daily_experience_has_shares_of_told_experiences(store: Store) -> None:
    store_voices(
        store,
        [said("1", ANGRY), said("2", DELIGHTED), said("3", DELIGHTED), said("4", MEDIOCRE),
         said("5", NONE), said("6", NONE, days=-1), said("7", None)],
        NOW,
    )  # fmt: skip
    today, before = rows(store, "SELECT * FROM daily_experience")

    assert (today["day"], today["mentions"], today["none"]) == ("2026-05-20", 5, 1)
    assert (today["complaint_rate"], today["mediocre_rate"], today["wow_rate"]) == (
        0.25,
        0.25,
        0.5,
    )
    assert (before["day"], before["mentions"], before["wow_rate"]) == ("2026-05-19", 1, None)


def test_source_health_has_the_last_run_and_the_last_good_one(store: Store) -> None:
    target = CrawlTarget(brand=BRAND, source="feeds", target="a")
    for hours, outcome in ((3, CrawlOutcome.QUIET), (2, CrawlOutcome.OK), (1, CrawlOutcome.EMPTY)):
        at = NOW - timedelta(hours=hours)
        report = CrawlReport(outcome=outcome, reason="nothing" if hours == 1 else None)
        store.crawls.finish(store.crawls.start(target, at), report, at)
    store.crawls.start(target, NOW)
    [row] = rows(store, "SELECT * FROM source_health")

    assert (row["outcome"], row["reason"]) == ("empty", "nothing")
    assert row["last_good_at"] == "2026-05-20T10:00:00+00:00"


def test_views_hold_together_on_a_store_with_history(tmp_path: Path) -> None:
    told = build_store(tmp_path / "history.db", NOW)
    with Store.open(tmp_path / "history.db", migrate=True) as store:
        assert len(rows(store, "SELECT id FROM voice")) == len(told)
        daily = Counter[str]()
        for row in rows(store, "SELECT * FROM daily_experience"):
            daily.update({name: row[name] for name in Experience})
        assert daily == Counter(str(item.current) for item in told if item.current)
