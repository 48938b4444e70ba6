"""Import: good rows are kept, bad ones named, and doing it again changes nothing."""

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.errors import InputError, StoreRefusedError
from earful.importing.import_rows import MAX_TEXT, ImportReport, import_file
from storage.models import SaveResult
from storage.store import Store

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        yield store


def run(store: Store, path: Path, **columns: str) -> ImportReport:
    return import_file(store, path, brand="Acme", source="shop", columns=columns, now=NOW)


def rows_of(store: Store) -> list[dict[str, object]]:
    found = store.database.connection.execute("SELECT * FROM mentions ORDER BY seq")
    return [dict(row) for row in found]


def jsonl(tmp_path: Path, *rows: object) -> Path:
    path = tmp_path / "in.jsonl"
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def csv(tmp_path: Path, content: str | bytes, name: str = "in.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_whole_row(store: Store, tmp_path: Path) -> None:
    row = {
        "native_id": "7",
        "url": "https://shop.example/7",
        "author": "Sam",
        "author_id": "u7",
        "title": "Bags",
        "text": "They found it",
        "rating": 4,
        "rating_max": 10,
        "language": "en",
        "created_at": "2026-03-01T10:00:00+02:00",
        "edited_at": 1772445600,
        "reach": "12",
        "parent_id": "6",
        "owner_reply": "Glad!",
        "owner_replied_at": "2026-03-02",
        "surplus": [1],
    }
    assert run(store, jsonl(tmp_path, row)).saved == SaveResult(new=1)
    (stored,) = rows_of(store)
    expected = {
        "id": "shop:7",
        "brand": "Acme",
        "author_id": "shop:u7",
        "created_at": "2026-03-01T08:00:00+00:00",
        "edited_at": "2026-03-02T10:00:00+00:00",
        "owner_replied_at": "2026-03-02T00:00:00+00:00",
        "fetched_at": "2026-03-10T12:00:00+00:00",
        "rating": 4.0,
        "rating_max": 10.0,
        "reach": 12,
    }
    assert {key: stored[key] for key in expected} == expected


def test_again_adds_nothing_even_without_ids(store: Store, tmp_path: Path) -> None:
    path = jsonl(tmp_path, {"text": "one"}, {"text": "two"}, {"text": "one", "author": "Sam"})
    assert run(store, path).saved == SaveResult(new=3)
    assert run(store, path).saved == SaveResult(known=3)


def test_columns_are_renamed(store: Store, tmp_path: Path) -> None:
    path = csv(tmp_path, "Review,Stars,When\nfine,4,2026-01-31\n")
    run(store, path, Review="text", Stars="rating", When="created_at")
    (stored,) = rows_of(store)
    assert (stored["text"], stored["rating"], stored["rating_max"]) == ("fine", 4.0, 5.0)
    assert stored["created_at"] == "2026-01-31T00:00:00+00:00"


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        ('text,rating\n"two\nlines, and ""quotes""",5\n', ['two\nlines, and "quotes"']),
        ("text;rating\neins, zwei;3,5\n", ["eins, zwei"]),
        ("\ufefftext\nwith a mark\n", ["with a mark"]),
        ("text\r\nwindows\r\n\r\n", ["windows"]),
        (b"text\ncaf\xe9\n", ["caf�"]),
        ("text\nnul\x00inside\n", ["nulinside"]),
        ("text\n😡😡😡\n", ["😡😡😡"]),
        ("rating,text\n4,\n", [""]),
    ],
)
def test_csv_as_it_comes(
    store: Store, tmp_path: Path, content: str | bytes, texts: list[str]
) -> None:
    report = run(store, csv(tmp_path, content))
    assert report.refused == []
    assert [row["text"] for row in rows_of(store)] == texts


def test_tab_separated(store: Store, tmp_path: Path) -> None:
    run(store, csv(tmp_path, "native_id\ttext\n1\ta, b\n", "in.tsv"))
    assert [row["id"] for row in rows_of(store)] == ["shop:1"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("{broken", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[1]", "not a JSON object"),
        ('"text"', "not a JSON object"),
        ({"text": ""}, "text is empty"),
        ({"text": " \n "}, "text is empty"),
        ({"rating_max": 5}, "text is empty"),
        ({"text": ["a"]}, "text is list, not text"),
        ({"text": True}, "text is bool, not text"),
        ({"text": "x" * (MAX_TEXT + 1)}, "100,001 characters; 100,000 is the most"),
        ({"text": "x", "rating": "good"}, "rating 'good' is not a number"),
        ({"text": "x", "rating": "nan"}, "rating 'nan' is not a number"),
        ({"text": "x", "rating": True}, "rating True is not a number"),
        ({"text": "x", "rating": 6}, "rating 6 does not lie between 0 and rating_max 5"),
        ({"text": "x", "rating": -1}, "rating -1 does not lie between"),
        ({"text": "x", "rating": 0, "rating_max": 0}, "does not lie between"),
        ({"text": "x", "created_at": "yesterday"}, "created_at 'yesterday' is not an ISO 8601"),
        ({"text": "x", "created_at": "1970-01-01"}, "before 1995 or in the future"),
        ({"text": "x", "created_at": 0}, "before 1995 or in the future"),
        ({"text": "x", "created_at": "2099-01-01"}, "before 1995 or in the future"),
        ({"text": "x", "created_at": 1e30}, "is not an ISO 8601 time"),
        ({"text": "x", "edited_at": "2099-01-01"}, "edited_at"),
        ({"text": "x", "reach": -5}, "reach -5 is negative"),
        ({"text": "x", "reach": 2**70}, "reach 1.18059e+21 is no count of people"),
        ({"text": "x", "reach": "1e400"}, "reach '1e400' is not a number"),
        ({"text": "x", "created_at": "0001-01-01T00:00:00+05:00"}, "is not an ISO 8601 time"),
        ({"text": "x", "created_at": "9999-12-31T23:00:00-05:00"}, "is not an ISO 8601 time"),
        ({"text": "x", "native_id": "\x00"}, "native_id '\\x00' cannot be stored: it is empty"),
    ],
)
def test_a_bad_row_is_named_and_the_others_are_kept(
    store: Store, tmp_path: Path, row: object, reason: str
) -> None:
    report = run(store, jsonl(tmp_path, {"text": "before"}, row, {"text": "after"}))
    assert [row["text"] for row in rows_of(store)] == ["before", "after"]
    (refusal,) = report.refused
    assert refusal.row == 2
    assert reason in refusal.reason
    assert "\n" not in refusal.reason
    assert len(refusal.reason) < 200


