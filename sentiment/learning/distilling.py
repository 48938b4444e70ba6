"""Rows for the student: pool texts as a teacher judged them, and labels seconded by it."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sentiment.learning.fitting import Prepared, Recipe, States, framed, position
from sentiment.learning.text_changes import misspelt, proper_names, renamed
from sentiment.learning.unlabelled_texts import PoolText
from sentiment.scoring.backbone import backbone_dir, load_tokenizer
from sentiment.scoring.text import Text, joined

if TYPE_CHECKING:
    from sentiment.learning.teacher import Teacher

# Pool texts a data set, and the longest in characters.
MOST = 4200
LONGEST = 300
# Longer ones are read as sentences: so many in all, so many of one text at most.
SENTENCES = 55_000
_OF_ONE = 5
_ENDS = re.compile(r"(?<=[.!?])\s+")
# One, two or three in a row, in these shares; under a dozen characters there is nothing to learn.
_IN_A_ROW = {1: 0.65, 2: 0.25, 3: 0.1}
_LEAST = 12
# How much of a labelled text's target is the teacher's word.
TEACHER_SHARE = 0.4
# Shares of the pool texts that the student sees under other names, and with slips.
RENAMED, MISSPELT = 0.3, 0.15
# So many of the teacher's states tell their mean and deviation.
_SAMPLE = 50_000


@dataclass(frozen=True, slots=True)
class Judged:
    """Texts with their rating positions, and what a teacher makes of them: (n, 4) and (n, 3).

    `states` (tokens, width) are its last states, text after text, where it has the student's word
    pieces.
    """

    texts: Sequence[str]
    ratings: Sequence[float]
    experience: Tensor
    stance: Tensor
    states: Tensor | None = None


def sentences(rows: Sequence[PoolText], seed: int) -> list[PoolText]:
    """Cut texts into bare sentences, one to three in a row, as posts come: no title, no rating.

    At most five runs of a text and 55,000 in all, of 12 to 300 characters, in random order, none
    twice. That is where a small student is furthest from its teacher.
    """
    rng = random.Random(seed)
    found: set[str] = set()
    for row in rows:
        parts = [part.strip() for part in _ENDS.split(joined(row.text)) if part.strip()]
        of_one = []
        while parts:
            count = rng.choices(list(_IN_A_ROW), list(_IN_A_ROW.values()))[0]
            run, parts = " ".join(parts[:count]), parts[count:]
            if _LEAST <= len(run) <= LONGEST:
                of_one.append(run)
        found.update(rng.sample(of_one, min(_OF_ONE, len(of_one))))
    chosen = rng.sample(sorted(found), min(SENTENCES, len(found)))
    return [PoolText(Text(run), None, {}) for run in chosen]


def readable(rows: Sequence[PoolText]) -> tuple[list[str], list[float]]:
    """Give the texts as a network reads them, and their rating positions."""
    return (
        [joined(row.text) for row in rows],
        [position(row.text, row.recommended) for row in rows],
    )


def lesson(judged: Judged, recipe: Recipe) -> Prepared:
    """Make training rows of texts that only the teacher judged; some are changed on the way."""
    rng = random.Random(recipe.seed)
    names = proper_names(judged.texts)
    texts = []
    for text in judged.texts:
        if rng.random() < RENAMED:
            text = renamed(text, names, rng)
        if rng.random() < MISSPELT:
            text = misspelt(text, rng)
        texts.append(text)
    return Prepared(
        ids=framed(texts, recipe.longest, load_tokenizer(backbone_dir())),
        rating=torch.tensor(judged.ratings),
        experience=judged.experience,
        stance=judged.stance,
        weight=torch.ones(len(texts)),
        start=_starts(judged, texts, recipe.longest),
        states=_scaled(judged.states),
    )


def _starts(judged: Judged, shown: Sequence[str], longest: int) -> Tensor:
    """Say where the teacher's states of each text begin: -1 if the student sees it changed."""
    if judged.states is None:
        return torch.full((len(shown),), -1)
    rows = framed(judged.texts, longest, load_tokenizer(backbone_dir()))
    ends = accumulate(len(row) for row in rows)
    return torch.tensor(
        [
            end - len(row) if text == before else -1
            for row, end, text, before in zip(rows, ends, shown, judged.texts, strict=True)
        ]
    )


def _scaled(values: Tensor | None) -> States | None:
    if values is None:
        return None
    some = values[:: 1 + len(values) // _SAMPLE].float()
    return States(values, some.mean(0), some.std(0).clamp(min=1e-3))


def room_for_states(teacher: Teacher, texts: Sequence[str], longest: int) -> Tensor | None:
    """Make room (tokens, width) for the teacher's states, on a file that goes when it does.

    None where the teacher's word pieces are not the student's, told by the texts' lengths: its
    states would be of other tokens.
    """
    own = [len(row) for row in framed(texts, longest, load_tokenizer(backbone_dir()))]
    if teacher.lengths(texts, longest) != own:
        return None
    tokens, width = sum(own), teacher.width
    with NamedTemporaryFile() as file:
        flat = torch.from_file(file.name, shared=True, size=tokens * width, dtype=torch.bfloat16)
    return flat.view(tokens, width)


def seconded(
    data: Prepared, experience: Tensor, stance: Tensor, share: float = TEACHER_SHARE
) -> Prepared:
    """Mix the teacher's word into labelled rows."""
    return replace(
        data,
        experience=torch.lerp(data.experience, experience, share),
        stance=torch.lerp(data.stance, stance, share),
    )
