"""Copies are found, linked to one original, counted once and alerted once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from storage.models import Experience, Mention, Stance, Verdict
from storage.reports import Filter
from storage.store import Store
from storage.tables.copy_signatures import bands, shingles, words_of
from storage.tables.verdicts import Scored
from tests.storage.erasure import ERASURE

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
STORY = (
    "Acme Air has cancelled every flight out of Springfield after its booking system went down "
    "on Monday morning, and thousands of passengers spent the night at the airport without any "
    "word on when they might leave"
)
SHORT = "Never again with Acme Air, lost bags"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "earful.db", migrate=True) as opened:
        yield opened


def mention(key: str, text: str = STORY, minutes: float = 0, **more: Any) -> Mention:
    # Each paper has a host of its own: that is what makes its copy a syndicated one.
    given = {
        "source": "gdelt",
        "author": f"paper {key}",
        "url": f"https://paper-{key}.example/story",
        "brand": "Acme Air",
        **more,
    }
    at = NOW + timedelta(minutes=minutes)
    return Mention(native_id=key, text=text, created_at=at, fetched_at=at, **given)


def linked(store: Store) -> dict[str, str | None]:
    while store.copies.link():
        pass
    rows = store.database.connection.execute("SELECT id, duplicate_of FROM mentions")
    return {row["id"].split(":")[1]: row["duplicate_of"] for row in rows}


def verdict() -> Verdict:
    return Verdict(
        experience=Experience.ANGRY, stance=Stance.HATER, sure=True, p_angry=0.9,
        p_mediocre=0.1, p_delighted=0, p_none=0, p_advocate=0, p_hater=0.9, p_neither=0.1,
        model="m",
    )  # fmt: skip


def score(store: Store) -> None:
    waiting = store.verdicts.waiting(100)
    store.verdicts.save([Scored(mention=one, verdict=verdict()) for one in waiting], NOW)


def test_syndicated_copies_are_one_story_and_the_oldest_of_a_batch_is_it(store: Store) -> None:
    store.mentions.save(
        [
            mention("b", f"{STORY}, Daily Planet reports", 5),
            mention("a"),
            mention("c", STORY.upper(), 9, source="feeds"),
            mention("d", STORY.replace("Springfield", "Shelbyville").replace("night", "week")),
            mention("e", "Acme Air flies to Mars " + " ".join(map(str, range(30)))),
        ]
    )
    store.copies.link()
    found = linked(store)
    assert found == {"a": None, "b": "gdelt:a", "c": "gdelt:a", "d": None, "e": None}
    assert store.copies.count() == 2
    assert store.copies.link() == 0, "each text is looked at once"


def test_what_is_young_can_be_looked_at_first(store: Store) -> None:
    store.mentions.save([mention("old", minutes=-9000), mention("a"), mention("b", minutes=1)])
    assert store.copies.link(since=NOW) == 2
    assert store.copies.link() == 1
    assert linked(store) == {"old": "gdelt:a", "a": None, "b": "gdelt:a"}


def test_what_was_stored_first_stays_the_original(store: Store) -> None:
    store.mentions.save([mention("late", minutes=60)])
    store.copies.link()
    store.mentions.save([mention("early")])
    assert linked(store) == {"late": None, "early": "gdelt:late"}


@pytest.mark.parametrize(
    ("change", "copied"),
    [
        ({}, True),
        ({"source": "feeds"}, True),
        ({"author": "SAM", "rating": 1.0, "rating_max": 5.0}, True),
        ({"author": "Alex"}, True),
        ({"author": "Alex", "rating": 1.0, "rating_max": 5.0}, False),
        ({"text": "Never again"}, False),
        ({"text": SHORT.replace("bags", "dogs")}, False),
        ({"minutes": 60 * 24 * 31}, False),
        ({"brand": "Other"}, False),
    ],
)
def test_who_says_it_again_is_a_copy(change: dict[str, Any], copied: bool, store: Store) -> None:
    store.mentions.save([mention("a", SHORT, author="Sam")])
    store.copies.link()
    store.mentions.save([mention("b", **{"text": SHORT, "author": "Sam", **change})])
    assert linked(store)["b"] == ("gdelt:a" if copied else None)


def test_two_customers_with_the_same_words_are_two(store: Store) -> None:
    stars: dict[str, Any] = {"rating": 1.0, "rating_max": 5.0}
    store.mentions.save(
        [mention("a", author="Sam", **stars), mention("b", author="Alex", **stars)]
    )
    assert linked(store) == {"a": None, "b": None}


@pytest.mark.parametrize("author", ["Alex", None])
@pytest.mark.parametrize("url", ["https://forum.example/t/{}", None, "https://[broken"])
def test_two_people_in_one_place_are_two(
    author: str | None, url: str | None, store: Store
) -> None:
    said = [
        mention(key, source="reddit", author=who, url=url.format(key) if url else None)
        for key, who in (("a", "Sam"), ("b", author))
    ]
    store.mentions.save(said)
    assert linked(store) == {"a": None, "b": None}, "a complaint of one's own is never silenced"


def test_an_edit_is_looked_at_anew(store: Store) -> None:
    store.mentions.save([mention("a"), mention("b", minutes=1), mention("c", minutes=2)])
    assert linked(store)["b"] == "gdelt:a"
    store.mentions.save([mention("b", "Acme Air said that all is well again in its own words", 1)])
    assert linked(store) == {"a": None, "b": None, "c": "gdelt:a"}
    store.mentions.save([mention("z", STORY[::-1])])
    linked(store)
    store.mentions.save([mention("a", STORY[::-1])])
    assert linked(store) == {"a": "gdelt:z", "b": None, "c": "gdelt:z", "z": None}, "no chains"


def test_copies_are_counted_once_and_told_once(store: Store) -> None:
    store.mentions.save([mention("a"), mention("b", minutes=1), mention("c", minutes=2)])
    score(store)
    which = Filter(brand="Acme Air")
    assert store.insight.totals(which)["angry"] == 3
    linked(store)
    assert store.insight.totals(which)["angry"] == 1
    assert store.insight.by("source", which)[0]["mentions"] == 1
    (daily,) = store.database.connection.execute("SELECT * FROM daily_experience").fetchall()
    assert (daily["mentions"], daily["angry"]) == (1, 1)
    (hater,) = store.database.connection.execute("SELECT * FROM haters").fetchall()
    assert hater["warnings"] == 1
    assert [voice.mention.native_id for voice in store.judgements.unjudged(DAY, 9)] == ["a"]
    assert len(list(store.insight.export(which))) == 3, "all of them can be read"

    assert store.judgements.judge_copies(NOW) == 2
    assert store.judgements.backlogs(DAY, NOW) == []
    assert store.judgements.count_unjudged() == 1, "the copies need no judgement"


def test_a_day_of_copies_alone_has_no_row(store: Store) -> None:
    store.mentions.save([mention("a"), mention("b", minutes=60 * 24)])
    score(store)
    linked(store)
    days = store.database.connection.execute("SELECT day FROM daily_counts").fetchall()
    assert [row[0] for row in days] == ["2026-11-24"]


def test_what_was_deleted_is_not_told(store: Store) -> None:
    store.mentions.save([mention("a")])
    store.mentions.save([], ["gdelt:a"], NOW)
    score(store)
    assert store.judgements.unjudged(DAY, 9) == []
    assert store.insight.totals(Filter())["angry"] == 1, "its count stays"


def test_what_was_deleted_is_erased_only_when_asked(store: Store) -> None:
    store.mentions.save([mention("a"), mention("b", "Acme Air is a company that flies planes")])
    store.mentions.save([], ["gdelt:a"], NOW)
    assert store.mentions.count() == 2
    assert store.upkeep.forget_deleted(NOW, ERASURE) == 1
    assert store.mentions.get("gdelt:a") is None


def test_a_forgotten_original_leaves_its_copy(store: Store) -> None:
    store.mentions.save([mention("a"), mention("b", minutes=1)])
    linked(store)
    store.upkeep.forget_author("gdelt:paper a", ERASURE)
    assert linked(store) == {"b": None}
    bands_left = store.database.connection.execute("SELECT count(*) FROM copy_bands").fetchone()
    assert bands_left[0] == 0


def test_words_of_every_script_are_words() -> None:
    assert words_of("Title", "Title and more") == ["title", "and", "more"]
    assert words_of(None, "see https://x.example/a?b it's") == ["see", "it", "s"]
    assert len(words_of(None, "とても良いアプリです")) == 10
    assert shingles(["a"] * 5) == frozenset()
    marks = shingles(words_of(None, STORY))
    assert bands("A", marks) == bands("A", marks)
    assert not set(bands("A", marks)) & set(bands("B", marks))
    assert bands("A", frozenset()) == []
    assert all(0 <= band < 2**63 for band in bands("A", marks))
