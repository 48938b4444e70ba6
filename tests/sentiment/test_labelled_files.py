from __future__ import annotations

import gzip
import json
from functools import partial
from pathlib import Path

import pytest

from config.errors import InputError
from sentiment.learning.labelled_files import read_examples
from sentiment.learning.readings import OF_POOLS, SECOND, pool_readings, readings, second_readings
from sentiment.learning.unlabelled_texts import choose
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


def test_of_a_pool_those_texts_are_read_that_have_a_reading(tmp_path: Path) -> None:
    with_reading = next(iter(readings("social").keys() & second_readings().keys()))
    reading = readings("social")[with_reading]
    rows: list[dict[str, str | None]] = [
        {"id": with_reading, "text": "Still down.", "parent": "Any better?", "dataset": "d"},
        {"id": "of nobody", "text": "Nobody read this."},
        {"id": "own", "text": "Fine.", "experience": "mediocre", "stance": "neither"},
    ]
    path = tmp_path / "pool.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(row)}\n" for row in rows)
    first, labelled = read_examples(path)
    assert (first.experience, first.stance, first.sure) == (
        reading.experience, reading.stance, reading.sure,
    )  # fmt: skip
    assert (first.text.text, first.text.context) == ("Still down.", "Any better?")
    again = second_readings()[with_reading]
    assert (first.experience_2, first.stance_2) == (again.experience, again.stance)
    assert labelled.experience_2 is None
    assert (labelled.text.text, labelled.experience) == ("Fine.", Experience.MEDIOCRE)


_ROW = gzip.compress(b'{"text": "Fine."}\n' * 9)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no gzip", "cannot be read"),
        (_ROW[:-4], "cannot be read"),
        (_ROW[:12] + b"\xff\xff\xff" + _ROW[15:], "cannot be read"),
        (gzip.compress(b"\xff\n"), "not UTF-8"),
        (gzip.compress(b"[1]\n"), "not a JSON object"),
        (gzip.compress(b'{"dataset": "d"}\n'), "no `text`|no labelled texts"),
    ],
)
def test_a_damaged_pool_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "pool.jsonl.gz"
    path.write_bytes(content)
    for read in (read_examples, partial(choose, most=9, longest=None, seed=1, unlabelled=True)):
        with pytest.raises(InputError, match=rf"pool\.jsonl\.gz(:1)?: .*({said})"):
            read(path)


def test_a_pool_without_a_reading_says_what_to_give(tmp_path: Path) -> None:
    path = tmp_path / "pool.jsonl.gz"
    path.write_bytes(_ROW)
    with pytest.raises(
        InputError, match="no labelled texts in it; give texts that readers judged"
    ):
        read_examples(path)


def test_readings_have_known_labels_and_no_texts() -> None:
    for name in (*OF_POOLS, *SECOND):
        told = readings(name)
        assert len(told) >= 1000
        assert {one.experience for one in told.values()} == set(Experience)
        assert {one.stance for one in told.values()} == set(Stance)
        assert all(len(text_id) < 120 for text_id in told)
    assert len(pool_readings()) == sum(len(readings(name)) for name in OF_POOLS)


def test_no_reading_is_of_a_text_of_the_labelled_files(labels: Path) -> None:
    """The pools hold labelled texts too: those keep their labels, or lie in `dev` to judge by."""
    for name in ("train", "dev", "social", "languages", "languages_dev"):
        lines = (labels / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        assert not pool_readings().keys() & {json.loads(line)["id"] for line in lines}, name
