"""Search in scripts that are written without spaces: each word is found wherever it stands."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlite_utils import Database

from storage.migrations import migrations
from storage.models import Mention
from storage.reports import Filter
from storage.search_words import match_for, phrase
from storage.store import Store
from storage.unspaced import BETWEEN, apart
from tests.storage.erasure import ERASURE

TEXTS = {
    "ja": "注文した商品が届かないので返金してほしい。アプリも落ちます。",
    "zh": "客服态度很差，退款等了三个星期还没有到账。",
    "zh-Hant": "客服態度很差，退款等了三個星期。",
    "yue": "客服話要等成個月先有得退錢，唔該快啲。",
    "ko": "고객센터에서 환불을 거절했습니다. 배송은빨랐어요",
    "th": "ขอคืนเงินไปสามสัปดาห์แล้วยังไม่ได้รับ",
    "lo": "ຂໍເງິນຄືນແຕ່ບໍ່ໄດ້ຮັບ",
    "km": "ខ្ញុំសុំប្រាក់វិញ",
    "my": "ငွေပြန်အမ်းပေးပါ",
    "mixed": "iPhoneの返金がまだ。𠮷野家で待つ。ﾊﾞｸﾞが多い",
}
FOUND = {
    "返金": {"ja", "mixed"},
    "アプリ": {"ja"},
    "届かない": {"ja"},
    "退款": {"zh", "zh-Hant"},
    "态度": {"zh"},
    "退錢": {"yue"},
    "환불": {"ko"},
    "빨랐": {"ko"},
    "คืนเงิน": {"th"},
    "ເງິນຄືນ": {"lo"},
    "ប្រាក់": {"km"},
    "ပြန်အမ်း": {"my"},
    "iphone": {"mixed"},
    "iPhoneの返金": {"mixed"},
    "𠮷野家": {"mixed"},
    "ﾊﾞｸﾞ": {"mixed"},
    # FTS5's syntax goes on to hold.
    "返金 アプリ": {"ja"},
    "返金　アプリ": {"ja"},
    "退款 OR 退錢": {"zh", "zh-Hant", "yue"},
    "退款 NOT 态度": {"zh-Hant"},
    '"很差，退款"': {"zh", "zh-Hant"},
    "text:退款": {"zh", "zh-Hant"},
    "title:退款": set(),
    "退*": {"zh", "zh-Hant", "yue"},
    "返金してほしい。": {"ja"},
    "NEAR(客服 星期, 20)": {"zh", "zh-Hant"},
    # Signs that no text has side by side.
    "金返": set(),
    "款退": set(),
    # No FTS5: each word as it stands.
    "退款?": {"zh", "zh-Hant"},
    "(返金": {"ja", "mixed"},
}


NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        yield store


def mention(native_id: str, text: str, title: str | None = None) -> Mention:
    return Mention(
        brand="Acme Air",
        source="appstore",
        native_id=native_id,
        title=title,
        text=text,
        author="Sam",
        author_native_id="u1",
        created_at=NOW,
        fetched_at=NOW,
    )


@pytest.fixture
def filled(store: Store) -> Store:
    store.mentions.save([mention(name, text=text) for name, text in TEXTS.items()])
    return store


@pytest.mark.parametrize(("words", "texts"), FOUND.items())
def test_a_word_is_found_wherever_it_stands(filled: Store, words: str, texts: set[str]) -> None:
    rows = filled.insight.search(words, Filter(), 20)
    assert {row["id"].partition(":")[2] for row in rows} == texts


def test_a_snippet_shows_the_text_as_it_is_written(filled: Store) -> None:
    (row,) = filled.insight.search("届かない", Filter(), 9)
    assert row["snippet"].startswith("注文した商品が[届かない]ので返金")
    assert BETWEEN not in row["snippet"]


@pytest.mark.parametrize("length", [199, 200, 201, 401, 5000])
def test_sql_tells_signs_apart_as_python_does(store: Store, length: int) -> None:
    text = ("返金 refund𠮷é환 " * length)[:length].strip()
    store.mentions.save([mention("1", text=text, title="返金")])
    (row,) = store.database.connection.execute("SELECT title, text FROM mention_words")
    assert tuple(row) == (apart("返金"), apart(text))


def test_edits_and_what_is_forgotten_leave_no_word(filled: Store) -> None:
    def hits(words: str) -> int:
        rows = filled.database.connection.execute(
            "SELECT count(*) FROM mentions_fts WHERE mentions_fts MATCH match_for(?)", (words,)
        )
        return int(rows.fetchone()[0])

    filled.mentions.save([mention("ja", text="無事に届きました。")])
    assert (hits("返金"), hits("無事")) == (1, 1)
    filled.upkeep.forget_author("appstore:u1", ERASURE)
    assert [hits(words) for words in FOUND] == [0] * len(FOUND)
    filled.database.connection.execute(
        "INSERT INTO mentions_fts (mentions_fts, rank) VALUES ('integrity-check', 1)"
    )


def test_a_colleague_is_found_by_the_signs_of_the_name() -> None:
    assert match_for("田中") == phrase("田中")
    assert phrase("O'Neill") == '"O\'Neill"'


def test_an_older_store_is_indexed_anew(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as connection:
        migrations.apply(Database(connection), stop_before="0045_unspaced_scripts")
        connection.execute(
            "INSERT INTO mentions (id, brand, source, native_id, text, text_hash, created_at, "
            "fetched_at, language) VALUES ('appstore:1', 'Acme', 'appstore', '1', ?, 'x', "
            "'2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 'ja')",
            (TEXTS["ja"],),
        )
        connection.commit()
    with Store.open(path, migrate=True) as store:
        rows = store.insight.search("返金", Filter(), 9)
        assert [row["id"] for row in rows] == ["appstore:1"]
