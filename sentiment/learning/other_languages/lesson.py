"""What the multilingual model learns from: labels, English ones among them."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sentiment.learning.labelled_files import Example, read_examples
from sentiment.learning.network import EXPERIENCES, STANCES
from sentiment.learning.training_rows import position, shorten
from sentiment.learning.written import written_languages
from sentiment.scoring.encoding import frame
from sentiment.scoring.multilingual_pieces import SPECIAL, MultilingualPieces
from sentiment.scoring.text import joined

# Tokens of a training text, frame and rating's place included.
LONGEST = 96
# English labels: so many of reviews, of talk; the shortest say most a token.
ENGLISH, TALK = 3000, 3000
LONGEST_ENGLISH = 260
# The last steps meet the made-up texts and so many others.
LAST_FOREIGN, LAST_ENGLISH = 2600, 400


@dataclass(frozen=True, slots=True)
class Row:
    """One text to learn: token ids, the rating's position, its classes.

    `smoothing` is how much of the target is spread over all classes. `made_up` texts are this
    package's own; `foreign` ones are of the languages that are learnt, English ones are not.
    """

    ids: list[int]
    rating: float
    experience: int
    stance: int
    smoothing: float = 0.0
    made_up: bool = False
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Sources:
    """Files to learn from: labels of other languages, English labels, English talk."""

    languages: Sequence[Path]
    english: Sequence[Path] = ()
    talk: Sequence[Path] = ()


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
    english, talk = _some(english, ENGLISH, rng), _some(talk, TALK, rng)
    foreign = [*languages, *written_languages()]
    rows = _labelled([*foreign, *english, *talk], pieces)
    return [
        replace(row, foreign=place < len(foreign), made_up=len(languages) <= place < len(foreign))
        for place, row in enumerate(rows)
    ]


def last_rows(rows: Sequence[Row], seed: int) -> list[int]:
    """Choose what the last steps meet, by place: made-up texts, and a part that holds the rest."""
    rng = random.Random(seed)
    chosen = [place for place, row in enumerate(rows) if row.made_up]
    for foreign, most in ((True, LAST_FOREIGN), (False, LAST_ENGLISH)):
        kind = [
            place for place, row in enumerate(rows) if row.foreign is foreign and not row.made_up
        ]
        chosen += rng.sample(kind, min(most, len(kind)))
    return chosen


def framed(texts: Sequence[str], pieces: MultilingualPieces) -> list[list[int]]:
    """Tokenise texts into one framed row each, shortened where it must be."""
    found = pieces.encode_batch_fast(texts)
    return [frame(shorten(one.ids, LONGEST), SPECIAL) for one in found]


def _labelled(examples: Sequence[Example], pieces: MultilingualPieces) -> list[Row]:
    ids = framed([joined(example.text) for example in examples], pieces)
    return [
        Row(
            row,
            position(example.text, example.recommended),
            EXPERIENCES.index(example.experience),
            STANCES.index(example.stance),
            smoothing=0.03 if example.sure else 0.15,
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
