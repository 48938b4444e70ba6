"""JSON as it comes: an object a line, an array, a list within an object; never whole in memory."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earful.importing.files import open_table
from tests.earful.import_fixtures import file_of, refusal, rows_of

PLAIN = [{"text": "one", "n": 1}, {"text": "two", "n": 2.5}]
LINES = "".join(json.dumps(one) + "\n" for one in PLAIN)


@pytest.mark.parametrize(
    ("content", "shape"),
    [
        (LINES, "UTF-8, JSON Lines"),
        (LINES.replace("\n", "\r\n\r\n"), "UTF-8, JSON Lines"),
        (json.dumps(PLAIN), "UTF-8, JSON"),
        (json.dumps(PLAIN, indent=2), "UTF-8, JSON"),
        ("[\n" + ",\n".join(json.dumps(one) for one in PLAIN) + "\n]\n", "UTF-8, JSON"),
        (json.dumps({"reviews": PLAIN}), "UTF-8, JSON, the list 'reviews'"),
        (json.dumps({"page": 1, "of": [1, 2], "data": {"items": PLAIN, "next": None}}, indent=1),
         "UTF-8, JSON, the list 'data.items'"),
        (json.dumps({"tags": [{"a": 1}] * 9, "reviews": PLAIN}),
         "UTF-8, JSON, the list 'reviews'"),
        (json.dumps({"ratings_of_acme": PLAIN}), "UTF-8, JSON, the list 'ratings_of_acme'"),
        (json.dumps(PLAIN[:1]) + "\n" + json.dumps(PLAIN[1:]), "UTF-8, JSON"),
        ("\n".join(json.dumps(one, indent=2) for one in PLAIN), "UTF-8, JSON"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["in.json", "in", "in.jsonl"])
def test_every_form_gives_the_same_rows(
    tmp_path: Path, content: str, shape: str, name: str
) -> None:
    path = file_of(tmp_path, content, name)
    rows = rows_of(path)
    assert [row.values for row in rows] == PLAIN
    assert [row.raw for row in rows] == PLAIN
    assert (open_table(path).shape, open_table(path).columns) == (shape, ("text", "n"))


def test_utf_16_and_a_mark(tmp_path: Path) -> None:
    for codec in ("utf-8-sig", "utf-16"):
        path = file_of(tmp_path, LINES.replace("one", "größer").encode(codec), "in.jsonl")
        assert rows_of(path)[0].values["text"] == "größer"


def test_rows_in_another_encoding_are_refused_alone(tmp_path: Path) -> None:
    content = '{"text": "é"}\n'.encode() * 3 + b'{"text": "caf\xe9"}\n'
    path = file_of(tmp_path, content, "in.jsonl")
    assert refusal(path).startswith("line 4: byte 0xE9 is no UTF-8, though the rest")
    row = rows_of(path, encoding="utf-8")[3]
    assert (row.problem, row.raw) == ("has bytes that are no utf-8", '{"text": "caf\\udce9"}')


def test_lines_are_counted_in_an_array_too(tmp_path: Path) -> None:
    path = file_of(tmp_path, '{\n"reviews": [\n{"a": 1},\n\n{"a":\n2},\n{"a": 3}]}\n', "in.json")
    assert [row.line for row in rows_of(path)] == [3, 5, 7]


def test_what_is_nested_is_laid_out_with_dots(tmp_path: Path) -> None:
    row = {"a": {"b": {"c": 1}, "d": [1, {"e": 2}]}, "f": None, "g": {}}
    path = file_of(tmp_path, json.dumps(row) + "\n" + json.dumps(row), "in.jsonl")
    expected = {"a.b.c": 1, "a.d": [1, {"e": 2}], "f": None}
    assert rows_of(path)[0].values == expected
    assert rows_of(path)[0].raw == row
    assert open_table(path).columns == ("a.b.c", "a.d", "f")


def test_one_review_with_answers_is_no_list_of_reviews(tmp_path: Path) -> None:
    row = {"text": "late", "parts": [{"x": 1}, {"x": 2}]}
    assert [one.raw for one in rows_of(file_of(tmp_path, json.dumps(row), "in.json"))] == [row]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{broken", "not JSON: Expecting property name enclosed in double quotes"),
        ("[1]", "not a JSON object"),
        ('"text"', "not a JSON object"),
        ("[" * 100_000, "not JSON: maximum recursion depth exceeded"),
    ],
)
def test_a_broken_line_is_a_problem_of_its_own(tmp_path: Path, line: str, problem: str) -> None:
    rows = rows_of(file_of(tmp_path, f"{LINES}{line}\n{LINES}", "in.jsonl"))
    assert [row.problem is None for row in rows] == [True, True, False, True, True]
    assert str(rows[2].problem).startswith(problem)
    assert (rows[2].line, rows[2].raw) == (3, line)


def test_a_broken_first_line_does_not_hide_the_others(tmp_path: Path) -> None:
    rows = rows_of(file_of(tmp_path, "{broken\n" + LINES, "in.jsonl"))
    assert [row.problem is None for row in rows] == [False, True, True]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('[{"a": 1},\n{"a": 2}', "line 2: the JSON ends too early: it is cut off"),
        ('[{"a": 1},\n{"a": 2},\n{"a"', "line 3: the JSON is broken"),
        ('[{"a": 1}\n{"a": 2}]', "line 2: the JSON has '{' where ',' should be"),
        ('{"reviews": [{"a": 1}, {"a": 2]}', "line 1: the JSON is broken"),
    ],
)
def test_an_array_that_breaks_off_is_refused_before_any_row(
    tmp_path: Path, content: str, says: str
) -> None:
    assert refusal(file_of(tmp_path, content, "in.json")).startswith(says)


def test_an_element_that_is_no_object_is_a_problem(tmp_path: Path) -> None:
    first, second = rows_of(file_of(tmp_path, '[{"a": 1}, 7]', "in.json"))
    assert (first.problem, second.problem, second.raw) == (None, "not a JSON object", "7")


def test_options_of_tables_are_refused(tmp_path: Path) -> None:
    path = file_of(tmp_path, LINES, "in.jsonl")
    assert refusal(path, delimiter=";") == "--delimiter is for tables of text: leave it out"


def test_a_large_array_is_never_in_memory_whole(tmp_path: Path) -> None:
    path = tmp_path / "in.json"
    with path.open("w") as file:
        file.write('{"reviews": [')
        file.writelines(f'{{"text": "{"x" * 2000}", "n": {n}}},' for n in range(10_000))
        file.write('{"text": "end", "n": 0}]}')
    tracemalloc.start()
    try:
        count = sum(1 for _ in open_table(path))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 10_001
    assert peak < path.stat().st_size / 2


SCALARS = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=8)
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.text(max_size=3), SCALARS)


@settings(max_examples=40)
@given(
    rows=st.lists(
        st.dictionaries(st.text(max_size=5), VALUES, min_size=1, max_size=3),
        min_size=2,
        max_size=4,
    ),
    indent=st.sampled_from([None, 1]),
    wrapped=st.booleans(),
)
def test_what_json_writes_reads_back(
    rows: list[dict[str, Any]], indent: int | None, wrapped: bool
) -> None:
    content = json.dumps({"reviews": rows} if wrapped else rows, indent=indent)
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    with TemporaryDirectory() as folder:
        path = file_of(Path(folder), content, "in.json")
        assert [row.raw for row in rows_of(path)] == rows
        path = file_of(Path(folder), lines, "in.jsonl")
        assert [row.raw for row in rows_of(path)] == rows
