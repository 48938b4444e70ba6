"""Rows for the student: pool texts as a teacher scored them, and labels mixed with its scores."""

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

from sentiment.learning.recipes import Recipe
from sentiment.learning.text_changes import misspelt, proper_names, renamed
from sentiment.learning.training_rows import Prepared, States, answered, framed, position
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
# How much of a labelled text's target are the teacher's probabilities.
TEACHER_SHARE = 0.4
# Shares of the pool texts that the student sees under other names, and with slips.
RENAMED, MISSPELT = 0.3, 0.15
# Mean and deviation are taken from so many of the teacher's states.
_SAMPLE = 50_000


@dataclass(frozen=True, slots=True)
class TeacherScores:
    """Texts with their rating positions, and a teacher's probabilities: (n, 4) and (n, 3).

    `states` (tokens, width) are its last states, text after text, where it has the student's word
    pieces. `contexts` are what the texts answer, None where that is not known.
    """

    texts: Sequence[str]
    ratings: Sequence[float]
    experience: Tensor
    stance: Tensor
    states: Tensor | None = None
    contexts: Sequence[str | None] | None = None


def sentences(rows: Sequence[PoolText], seed: int) -> list[PoolText]:
    """Cut texts into bare sentences, one to three in a row, as posts come: no title, no rating.

    At most five runs of a text and 55,000 in all, of 12 to 300 characters, in random order, none
    twice. That is where a small student is furthest from its teacher.
    """
    rng = random.Random(seed)
    runs: set[str] = set()
    for row in rows:
        parts = [part.strip() for part in _ENDS.split(joined(row.text)) if part.strip()]
        of_one = []
        while parts:
            count = rng.choices(list(_IN_A_ROW), list(_IN_A_ROW.values()))[0]
            run, parts = " ".join(parts[:count]), parts[count:]
            if _LEAST <= len(run) <= LONGEST:
                of_one.append(run)
        runs.update(rng.sample(of_one, min(_OF_ONE, len(of_one))))
    chosen = rng.sample(sorted(runs), min(SENTENCES, len(runs)))
    return [PoolText(Text(run), None, {}) for run in chosen]


def readable(rows: Sequence[PoolText]) -> tuple[list[str], list[float]]:
    """Give the texts as a network reads them, and their rating positions."""
    return (
        [joined(row.text) for row in rows],
        [position(row.text, row.recommended) for row in rows],
    )


def lesson(scores: TeacherScores, recipe: Recipe) -> Prepared:
    """Make training rows of texts that only the teacher scored; some are changed on the way."""
    rng = random.Random(recipe.seed)
    names = proper_names(scores.texts)
    texts = []
    for text in scores.texts:
        if rng.random() < RENAMED:
            text = renamed(text, names, rng)
        if rng.random() < MISSPELT:
            text = misspelt(text, rng)
        texts.append(text)
    tokenizer = load_tokenizer(backbone_dir())
    ids = framed(texts, recipe.longest, tokenizer)
    contexts = scores.contexts or [None] * len(texts)
    known = [Text(text, context=other) for text, other in zip(texts, contexts, strict=True)]
    return Prepared(
        ids=ids,
        rating=torch.tensor(scores.ratings),
        experience=scores.experience,
        stance=scores.stance,
        weight=torch.ones(len(texts)),
        start=_starts(scores, texts, recipe.longest),
        answered=answered(known, ids, tokenizer),
        states=_scaled(scores.states),
    )


def _starts(scores: TeacherScores, shown: Sequence[str], longest: int) -> Tensor:
    """Say where the teacher's states of each text begin: -1 if the student sees it changed."""
    if scores.states is None:
        return torch.full((len(shown),), -1)
    rows = framed(scores.texts, longest, load_tokenizer(backbone_dir()))
    ends = accumulate(len(row) for row in rows)
    return torch.tensor(
        [
            end - len(row) if text == before else -1
            for row, end, text, before in zip(rows, ends, shown, scores.texts, strict=True)
        ]
    )


def _scaled(values: Tensor | None) -> States | None:
    if values is None:
        return None
    some = values[:: 1 + len(values) // _SAMPLE].float()
    return States(values, some.mean(0), some.std(0).clamp(min=1e-3))


def room_for_states(teacher: Teacher, texts: Sequence[str], longest: int) -> Tensor | None:
    """Make room (tokens, width) for the teacher's states, on a file that goes when it does.

    None where the teacher's word pieces are not the student's, as the texts' lengths show: its
    states would be of other tokens.
    """
    own = [len(row) for row in framed(texts, longest, load_tokenizer(backbone_dir()))]
    if teacher.lengths(texts, longest) != own:
        return None
    tokens, width = sum(own), teacher.width
    with NamedTemporaryFile() as file:
        flat = torch.from_file(file.name, shared=True, size=tokens * width, dtype=torch.bfloat16)
    return flat.view(tokens, width)


def mixed_with_scores(
    data: Prepared, experience: Tensor, stance: Tensor, share: float = TEACHER_SHARE
) -> Prepared:
    """Mix the teacher's probabilities into the targets of labelled rows."""
    return replace(
        data,
        experience=torch.lerp(data.experience, experience, share),
        stance=torch.lerp(data.stance, stance, share),
    )
