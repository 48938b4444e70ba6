"""Corrections from a CSV, and corrections as texts to train on."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from config.errors import InputError
from config.settings import Settings
from earful import case_acts
from earful.case_acts import Actor
from earful.policies import Policies
from storage.models import Experience, Stance
from storage.store import Store

if TYPE_CHECKING:
    from sentiment.learning.labelled_files import Example

COLUMNS = ("mention_id", "experience", "stance", "by", "note")
# A person looked at exactly this text, and it is one that the model had to ask about.
WEIGHT = 3.0
Label = TypeVar("Label", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was not taken; `row` counts from 1, the header aside."""

    row: int
    reason: str


@dataclass(slots=True)
class Report:
    """What a file came to; `known` rows say what people had said already."""

    rows: int = 0
    corrected: int = 0
    known: int = 0
    refused: list[Refusal] = field(default_factory=list)


def correct_file(
    store: Store, settings: Settings, path: Path, actor: Actor | None, now: datetime
) -> Report:
    """Take the corrections of a CSV (`COLUMNS`); safe to repeat.

    `actor` says who corrects where a row has no `by`. InputError where the file cannot be read or
    its columns do not fit; a row that does not is refused, and the others are taken.
    """
    report = Report()
    policies = Policies(settings)
    with closing(_rows(path)) as rows:
        for number, row in enumerate(rows, start=1):
            report.rows = number
            try:
                if _correct(store, policies, row, actor, now):
                    report.corrected += 1
                else:
                    report.known += 1
            except (ValueError, InputError) as error:
                report.refused.append(Refusal(number, str(error)))
    return report


def examples(store: Store) -> list[Example]:
    """Give the store's corrections as labelled texts that weigh more than others."""
    from earful.mention_texts import contexts_of
    from sentiment.learning.labelled_files import Example
    from sentiment.scoring.text import Text

    texts = [*store.corrections.texts()]
    contexts = contexts_of(store, [one.mention_id for one in texts])
    return [
        Example(
            text=Text(
                text=one.text,
                title=one.title,
                rating=one.rating,
                rating_max=one.rating_max,
                context=contexts.get(one.mention_id),
            ),
            experience=one.experience,
            stance=one.stance,
            dataset="corrections",
            weight=WEIGHT,
        )
        for one in texts
    ]


def correct(
    store: Store,
    policies: Policies,
    mention_id: str,
    experience: Experience | None,
    stance: Stance | None,
    by: Actor,
    now: datetime,
    *,
    note: str | None = None,
) -> bool:
    """Take a person's labels of a mention; False where people had said just that before.

    InputError where there is no such mention, or none with a verdict.
    """
    before = store.corrections.of(mention_id)
    if before is not None and before == (experience or before[0], stance or before[1]):
        return False
    case_acts.relabel(
        store,
        policies,
        mention_id,
        # An experience that people gave before is no new word about the case.
        None if before is not None and before[0] is experience else experience,
        by,
        now,
        stance=stance,
        note=note,
    )
    return True


def _correct(
    store: Store, policies: Policies, row: Mapping[str, str], actor: Actor | None, now: datetime
) -> bool:
    if "" in row:
        raise ValueError("it has more cells than the header: put cells with commas in quotes")
    mention_id = row.get("mention_id", "")
    if not mention_id:
        raise ValueError("it has no mention_id")
    experience = _label(row, "experience", Experience)
    stance = _label(row, "stance", Stance)
    if experience is None and stance is None:
        raise ValueError("it has neither experience nor stance: fill in one of them")
    by = Actor(row["by"]) if row.get("by") else actor
    if by is None:
        raise ValueError("it does not say who corrects: fill in `by`, or give --as NAME")
    return correct(
        store, policies, mention_id, experience, stance, by, now, note=row.get("note") or None
    )


def _label(row: Mapping[str, str], name: str, kind: type[Label]) -> Label | None:
    value = row.get(name, "").lower()
    if not value:
        return None
    try:
        return kind(value)
    except ValueError:
        close = difflib.get_close_matches(value, [one.value for one in kind], n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"use {', '.join(kind)}"
        raise ValueError(f"{name} {value!r}: {hint}") from None


def _rows(path: Path) -> Generator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            delimiter = max(",;\t", key=first.count)
            header = next(csv.reader([first], delimiter=delimiter), [])
            names = [name.strip().lower() for name in header]
            _check(path, names)
            for cells in csv.reader(file, delimiter=delimiter):
                if not any(cell.strip() for cell in cells):
                    continue
                row = dict(zip(names, (cell.strip() for cell in cells), strict=False))
                yield row | ({"": "more"} if len(cells) > len(names) else {})
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text ({error.reason}): save it as UTF-8") from error
    except csv.Error as error:
        raise InputError(f"{path}: not CSV: {error}") from error


def _check(path: Path, names: list[str]) -> None:
    for name in names:
        if name not in COLUMNS:
            close = difflib.get_close_matches(name, COLUMNS, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"they are {', '.join(COLUMNS)}"
            raise InputError(f"{path}: {name!r} is not a column of corrections; {hint}")
        if names.count(name) > 1:
            raise InputError(f"{path}: two columns are called {name!r}")
    if "mention_id" not in names or not {"experience", "stance"} & set(names):
        raise InputError(
            f"{path}: the columns must be mention_id and experience or stance; the file has: "
            f"{', '.join(names) or 'nothing'}"
        )
