"""What people said of relevance: what counts, what comes back, what the model may decide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from storage.models import Experience, Fate, Mention, NewCase
from storage.reports import Filter
from storage.store import Store
from storage.tables.relevance_labels import StoredModel, Weighed
from storage.tables.verdicts import Scored
from tests.storage.erasure import ERASURE
from tests.storage.fixtures import BRAND, make_mention, make_verdict

NOW = datetime(2026, 5, 20, 12, 0, tzinfo=UTC)
ANGRY, _, DELIGHTED, _ = Experience
LEARNT = StoredModel(brand=BRAND, trained_at=NOW, learnt_from="5 yes, 5 no", model="{}")
ENCODER = "e1"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        yield store


def say(store: Store, key: str, experience: Experience = ANGRY, **more: Any) -> Mention:
    mention = make_mention(key, f"words {key}", NOW, author=f"author {key}", **more)
    store.mentions.save([mention])
    store.verdicts.save([Scored(mention=mention, verdict=make_verdict(experience))], NOW)
    return mention


def answer(store: Store, mention: Mention, about: bool, minutes: int = 0, **more: Any) -> bool:
    at = NOW + timedelta(minutes=minutes)
    return store.relevance.say(mention.id, about=about, by="dana", by_id="U0DANA", at=at, **more)


def weighed(mention: Mention, p_about: float | None, **more: Any) -> Weighed:
    return Weighed(mention=mention, encoder=ENCODER, vector=b"\0\1", p_about=p_about, **more)


def counted(store: Store) -> tuple[int, int, int]:
    """Give what the period's totals, the day's row and the wow wall count."""
    (day,) = [
        *store.database.connection.execute("SELECT coalesce(sum(mentions), 0) FROM daily_counts")
    ]
    wall = store.database.connection.execute("SELECT count(*) FROM wow_wall").fetchone()
    return store.insight.totals(Filter())["mentions"], day[0], wall[0]


def standing(store: Store, mention: Mention) -> str | None:
    found = store.relevance.standing(mention.id)
    assert found is not None
    return found.not_about


def test_a_no_takes_a_mention_out_of_all_counts_and_a_yes_brings_it_back(store: Store) -> None:
    say(store, "1", DELIGHTED)
    other = say(store, "2", DELIGHTED)
    assert counted(store) == (2, 2, 2)
    assert answer(store, other, False)
    assert counted(store) == (1, 1, 1)
    assert store.insight.by("source", Filter())[0]["delighted"] == 1
    # Nothing is deleted: search and export have it, and say who took it out.
    (row,) = [row for row in store.insight.export(Filter()) if row["id"] == other.id]
    assert (row["not_about"], row["counted"]) == ("person", 0)
    assert not answer(store, other, False, 1), "said again"
    assert answer(store, other, True, 2)
    assert counted(store) == (2, 2, 2)
    assert [one.about for one in store.relevance.taught(BRAND)] == [True]


def test_the_only_mention_of_a_day_leaves_no_row_behind(store: Store) -> None:
    answer(store, say(store, "1"), False)
    assert counted(store) == (0, 0, 0)


def test_who_is_not_about_the_brand_is_no_advocate_and_no_flip(store: Store) -> None:
    hater = make_verdict(ANGRY)
    mention = make_mention("1", "Do not buy.", NOW, author="Eve")
    store.mentions.save([mention])
    store.verdicts.save([Scored(mention=mention, verdict=replace(hater, stance="hater"))], NOW)  # type: ignore[arg-type]
    connection = store.database.connection
    assert connection.execute("SELECT count(*) FROM haters").fetchone()[0] == 1
    answer(store, mention, False)
    assert connection.execute("SELECT count(*) FROM haters").fetchone()[0] == 0


def test_a_click_counts_once_however_often_slack_delivers_it(store: Store) -> None:
    mention = say(store, "1")
    assert answer(store, mention, False, click="c1")
    assert answer(store, mention, True, 1, click="c2")
    assert not answer(store, mention, False, 2, click="c1")
    assert standing(store, mention) is None


def test_there_is_nothing_to_say_of_an_unknown_mention(store: Store) -> None:
    assert not store.relevance.say("x:1", about=False, by="dana", by_id=None, at=NOW)
    assert store.relevance.brands() == []


def test_no_rule_sees_what_is_not_about_the_brand_until_a_yes(store: Store) -> None:
    seen, late = say(store, "1"), say(store, "2")
    day = timedelta(days=1)
    store.judgements.mark_judged(
        [one for one in store.judgements.unjudged(day, 9) if one.mention.id == seen.id],
        NOW,
        {seen.id: Fate.IN_DIGEST},
    )
    for mention in (seen, late):
        answer(store, mention, False, 1)
    assert store.judgements.unjudged(day, 9) == []
    assert store.judgements.judge_copies(NOW + timedelta(minutes=2)) == 1
    for mention in (seen, late):
        answer(store, mention, True, 3)
    # The rules have seen the first one before it was taken out.
    assert [one.mention.id for one in store.judgements.unjudged(day, 9)] == [late.id]


def test_the_model_decides_only_what_people_have_not(store: Store) -> None:
    free, case, taught = (say(store, key) for key in ("1", "2", "3"))
    store.cases.open_new([NewCase(mention_id=case.id, brand=BRAND, opened_at=NOW, due_at=NOW)])
    answer(store, taught, True)
    everything = (free, case, taught)
    store.relevance.weigh([weighed(one, 0.01, dropped=True) for one in everything])
    assert [standing(store, one) for one in everything] == ["model", None, None]
    assert counted(store)[:2] == (2, 2)
    # Another model, or another config, lets go of it.
    store.relevance.weigh([weighed(free, 0.01)])
    assert standing(store, free) is None
    assert counted(store)[:2] == (3, 3)


def test_a_model_taken_back_takes_its_decisions_with_it(store: Store) -> None:
    mine, theirs = say(store, "1"), say(store, "2")
    store.relevance.save_model(LEARNT)
    store.relevance.weigh([weighed(mine, 0.01, dropped=True)])
    answer(store, theirs, False)
    store.relevance.forget_model(BRAND)
    assert store.relevance.model(BRAND) is None
    assert (standing(store, mine), standing(store, theirs)) == (None, "person")
    assert store.relevance.vectors([mine.id], ENCODER) == {}


def test_a_new_model_weighs_everything_again_with_the_vectors_that_are_kept(store: Store) -> None:
    mention = say(store, "1")
    assert [one.id for one in store.relevance.unweighed(BRAND, ENCODER, 9)] == [mention.id]
    store.relevance.weigh([weighed(mention, 0.3)])
    assert store.relevance.unweighed(BRAND, ENCODER, 9) == []
    assert [one.p_about for one in store.relevance.doubtful(BRAND, 0.5, 9)] == [0.3]
    store.relevance.save_model(LEARNT)
    assert store.relevance.model(BRAND) == LEARNT
    assert store.relevance.doubtful(BRAND, None, 9) == []
    assert [one.id for one in store.relevance.unweighed(BRAND, ENCODER, 9)] == [mention.id]
    assert store.relevance.vectors([mention.id], ENCODER) == {mention.id: b"\0\1"}
    assert store.relevance.vectors([mention.id], "another") == {}


def test_vectors_of_the_newest_and_of_the_taught_are_kept(store: Store) -> None:
    mentions = [say(store, key) for key in ("1", "2", "3")]
    answer(store, mentions[0], True)
    store.relevance.weigh([weighed(one, 0.3) for one in mentions])
    assert store.relevance.forget_vectors(1) == 1
    ids = [one.id for one in mentions]
    assert sorted(store.relevance.vectors(ids, ENCODER)) == [ids[0], ids[2]]


def test_an_edited_text_is_weighed_again(store: Store) -> None:
    mention = say(store, "1")
    store.relevance.weigh([weighed(mention, 0.3)])
    edited = make_mention("1", "other words", NOW, author="author 1")
    store.mentions.save([edited])
    assert store.relevance.doubtful(BRAND, None, 9) == []
    assert [one.id for one in store.relevance.unweighed(BRAND, ENCODER, 9)] == [mention.id]
    # What was weighed meanwhile was the older text: it is not written.
    store.relevance.weigh([weighed(mention, 0.9)])
    assert store.relevance.doubtful(BRAND, None, 9) == []


def test_the_labels_name_changes_with_each_answer_and_with_what_is_erased(store: Store) -> None:
    first, second = say(store, "1"), say(store, "2")
    names = [store.relevance.labels(BRAND)]
    for mention, about in ((first, True), (second, False), (second, True)):
        answer(store, mention, about, len(names))
        names.append(store.relevance.labels(BRAND))
    store.upkeep.forget_author(f"appstore:{second.author}", ERASURE)
    assert len(set(names)) == len(names)
    assert store.relevance.labels(BRAND) == names[1]
    assert len(store.relevance.taught(BRAND)) == 1
