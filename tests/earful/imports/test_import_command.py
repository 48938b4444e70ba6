"""`earful import`: what it shows first, what it says last, and what is left to mend."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.earful.conftest import Earful
from tests.earful.imports.importing import FILES

REVIEWS = "native_id,rating,text\n1,5,lovely\n2,,\n3,x,late again\n4,1,awful\n"


def test_a_dry_run_shows_and_stores_nothing(earful: Earful, tmp_path: Path) -> None:
    ran = earful("import", str(FILES / "monitoring.csv"), "--brand", "Acme", "--dry-run")
    assert ran.code == 0
    first, unread, *columns = ran.out.splitlines()
    assert first.startswith("monitoring.csv: UTF-8, separated by commas; read as monitoring")
    assert unread == "not read: Sentiment, Influence score"
    assert "  Date + Time → created_at" in columns
    assert "reddit:t3_1made1 · 2026-09-05 10:04 · no rating · mina" in columns
    assert "  Acme Air lost my bag and shrugs" in columns
    assert columns[-1] == "3 rows: 3 would be stored · 0 same · 0 refused; nothing was stored"
    assert not (tmp_path / "earful.db").exists()


def test_only_the_first_five_are_shown(earful: Earful, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text\n" + "".join(f"row number {n}\n" for n in range(9)))
    ran = earful("import", "in.csv", "--brand", "A", "--source", "s", "--dry-run")
    assert [n for n in range(9) if f"row number {n}" in ran.out] == [0, 1, 2, 3, 4]
    assert "9 rows: 9 would be stored" in ran.out


def test_what_was_left_empty_is_named(earful: Earful, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(REVIEWS)
    ran = earful("import", "in.csv", "--brand", "A", "--source", "s")
    assert ran.err.splitlines() == [
        "line 3: text is empty, and there is neither title nor rating",
        "rating left empty in 1 row, the first in line 4: rating 'x' is no rating",
    ]
    assert ran.out.splitlines()[-1] == "4 rows: 3 new · 0 edited · 0 known · 0 same · 1 refused"


@pytest.mark.parametrize("name", ["no.csv", "no.jsonl"])
def test_rejects_are_imported_after_mending(earful: Earful, tmp_path: Path, name: str) -> None:
    (tmp_path / "in.csv").write_text(REVIEWS)
    earful("import", "in.csv", "--brand", "A", "--source", "s", "--rejects", name)
    path = tmp_path / name
    reason = "text is empty, and there is neither title nor rating"
    if name.endswith("csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            (row,) = csv.DictReader(file)
        assert (row["Rejected line"], row["Rejected because"]) == ("3", reason)
        assert row["native_id"] == "2"
        path.write_text(path.read_text("utf-8").replace(",2,,", ",2,,found it,"), "utf-8")
    else:
        refused = json.loads(path.read_text())
        row = {"native_id": "2", "rating": "", "text": ""}
        assert refused == {"line": 3, "reason": reason, "row": row}
        path.write_text(json.dumps(refused | {"row": row | {"text": "found it"}}) + "\n")
    ran = earful("import", name, "--brand", "A", "--source", "s")
    assert "1 row: 1 new · 0 edited · 0 known · 0 same · 0 refused" in ran.out
    assert json.loads(earful("search", "--json", "found").out)["id"] == "s:2"


def test_rejects_that_are_not_mended_are_refused_again(earful: Earful, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "fine"}\n{broken\n{"text": ""}\n')
    command = ("import", "in.jsonl", "--brand", "A", "--source", "s", "--rejects", "no.jsonl")
    assert "1 new · 0 edited · 0 known · 0 same · 2 refused" in earful(*command).out
    lines = [json.loads(line) for line in (tmp_path / "no.jsonl").read_text().splitlines()]
    assert [(one["line"], one["row"]) for one in lines] == [(2, "{broken"), (3, {"text": ""})]
    again = earful("import", "no.jsonl", "--brand", "A", "--source", "s")
    assert again.code == 2
    assert "line 1: it is not mended: not JSON" in again.err


def test_rejects_never_replace_the_file_that_is_read(earful: Earful, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(REVIEWS)
    ran = earful("import", "in.csv", "--brand", "A", "--source", "s", "--rejects", "in.csv")
    assert ran.code == 2
    assert (tmp_path / "in.csv").read_text() == REVIEWS


def test_all_files_are_checked_before_one_is_stored(earful: Earful, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text\nfine\n")
    (tmp_path / "b.csv").write_text("text,rating\nbad,9\n")
    ran = earful("import", "a.csv", "b.csv", "--brand", "A", "--source", "s")
    assert ran.code == 2
    assert not (tmp_path / "earful.db").exists()
    ran = earful("import", "a.csv", "b.csv", "--brand", "A", "--source", "s", "--rating-max", "10")
    assert ran.out.splitlines()[-2:] == [
        "a.csv: 1 row: 1 new · 0 edited · 0 known · 0 same · 0 refused",
        "b.csv: 1 row: 1 new · 0 edited · 0 known · 0 same · 0 refused",
    ]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "--source: say where the mentions come from"),
        (["--source", "s", "--as", "play"], "--as: 'play' is no known layout; they are: earful"),
        (["--source", "s", "--rating-max", "0"], "--rating-max: 0: write what the scale goes"),
        (["--source", "s", "--date-format", "later"], "--date-format: 'later': write DD/MM/YYYY"),
        (["--source", "s", "--language", "gibberish"], "--language: 'gibberish' is no language"),
        (["--source", "s", "--map", "x=text"], "there is no column 'x'; the file has: text"),
    ],
)
def test_a_wrong_option_is_one_line(
    earful: Earful, tmp_path: Path, options: list[str], told: str
) -> None:
    (tmp_path / "in.csv").write_text("text\nfine\n")
    ran = earful("import", "in.csv", "--brand", "A", *options)
    assert ran.code == 2
    assert told in ran.err
    assert len(ran.err.splitlines()) == 1
    assert not (tmp_path / "earful.db").exists()


def test_a_terminal_is_shown_first_and_asked(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("native_id,text\n1,lovely crew\n2,never again\n")
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "earful", "import", "in.csv", "--brand", "A", "--source", "s"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = b""
        while b"Import this?" not in shown:
            shown += os.read(ours, 4096)
        assert b"lovely crew" in shown
        os.write(ours, b"n\n")
        with suppress(OSError):  # the other end is closed
            while os.read(ours, 4096):
                pass
    os.close(ours)
    assert process.returncode == 130
    assert not (tmp_path / "earful.db").exists()
