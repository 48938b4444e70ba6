"""Words of scripts without spaces are found on every page and by every tool that searches."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from earful.pages.server_process import server_process
from storage.guarded_reading import ask
from storage.models import Experience
from storage.store import Store
from tests.earful.conftest import Earful
from tests.earful.test_pages import Site, now
from tests.storage.fixtures import BRAND, Told, make_mention, store_voices

TEXTS = {
    "ja": ("注文した商品が届かないので返金してほしい。", Experience.ANGRY),
    "zh": ("客服王小明帮了我，太棒了！", Experience.DELIGHTED),
    "ko": ("김민수님이 환불을 도와주셨어요", Experience.DELIGHTED),
    "en": ("They refunded me at once, thanks.", Experience.DELIGHTED),
}
FOUND = {"返金": {"ja"}, "届かない": {"ja"}, "帮了我": {"zh"}, "환불": {"ko"}, "refund": {"en"}}
"""The words, and whose texts have them."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    path = tmp_path_factory.mktemp("unspaced") / "earful.db"
    built = now()
    told = [
        Told(mention=make_mention(key, text, built - timedelta(hours=1)), experience=experience)
        for key, (text, experience) in TEXTS.items()
    ]
    with Store.open(path, migrate=True) as store:
        store_voices(store, told, built)
    with server_process(path, "127.0.0.1", 0) as served:
        yield Site(served.url, path, told, built)


def keys(rows: list[dict[str, object]]) -> set[str]:
    return {str(row["url"]).rpartition("/")[2] for row in rows}


@pytest.mark.parametrize(("words", "texts"), FOUND.items())
def test_datasettes_pages_find_it(site: Site, words: str, texts: set[str]) -> None:
    assert keys(site.rows("/earful/voice.json", _search=words)) == texts
    assert keys(site.rows("/earful/mentions.json", _search=words)) == texts
    assert keys(site.rows("/earful/voice.json", _search=words, source="appstore")) == texts
    assert keys(site.rows("/earful/mentions_naming.json", words=words)) == texts


@pytest.mark.parametrize("words", FOUND)
def test_the_list_of_mentions_finds_it(site: Site, words: str) -> None:
    page = site.get(f"/mentions?words={words}&period=all time").text
    shown = {key for key, (text, _) in TEXTS.items() if text in page}
    assert shown == FOUND[words]


@pytest.mark.parametrize(
    ("name", "texts"), [("王小明", {"zh"}), ("김민수", {"ko"}), ("小王", set())]
)
def test_wows_are_found_by_who_they_name(site: Site, name: str, texts: set[str]) -> None:
    assert keys(site.rows("/earful/wows_naming.json", name=name)) == texts


@pytest.mark.parametrize(("words", "texts"), FOUND.items())
def test_an_agents_select_finds_it(site: Site, words: str, texts: set[str]) -> None:
    sql = (
        "SELECT url FROM voice WHERE seq IN (SELECT rowid FROM mentions_fts "
        f"WHERE mentions_fts MATCH match_for('{words}'))"
    )
    rows = ask(site.path, sql, tables=()).rows
    assert {url.rpartition("/")[2] for (url,) in rows} == texts


def test_the_command_shows_the_text_as_it_is_written(
    site: Site, earful: Earful, tmp_path: Path
) -> None:
    (tmp_path / "earful.toml").write_text(
        f'[store]\npath = "{site.path}"\n[[brands]]\nname = "{BRAND}"\nquery = "acme"\n'
    )
    ran = earful("search", "届かない")
    assert ran.code == 0, ran.err
    assert "注文した商品が[届かない]ので返金してほしい。" in ran.out
