"""What the multilingual model learns from: labels, English ones among them, and weak labels."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sentiment.learning.labelled_files import Example, read_examples
from sentiment.learning.network import EXPERIENCES, STANCES
from sentiment.learning.training_rows import position, shorten
from sentiment.learning.unlabelled_texts import TASKS, choose
from sentiment.scoring.encoding import frame
from sentiment.scoring.multilingual_pieces import SPECIAL, MultilingualPieces
from sentiment.scoring.text import joined

# Tokens of a training text, frame and rating's place included.
LONGEST = 96
# Weak labels of the pool that are learnt beside the true ones, each through a throw-away head.
WEAK_TASKS = ("stars", "polarity")
WEAK_CLASSES = tuple(TASKS[task] for task in WEAK_TASKS)
# Pool texts a data set, and the longest in characters: long ones cost most and tell least.
MOST_OF_POOL = 170
LONGEST_OF_POOL = 220
# English labels: so many of reviews, of talk; the shortest say most a token.
ENGLISH, TALK = 9000, 1600
LONGEST_ENGLISH = 260
NO_CLASS = -100


@dataclass(frozen=True, slots=True)
class Row:
    """One text to learn: token ids, the rating's position, its classes (-100: none is known).

    `smoothing` is how much of the target is spread over all classes; `repeats` is how often the
    row is met in an epoch. `guess` are probabilities of both heads that an earlier fit gave.
    """

    ids: list[int]
    rating: float
    experience: int = NO_CLASS
    stance: int = NO_CLASS
    weak: tuple[int, ...] = (NO_CLASS,) * len(WEAK_TASKS)
    smoothing: float = 0.0
    repeats: int = 1
    guess: tuple[tuple[float, ...], tuple[float, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Sources:
    """Files to learn from: labels of other languages, English labels, talk, the weak pool."""

    languages: Sequence[Path]
    english: Sequence[Path] = ()
    talk: Sequence[Path] = ()
    pool: Path | None = None


def rows_of(
    sources: Sources,
    pieces: MultilingualPieces,
    unseen: Collection[Example],
    seed: int = 1,
) -> list[Row]:
    """Read and tokenise what is learnt: nothing whose text is among the `unseen`."""
    rng = random.Random(seed)
    hidden = {example.text.text for example in unseen}
    languages = [one for one in _read(sources.languages) if one.text.text not in hidden]
    english = _short(_read(sources.english))
    talk = _short(_read(sources.talk))
    rows = _labelled(languages, pieces, repeats=3)
    rows += _labelled(_some(english, ENGLISH, rng), pieces)
    rows += _labelled(_some(talk, TALK, rng), pieces)
    if sources.pool is not None:
        texts = choose(sources.pool, most=MOST_OF_POOL, longest=LONGEST_OF_POOL, seed=seed)
        texts = [one for one in texts if one.text.text not in hidden]
        ids = framed([joined(one.text) for one in texts], pieces)
        for one, row in zip(texts, ids, strict=True):
            weak = tuple(one.labels.get(task, NO_CLASS) for task in WEAK_TASKS)
            # The stars are what is to be guessed: they are not shown.
            rows.append(Row(row, 0.0, weak=weak))
    return rows


def told_by(weak: Sequence[int]) -> float:
    """Place a weak label on the rows of ratings: its stars, or a thumb; neutral is three stars."""
    stars, polarity = weak
    if stars != NO_CLASS:
        return float(stars + 1)
    return {0: 6.0, 1: 3.0, 2: 7.0}.get(polarity, 0.0)


def framed(texts: Sequence[str], pieces: MultilingualPieces) -> list[list[int]]:
    """Tokenise texts into one framed row each, shortened where it must be."""
    found = pieces.encode_batch_fast(texts)
    return [frame(shorten(one.ids, LONGEST), SPECIAL) for one in found]


def _labelled(
    examples: Sequence[Example], pieces: MultilingualPieces, repeats: int = 1
) -> list[Row]:
    ids = framed([joined(example.text) for example in examples], pieces)
    return [
        Row(
            row,
            position(example.text, example.recommended),
            EXPERIENCES.index(example.experience),
            STANCES.index(example.stance),
            smoothing=0.03 if example.sure else 0.15,
            repeats=repeats,
        )
        for row, example in zip(ids, examples, strict=True)
    ]


def _read(files: Iterable[Path]) -> list[Example]:
    return [example for file in files for example in read_examples(file)]


def _short(examples: Sequence[Example]) -> list[Example]:
    return [one for one in examples if len(joined(one.text)) <= LONGEST_ENGLISH]


def _some(examples: Sequence[Example], most: int, rng: random.Random) -> list[Example]:
    """Take a part in which rare stances are as many as they can be."""
    rare = [one for one in examples if one.stance != "neither"]
    rest = [one for one in examples if one.stance == "neither"]
    rng.shuffle(rare)
    rng.shuffle(rest)
    taken = rare[: most // 3]
    return [*taken, *rest[: most - len(taken)]]
