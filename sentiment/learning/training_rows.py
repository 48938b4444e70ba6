"""Rows that a network is trained on: token ids, rating, and the probabilities to learn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from sentiment.learning.labelled_files import Example
from sentiment.learning.network import EXPERIENCES, STANCES
from sentiment.learning.recipes import Recipe
from sentiment.scoring.backbone import backbone_dir, load_tokenizer
from sentiment.scoring.encoding import (
    CONTEXT,
    FRAME,
    SPECIAL,
    Special,
    beside,
    contexts,
    frame,
    word_pieces,
)
from sentiment.scoring.text import Text, joined, rating_position

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@dataclass(frozen=True, slots=True)
class States:
    """A teacher's last states of the tokens of texts, text after text: (tokens, width) in bf16.

    The student is held to them less `mean`, over `deviation` (width,).
    """

    values: Tensor
    mean: Tensor
    deviation: Tensor

    def take(self, spans: Iterable[tuple[int, int]]) -> Tensor:
        """Give those of spans (start, size) one under the other, scaled, fp32."""
        parts = [self.values[start : start + size].float() for start, size in spans]
        return (torch.cat(parts) - self.mean) / self.deviation


@dataclass(slots=True)
class Prepared:
    """Tokenised training rows with the probabilities that each is to get.

    `experience` (n, 4) and `stance` (n, 3) are probabilities times the classes' weights; `weight`
    (n,) is the row's own. `start` (n,) is where a teacher's `states` of a row's tokens begin, -1
    for a row without them. `answered` are word pieces of what a row's text answers, if known.
    """

    ids: list[list[int]]
    rating: Tensor
    experience: Tensor
    stance: Tensor
    weight: Tensor
    start: Tensor
    answered: list[list[int]]
    states: States | None = None
    special: Special = SPECIAL

    def __add__(self, other: Prepared) -> Prepared:
        """Join rows of one vocabulary; not two with a teacher's states."""
        if self.states is not None and other.states is not None:
            raise ValueError("both have states")
        return Prepared(
            self.ids + other.ids,
            torch.cat([self.rating, other.rating]),
            torch.cat([self.experience, other.experience]),
            torch.cat([self.stance, other.stance]),
            torch.cat([self.weight, other.weight]),
            torch.cat([self.start, other.start]),
            self.answered + other.answered,
            self.states or other.states,
            self.special,
        )

    def first(self, count: int) -> Prepared:
        """Take the first rows."""
        return Prepared(
            self.ids[:count],
            self.rating[:count],
            self.experience[:count],
            self.stance[:count],
            self.weight[:count],
            self.start[:count],
            self.answered[:count],
            self.states,
            self.special,
        )


def shorten(body: list[int], longest: int) -> list[int]:
    """Keep the beginning and, with more room, the end of a long training text."""
    size = longest - FRAME
    if len(body) <= size:
        return body
    head = size * 2 // 5
    return body[:head] + body[len(body) - (size - head) :]


def framed(
    texts: Sequence[str], longest: int, tokenizer: Tokenizer, special: Special = SPECIAL
) -> list[list[int]]:
    """Tokenise texts into one framed row each, shortened where it must be."""
    return [frame(shorten(body, longest), special) for body in word_pieces(tokenizer, list(texts))]


def answered(
    texts: Sequence[Text], rows: Sequence[list[int]], tokenizer: Tokenizer
) -> list[list[int]]:
    """Tokenise what texts answer, as much as scoring would read beside their framed rows."""
    found = contexts(tokenizer, texts)
    return [beside(row[FRAME:], pieces, CONTEXT) for row, pieces in zip(rows, found, strict=True)]


def with_contexts(
    data: Prepared, batch: Sequence[int], shown: Sequence[bool]
) -> tuple[list[list[int]], list[int]]:
    """Give a batch's rows, with what they answer where it is `shown`, and their own sizes."""
    rows = [
        [*data.ids[index], *data.answered[index], data.special.sep]
        if show and data.answered[index]
        else data.ids[index]
        for index, show in zip(batch, shown, strict=True)
    ]
    return rows, [len(data.ids[index]) for index in batch]


def position(text: Text, recommended: bool | None) -> float:
    """Place a rating, or what is recommended, on the rows of the rating embedding."""
    value = rating_position(text.rating, text.rating_max)
    if value == 0 and recommended is not None:
        return 7.0 if recommended else 6.0
    return value


def prepare(examples: Sequence[Example], recipe: Recipe) -> Prepared:
    """Tokenise for the packaged backbone and turn labels into weighted targets."""
    texts = [joined(example.text) for example in examples]
    tokenizer = load_tokenizer(backbone_dir())
    ids = framed(texts, recipe.longest, tokenizer)
    others = answered([example.text for example in examples], ids, tokenizer)
    return labelled(ids, examples, recipe, others)


def labelled(
    ids: list[list[int]],
    examples: Sequence[Example],
    recipe: Recipe,
    others: list[list[int]],
    special: Special = SPECIAL,
) -> Prepared:
    """Join rows that are tokenised with their examples' smoothed, class-weighted labels.

    `others` are word pieces of what each answers.
    """
    experience = torch.tensor([EXPERIENCES.index(example.experience) for example in examples])
    stance = torch.tensor([STANCES.index(example.stance) for example in examples])
    smoothing = torch.tensor(
        [recipe.smoothing if example.sure else recipe.unsure_smoothing for example in examples]
    )

    def targets(labels: Tensor, classes: int) -> Tensor:
        weights = class_weights(labels, classes, recipe.class_power)
        return soft(labels, classes, smoothing) * weights

    return Prepared(
        ids=ids,
        rating=torch.tensor([position(example.text, example.recommended) for example in examples]),
        experience=targets(experience, len(EXPERIENCES)),
        stance=targets(stance, len(STANCES)),
        weight=torch.tensor([example.weight for example in examples]),
        start=torch.full((len(ids),), -1),
        answered=others,
        special=special,
    )


def soft(labels: Tensor, classes: int, smoothing: Tensor) -> Tensor:
    """Targets (n, classes) with each row's own smoothing."""
    one = nn.functional.one_hot(labels, classes).float()
    return one * (1 - smoothing.unsqueeze(1)) + smoothing.unsqueeze(1) / classes


def class_weights(labels: Tensor, classes: int, power: float) -> Tensor:
    """Weights that grow with a class's rarity; they average 1 over the rows."""
    counts = torch.bincount(labels, minlength=classes).clamp(min=1).float()
    weights = counts.pow(-power)
    return weights / (weights * counts).sum() * counts.sum()
