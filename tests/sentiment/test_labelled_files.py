from __future__ import annotations

import json
from pathlib import Path

import pytest

from config.errors import InputError
from sentiment.learning.labelled_files import read_examples
from storage.models import Experience, Stance
from tests.open_files import open_files

GOOD = '{"text": "Fine.", "experience": "mediocre", "stance": "neither"}\n'


def write(folder: Path, content: str) -> Path:
    path = folder / "labels.jsonl"
    path.write_text(content, encoding="utf-8")
    return path


def test_reads_all_fields(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        '{"text": "Never again", "title": "Bad", "rating": 1, "rating_max": 5, "sure": false,'
        ' "experience": "angry", "stance": "hater", "experience_2": "angry",'
        ' "stance_2": "neither", "dataset": "d", "recommended": false, "weight": 3,'
        ' "parent": "Rate us"}\n\n' + GOOD,
    )
    first, second = read_examples(path)
    assert (first.text.title, first.text.rating, first.text.rating_max) == ("Bad", 1.0, 5.0)
    assert (first.experience, first.stance) == (Experience.ANGRY, Stance.HATER)
    assert (first.experience_2, first.stance_2) == (Experience.ANGRY, Stance.NEITHER)
    assert (first.sure, first.recommended, first.weight) == (False, False, 3.0)
    assert (first.text.context, second.text.context) == ("Rate us", None)
    assert (second.sure, second.experience_2, second.weight) == (True, None, 1.0)


def test_an_exported_reply_is_read_beside_the_line_that_it_answers(tmp_path: Path) -> None:
    labels = {"experience": "none", "stance": "neither"}
    rows: list[dict[str, str | None]] = [
        {"id": "f:2", "parent_id": "f:1", "title": "Down again", "text": "Same here."},
        {"id": "f:1", "parent_id": None, "title": "Down again", "text": "Nothing loads."},
        {"id": "f:3", "parent_id": "f:2", "title": "Down again", "text": "Try again."},
        {"id": "f:4", "parent_id": "f:9", "title": "Down again", "text": "Now it works."},
        {"id": "f:5", "parent_id": "f:9", "title": None, "text": "Not mine."},
        {"id": "f:6", "parent_id": "f:9", "title": "Stars", "text": ""},
    ]
    lines = (json.dumps(row | labels) for row in rows)
    told = read_examples(write(tmp_path, "".join(f"{line}\n" for line in lines)))
    assert [(one.text.title, one.text.context) for one in told] == [
        (None, "Down again. Nothing loads."),
        ("Down again", None),
        (None, "Same here."),
        (None, "Down again"),
        (None, None),
        ("Stars", None),
    ]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{oops", "not JSON"),
        ("[1]", "not a JSON object"),
        ('{"experience": "angry", "stance": "hater"}', "no `text`"),
        ('{"text": 5, "experience": "angry", "stance": "hater"}', "no `text`"),
        ('{"text": "x", "experience": "furious", "stance": "hater"}', "experience 'furious'"),
        ('{"text": "x", "experience": "angry", "stance": "fan"}', "stance 'fan'"),
        ('{"text": "x", "experience": ["angry"], "stance": "hater"}', "experience ['angry']"),
        ('{"text": "x", "stance": "hater"}', "no `experience`"),
        ('{"text": "x", "experience": "angry"}', "no `stance`"),
        (GOOD.strip()[:-1] + ', "rating": "five"}', "rating 'five' is not a number"),
        (GOOD.strip()[:-1] + ', "rating": true}', "rating True is not a number"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_bad_line_is_named(tmp_path: Path, line: str, says: str) -> None:
    path = write(tmp_path, GOOD + line + "\n")
    with pytest.raises(InputError) as caught:
        read_examples(path)
    message = str(caught.value)
    assert message.startswith(f"{path}:2: ")
    assert says in message
    assert "\n" not in message


def test_missing_empty_and_binary_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.jsonl: cannot be read"):
        read_examples(tmp_path / "nowhere.jsonl")
    with pytest.raises(InputError, match="cannot be read"):
        read_examples(tmp_path)
    with pytest.raises(InputError, match="no labelled texts"):
        read_examples(write(tmp_path, "\n\n"))
    (tmp_path / "latin.jsonl").write_bytes(b'{"text": "caf\xe9"}\n')
    with pytest.raises(InputError, match="not UTF-8"):
        read_examples(tmp_path / "latin.jsonl")


def test_a_refused_file_is_closed_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, '{"text": "a"}\n{"text": "b"}\n')
    # Who holds the error holds the frames that it came through, and what they had open.
    with pytest.raises(InputError) as caught:
        read_examples(path)
    assert caught.value
    assert open_files(path.name) == []
