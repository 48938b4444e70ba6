"""Attention in plain products agrees with torch's own, with pads and without."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from sentiment.scoring.attention import HEADS, attend

SIZE = HEADS * 32


def states(n: int, length: int, seed: int, size: float = 1.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, length, 3 * SIZE, generator=generator) * size


def mixed(qkv: Tensor, seen: Tensor | None) -> Tensor:
    n, length = qkv.shape[:2]
    return attend(qkv.reshape(n * length, -1), n, length, seen).view(n, length, -1)


def hiding(length: int, *kept: int) -> Tensor:
    return (torch.arange(length) < torch.tensor(kept).unsqueeze(1)).view(len(kept), 1, 1, length)


@pytest.mark.parametrize("length", [3, 17, 64, 256])
@pytest.mark.parametrize("pads", [False, True])
def test_bf16_is_close_to_fp32(length: int, pads: bool) -> None:
    qkv = states(2, length, seed=length) * torch.tensor([0.2] * SIZE + [1.0] * 2 * SIZE)
    seen = hiding(length, length, 2) if pads else None
    exact, rounded = mixed(qkv, seen), mixed(qkv.bfloat16(), seen)
    assert rounded.dtype is torch.bfloat16
    assert rounded.shape == (2, length, SIZE)
    torch.testing.assert_close(rounded.float(), exact, atol=0.03, rtol=0.02)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_pads_weigh_nothing(dtype: torch.dtype) -> None:
    qkv = states(2, 9, seed=1).to(dtype)
    short = mixed(qkv[:, :5], None)
    qkv[:, 5:] *= 50
    padded = mixed(qkv, hiding(9, 5, 5))[:, :5]
    torch.testing.assert_close(padded, short, atol=0.02, rtol=0.02)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_rows_after_the_windows_come_out_as_zeros(dtype: torch.dtype) -> None:
    qkv = states(1, 32, seed=3).to(dtype)[0]
    found = attend(qkv, 3, 7, None)
    assert found.shape == (32, SIZE)
    assert not found[21:].any()
    expected = mixed(qkv[:21].view(3, 7, -1), None).view(21, SIZE)
    torch.testing.assert_close(found[:21], expected)


@pytest.mark.parametrize("level", [-20.0, 0.0, 40.0, 80.0])
def test_the_level_of_the_scores_does_not_matter(level: float) -> None:
    # As in real texts, all scores of a token may lie far from zero; bf16 keeps steps of 0.5 there.
    qkv = torch.zeros(1, 8, 3, HEADS, 32)
    qkv[:, :, 0, :, 0] = 1
    qkv[:, :, 1, :, 0] = level + torch.arange(8).view(1, 8, 1) / 2
    qkv[:, :, 2] = torch.arange(8.0).view(1, 8, 1, 1)
    qkv = qkv.view(1, 8, -1)
    exact, rounded = mixed(qkv, None), mixed(qkv.bfloat16(), None)
    torch.testing.assert_close(rounded.float(), exact, atol=0.05, rtol=0.01)


def test_huge_scores_stay_finite() -> None:
    qkv = states(1, 256, seed=2, size=1000).bfloat16()
    assert mixed(qkv, None).isfinite().all()
    assert mixed(-qkv.abs(), hiding(256, 3)).isfinite().all()
