"""Labelled JSON Lines: read, checked line by line."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.errors import InputError
from sentiment.learning.json_lines import is_gzipped, read_rows
from sentiment.learning.readings import pool_readings, second_readings
from sentiment.scoring.text import Text, joined
from storage.models import Experience, Stance, own_title


@dataclass(frozen=True, slots=True)
class Example:
    """A text with its label; the second labels are there where two readers gave one.

    `learnt` are those that the weights which a training goes on from have met, `talk` those of
    files of posts and replies.
    """

    text: Text
    experience: Experience
    stance: Stance
    sure: bool = True
    dataset: str = ""
    domain: str = ""
    recommended: bool | None = None
    experience_2: Experience | None = None
    stance_2: Stance | None = None
    weight: float = 1.0
    learnt: bool = False
    talk: bool = False


def read_examples(path: Path) -> list[Example]:
    """Read labelled JSON Lines (`text`, `experience`, `stance`; the rest may be absent).

    What a text answers, its context, is its `parent`; else, as `earful export` writes them, what
    the line with the `id` of its `parent_id` says, or its own `title`, which is its thread's then.

    A gzipped file is a pool: of its texts those are read that have labels, or whose `id` has a
    reading (`sentiment.learning.readings`); the others are left out. A second reading is added to
    the texts that have one.

    InputError names the file and the line: missing file, not JSON, no text, unknown label.
    """
    with closing(read_rows(path)) as rows:
        given = [*rows]
    if is_gzipped(path):
        given = [(where, told) for where, row in given if (told := _with_reading(row))]
    by_id = {row["id"]: row for _, row in given if isinstance(row.get("id"), str)}
    examples = [_example(row, where, by_id) for where, row in given]
    if not examples:
        wanted = "texts that readers judged" if is_gzipped(path) else "one JSON object a line"
        raise InputError(f"{path}: no labelled texts in it; give {wanted}")
    return examples


def _with_reading(row: dict[str, Any]) -> dict[str, Any] | None:
    """Give a pool's row with its labels: its own, or those of its reading; None without any."""
    if "experience" in row and "stance" in row:
        return row
    if (reading := pool_readings().get(str(row.get("id")))) is None:
        return None
    said = {"experience": reading.experience, "stance": reading.stance, "sure": reading.sure}
    return row | said


def _example(row: dict[str, Any], where: str, by_id: Mapping[str, dict[str, Any]]) -> Example:
    text = row.get("text")
    if not isinstance(text, str):
        raise InputError(f"{where}: no `text`; give it as a string")
    experience = _experience(row, "experience", where)
    stance = _stance(row, "stance", where)
    if experience is None or stance is None:
        missing = "experience" if experience is None else "stance"
        raise InputError(f"{where}: no `{missing}`; label it or leave the line out")
    recommended = row.get("recommended")
    again = second_readings().get(str(row.get("id")))
    return Example(
        text=Text(
            text=text,
            title=_title(row),
            rating=_number(row, "rating", where),
            rating_max=_number(row, "rating_max", where),
            language=_words(row, "language"),
            context=_answered(row, by_id),
        ),
        experience=experience,
        stance=stance,
        sure=row.get("sure") is not False,
        dataset=str(row.get("dataset") or ""),
        domain=str(row.get("domain") or ""),
        recommended=recommended if isinstance(recommended, bool) else None,
        experience_2=_experience(row, "experience_2", where)
        or (again.experience if again else None),
        stance_2=_stance(row, "stance_2", where) or (again.stance if again else None),
        weight=1.0 if (weight := _number(row, "weight", where)) is None else weight,
    )


def _title(row: dict[str, Any]) -> str | None:
    """Give the title that a text's writer gave it."""
    return own_title(_words(row, "title"), _words(row, "text") or "", _words(row, "parent_id"))


def _answered(row: dict[str, Any], by_id: Mapping[str, dict[str, Any]]) -> str | None:
    """Give what a text answers, where its line or another of the file says so."""
    if parent := _words(row, "parent"):
        return parent
    above = by_id.get(_words(row, "parent_id") or "", {})
    said = joined(Text(text=_words(above, "text") or "", title=_title(above)))
    return said or (None if _title(row) else _words(row, "title"))


def _words(row: dict[str, Any], key: str) -> str | None:
    value = row.get(key)
    return value if isinstance(value, str) else None


def _experience(row: dict[str, Any], key: str, where: str) -> Experience | None:
    value = row.get(key)
    if value is None:
        return None
    try:
        return Experience(value)
    except ValueError as error:
        raise InputError(f"{where}: {key} {value!r}; use {', '.join(Experience)}") from error


def _stance(row: dict[str, Any], key: str, where: str) -> Stance | None:
    value = row.get(key)
    if value is None:
        return None
    try:
        return Stance(value)
    except ValueError as error:
        raise InputError(f"{where}: {key} {value!r}; use {', '.join(Stance)}") from error


def _number(row: dict[str, Any], key: str, where: str) -> float | None:
    value = row.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{where}: {key} {value!r} is not a number")
    return float(value)
