"""Texts to token windows, windows to padded batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sentiment.scoring.text import Text, clean, joined, rating_position

if TYPE_CHECKING:
    from tokenizers import Encoding
    from torch import Tensor

# [CLS], the rating token and [SEP] frame every window.
FRAME = 3
WINDOW = 256
OVERLAP = 64
# The ending of a long text is read once more by itself: a complaint of two sentences is lost in a
# window that is full of the story before it.
ENDING = 80
# A text of so many windows (about 400,000 characters) is read at its beginning and its end only;
# the classifier logs it and is not sure of it.
MOST_WINDOWS = 512
# Word pieces of what a text answers that are read beside it, by weights that learnt to; and the
# characters that are tokenised of it, which are more.
CONTEXT, CONTEXT_READ = 48, 1000


class WordPieces(Protocol):
    """What tokenises: `tokenizers.Tokenizer`, or what normalises in its own way before it."""

    def encode_batch_fast(
        self, texts: Sequence[str], /, *, add_special_tokens: bool = True
    ) -> list[Encoding]: ...


@dataclass(frozen=True, slots=True)
class Special:
    """Ids of a vocabulary's special tokens; `first_word` is the lowest id of a real word piece."""

    cls: int
    sep: int
    pad: int
    mask: int
    first_word: int


# Of the packaged MiniLM's vocabulary.
SPECIAL = Special(cls=101, sep=102, pad=0, mask=103, first_word=1000)


@dataclass(frozen=True, slots=True)
class Window:
    """A framed piece of text `owner` (its index), with its rating position.

    The first `own` ids are the text's, its frame included; what it answers follows them.
    """

    owner: int
    ids: list[int]
    rating: float
    own: int


def frame(body: list[int], special: Special = SPECIAL, context: Sequence[int] = ()) -> list[int]:
    """Put the frame around word pieces; the mask holds the place of the rating token.

    Those of a context follow, as a segment of their own with its own end.
    """
    own = [special.cls, special.mask, *body, special.sep]
    return [*own, *context, special.sep] if context else own


def beside(body: list[int], context: list[int], most: int, window: int = WINDOW) -> list[int]:
    """Cut a context's word pieces to `most`, and to what a window has left beside the body."""
    return context[: max(0, min(most, window - FRAME - 1 - len(body)))]


def cut(body: list[int], window: int = WINDOW, overlap: int = OVERLAP) -> list[list[int]]:
    """Cut word pieces into overlapping pieces that fit a window; all tokens are in one.

    The ending is read twice: with what precedes it, and by itself.
    """
    size = window - FRAME
    if len(body) <= size:
        return [body]
    step = size - overlap
    starts = [*range(0, len(body) - size, step), len(body) - size]
    pieces = [body[start : start + size] for start in starts]
    return [*pieces, body[-min(ENDING, size) :]]


def word_pieces(tokenizer: WordPieces, texts: Sequence[str]) -> list[list[int]]:
    """Tokenise without the frame."""
    return [item.ids for item in tokenizer.encode_batch_fast(texts, add_special_tokens=False)]


def contexts(tokenizer: WordPieces, texts: Sequence[Text]) -> list[list[int]]:
    """Tokenise the beginnings of what the texts answer; none where that says nothing."""
    given = [index for index, text in enumerate(texts) if text.context]
    beginnings = [clean((texts[index].context or "")[:CONTEXT_READ]) for index in given]
    found: list[list[int]] = [[] for _ in texts]
    for index, pieces in zip(given, word_pieces(tokenizer, beginnings), strict=True):
        found[index] = pieces
    return found


def encode(
    tokenizer: WordPieces, texts: Sequence[Text], special: Special = SPECIAL, context: int = 0
) -> list[Window]:
    """Encode texts into windows, one or more each, in order.

    A text that one window holds has up to `context` word pieces of what it answers beside it.
    """
    windows = []
    bodies = word_pieces(tokenizer, [joined(text) for text in texts])
    answered = contexts(tokenizer, texts) if context else [[] for _ in texts]
    for owner, (text, body, other) in enumerate(zip(texts, bodies, answered, strict=True)):
        rating = rating_position(text.rating, text.rating_max)
        pieces = cut(body)
        if len(pieces) >= MOST_WINDOWS:
            pieces = pieces[: MOST_WINDOWS // 2] + pieces[-MOST_WINDOWS // 2 :]
        seen = beside(body, other, context) if len(pieces) == 1 else []
        for piece in pieces:
            ids = frame(piece, special, seen)
            windows.append(Window(owner, ids, rating, FRAME + len(piece)))
    return windows


def batches(lengths: Sequence[int], budget: int, most: int = 256) -> Iterator[list[int]]:
    """Group indices by length so that no batch has more than `budget` padded tokens."""
    order = sorted(range(len(lengths)), key=lambda index: lengths[index])
    batch: list[int] = []
    for index in order:
        if batch and (lengths[index] * (len(batch) + 1) > budget or len(batch) == most):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def padded(rows: Sequence[list[int]], pad: int = SPECIAL.pad) -> tuple[Tensor, Tensor]:
    """Pad id rows to the longest: ids and mask (n, tokens), both int64."""
    import torch

    longest = max(len(row) for row in rows)
    ids = torch.full((len(rows), longest), pad, dtype=torch.long)
    mask = torch.zeros((len(rows), longest), dtype=torch.long)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = torch.tensor(row)
        mask[index, : len(row)] = 1
    return ids, mask
