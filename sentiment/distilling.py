"""Rows for the student: pool texts as a teacher judged them, and labels seconded by it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from sentiment.backbone import backbone_dir, load_tokenizer
from sentiment.fitting import Prepared, Recipe, framed, position
from sentiment.noise import misspelt, proper_names, renamed
from sentiment.pool import PoolText
from sentiment.text import joined

# Pool texts a data set, and the longest in characters.
MOST = 1500
LONGEST = 450
# How much of a labelled text's target is the teacher's word.
TEACHER_SHARE = 0.4
# Shares of the pool texts that the student sees under other names, and with slips.
RENAMED, MISSPELT = 0.3, 0.15


@dataclass(frozen=True, slots=True)
class Judged:
    """Texts with their rating positions, and what a teacher makes of them: (n, 4) and (n, 3)."""

    texts: Sequence[str]
    ratings: Sequence[float]
    experience: Tensor
    stance: Tensor


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
    )


def seconded(
    data: Prepared, experience: Tensor, stance: Tensor, share: float = TEACHER_SHARE
) -> Prepared:
    """Mix the teacher's word into labelled rows."""
    return replace(
        data,
        experience=torch.lerp(data.experience, experience, share),
        stance=torch.lerp(data.stance, stance, share),
    )
