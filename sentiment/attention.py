"""Attention among the tokens of each window."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

HEADS = 12
_LIMIT = 64.0


def attend(qkv: Tensor, seen: Tensor | None) -> Tensor:
    """Mixed values (n, tokens, size) of `qkv` (n, tokens, 3 * size), queries already scaled.

    `seen` (n, 1, 1, tokens) hides pads; None where there are none.
    """
    n, length, size = qkv.shape[0], qkv.shape[1], qkv.shape[2] // 3
    heads = qkv.view(n, length, 3, HEADS, size // HEADS).permute(2, 0, 3, 1, 4)
    query, key, value = heads.unbind(0)
    if qkv.dtype is torch.bfloat16 and qkv.device.type == "cpu":
        mixed = _by_products(query, key, value, seen)
    else:
        mixed = functional.scaled_dot_product_attention(
            query, key, value, attn_mask=seen, scale=1.0
        )
    return mixed.transpose(1, 2).reshape(n, length, size)


def _by_products(query: Tensor, key: Tensor, value: Tensor, seen: Tensor | None) -> Tensor:
    """The same in plain products: torch's fused kernel is half as fast for heads of 32.

    A pad weighs nothing as its value and its share of the sum are zero, which costs less than to
    hide its score; dividing the mixed values costs less than dividing the weights. Weights are not
    taken relative to the largest, which would cost a pass: real scores stay far from the limit,
    and at the limit all is finite yet (256 * e^64 times a value of a million).
    """
    if seen is None:
        kept = value.new_ones(1, 1, value.shape[2], 1)
    else:
        kept = seen.transpose(2, 3).to(value.dtype)
        value = value * kept
    weights = (query @ key.transpose(2, 3)).clamp_(-_LIMIT, _LIMIT).exp_()
    return (weights @ value).div_(weights @ kept)
