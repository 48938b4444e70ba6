"""Topics in the store: what waits, what counts where, and what people and refits do to them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from storage.models import Experience, TopicEventKind, TopicState
from storage.store import Store
from storage.tables.topic_figures import Counted
from tests.storage.erasure import ERASURE
from tests.storage.fixtures import BRAND, OTHER_BRAND, make_mention, make_verdict
from tests.storage.topic_store import (
    ENCODER,
    NOW,
    a_fit,
    about,
    counts,
    find,
    fitted,
    say,
    seq_of,
    sort,
    waiting,
    wished,
)

ANGRY, MEDIOCRE, DELIGHTED, NONE = Experience
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        yield store


# What waits, and how it is sorted.


def test_what_is_scored_waits_until_it_is_sorted_the_newest_first(store: Store) -> None:
    unscored = make_mention("0", "nobody read it yet", NOW)
    store.mentions.save([unscored])
    first, second = say(store, "1"), say(store, "2")
    assert waiting(store) == [second.id, first.id]
    assert store.topic_sorting.count_waiting(BRAND) == store.topic_sorting.count_waiting() == 2
    assert store.topic_sorting.count_waiting(OTHER_BRAND) == 0
    assert sort(store, second) == 1
    assert waiting(store) == [first.id]
    assert store.topic_sorting.still_waiting([first.id, second.id]) == [first.id]


def test_a_text_has_its_vector_until_it_is_another(store: Store) -> None:
    mention = say(store, "1")
    (bags,) = find(store, "bags")
    sort(store, mention, bags)
    edited = replace(mention, text="something else")
    store.mentions.save([edited])
    assert sort(store, mention, bags) == 0, "that text is no more"
    say(store, "1", text="something else")
    (one,) = store.topic_sorting.waiting(ENCODER, 9)
    assert one.vector is None
    sort(store, edited)
    assert about(store, edited) == []
    store.topics.own(BRAND, [wished("refunds")], NOW)
    (again,) = store.topic_sorting.waiting(ENCODER, 9)
    assert again.vector == b"\0\1"
    (other,) = store.topic_sorting.waiting("e2", 9)
    assert other.vector is None, "another encoder made it"


def test_another_model_s_verdict_sorts_nothing_again(store: Store) -> None:
    mention = say(store, "1")
    sort(store, mention)
    from storage.tables.verdicts import Scored

    other = make_verdict(DELIGHTED, model="fixture-2")
    store.verdicts.save([Scored(mention=mention, verdict=other)], LATER)
    assert waiting(store) == []


# What counts.


def test_a_mention_counts_for_each_topic_and_once_for_the_first(store: Store) -> None:
    bags, crew = find(store, "bags", "crew")
    sort(store, say(store, "1", ANGRY), bags, crew)
    sort(store, say(store, "2", DELIGHTED), crew)
    assert counts(store) == {bags: (1, 1, 0), crew: (2, 1, 1)}
    assert counts(store, "first_topic") == {bags: (1, 1, 0), crew: (1, 0, 1)}


def test_counts_follow_corrections_copies_and_what_is_not_about_the_brand(store: Store) -> None:
    (bags,) = find(store, "bags")
    one, other = say(store, "1", ANGRY), say(store, "2", ANGRY)
    sort(store, one, bags)
    sort(store, other, bags)
    assert counts(store) == {bags: (2, 2, 0)}
    store.corrections.add(one.id, experience=DELIGHTED, stance=None, by="dana", at=LATER)
    assert counts(store) == {bags: (2, 1, 1)}
    store.relevance.say(other.id, about=False, by="dana", by_id=None, at=LATER)
    assert counts(store) == {bags: (1, 0, 1)}
    store.relevance.say(other.id, about=True, by="dana", by_id=None, at=LATER)
    assert counts(store) == {bags: (2, 1, 1)}


def test_sorting_again_moves_the_counts(store: Store) -> None:
    bags, crew = find(store, "bags", "crew")
    mention = say(store, "1")
    for topics in ((bags,), (bags,), (crew, bags), ()):
        sort(store, mention, *topics)
        assert about(store, mention) == [*topics]
        assert counts(store) == dict.fromkeys(topics, (1, 1, 0))
        first = dict.fromkeys(topics[:1], (1, 1, 0))
        assert counts(store, "first_topic") == first


def test_what_is_forgotten_is_about_nothing_and_stays_counted(
    store: Store, tmp_path: Path
) -> None:
    (bags,) = find(store, "bags")
    mention = say(store, "1", author="Mallory")
    sort(store, mention, bags)
    seq = seq_of(store, mention)
    store.topic_figures.save(BRAND, "made", {}, [], {bags: [seq]})
    assert mention.author_id
    assert store.upkeep.forget_author(mention.author_id, ERASURE) == 1
    for table in ("mention_vectors", "mention_topics", "topic_queue", "topic_quotes"):
        rows = store.database.connection.execute(f"SELECT count(*) FROM {table}")
        assert rows.fetchone()[0] == 0, table
    assert counts(store) == {bags: (1, 1, 0)}


def test_a_mention_that_waits_to_be_sorted_can_be_forgotten(store: Store) -> None:
    mention = say(store, "1", author="Mallory")
    assert mention.author_id
    store.upkeep.forget_author(mention.author_id, ERASURE)
    assert store.topic_sorting.count_waiting() == 0


def test_a_mention_that_gets_its_date_keeps_its_topics_on_the_new_day(store: Store) -> None:
    (bags,) = find(store, "bags")
    mention = say(store, "1", created_at=None, fetched_at=NOW)
    sort(store, mention, bags)
    dated = replace(mention, created_at=NOW - timedelta(days=9))
    store.mentions.save([dated])
    (row,) = store.database.connection.execute("SELECT day FROM mention_topics").fetchall()
    assert row["day"] == "2026-05-11"
    days = store.topic_figures.by_day(BRAND, "topic", date(2026, 5, 1), NOW.date())
    assert days == {date(2026, 5, 11): {str(bags): Counted(mentions=1, angry=1)}}


# What people say of topics.


def test_a_person_s_name_stays_through_refits(store: Store) -> None:
    (bags,) = find(store, "bags, suitcase")
    assert store.topics.rename(bags, "Lost luggage", by="dana", at=LATER)
    assert not store.topics.rename(bags, "Lost luggage", by="dana", at=LATER)
    store.topic_fits.save(a_fit(), [fitted("suitcase, belt", bags, size=7)])
    topic = store.topics.get(bags)
    assert topic is not None
    assert (topic.name, topic.named_by, topic.size) == ("Lost luggage", "dana", 7)
    assert topic.words == ("suitcase, belt",)
    kinds = [event.kind for event in store.topics.events(bags)]
    assert kinds == [TopicEventKind.BORN, TopicEventKind.RENAMED]


def test_a_hidden_topic_stays_hidden_through_refits_and_can_be_shown(store: Store) -> None:
    (bags,) = find(store, "bags")
    assert store.topics.hide(bags, by="dana", at=LATER)
    assert not store.topics.hide(bags, by="dana", at=LATER)
    store.topic_fits.save(a_fit(), [fitted("bags", bags)])
    assert [one.state for one in store.topics.of(BRAND)] == [TopicState.HIDDEN]
    assert store.topic_figures.listed(BRAND, 7) == []
    assert [one.id for one in store.topic_figures.listed(BRAND, 7, hidden=True)] == [bags]
    assert store.topics.show(bags, by="dana", at=LATER)
    assert not store.topics.show(bags, by="dana", at=LATER)
    assert [one.id for one in store.topic_figures.listed(BRAND, 7)] == [bags]


def test_what_is_merged_counts_for_the_other_past_and_to_come(store: Store) -> None:
    bags, luggage, crew = find(store, "bags", "luggage", "crew")
    both, one = say(store, "1"), say(store, "2", DELIGHTED)
    sort(store, both, bags, luggage)
    sort(store, one, luggage)
    assert store.topics.merge(luggage, bags, by="dana", at=LATER)
    assert counts(store) == {bags: (2, 1, 1)}
    assert counts(store, "first_topic") == {bags: (2, 1, 1)}
    assert (about(store, both), about(store, one)) == ([bags], [bags])
    late = say(store, "3")
    sort(store, late, crew, luggage)
    assert about(store, late) == [crew, bags]
    # And on, into a third.
    assert store.topics.merge(bags, crew, by="dana", at=LATER)
    assert counts(store) == {crew: (3, 2, 1)}
    assert {t.id: t.merged_into for t in store.topics.of(BRAND)} == {
        bags: crew, luggage: crew, crew: None,
    }  # fmt: skip
    store.topic_fits.save(a_fit(), [fitted("luggage", luggage), fitted("bags", bags)])
    assert [t.state for t in store.topics.of(BRAND)] == ["merged", "merged", "active"]


def test_a_merge_is_taken_back_and_what_it_held_is_sorted_again(store: Store) -> None:
    bags, luggage = find(store, "bags", "luggage")
    mention = say(store, "1")
    sort(store, mention, luggage)
    store.topics.merge(luggage, bags, by="dana", at=LATER)
    assert store.topics.show(luggage, by="dana", at=LATER)
    assert waiting(store) == [mention.id]
    sort(store, mention, luggage)
    assert counts(store) == {luggage: (1, 1, 0)}


def test_the_counts_of_what_was_erased_follow_a_merge(store: Store) -> None:
    bags, luggage = find(store, "bags", "luggage")
    for key, topic in (("1", bags), ("2", luggage), ("3", luggage)):
        sort(store, say(store, key, author=f"author {key}"), topic)
    store.upkeep.forget_older(NOW + timedelta(days=1))
    store.topics.merge(luggage, bags, by="dana", at=LATER)
    assert counts(store) == {bags: (3, 3, 0)}


@pytest.mark.parametrize("case", ["itself", "other brand", "own into found", "retired", "unknown"])
def test_what_cannot_be_merged_is_left_as_it_is(store: Store, case: str) -> None:
    (bags,) = find(store, "bags")
    (elsewhere,) = store.topic_fits.save(a_fit(brand=OTHER_BRAND), [fitted("bags")]).values()
    store.topics.own(BRAND, [wished("refunds")], NOW)
    own = next(one.id for one in store.topics.of(BRAND) if one.name == "refunds")
    (gone,) = find(store, "gone")
    store.topic_fits.save(a_fit(), [], retired=[gone])
    pairs = {
        "itself": (bags, bags),
        "other brand": (bags, elsewhere),
        "own into found": (own, bags),
        "retired": (gone, bags),
        "unknown": (bags, 999),
    }
    before = store.topics.of(BRAND)
    assert not store.topics.merge(*pairs[case], by="dana", at=LATER)
    assert store.topics.of(BRAND) == before


# Own topics.


def test_own_topics_are_those_of_the_config(store: Store) -> None:
    mention = say(store, "1")
    sort(store, mention)
    refunds, delays = wished("refunds"), wished("delays")
    assert store.topics.own(BRAND, [refunds, delays], NOW)
    assert waiting(store) == [mention.id], "it may be about them"
    first, second = (one.id for one in store.topics.of(BRAND))
    sort(store, mention, second)
    assert not store.topics.own(BRAND, [refunds, delays], NOW), "nothing changed"
    assert waiting(store) == []
    # One goes; what was about it is sorted again, and it comes back as itself.
    assert store.topics.own(BRAND, [refunds], LATER)
    assert (about(store, mention), counts(store)) == ([], {})
    assert waiting(store) == [mention.id]
    assert [one.id for one in store.topics.of(BRAND)] == [first]
    assert store.topics.own(BRAND, [refunds, delays], LATER)
    assert [one.id for one in store.topics.of(BRAND)] == [first, second]
    assert store.topics.own(BRAND, [replace(refunds, words=("refund",)), delays], LATER)
    assert store.topics.of(BRAND)[0].words == ("refund",)
    assert not store.topics.rename(first, "Money back", by="dana", at=LATER)


# Refits.


def test_a_new_topic_lets_what_is_about_none_be_sorted_again(store: Store) -> None:
    (bags,) = find(store, "bags")
    held, free = say(store, "1"), say(store, "2")
    sort(store, held, bags)
    sort(store, free)
    (crew,) = find(store, "crew")
    assert waiting(store) == [free.id]
    (born,) = store.topics.events(crew)
    assert (born.kind, born.other_id, born.at) == (TopicEventKind.BORN, None, NOW)


def test_a_split_a_merge_and_an_end_are_told(store: Store) -> None:
    bags, luggage, gone = find(store, "bags", "luggage", "gone")
    parted, over = say(store, "1"), say(store, "2")
    sort(store, parted, bags)
    sort(store, over, gone)
    (belts,) = store.topic_fits.save(
        a_fit(fitted_at=LATER),
        [fitted("bags", bags), fitted("belts", split_off=bags)],
        merged=[(luggage, bags)],
        retired=[gone],
    ).values()
    assert waiting(store) == [over.id, parted.id]
    assert about(store, over) == []
    assert [one.id for one in store.topics.of(BRAND)] == [bags, luggage, belts]
    told = {(one.topic_id, one.kind.value, one.other_id) for one in store.topics.events(bags)}
    assert told == {
        (bags, "born", None), (belts, "split", bags), (luggage, "merged", bags),
    }  # fmt: skip
    assert [one.kind.value for one in store.topics.events(gone)] == ["born", "retired"]
    assert store.topic_fits.last(BRAND, "en") == a_fit(fitted_at=LATER)
    assert store.topic_fits.last(BRAND, "de") is None


def test_a_refit_reads_a_sample_that_is_the_same_for_the_same_mentions(store: Store) -> None:
    for number in range(60):
        at = NOW - timedelta(days=number)
        sort(store, say(store, str(number), created_at=at, language="en-GB"))
    sort(store, say(store, "de", language="de"))
    say(store, "unsorted")
    not_about = say(store, "other")
    sort(store, not_about)
    store.relevance.say(not_about.id, about=False, by="dana", by_id=None, at=NOW)

    def sample(most: int, days: int = 90) -> list[int]:
        since = (NOW - timedelta(days=days)).date()
        rows = store.topic_fits.sample(BRAND, "en", ENCODER, since, most)
        assert all(row.vector == b"\0\1" for row in rows)
        return [row.seq for row in rows]

    assert store.topic_fits.languages(BRAND) == {"en": 61, "de": 1}
    assert len(sample(1000)) == 60
    part = sample(20)
    assert part == sample(20)
    assert 10 <= len(part) <= 30
    # Ten are had from ten days or so, though fewer days were asked for.
    assert len(sample(10, days=3)) >= 9
    assert store.topic_fits.sample(BRAND, "en", "e2", NOW.date(), 10) == []
    assert store.topic_fits.sample(OTHER_BRAND, "en", ENCODER, NOW.date(), 10) == []


# A store with a history.


def test_an_older_store_waits_to_be_sorted_whole(tmp_path: Path) -> None:
    from sqlite_utils import Database as SqliteUtilsDatabase

    from storage.migrations import migrations

    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as connection:
        database = SqliteUtilsDatabase(connection)
        migrations.apply(database, stop_before="0033_topics")
        for key, verdict in (("a", None), ("b", 1)):
            connection.execute(
                "INSERT INTO mentions (id, brand, source, native_id, text, fetched_at, text_hash) "
                "VALUES (?, ?, 's', ?, 'words', ?, 'h')",
                (f"s:{key}", BRAND, key, NOW.isoformat()),
            )
            if verdict:
                connection.execute(
                    "INSERT INTO verdicts (mention_id, model, text_hash, experience, stance, "
                    "p_angry, p_mediocre, p_delighted, p_none, p_advocate, p_hater, p_neither, "
                    "sure, scored_at) VALUES (?, 'm', 'h', 'angry', 'neither', 1, 0, 0, 0, 0, 0, "
                    "1, 1, ?)",
                    (f"s:{key}", NOW.isoformat()),
                )
                connection.execute(
                    "UPDATE mentions SET verdict_id = 1 WHERE id = ?", (f"s:{key}",)
                )
        connection.commit()
    with Store.open(path, migrate=True) as store:
        assert store.topic_sorting.count_waiting(BRAND) == 2
        assert waiting(store) == ["s:b"], "the other has no verdict yet"
