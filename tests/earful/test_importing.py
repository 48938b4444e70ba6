"""Import: good rows are kept, bad ones named, and doing it again changes nothing."""

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.errors import InputError, StoreRefusedError
from earful.importing.files import open_table
from earful.importing.import_rows import FileImport, ImportReport
from earful.importing.rejects import as_mended
from earful.importing.wishes import Wishes
from storage.fields import LONGEST_TEXT
from storage.models import SaveResult
from storage.store import Store

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        yield store


def run(store: Store, path: Path, brand: str = "Acme", **columns: str) -> ImportReport:
    wishes = Wishes(brand=brand, source="shop", maps=tuple(columns.items()))
    return FileImport(path, as_mended(open_table(path)), wishes, NOW, lambda at: None).store(store)


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
        (b"text\ncaf\xe9\n", ["café"]),
        ("text\nnul\x00inside\n", ["nulinside"]),
        ("text\n😡😡😡\n", ["😡😡😡"]),
        ("rating,text\n4,\n", [""]),
    ],
)
def test_csv_as_it_comes(
    store: Store, tmp_path: Path, content: str | bytes, texts: list[str]
) -> None:
    report = run(store, csv(tmp_path, content))
    assert report.refusals == []
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
        ({"text": "", "rating": "N/A"}, "text is empty"),
        ({"text": ["a"]}, "text is a list, not text"),
        ({"text": True}, "text is a truth value, not text"),
        ({"text": "x" * (LONGEST_TEXT + 1)}, "100,001 characters; 100,000 is the most"),
    ],
)
def test_a_bad_row_is_named_and_the_others_are_kept(
    store: Store, tmp_path: Path, row: object, reason: str
) -> None:
    report = run(store, jsonl(tmp_path, {"text": "before"}, row, {"text": "after"}))
    assert [row["text"] for row in rows_of(store)] == ["before", "after"]
    (refusal,) = report.refusals
    assert (refusal.line, report.refused, report.rows) == (2, 1, 3)
    assert reason in refusal.reason
    assert "\n" not in refusal.reason
    assert len(refusal.reason) < 200


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("rating", "so so", "rating 'so so' is no rating"),
        ("rating", True, "rating is a truth value, not a number"),
        ("rating", [4], "rating is a list, not a number"),
        ("rating", -1, "rating -1 does not lie between 0 and 5"),
        ("rating", "7/5", "rating 7 does not lie between 0 and 5"),
        ("created_at", "yesterday", "created_at 'yesterday' cannot be read as a time"),
        ("created_at", "1970-01-01", "created_at 1970-01-01 is no believable date"),
        ("created_at", "2099-01-01", "created_at 2099-01-01 is no believable date"),
        ("created_at", 1e30, "created_at '1e+30' cannot be read as a time"),
        ("created_at", "9999-12-31T23:00:00-05:00", "cannot be read as a time"),
        ("edited_at", "2099-01-01", "edited_at 2099-01-01 is no believable date"),
        ("owner_replied_at", [1], "owner_replied_at is a list, not a time"),
        ("reach", -5, "reach -5 is no count of people"),
        ("reach", "1e400", "reach '1e400' is no number"),
        ("reach", 2**70, "is no count of people"),
        ("language", "gibberish", "language 'gibberish' is no language"),
        ("url", "javascript:alert(1)", "url 'javascript:alert(1)' is no web address"),
        ("author", ["Sam"], "author is a list, not text"),
        ("author_id", "x" * 2001, "author_id is 2001 characters long"),
        ("title", [], "title is a list, not text"),
        ("owner_reply", [], "owner_reply is a list, not text"),
        ("parent_id", True, "parent_id is a truth value, not text"),
    ],
)
def test_a_bad_side_field_never_costs_the_words(
    store: Store, tmp_path: Path, field: str, value: object, reason: str
) -> None:
    rows = ({"text": "before"}, {"text": "x", field: value}, {"text": "y", field: value})
    report = run(store, jsonl(tmp_path, *rows))
    assert [row["text"] for row in rows_of(store)] == ["before", "x", "y"]
    assert report.refused == 0
    (emptied,) = report.emptied.values()
    assert (emptied.field, emptied.rows, emptied.line) == (field, 2, 2)
    assert reason in emptied.reason
    column = "author_id" if field == "author" else field
    assert [row[column] for row in rows_of(store)] == [None] * 3


@pytest.mark.parametrize("value", ["N/A", "-", "null", "None", "", "  ", "nan", "0000-00-00"])
@pytest.mark.parametrize("field", ["rating", "created_at"])
def test_no_value_is_nothing_to_count(
    store: Store, tmp_path: Path, field: str, value: str
) -> None:
    if field == "rating" and value.startswith("0000"):
        value = "not rated"
    report = run(store, csv(tmp_path, f"text,{field}\nwords,{value}\n"))
    assert report.emptied == {}
    assert rows_of(store)[0][field] is None


