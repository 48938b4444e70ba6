"""Attention among the tokens of each window."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

HEADS = 12
# In 1,500 real texts the largest score of a token lay between -2 and 79; `exp` holds up to 88.
# Values are made smaller by a power of two, which rounds nothing and cancels out, so that their
# sums fit too.
_LEAST, _MOST, _SMALLER = -64.0, 88.0, 2.0**-20
# Windows are widened to a multiple of this many tokens: oneDNN makes code for every new shape of a
# product and never lets go of it, some 2 MB for each length of a window.
_STEP = 16


def attend(qkv: Tensor, n: int, length: int, seen: Tensor | None) -> Tensor:
    """Mixed values (rows, size) of `qkv` (rows, 3 * size), queries already scaled.

    The first n * length rows are the tokens of n windows, the others are ignored and come out as
    zeros. `seen` (n, 1, 1, length) hides pads; None where there are none.
    """
    rows, size = len(qkv), qkv.shape[1] // 3
    heads = qkv[: n * length].view(n, length, 3, HEADS, size // HEADS)
    if qkv.dtype is torch.bfloat16 and qkv.device.type == "cpu":
        mixed = _by_products(heads, seen)
    else:
        query, key, value = heads.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = functional.scaled_dot_product_attention(
            query, key, value, attn_mask=seen, scale=1.0
        )
    result = qkv.new_zeros(rows, size)
    result[: n * length].view(n, length, HEADS, -1).copy_(mixed.transpose(1, 2))
    return result


def _by_products(heads: Tensor, seen: Tensor | None) -> Tensor:
    """The same in plain products: torch's fused kernel is half as fast for heads of 32.

    A pad weighs nothing as its value is zero, and so is its share of the sum, which is one more
    column of the values: that costs less than to hide its score. Weights are not
    taken relative to a row's largest, which is slow to find. Beyond the limits they are all alike,
    but finite.
    """
    n, length, _, count, size = heads.shape
    wide = -(-length // _STEP) * _STEP
    pair = heads.new_zeros(2, n, count, wide, size)
    pair[:, :, :, :length] = heads[:, :, :2].permute(2, 0, 3, 1, 4)
    value = heads.new_zeros(n, count, wide, size + 1)
    value[:, :, :length, :size] = heads[:, :, 2].transpose(1, 2)
    value[:, :, :length, size] = 1
    value *= _SMALLER
    if seen is not None:
        value[:, :, :length] *= seen.transpose(2, 3)
    query, key = pair.unbind(0)
    weights = (query @ key.transpose(2, 3)).clamp_(_LEAST, _MOST).exp_()
    mixed = (weights @ value)[:, :, :length]
    return mixed[..., :size] / mixed[..., size:]
