"""What advocates need from us, and who of them has gone quiet by their own rhythm."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from earful.advocates_now import advocates_now
from storage.models import AdvocateNeed, Experience, Need, Stance
from storage.store import Store
from tests.storage.erasure import ERASURE
from tests.storage.fixtures import BRAND, Told, make_mention, store_voices

ANGRY, MEDIOCRE, DELIGHTED, NONE = Experience
ADVOCATE, HATER, NEITHER = Stance


def now() -> datetime:
    """Give the true time: the view of who is quiet has no other."""
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        yield store


def said(
    key: str,
    author: str,
    text: str,
    experience: Experience = DELIGHTED,
    stance: Stance = NEITHER,
    *,
    days: float = 1,
    **more: Any,
) -> Told:
    at = now() - timedelta(days=days)
    mention = make_mention(key, text, at, author=author, fetched_at=now(), **more)
    return Told(mention=mention, experience=experience, stance=stance)


def needs(store: Store) -> list[AdvocateNeed]:
    return list(advocates_now(store, BRAND, now(), UTC).needs)


def test_each_advocate_needs_one_thing_complaints_first(store: Store) -> None:
    def friend(author: str) -> Told:
        return said(f"{author}0", author, "Fly with them, all of you!", stance=ADVOCATE, days=40)

    store_voices(
        store,
        [
            *map(friend, ("Ana", "Bob", "Cyd", "Dee", "Eve", "Fay", "Gus", "Hal")),
            said("a1", "Ana", "Great crew. Will you fly to Oslo again this winter?"),
            said("b1", "Bob", "My seat broke. Nobody answered my mail, only a robot.", ANGRY),
            said("b2", "Bob", "Do you have a lounge in Rome? I found none.", NONE, days=0.5),
            said("c1", "Cyd", "Lovely. I wish the app had a dark mode.", reach=90),
            said("d1", "Dee", "Fine, but the coffee was cold this time.", MEDIOCRE),
            # Answered, and too long ago: nothing that they need today.
            said("e1", "Eve", "When will you fly to Bergen, please?", owner_reply="In May!",
                 owner_replied_at=now()),
            said("f1", "Fay", "When will you fly to Turku, please?", days=35),
            said("g1", "Gus", "It was a wonderful trip to Lisbon."),
            said("h1", "Hal", "Never again, they lost my dog!", ANGRY, HATER, days=0.9),
            said("x1", "Xan", "Do you fly to Malmö, anybody?", NONE),
        ],
        now(),
    )  # fmt: skip
    found = needs(store)
    assert [(one.mention.author, one.need, one.sentence) for one in found] == [
        ("Hal", Need.COMPLAINT, "Never again, they lost my dog!"),
        ("Bob", Need.COMPLAINT, "Nobody answered my mail, only a robot."),
        ("Ana", Need.QUESTION, "Will you fly to Oslo again this winter?"),
        ("Cyd", Need.WISH, "I wish the app had a dark mode."),
        ("Dee", Need.LACK, "Fine, but the coffee was cold this time."),
    ]


def test_the_list_of_the_day_replaces_the_one_before(store: Store) -> None:
    store_voices(
        store,
        [said("a", "Ana", "Best crew ever! When will you fly to Oslo again?", stance=ADVOCATE)],
        now(),
    )
    today = now().date()
    for day in (today - timedelta(days=1), today):
        store.advocates.write(BRAND, day, needs(store))
    (row,) = store.database.connection.execute("SELECT * FROM advocates_today").fetchall()
    assert (row["author"], row["need"], row["listed_on"]) == ("Ana", "question", today.isoformat())
    assert row["sentence"] == "When will you fly to Oslo again?"
    assert (row["advocacy"], row["place"]) == (1, 1)
    # Who is forgotten is on no list.
    store.upkeep.forget_author("appstore:Ana", ERASURE)
    assert store.database.connection.execute("SELECT * FROM advocate_needs").fetchall() == []


def rhythm(author: str, every: float, times: int, silent: float) -> list[Told]:
    return [
        said(f"{author}{n}", author, f"Fly with them, {n}!", stance=ADVOCATE,
             days=silent + every * n)
        for n in range(times)
    ]  # fmt: skip


def test_quiet_is_silence_beyond_ones_own_rhythm(store: Store) -> None:
    store_voices(
        store,
        [
            *rhythm("weekly", 7, 11, 60),
            *rhythm("monthly", 30, 11, 60),
            *rhythm("still there", 7, 11, 20),
            # Ten on one day are one day: they have no rhythm.
            *rhythm("burst", 0.001, 10, 60),
            *rhythm("new", 2, 3, 60),
        ],
        now(),
    )
    (found,) = store.advocates.quiet(BRAND, 9)
    assert found.last.author == "weekly"
    assert (found.days_spoken, found.usual_days) == (11, 7.0)
    assert found.silent_days == pytest.approx(60, abs=0.1)
    # Ten silences of seven days: 70 (100 ** 0.1 - 1).
    assert found.limit_days == pytest.approx(40.9, abs=0.1)


def test_who_only_pauses_by_chance_is_not_called_quiet(store: Store) -> None:
    """Of people who write at random, one in a hundred seems quiet at a time, as is said."""
    chance = Random(4)
    voices: list[Told] = []
    for person in range(400):
        ago = chance.expovariate(1 / 10)
        for n in range(chance.randint(6, 14)):
            voices.append(
                said(
                    f"{person}-{n}", f"p{person}", f"Fly with them {n}", stance=ADVOCATE, days=ago
                )
            )
            ago += 1 + chance.expovariate(1 / 9)
    store_voices(store, voices, now())
    assert len(store.advocates.quiet(BRAND, 999)) <= 9
