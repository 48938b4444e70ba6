"""The trained part of the multilingual network: upper layers, the rating's vector, heads."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from sentiment.learning.network import EXPERIENCES, STANCES, Head, Network
from sentiment.scoring.attention import HEADS
from sentiment.scoring.forward_pass import EPSILON
from sentiment.scoring.multilingual_adapter import RATING_LAYER
from sentiment.scoring.text import RATING_ROWS

HIDDEN = 256
_JOINT = ("attention.self.query", "attention.self.key", "attention.self.value")
_ONES = {
    "out": "attention.output.dense", "norm_1": "attention.output.LayerNorm",
    "up": "intermediate.dense", "down": "output.dense", "norm_2": "output.LayerNorm",
}  # fmt: skip


class UpperLayer(nn.Module):
    """One encoder layer over states (n, tokens, width); query, key and value are one matrix."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm_1 = nn.LayerNorm(width, EPSILON)
        self.up = nn.Linear(width, inner)
        self.down = nn.Linear(inner, width)
        self.norm_2 = nn.LayerNorm(width, EPSILON)

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        n, length, width = x.shape
        heads = self.qkv(x).view(n, length, 3, HEADS, width // HEADS)
        query, key, value = heads.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=seen)
        x = self.norm_1(x + self.out(mixed.transpose(1, 2).reshape(n, length, width)))
        result: Tensor = self.norm_2(x + self.down(functional.gelu(self.up(x))))
        return result

    def take(self, state: Mapping[str, Tensor], base: str) -> None:
        """Begin at the tensors of a state, named as in BERT."""
        own = {f"{part}.{kind}": state[f"{base}.{name}.{kind}"]
               for part, name in _ONES.items() for kind in ("weight", "bias")}  # fmt: skip
        for kind in ("weight", "bias"):
            own[f"qkv.{kind}"] = torch.cat([state[f"{base}.{name}.{kind}"] for name in _JOINT])
        self.load_state_dict(own)

    def give(self, base: str) -> dict[str, Tensor]:
        """Give the tensors, named as in BERT."""
        own = self.state_dict()
        result = {
            f"{base}.{name}.{kind}": own[f"{part}.{kind}"]
            for part, name in _ONES.items()
            for kind in ("weight", "bias")
        }
        for kind in ("weight", "bias"):
            for name, tensor in zip(_JOINT, own[f"qkv.{kind}"].chunk(3), strict=True):
                result[f"{base}.{name}.{kind}"] = tensor
        return result


class UpperNetwork(nn.Module):
    """From states of the lower layers to logits; the rating is added to the token at index 1."""

    def __init__(self, state: Mapping[str, Tensor], lower: int) -> None:
        """Begin at a state, named as in `Network`, above its `lower` first layers."""
        super().__init__()
        depth = sum(name.endswith("attention.self.query.bias") for name in state)
        width = len(state["encoder.embeddings.LayerNorm.bias"])
        inner = len(state[f"encoder.encoder.layer.{lower}.intermediate.dense.bias"])
        self.numbers = list(range(lower, depth))
        self.layers = nn.ModuleList(UpperLayer(width, inner) for _ in self.numbers)
        for number, layer in zip(self.numbers, self._own(), strict=True):
            layer.take(state, f"encoder.encoder.layer.{number}")
        self.rating = nn.Embedding(RATING_ROWS, width)
        nn.init.normal_(self.rating.weight, std=0.02)
        self.experience = Head(3 * width, HIDDEN, len(EXPERIENCES), 0.0)
        self.stance = Head(3 * width, HIDDEN, len(STANCES), 0.0)
        # What has been trained already.
        fresh = {name: tensor for name, tensor in state.items() if name in self.state_dict()}
        self.load_state_dict(fresh, strict=False)

    def _own(self) -> list[UpperLayer]:
        return [layer for layer in self.layers if isinstance(layer, UpperLayer)]

    def features(self, x: Tensor, mask: Tensor, rating: Tensor) -> Tensor:
        """Pooled features (n, 3 * width), fp32, of lower states (n, tokens, width).

        `mask` (n, tokens) tells which tokens are read, `rating` (n,) is a position on the rows.
        """
        low = rating.floor().long()
        share = (rating - low).unsqueeze(1)
        high = (low + 1).clamp(max=RATING_ROWS - 1)
        token = self.rating(low) * (1 - share) + self.rating(high) * share
        seen = mask.view(len(mask), 1, 1, -1)
        for number, layer in zip(self.numbers, self.layers, strict=True):
            if number == RATING_LAYER:
                x = torch.cat([x[:, :1], x[:, 1:2] + token.unsqueeze(1).to(x.dtype), x[:, 2:]], 1)
            x = layer(x, seen)
        return Network.pooled(x.float(), mask)

    def trained(self) -> dict[str, Tensor]:
        """Give what ships, by the names of the scoring network's state."""
        result: dict[str, Tensor] = {}
        for number, layer in zip(self.numbers, self._own(), strict=True):
            result |= layer.give(f"encoder.encoder.layer.{number}")
        for name, tensor in self.state_dict().items():
            if not name.startswith("layers."):
                result[name] = tensor
        return {name: tensor.detach() for name, tensor in result.items()}
