"""What was forgotten stays out by every door, and a day's counts never lose what was erased."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database as SqliteUtilsDatabase

from storage.migrations import migrations
from storage.models import Experience, Fate, Mention
from storage.store import Store
from storage.tables.verdicts import Scored
from tests.storage.erasure import ERASURE
from tests.storage.fixtures import make_verdict

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
TODAY = "2026-03-10"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        yield store


def say(number: int, author: str = "mo", **more: Any) -> Mention:
    values: dict[str, Any] = {
        "brand": "A",
        "source": "s",
        "native_id": str(number),
        "text": f"The lounge was closed at {number}, said {author}.",
        "author": author,
        "author_native_id": author,
        "created_at": NOW,
        "fetched_at": NOW,
    }
    return Mention(**values | more)


def score(store: Store, model: str = "m1", experience: Experience = Experience.ANGRY) -> None:
    verdict = make_verdict(experience, model=model)
    waiting = store.verdicts.waiting(99)
    store.verdicts.save([Scored(mention=one, verdict=verdict) for one in waiting], NOW)


def counts(store: Store) -> list[tuple[str, int, int]]:
    rows = store.database.connection.execute(
        "SELECT day, sum(mentions), sum(angry) FROM daily_counts GROUP BY day ORDER BY day"
    )
    return [tuple(row) for row in rows]


def fifty(store: Store) -> list[Mention]:
    """Have Mo complain 49 times on one day, and Ida once."""
    said = [*(say(number) for number in range(49)), say(49, "ida")]
    store.mentions.save(said)
    score(store)
    assert counts(store) == [(TODAY, 50, 50)]
    return said


def test_fifty_stay_fifty(store: Store) -> None:
    said = fifty(store)
    assert store.upkeep.forget_author("s:mo", ERASURE) == 49
    assert counts(store) == [(TODAY, 50, 50)]
    # Each of these counts the day anew: a new verdict, a label, a crawl, a late import.
    (left,) = store.mentions.many([one.id for one in said]).values()
    verdict = make_verdict(Experience.ANGRY, model="m2")
    store.verdicts.save([Scored(mention=left, verdict=verdict)], NOW)
    assert counts(store) == [(TODAY, 50, 50)]
    saved = store.mentions.save(said, at=NOW + DAY)
    assert (saved.new, saved.known, saved.forgotten) == (0, 1, 49)
    score(store)
    assert counts(store) == [(TODAY, 50, 50)]
    store.corrections.add(left.id, experience=Experience.DELIGHTED, stance=None, by="x", at=NOW)
    assert counts(store) == [(TODAY, 50, 49)]
    store.mentions.save([say(99, "kim")], at=NOW + 9 * DAY)
    score(store)
    assert counts(store) == [(TODAY, 51, 50)]
    (row,) = store.ledger.rows(NOW + DAY - timedelta(days=1))[-1:]
    assert row["refused"] == 0


def test_a_day_of_which_all_is_erased_keeps_its_counts(store: Store) -> None:
    fifty(store)
    assert store.upkeep.forget_older(NOW + DAY) == 50
    assert counts(store) == [(TODAY, 50, 50)]


def test_an_erased_text_that_waited_for_a_verdict_again_stays_counted_once(store: Store) -> None:
    store.mentions.save([say(1), say(2, "ida")])
    score(store)
    store.mentions.save([say(1, text="They closed it again.")])
    assert store.upkeep.forget_author("s:mo", ERASURE) == 1
    assert counts(store) == [(TODAY, 2, 2)]


def test_the_ledger_names_what_was_forgotten(store: Store) -> None:
    store.mentions.save([say(1), say(2, "ida")])
    store.upkeep.forget_author("s:mo", ERASURE)
    store.mentions.save([say(1), say(2, "ida")], at=NOW + DAY)
    (row,) = store.ledger.rows(NOW + DAY)
    assert (row["seen"], row["known"], row[Fate.NEW]) == (2, 1, 0)
    assert row["refused_because"] == "forgotten 1"


@pytest.mark.parametrize("way", ["author", "age", "deleted"])
@pytest.mark.parametrize("change", [{}, {"text": "Other words."}, {"brand": "B"}])
def test_what_is_forgotten_stays_out_however_it_comes_back(
    store: Store, way: str, change: dict[str, Any]
) -> None:
    store.mentions.save([say(1)])
    if way == "author":
        store.upkeep.forget_author("s:mo", ERASURE)
    elif way == "age":
        store.upkeep.forget_older(NOW + DAY)
    else:
        store.mentions.save([], gone=["s:1"], at=NOW)
        store.upkeep.forget_deleted(NOW, ERASURE)
    assert store.mentions.save([say(1, **change)]).forgotten == 1
    assert store.mentions.count() == 0
    assert store.database.connection.execute("SELECT count(*) FROM authors").fetchone()[0] == 0


def test_who_is_forgotten_may_be_heard_again_and_who_is_blocked_is_not(store: Store) -> None:
    store.mentions.save([say(1)])
    store.upkeep.forget_author("s:mo", ERASURE)
    assert store.mentions.save([say(2)]).new == 1
    store.tombstones.block("s:mo")
    store.upkeep.forget_author("s:mo", ERASURE)
    assert store.mentions.save([say(3), say(4, "ida")]).forgotten == 1
    assert store.tombstones.unblock("s:mo")
    assert not store.tombstones.unblock("s:mo")
    saved = store.mentions.save([say(2), say(3)])
    assert (saved.new, saved.forgotten) == (1, 1)


def test_whom_only_a_name_tells_is_blocked_by_the_name(store: Store) -> None:
    store.tombstones.block("s:Maria")
    maria = say(1, "Maria", author_native_id=None)
    assert store.mentions.save([maria]).forgotten == 1
    assert store.mentions.save([say(2, "Maria", author_native_id="u9")]).new == 1


def test_no_name_and_no_id_of_what_was_forgotten_is_left_in_the_file(
    store: Store, tmp_path: Path
) -> None:
    store.mentions.save([say(1, "zyxwombat", native_id="quuxid")])
    store.tombstones.block("s:zyxwombat")
    store.upkeep.forget_author("s:zyxwombat", ERASURE)
    store.database.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    left = b"".join(path.read_bytes() for path in tmp_path.glob("earful.db*"))
    assert b"zyxwombat" not in left
    assert b"quuxid" not in left


def test_each_store_hashes_by_a_key_of_its_own(tmp_path: Path) -> None:
    marks = []
    for name in ("a.db", "b.db"):
        with Store.open(tmp_path / name, migrate=True) as store:
            store.tombstones.block("s:mo")
            marks.append(store.database.connection.execute("SELECT mark FROM tombstones"))
            marks[-1] = marks[-1].fetchone()[0]
    assert marks[0] != marks[1]


@pytest.mark.parametrize(("older", "stored"), [(-1, 1), (0, 1), (1, 0)])
def test_what_is_older_than_the_store_keeps_is_not_stored(
    store: Store, older: int, stored: int
) -> None:
    keeps_since = NOW - 730 * DAY
    one = say(1, created_at=keeps_since - timedelta(seconds=older))
    saved = store.mentions.save([one], at=NOW, keeps_since=keeps_since)
    assert (saved.new, saved.too_old) == (stored, 1 - stored)
    (row,) = store.ledger.rows(NOW)
    assert row["refused_because"] == (None if stored else "too_old 1")
    # Nothing that was stored is erased in the same night.
    assert store.upkeep.forget_older(keeps_since) == 0


def test_what_is_stored_already_may_be_edited_until_it_is_erased(store: Store) -> None:
    store.mentions.save([say(1)])
    later = say(1, text="Other words.")
    assert store.mentions.save([later], keeps_since=NOW + DAY).edited == 1


def test_a_spider_does_not_read_on_because_of_what_was_forgotten(store: Store) -> None:
    store.mentions.save([say(1), say(2, "ida")])
    store.upkeep.forget_author("s:mo", ERASURE)
    known = store.mentions.known("s", ["1", "2", "3"], NOW)
    assert known.keys() == {"1", "2"}
    assert known["1"] not in (say(1).text_hash, "")


def test_undated_mentions_count_on_the_day_they_first_came(store: Store) -> None:
    store.mentions.save([say(1, created_at=None), say(2)])
    score(store)
    assert counts(store) == [(TODAY, 2, 2)]
    later = NOW + 3 * DAY
    store.mentions.save([say(1, created_at=None, text="Closed again.", fetched_at=later)])
    score(store, experience=Experience.DELIGHTED)
    assert counts(store) == [(TODAY, 2, 1)]
    # Once its source gives a date it counts there, and no more where it stood.
    dated = say(1, created_at=NOW - 9 * DAY, text="Closed again.", fetched_at=later)
    store.mentions.save([dated])
    assert counts(store) == [("2026-03-01", 1, 0), (TODAY, 1, 1)]


def plan(store: Store, sql: str) -> str:
    rows = store.database.connection.execute(f"EXPLAIN QUERY PLAN {sql}")
    return "; ".join(row["detail"] for row in rows)


def test_periods_and_days_are_found_by_their_indexes(store: Store) -> None:
    period = plan(store, "SELECT * FROM voice WHERE counted_at >= 'a' AND counted_at < 'b'")
    assert "USING INDEX mention_facts_by_time (counted_at>? AND counted_at<?)" in period
    day = plan(
        store,
        "SELECT count(*) FROM voice WHERE brand = 'A' AND source = 's' "
        "AND counted_at >= 'a' AND counted_at < 'b'",
    )
    assert "SCAN" not in day
    assert "counted_at>? AND counted_at<?" in day


def test_a_store_of_an_older_version_keeps_what_was_erased_before(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as connection:
        database = SqliteUtilsDatabase(connection)
        migrations.apply(database, stop_before="0030_forgotten")
        connection.executescript(
            """
            INSERT INTO mentions (id, brand, source, native_id, text, text_hash, created_at,
                fetched_at) VALUES
                ('s:1', 'A', 's', '1', 'x', 'h', '2026-03-10T09:00:00+00:00',
                    '2026-03-10T12:00:00+00:00'),
                ('s:2', 'A', 's', '2', 'y', 'h', NULL, '2026-03-12T12:00:00+00:00');
            INSERT INTO verdicts (mention_id, model, text_hash, experience, stance, p_angry,
                p_mediocre, p_delighted, p_none, p_advocate, p_hater, p_neither, sure, scored_at)
                SELECT id, 'm1', 'h', 'angry', 'neither', 1, 0, 0, 0, 0, 0, 1, 1, fetched_at
                FROM mentions;
            UPDATE mentions SET verdict_id = (
                SELECT id FROM verdicts WHERE mention_id = mentions.id
            );
            INSERT INTO daily_counts VALUES ('2026-03-10', 'A', 's', 50, 40, 5, 5, 0, 1, 2);
            """
        )
    with Store.open(path, migrate=True) as store:
        assert counts(store) == [(TODAY, 50, 40), ("2026-03-12", 1, 1)]
