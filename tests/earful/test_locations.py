"""A location is what the config says of a source, or an import of its rows; cuts go by it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from storage.models import Experience
from storage.store import Store
from tests.crawler.site import Reply, Site, running_site
from tests.earful.conftest import Earful
from tests.storage.fixtures import Told, make_mention, store_voices

FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>
<item><guid>1</guid><title>Acme was late</title><description>Acme was late today.</description>
<pubDate>Tue, 03 Mar 2026 10:00:00 GMT</pubDate></item></channel></rss>"""


@pytest.fixture
def site() -> Iterator[Site]:
    with running_site() as running:
        yield running


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def test_all_that_a_source_gives_is_of_its_location(
    earful: Earful, tmp_path: Path, site: Site
) -> None:
    site.on("/feed", Reply(FEED.encode(), headers={"Content-Type": "application/rss+xml"}))
    config = (
        f'[[brands]]\nname = "Acme"\nquery = "acme"\n[[brands.sources]]\nsource = "feeds"\n'
        f'url = "{site.url}/feed"\n'
    )
    store = tmp_path / "earful.db"
    (tmp_path / "earful.toml").write_text(config)
    assert earful("crawl").code == 0
    assert rows(store, "SELECT location FROM mentions") == [(None,)]
    # What is stored already follows, once it is read again.
    (tmp_path / "earful.toml").write_text(f'{config}location = "Berlin Mitte"\n')
    assert earful("crawl").code == 0
    assert rows(store, "SELECT location FROM voice") == [("Berlin Mitte",)]
    assert rows(store, "SELECT dimension, value FROM mention_cuts") == [
        ("location", "Berlin Mitte")
    ]


def test_an_import_tells_locations_in_a_column(earful: Earful, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,text,Location\n1,Lovely room,Rome\n2,Cold room,\n")
    assert earful("import", "a.csv", "--brand", "Inn", "--source", "shop").code == 0
    store = tmp_path / "earful.db"
    told = [("1", "Rome"), ("2", None)]
    assert rows(store, "SELECT native_id, location FROM mentions ORDER BY 1") == told
    # An import of the export has them too.
    assert earful("export", "-o", "out.csv").code == 0
    again = earful("--db", "again.db", "import", "out.csv", "--brand", "Inn", "--source", "shop")
    assert again.code == 0, again.err
    assert rows(tmp_path / "again.db", "SELECT native_id, location FROM mentions") == told


def test_a_mention_that_moves_counts_at_its_new_place_alone(tmp_path: Path) -> None:
    at = datetime(2026, 3, 10, tzinfo=UTC)
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        for place in ("Rome", "Pisa"):
            mention = make_mention("1", "Lovely room", at, location=place)
            store_voices(store, [Told(mention=mention, experience=Experience.DELIGHTED)], at)
        counted = store.database.connection.execute(
            "SELECT value, mentions, delighted FROM cut_days WHERE dimension = 'location'"
        ).fetchall()
    assert [tuple(row) for row in counted] == [("Pisa", 1, 1)]
