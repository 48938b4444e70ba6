"""Attention in plain products agrees with torch's own, with pads and without."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from sentiment.attention import HEADS, attend

SIZE = HEADS * 32


def states(n: int, length: int, seed: int, size: float = 1.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, length, 3 * SIZE, generator=generator) * size


def hiding(length: int, *kept: int) -> Tensor:
    return (torch.arange(length) < torch.tensor(kept).unsqueeze(1)).view(len(kept), 1, 1, length)


@pytest.mark.parametrize("length", [3, 17, 64, 256])
@pytest.mark.parametrize("pads", [False, True])
def test_bf16_is_close_to_fp32(length: int, pads: bool) -> None:
    qkv = states(2, length, seed=length) * torch.tensor([0.2] * SIZE + [1.0] * 2 * SIZE)
    seen = hiding(length, length, 2) if pads else None
    exact, rounded = attend(qkv, seen), attend(qkv.bfloat16(), seen)
    assert rounded.dtype is torch.bfloat16
    assert rounded.shape == (2, length, SIZE)
    torch.testing.assert_close(rounded.float(), exact, atol=0.03, rtol=0.02)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_pads_weigh_nothing(dtype: torch.dtype) -> None:
    qkv = states(2, 9, seed=1).to(dtype)
    short = attend(qkv[:, :5].contiguous(), None)
    qkv[:, 5:] *= 50
    padded = attend(qkv, hiding(9, 5, 5))[:, :5]
    torch.testing.assert_close(padded, short, atol=0.02, rtol=0.02)


def test_huge_scores_stay_finite() -> None:
    qkv = states(1, 256, seed=2, size=1000).bfloat16()
    assert attend(qkv, None).isfinite().all()
    assert attend(-qkv.abs(), hiding(256, 3)).isfinite().all()
