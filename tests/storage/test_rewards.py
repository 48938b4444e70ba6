"""Whom wows praise, by month and team, and whose answers won people back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.decide.stats import wilson
from config.settings import Settings, parse_settings
from earful.naming_staff import name_staff
from storage.models import AnswerTime, CaseState, Experience, NewCase
from storage.store import Store
from tests.storage.fixtures import BRAND, Told, make_mention, store_voices

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
ANGRY, MEDIOCRE, DELIGHTED, NONE = Experience
STAFF = [
    {"name": "Rita", "team": "Gates", "location": "Berlin"},
    {"name": "Jim O'Neil", "aliases": ["Jimmy"], "team": "Gates"},
    "Mo",
]


def config(staff: list[Any]) -> Settings:
    return parse_settings(
        {"brands": [{"name": BRAND, "query": "acme", "staff": staff}]}, {}, where="test"
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        yield store


def said(
    key: str, text: str, experience: Experience = DELIGHTED, *, days: int = 0, **more: Any
) -> Told:
    mention = make_mention(key, text, NOW - timedelta(days=days), **more)
    return Told(mention=mention, experience=experience)


def test_rewards_are_by_month_person_and_team_with_the_words(store: Store) -> None:
    voices = [
        said("1", "Rita ran after us with the toy. Wonderful!"),
        said("2", "Jim O’Neil and Rita sang for my mother.", days=1),
        said("3", "jimmy found my hat in no time!", days=2),
        said("4", "Rita again, what a person!", days=20),
        said("5", "Rita was rude to me.", ANGRY),
        said("6", "Margarita was tasty.", DELIGHTED),
        said("7", "Mo waved us through, fine.", MEDIOCRE),
    ]
    store_voices(store, voices, NOW)
    settings = config(STAFF)
    assert name_staff(store, settings) == 6
    assert name_staff(store, settings) == 0

    people = store.rewards.people(BRAND, "2026-03")
    assert [(row["name"], row["team"], row["wows"]) for row in people] == [
        ("Jim O'Neil", "Gates", 2),
        ("Rita", "Gates", 2),
    ]
    (february,) = store.rewards.people(BRAND, "2026-02")
    assert (february["name"], february["location"], february["wows"]) == ("Rita", "Berlin", 1)
    # A wow that names two of a team is one of the team's.
    (team,) = store.rewards.teams(BRAND, "2026-03")
    assert (team["team"], team["wows"], team["people"]) == ("Gates", 3, 2)
    words = {(row["name"], row["text"]) for row in store.rewards.words(BRAND, "2026-03")}
    assert ("Rita", "Rita ran after us with the toy. Wonderful!") in words
    assert ("Rita", "Rita was rude to me.") not in words
    assert store.rewards.months(BRAND) == ["2026-03", "2026-02"]
    # Cuts by staff are of all that names them, the rude too.
    cuts = store.database.connection.execute(
        "SELECT value, sum(mentions), sum(angry) FROM cut_days WHERE dimension = 'staff' "
        "GROUP BY 1 ORDER BY 1"
    ).fetchall()
    assert [tuple(row) for row in cuts] == [("Jim O'Neil", 2, 0), ("Mo", 1, 0), ("Rita", 4, 1)]


def test_an_edit_and_a_correction_take_a_name_back(store: Store) -> None:
    store_voices(store, [said("1", "Rita was a star."), said("2", "Rita, never again.")], NOW)
    settings = config(STAFF)
    name_staff(store, settings)
    assert store.rewards.people(BRAND, "2026-03")[0]["wows"] == 2
    store.corrections.add("appstore:2", experience=ANGRY, stance=None, by="dana", at=NOW)
    assert store.rewards.people(BRAND, "2026-03")[0]["wows"] == 1
    edited = make_mention("1", "They were stars.", NOW, edited_at=NOW)
    store_voices(store, [Told(mention=edited, experience=DELIGHTED)], NOW)
    name_staff(store, settings)
    assert store.rewards.named(BRAND, {"Rita"}).keys() == {2}


def test_who_left_the_config_keeps_their_wows(store: Store) -> None:
    store_voices(store, [said("1", "Rita was a star.")], NOW)
    name_staff(store, config(STAFF))
    name_staff(store, config(["Mo"]))
    (row,) = store.rewards.people(BRAND, "2026-03")
    assert (row["name"], row["team"], row["wows"]) == ("Rita", None, 1)


def test_an_answer_wins_back_whose_author_is_delighted_later(store: Store) -> None:
    def answered(key: str, by: str) -> None:
        mention = f"appstore:{key}"
        store.cases.open_new([NewCase(mention_id=mention, brand=BRAND, opened_at=NOW, due_at=NOW)])
        case = store.cases.of_mention(mention)
        assert case is not None
        store.cases.move(case.id, CaseState.RESPONDED, actor=by, at=NOW)
        store.answer_times.add(
            [
                AnswerTime(
                    case_id=case.id, brand=BRAND, team="Desk", answered_at=NOW,
                    answered_on=date(2026, 3, 10), business=timedelta(hours=1), in_time=True,
                    by=by,
                )
            ]
        )  # fmt: skip

    store_voices(
        store,
        [
            said("a", "They lost my bag.", ANGRY, author="Ana"),
            said("b", "They lost my hat.", ANGRY, author="Bob"),
            said("c", "They lost my cat.", ANGRY, author="Cyd"),
            # Before the answer, nobody was won back by it.
            said("c0", "Lovely flight.", DELIGHTED, author="Cyd", days=9),
            said("a2", "They called me at once. Great!", DELIGHTED, author="Ana", days=-2),
        ],
        NOW,
    )
    answered("a", "dana")
    answered("b", "dana")
    answered("c", "omar")
    rows = {(row["kind"], row["name"]): row for row in store.rewards.won_back(BRAND, "2026-03")}
    assert {key: (row["answered"], row["won_back"]) for key, row in rows.items()} == {
        ("person", "dana"): (2, 1),
        ("person", "omar"): (1, 0),
        ("team", "Desk"): (3, 1),
    }
    desk, limits = rows["team", "Desk"], wilson(1, 3)
    assert (desk["share"], desk["low"], desk["high"]) == pytest.approx(
        (1 / 3, limits.low, limits.high), abs=1e-4
    )