def test_what_sqlite_refuses_is_found_among_many_rows(store: Store, tmp_path: Path) -> None:
    """The batch is halved until the bad ones are alone: no reading of ours knew of them."""
    store.database.connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 60_000)
    rows: list[object] = [{"text": f"number {n}"} for n in range(600)]
    for bad in (3, 399, 599):
        rows[bad] = {"text": "x" * 60_001, "native_id": f"{bad}"}
    rows[400] = "{broken"
    report = run(store, jsonl(tmp_path, *rows))
    assert [one.row for one in report.refused] == [4, 400, 401, 600]
    too_big = "it does not fit into the store: string or blob too big"
    assert [one.reason for one in report.refused if "JSON" not in one.reason] == [too_big] * 3
    assert (report.rows, report.saved.new, store.mentions.count()) == (600, 596, 596)
    assert run(store, jsonl(tmp_path, *rows)).saved.known == 596


def test_a_store_that_fails_ends_the_import(store: Store, tmp_path: Path) -> None:
    store.database.connection.execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON mentions "
        "BEGIN SELECT raise(ABORT, 'nothing more'); END"
    )
    with pytest.raises(StoreRefusedError, match="nothing more"):
        run(store, jsonl(tmp_path, {"text": "one"}, {"text": "two"}))


def test_borders_that_are_still_good(store: Store, tmp_path: Path) -> None:
    report = run(
        store,
        jsonl(
            tmp_path,
            {"text": "x" * MAX_TEXT},
            {"text": "a", "rating": 0},
            {"text": "b", "rating": 5},
            {"text": "c", "created_at": "1995-01-01"},
            {"text": "d", "created_at": "2026-03-12T12:00:00Z"},
            {"text": "\ud83d alone", "url": "javascript:alert(1)"},
        ),
    )
    assert report.refused == []
    assert report.saved.new == 6
    assert rows_of(store)[5]["url"] is None
    assert rows_of(store)[5]["text"] == "� alone"


def test_too_many_cells_are_refused_and_too_few_are_not(store: Store, tmp_path: Path) -> None:
    report = run(store, csv(tmp_path, "text,rating\na,1,surplus\nb\n"))
    assert [one.reason for one in report.refused] == ["has 3 cells, the header 2: quote the text"]
    assert [row["text"] for row in rows_of(store)] == ["b"]


@pytest.mark.parametrize(
    ("name", "content", "columns", "told"),
    [
        ("in.csv", "review,stars\nx,1\n", {}, "no column `text`; the file has: review, stars"),
        ("in.csv", "", {}, "no column `text`; the file has: nothing"),
        ("in.csv", "text\nx\n", {"body": "text"}, "no column 'body'; the file has: text"),
        ("in.csv", "text\nx\n", {"text": "texxt"}, "did you mean 'text'"),
        ("in.csv", "text\nx\n".encode("utf-16"), {}, "UTF-16: save it as UTF-8"),
        ("in.jsonl", '[{"text": "x"}]', {}, "a JSON array"),
        ("in.jsonl", '{"text": "x"}', {"body": "text"}, "no row has 'body'"),
        ("in.xlsx", "x", {}, "give a .csv, .tsv or .jsonl file"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_do(
    store: Store,
    tmp_path: Path,
    name: str,
    content: str | bytes,
    columns: dict[str, str],
    told: str,
) -> None:
    with pytest.raises(InputError, match=r"in\.|--map") as caught:
        run(store, csv(tmp_path, content, name), **columns)
    assert told in str(caught.value)


def test_a_missing_file(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        run(store, tmp_path / "none.csv")


def test_progress_counts_bytes(store: Store, tmp_path: Path) -> None:
    path = jsonl(tmp_path, *({"text": f"number {n}"} for n in range(1201)))
    told: list[int] = []
    import_file(store, path, brand="A", source="s", columns={}, now=NOW, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == path.stat().st_size
    assert len(told) == 3
