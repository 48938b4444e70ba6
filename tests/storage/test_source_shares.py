"""What sources give, counted by day: each mention once, and stores with data from before."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlite_utils import Database as SqliteUtilsDatabase

from storage.migrations import migrations
from storage.models import Experience
from storage.store import Store
from storage.tables import source_shares
from storage.tables.source_shares import DriftRow, ShareDay
from storage.tables.verdicts import Scored
from tests.storage.fixtures import build_store, make_mention, make_verdict

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
LONG_AGO = date(2020, 1, 1)


def counted(store: Store) -> Counter[tuple[str, str, str, date]]:
    """Count on to the end; give the parts of every share."""
    while store.source_shares.count_on():
        pass
    found: Counter[tuple[str, str, str, date]] = Counter()
    for brand, source in store.source_shares.sources(LONG_AGO):
        for share, days in store.source_shares.days(brand, source, LONG_AGO).items():
            for one in days:
                if one.part:
                    found[brand, source, share, one.day] = one.part
    return found


def expected(store: Store) -> Counter[tuple[str, str, str, date]]:
    """Count the same in plain Python."""
    found: Counter[tuple[str, str, str, date]] = Counter()
    rows = store.database.connection.execute(
        "SELECT m.*, v.experience, v.sure, v.unread FROM mentions m JOIN verdicts v ON v.id = ("
        "SELECT min(id) FROM verdicts WHERE mention_id = m.id)"
    )
    for row in rows:
        fetched = datetime.fromisoformat(row["first_fetched_at"] or row["fetched_at"])
        if row["created_at"] and fetched - datetime.fromisoformat(row["created_at"]) > timedelta(
            days=7
        ):
            continue
        length = len(row["text"])
        is_so = {
            f"experience {row['experience']}": not row["unread"],
            "verdict sure": bool(row["sure"]) and not row["unread"],
            f"language {row['language'] or '?'}": True,
            "length under 50": length < 50,
            "length 50 to 499": 50 <= length < 500,
            "length 500 and more": length >= 500,
            "field title": row["title"] is not None,
            "field author": row["author_id"] is not None,
            "field url": row["url"] is not None,
            "field rating": row["rating"] is not None,
            "field reach": row["reach"] is not None,
            "field date": row["created_at"] is not None,
        }
        for share, holds in is_so.items():
            if holds:
                found[row["brand"], row["source"], share, fetched.date()] += 1
    return found


def test_each_mention_is_counted_once_whenever_it_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    build_store(path, NOW)
    with Store.open(path) as store:
        before = source_shares._AT_A_TIME
        source_shares._AT_A_TIME = 7
        try:
            found = counted(store)
        finally:
            source_shares._AT_A_TIME = before
        assert found == expected(store)
        assert len(found) > 100
        assert store.source_shares.count_on() == 0


def test_a_second_verdict_and_an_old_history_count_for_nothing(tmp_path: Path) -> None:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        new = make_mention("1", "Acme again", NOW - timedelta(days=6), fetched_at=NOW)
        old = make_mention("2", "Acme long ago", NOW - timedelta(days=8), fetched_at=NOW)
        undated = make_mention("3", "Acme some day", None, fetched_at=NOW)
        store.mentions.save([new, old, undated])
        for kind, model in ((Experience.ANGRY, "one"), (Experience.NONE, "two")):
            verdict = make_verdict(kind, model=model)
            store.verdicts.save(
                [Scored(mention=one, verdict=verdict) for one in (new, old, undated)], NOW
            )
            while store.source_shares.count_on():
                pass
        (place,) = store.source_shares.sources(LONG_AGO)
        days = store.source_shares.days(*place, LONG_AGO)
        assert days["experience angry"] == [ShareDay(day=NOW.date(), part=2, whole=2)]
        assert days["experience none"] == [ShareDay(day=NOW.date(), part=0, whole=2)]
        assert days["field date"] == [ShareDay(day=NOW.date(), part=1, whole=2)]


def test_a_language_is_known_of_days_without_it(tmp_path: Path) -> None:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        for number, language in enumerate(("de", "de", "en")):
            at = NOW + timedelta(days=number)
            one = make_mention(str(number), "Acme", at, fetched_at=at, language=language)
            store.mentions.save([one])
            store.verdicts.save([Scored(mention=one, verdict=make_verdict(Experience.NONE))], at)
        while store.source_shares.count_on():
            pass
        (place,) = store.source_shares.sources(LONG_AGO)
        german = store.source_shares.days(*place, LONG_AGO)["language de"]
        assert [(one.part, one.whole) for one in german] == [(1, 1), (1, 1), (0, 1)]


def test_what_became_usual_is_told_by_its_day(tmp_path: Path) -> None:
    def row(since: date, ended_on: date | None, *, usual: bool) -> DriftRow:
        return DriftRow(
            brand="A", source="feeds", share="verdict sure", since=since, usual=0.5, part=9,
            whole=10, seen_on=NOW.date(), ended_on=ended_on, became_usual=usual,
        )  # fmt: skip

    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        first, second, third = (date(2026, 1, day) for day in (1, 5, 9))
        lasting = row(third, None, usual=False)
        store.source_shares.write(
            [row(first, second, usual=True), row(second, third, usual=False), lasting]
        )
        assert store.source_shares.drifting() == [lasting]
        assert store.source_shares.became_usual("A", "feeds") == {"verdict sure": first}
        assert store.source_shares.became_usual("A", "shop") == {}


def test_a_store_with_data_from_before_is_counted(tmp_path: Path) -> None:
    new, old = tmp_path / "new.db", tmp_path / "old.db"
    build_store(new, NOW)
    with closing(sqlite3.connect(old)) as connection:
        migrations.apply(SqliteUtilsDatabase(connection), stop_before="0041_source_drift")
        connection.execute("ATTACH ? AS new", (str(new),))
        for table in ("authors", "verdicts", "mentions"):
            names = ", ".join(
                row[1] for row in connection.execute(f"PRAGMA main.table_info({table})")
            )
            connection.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM new.{table}")
        connection.commit()
    with Store.open(old, migrate=True) as store, Store.open(new) as made:
        assert counted(store) == counted(made) != Counter()


def test_days_that_nobody_reads_any_more_go(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    build_store(path, NOW)
    with Store.open(path) as store:
        counted(store)
        assert store.source_shares.forget_before(NOW.date()) == 0
        assert store.source_shares.forget_before(NOW.date() + timedelta(days=400)) > 0
        assert store.source_shares.sources(LONG_AGO) == []
