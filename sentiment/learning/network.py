"""The network: MiniLM, a rating token, three poolings, two heads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from sentiment.scoring.text import RATING_ROWS
from storage.models import Experience, Stance

if TYPE_CHECKING:
    from transformers import BertModel

EXPERIENCES = tuple(Experience)
STANCES = tuple(Stance)
# What the rows of the rating embedding mean before training: the mean of these words' vectors.
RATING_WORDS = (
    "unknown", "terrible", "poor", "okay", "good", "excellent", "no", "yes",
)  # fmt: skip


class Dropout(nn.Module):
    """Dropout by a fit's own random numbers: torch's are shared by all that run at once."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self.generator: torch.Generator | None = None

    def forward(self, x: Tensor) -> Tensor:
        if not (self.training and self.share):
            return x
        kept = torch.rand(x.shape, generator=self.generator) >= self.share
        return x * kept / (1 - self.share)


class Head(nn.Module):
    """Logits (n, classes) from pooled features (n, width)."""

    def __init__(self, width: int, hidden: int, classes: int, dropout: float) -> None:
        super().__init__()
        self.drop = Dropout(dropout)
        self.inner = nn.Linear(width, hidden)
        self.outer = nn.Linear(hidden, classes)

    def forward(self, features: Tensor) -> Tensor:
        inner = nn.functional.gelu(self.inner(self.drop(features)))
        logits: Tensor = self.outer(self.drop(inner))
        return logits


class Network(nn.Module):
    """Read token ids with a rating token after [CLS]; give pooled features and logits."""

    def __init__(
        self,
        encoder: BertModel,
        hidden: int = 256,
        dropout: float = 0.1,
        extra: Sequence[int] = (),
    ) -> None:
        super().__init__()
        size: int = encoder.config.hidden_size
        self.encoder = encoder
        self.rating = nn.Embedding(RATING_ROWS, size)
        self.experience = Head(3 * size, hidden, len(EXPERIENCES), dropout)
        self.stance = Head(3 * size, hidden, len(STANCES), dropout)
        # Heads for the weak labels of a first training; they are thrown away after it.
        self.extra = nn.ModuleList(nn.Linear(3 * size, classes) for classes in extra)

    def states(
        self, ids: Tensor, mask: Tensor, rating: Tensor, second: Tensor | None = None
    ) -> Tensor:
        """Last states (n, tokens, 384) of `ids` and `mask` (n, tokens), fp32.

        `rating` (n,) is a position on the rating rows; the token at index 1 is replaced by it.
        `second` (n, tokens) is 1 for tokens of what the text answers, 0 for its own.
        """
        words = self.encoder.embeddings.word_embeddings(ids)
        low = rating.floor().long()
        share = (rating - low).unsqueeze(1)
        high = (low + 1).clamp(max=RATING_ROWS - 1)
        token = self.rating(low) * (1 - share) + self.rating(high) * share
        words = torch.cat([words[:, :1], token.unsqueeze(1).to(words.dtype), words[:, 2:]], 1)
        # Not every encoder tells its segments apart: those without types have a separator only.
        typed = second is not None and getattr(self.encoder.config, "type_vocab_size", 0) > 1
        more = {"token_type_ids": second} if typed else {}
        encoded = self.encoder(inputs_embeds=words, attention_mask=mask, **more)
        states: Tensor = encoded.last_hidden_state
        return states.float()

    @staticmethod
    def pooled(states: Tensor, mask: Tensor) -> Tensor:
        """Features (n, 3 * 384) of last states: [CLS], mean and maximum."""
        kept = mask.unsqueeze(2).bool()
        mean = (states * kept).sum(1) / kept.sum(1)
        top = states.masked_fill(~kept, -1e4).amax(1)
        return torch.cat([states[:, 0], mean, top], 1)

    def pool(
        self, ids: Tensor, mask: Tensor, rating: Tensor, second: Tensor | None = None
    ) -> Tensor:
        """Features (n, 3 * 384) of ids: of their first segment alone."""
        own = mask if second is None else mask * (1 - second)
        return self.pooled(self.states(ids, mask, rating, second), own)

    def forward(
        self, ids: Tensor, mask: Tensor, rating: Tensor, second: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        features = self.pool(ids, mask, rating, second)
        return self.experience(features), self.stance(features)