def test_what_sqlite_refuses_is_found_among_many_rows(store: Store, tmp_path: Path) -> None:
    """The batch is halved until the bad ones are alone: no reading of ours knew of them."""
    store.database.connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 60_000)
    rows: list[object] = [{"text": f"number {n}"} for n in range(600)]
    for bad in (3, 399, 599):
        rows[bad] = {"text": "x" * 60_001, "native_id": f"{bad}"}
    rows[400] = "{broken"
    report = run(store, jsonl(tmp_path, *rows))
    assert sorted(one.line for one in report.refusals) == [4, 400, 401, 600]
    too_big = "it does not fit into the store: string or blob too big"
    assert [one.reason for one in report.refusals if "JSON" not in one.reason] == [too_big] * 3
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
            {"text": "x" * LONGEST_TEXT},
            {"text": "a", "rating": 0},
            {"text": "b", "rating": 5},
            {"text": "c", "created_at": "1995-01-01"},
            {"text": "d", "created_at": "2026-03-12T12:00:00Z"},
            {"text": "\ud83d alone"},
        ),
    )
    assert (report.refused, report.emptied, report.saved.new) == (0, {}, 6)
    # As the spiders read it: half a character is no character.
    assert rows_of(store)[5]["text"] == "alone"


def test_a_row_of_other_cells_than_the_header_is_refused_by_name(
    store: Store, tmp_path: Path
) -> None:
    report = run(store, csv(tmp_path, "text,rating\na,1,surplus\nb,2\n"))
    assert [one.line for one in report.refusals] == [2]
    assert "3 cells" in report.refusals[0].reason
    assert [row["text"] for row in rows_of(store)] == ["b"]


@pytest.mark.parametrize(
    ("name", "content", "columns", "told"),
    [
        ("in.csv", "opinion,points\nx,1\n", {}, "no column `text`; the file has: opinion, points"),
        ("in.csv", "text\nx\n", {"body": "text"}, "no column 'body'; the file has: text"),
        ("in.csv", "text\nx\n", {"text": "texxt"}, "did you mean 'text'"),
        ("in.jsonl", '{"text": "x"}', {"body": "text"}, "no column 'body'; the file has: text"),
        ("in.csv", "a,b\n1,2\n", {"a": "rating", "b": "rating"}, "`a` and `b` are both `rating`"),
        ("in.csv", "review,comment\nx,y\n", {}, "is `review` or `comment` the text?"),
        ("in.csv", "Comment (a),Comment (b)\nx,y\n", {}, "is `Comment (a)` or `Comment (b)` the"),
        ("in.csv", "text,rating\nx,10\n", {}, "line 2: the rating 10 is more than 5"),
        ("in.csv", "text,date\nx,03/04/2026\n", {}, "'03/04/2026': day first or month first?"),
    ],
)
def test_a_question_stores_nothing(
    store: Store,
    tmp_path: Path,
    name: str,
    content: str,
    columns: dict[str, str],
    told: str,
) -> None:
    with pytest.raises(InputError, match=r"in\.|--map") as caught:
        run(store, csv(tmp_path, content, name), **columns)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert rows_of(store) == []


def test_progress_counts_bytes(store: Store, tmp_path: Path) -> None:
    path = jsonl(tmp_path, *({"text": f"number {n}"} for n in range(1201)))
    told: list[int] = []
    one = FileImport(path, open_table(path), Wishes(brand="A", source="s"), NOW, lambda at: None)
    one.progress = told.append
    one.store(store)
    assert told == sorted(told)
    assert told[-1] == path.stat().st_size
    assert len(told) == 4


@pytest.mark.parametrize(
    ("source", "people"), [("shop", 7), ("google_play", 7), ("reddit", 5), ("hackernews", 5)]
)
def test_customers_of_one_name_are_not_one(
    store: Store, tmp_path: Path, source: str, people: int
) -> None:
    names = ["A Google user", "Anonymous", "Guest", "Maria", "Maria", "maria_f", "maria_f"]
    rows = [{"text": f"Bad {n}", "author": name} for n, name in enumerate(names)]
    wishes = Wishes(brand="Acme", source=source)
    file = as_mended(open_table(jsonl(tmp_path, *rows)))
    FileImport(jsonl(tmp_path, *rows), file, wishes, NOW, lambda at: None).store(store)
    assert len({row["author_id"] for row in rows_of(store)}) == people
