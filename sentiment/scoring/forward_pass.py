"""The network's forward pass for scoring: torch alone, so that a cold start is short.

`network.Network` (on transformers' BertModel) is what training runs; a test holds this to it.
Importing transformers would take longer than all the rest of a cold start together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from sentiment.scoring.attention import HEADS, attend
from sentiment.scoring.encoding import padded
from sentiment.scoring.matmul import Product, dtype_of, product
from sentiment.scoring.number_choice import Way

EPSILON = 1e-12
# Padded tokens a batch. On a CPU what lies between two products should stay in the caches: on two
# cores batches of 4,096 were a seventh slower. A GPU wants to be filled.
_TOKENS_A_THREAD = 512
_TOKENS_ON_CUDA = 65_536
# Tokens are filled up to a multiple of this: as in attention, every new shape costs memory.
_STEP = 32


@dataclass(frozen=True, slots=True)
class Layer:
    """One encoder layer; query, key and value are one matrix, `up` ends in GELU."""

    qkv: Product
    out: Product
    norm_1: tuple[Tensor, Tensor]
    up: Product
    down: Product
    norm_2: tuple[Tensor, Tensor]


class Table(nn.Module):
    """An embedding table as it is."""

    def __init__(self, rows: Tensor) -> None:
        super().__init__()
        self.register_buffer("rows", rows, persistent=False)

    def forward(self, ids: Tensor) -> Tensor:
        return functional.embedding(ids, self.get_buffer("rows"))


class Encoder:
    """The layers of a MiniLM, which multiply in one way on one device."""

    def __init__(
        self,
        state: Mapping[str, Tensor],
        way: Way = Way.PLAIN,
        device: str = "cpu",
        words: nn.Module | None = None,
    ) -> None:
        """`words` looks ids up where the embedding table is not a tensor of the state."""
        self.way = way
        self.dtype = dtype_of(way.kind)
        self.device = device
        self.budget = token_budget(device)

        def pair(name: str) -> tuple[Tensor, Tensor]:
            return self._move(state[f"{name}.weight"]), self._move(state[f"{name}.bias"])

        def matrix(name: str, *, gelu: bool = False) -> Product:
            weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
            return product(way, weight, bias, device, gelu=gelu)

        def joint(base: str) -> Product:
            parts = [f"{base}.{part}" for part in ("query", "key", "value")]
            weight = torch.cat([state[f"{part}.weight"] for part in parts])
            bias = torch.cat([state[f"{part}.bias"] for part in parts])
            # Queries come out scaled, so that attention need not do it.
            size = len(weight) // 3
            scale = torch.ones(len(weight))
            scale[:size] = (size // HEADS) ** -0.5
            return product(way, weight * scale.unsqueeze(1), bias * scale, device)

        base = "encoder.embeddings"
        self.words = (
            Table(self._move(state[f"{base}.word_embeddings.weight"]))
            if words is None
            else words.to(device)
        )
        position = state[f"{base}.position_embeddings.weight"]
        types = state[f"{base}.token_type_embeddings.weight"]
        self.position = self._move(position + types[0])
        # A backbone of one segment has one type.
        self.second = self._move(types[-1] - types[0])
        self.norm = pair(f"{base}.LayerNorm")
        self.layers: list[Layer] = []
        depth = sum(name.endswith("attention.self.query.bias") for name in state)
        for number in range(depth):
            base = f"encoder.encoder.layer.{number}"
            self.layers.append(
                Layer(
                    qkv=joint(f"{base}.attention.self"),
                    out=matrix(f"{base}.attention.output.dense"),
                    norm_1=pair(f"{base}.attention.output.LayerNorm"),
                    up=matrix(f"{base}.intermediate.dense", gelu=True),
                    down=matrix(f"{base}.output.dense"),
                    norm_2=pair(f"{base}.output.LayerNorm"),
                )
            )

    def _move(self, tensor: Tensor) -> Tensor:
        return tensor.to(self.device, self.dtype).contiguous()

    def embedded(self, ids: Tensor) -> Tensor:
        """Vectors (n, tokens, 384) of ids (n, tokens), before any layer and any position."""
        vectors: Tensor = self.words(ids)
        return vectors.to(self.dtype)

    def states(
        self,
        x: Tensor,
        seen: Tensor | None,
        joins: tuple[int, Tensor] | None = None,
        second: Tensor | None = None,
    ) -> Tensor:
        """Last states of embedded tokens (n, tokens, 384); `seen` (n, 1, 1, tokens) hides pads.

        What `joins` before a layer (its number, vectors (n, 384)) is added to the second token.
        `second` (n, tokens) marks tokens of the second segment, if there are any.
        """
        n, length, _ = x.shape
        x = x + self.position[:length]
        if second is not None:
            x += second.unsqueeze(2) * self.second
        x = x.view(n * length, -1)
        x = self._normed(functional.pad(x, (0, 0, 0, -len(x) % _STEP)), self.norm)
        for number, layer in enumerate(self.layers):
            if joins is not None and number == joins[0]:
                x[1 : n * length : length] += joins[1]
            x = self._normed(x + layer.out(attend(layer.qkv(x), n, length, seen)), layer.norm_1)
            x = self._normed(x + layer.down(layer.up(x)), layer.norm_2)
        return x[: n * length].view(n, length, -1)

    @staticmethod
    def _normed(x: Tensor, norm: tuple[Tensor, Tensor]) -> Tensor:
        return functional.layer_norm(x, (x.shape[-1],), norm[0], norm[1], EPSILON)


class Runtime(Encoder):
    """Run windows through merged weights: the layers, the rating's token, and the heads."""

    def __init__(
        self,
        state: Mapping[str, Tensor],
        way: Way = Way.PLAIN,
        device: str = "cpu",
        words: nn.Module | None = None,
        rating_layer: int = 0,
    ) -> None:
        """The rating takes the place of the second token, or joins it before `rating_layer`."""
        super().__init__(state, way, device, words)
        self.rating_layer = rating_layer
        # The rating and the heads are small: fp32 costs nothing there.
        rest = {name: value for name, value in state.items() if not name.startswith("encoder.")}
        self.rating = rest["rating.weight"].float().to(device)
        self.heads = {
            head: [
                rest[f"{head}.{part}"].float().to(device)
                for part in ("inner.weight", "inner.bias", "outer.weight", "outer.bias")
            ]
            for head in ("experience", "stance")
        }

    def scores(
        self,
        rows: Sequence[list[int]],
        ratings: Sequence[float],
        own: Sequence[int] | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Logits of experience (n, 4) and stance (n, 3) of framed id rows, fp32."""
        return self.logits(self.features(rows, ratings, own))

    def features(
        self,
        rows: Sequence[list[int]],
        ratings: Sequence[float],
        own: Sequence[int] | None = None,
    ) -> Tensor:
        """Pooled features (n, 3 * 384) of framed id rows: [CLS], mean and maximum, fp32.

        The first `own` ids of each row are pooled (all of them where it is not given); the others
        are a second segment that they attend to.
        """
        ids, mask = padded(rows)
        ids, mask = ids.to(self.device), mask.to(self.device)
        rating = torch.tensor(ratings, device=self.device)
        # Without padding, attention takes a faster way that knows no mask.
        seen = None if bool(mask.all()) else mask.bool().view(len(mask), 1, 1, -1)
        second = None
        if own is not None and any(len(row) > size for row, size in zip(rows, own, strict=True)):
            places = torch.arange(ids.shape[1], device=self.device)
            inside = places < torch.tensor(own, device=self.device).unsqueeze(1)
            second = (mask.bool() & ~inside).to(self.dtype)
            mask = mask * inside
        states = self.encode(ids, seen, rating, second).float()
        kept = mask.unsqueeze(2)
        mean = (states * kept).sum(1) / kept.sum(1)
        top = states.masked_fill(kept == 0, -1e4).amax(1)
        return torch.cat([states[:, 0], mean, top], 1)

    def logits(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of experience (n, 4) and stance (n, 3)."""
        result = []
        for inner, inner_bias, outer, outer_bias in self.heads.values():
            hidden = functional.gelu(functional.linear(features, inner, inner_bias))
            result.append(functional.linear(hidden, outer, outer_bias))
        return result[0], result[1]

    def encode(
        self, ids: Tensor, seen: Tensor | None, rating: Tensor, second: Tensor | None = None
    ) -> Tensor:
        """Last states (n, tokens, 384) of ids (n, tokens); `seen` (n, 1, 1, tokens) hides pads.

        `second` (n, tokens) marks the second segment.
        """
        x = self.embedded(ids)
        low = rating.floor().long()
        share = (rating - low).unsqueeze(1)
        high = (low + 1).clamp(max=len(self.rating) - 1)
        token = (self.rating[low] * (1 - share) + self.rating[high] * share).to(self.dtype)
        if self.rating_layer:
            return self.states(x, seen, (self.rating_layer, token), second)
        x[:, 1] = token
        return self.states(x, seen, second=second)


def token_budget(device: str) -> int:
    """Padded tokens that a batch should have at most on a device."""
    return _TOKENS_ON_CUDA if device == "cuda" else _TOKENS_A_THREAD * torch.get_num_threads()
