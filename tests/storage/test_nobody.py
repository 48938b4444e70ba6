"""Authors whom only a name tells: each is the author of one mention, and nobody's stranger."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlite_utils import Database

from storage.migrations import migrations
from storage.models import Mention, is_nobody
from storage.store import Store
from tests.storage.erasure import ERASURE
from tests.storage.fixtures import make_mention

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
AT = NOW.isoformat()


def said(key: str, name: str | None, native_id: str | None = None) -> Mention:
    return make_mention(key, "They lost my bag.", NOW, author=name, author_native_id=native_id)


@pytest.mark.parametrize(
    ("name", "native_id", "author_id", "known"),
    [
        ("Maria", "u7", "appstore:u7", True),
        (None, "u7", "appstore:u7", True),
        ("A Google user", "11478", "appstore:11478", True),
        ("Maria", None, "appstore:by/1", False),
        ("A Google user", None, "appstore:by/1", False),
        ("Guest", "guest", "appstore:by/1", False),
        (None, "Anonymous", "appstore:by/1", False),
        (None, None, None, False),
        ("", "", None, False),
    ],
)
def test_only_an_id_makes_an_author_known(
    name: str | None, native_id: str | None, author_id: str | None, known: bool
) -> None:
    mention = said("1", name, native_id)
    assert (mention.author_id, mention.is_by_known_author) == (author_id, known)


@pytest.mark.parametrize("name", ["Anonymous", " guest.", "A GOOGLE USER", "-", "n/a", "匿名"])
def test_a_name_that_strangers_share_is_nobodys(name: str) -> None:
    assert is_nobody(name)
    assert not is_nobody(f"{name} Meier")


def test_names_are_kept_and_shared_by_none(tmp_path: Path) -> None:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        batch = [said("1", "Maria"), said("2", "Maria"), said("3", "Maria", "u7")]
        store.mentions.save(batch)
        assert [store.mentions.get(one.id) for one in batch] == batch, "names come back as given"
        authors = store.database.connection.execute("SELECT id, name FROM authors ORDER BY id")
        assert [tuple(row) for row in authors] == [
            ("appstore:by/1", "Maria"),
            ("appstore:by/2", "Maria"),
            ("appstore:u7", "Maria"),
        ]


def test_who_was_known_by_id_stays_known_where_a_later_reading_gives_a_name(
    tmp_path: Path,
) -> None:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        store.mentions.save([said("1", "Maria", "u7")])
        store.mentions.save([said("1", "Maria")])
        again = store.mentions.get("appstore:1")
        assert again is not None
        assert again.author_native_id == "u7"
        count = store.database.connection.execute("SELECT count(*) FROM authors").fetchone()
        assert count[0] == 1
        store.mentions.save([said("2", "Ole")])
        store.mentions.save([said("2", "Ole", "u8")])
        found = store.mentions.get("appstore:2")
        assert found is not None
        assert found.author_native_id == "u8", "and whom a name told is known once an id comes"


def test_a_name_is_forgotten_whole_and_no_other(tmp_path: Path) -> None:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        store.mentions.save(
            [said("1", "Maria"), said("2", "Maria"), said("3", "Ole"), said("4", "Maria", "u7")]
        )
        assert store.upkeep.forget_author("appstore:Maria", ERASURE) == 2
        assert store.mentions.get("appstore:3") is not None
        assert store.mentions.get("appstore:4") is not None


def test_an_older_store_parts_the_strangers(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    authors = [
        ("google_play:A Google user", "google_play", "A Google user", "A Google user"),
        ("woocommerce:shop.example:Maria", "woocommerce", "shop.example:Maria", "Maria"),
        ("reddit:sam", "reddit", "sam", "sam"),
        ("appstore:77", "appstore", "77", "Maria"),
    ]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrations.apply(Database(connection), stop_before="0014_nobody")
        for number, (author_id, source, native_id, name) in enumerate(authors):
            connection.execute(
                "INSERT INTO authors (id, source, native_id, name, first_seen_at, last_seen_at) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (author_id, source, native_id, name, AT, AT),
            )
            connection.execute(
                "INSERT INTO mutes (author_id, brand, muted_by, muted_at) VALUES (?, 'A', 'x', ?)",
                (author_id, AT),
            )
            for key in (f"{number}a", f"{number}b"):
                connection.execute(
                    "INSERT INTO mentions (id, brand, source, native_id, author_id, text, "
                    "fetched_at, text_hash) VALUES (?, 'A', ?, ?, ?, 'Bad', ?, 'h')",
                    (f"{source}:{key}", source, key, author_id, AT),
                )
    with Store.open(path, migrate=True) as store:
        rows = store.database.connection.execute("SELECT author_id FROM mentions ORDER BY seq")
        assert [row[0] for row in rows] == [
            "google_play:by/0a",
            "google_play:by/0b",
            "woocommerce:by/1a",
            "woocommerce:by/1b",
            "reddit:sam",
            "reddit:sam",
            "appstore:77",
            "appstore:77",
        ]
        assert store.cases.muted("A") == frozenset({"reddit:sam", "appstore:77"})
        found = store.mentions.get("google_play:0a")
        assert found is not None
        assert (found.author, found.author_native_id) == ("A Google user", None)
