"""Matrix products in the number types that scoring can choose from."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor
from torch.nn import functional

# A type must be this much faster than the more exact one to be worth its rounding.
_WORTH = 0.8
# The shape that the measurement multiplies: an ordinary batch through the widest layer.
_ROWS, _IN, _OUT = 1024, 384, 1536

Product = Callable[[Tensor], Tensor]


class NumberType(StrEnum):
    """What a product is computed in, from the most exact to the least."""

    FP32 = "fp32"
    BF16 = "bf16"
    INT8 = "int8"

    @property
    def dtype(self) -> torch.dtype:
        """The type of all that lies between the products."""
        return torch.bfloat16 if self is NumberType.BF16 else torch.float32


@dataclass(frozen=True, slots=True)
class Plain:
    """x times a matrix (outputs, inputs) plus a bias, all in one type, then GELU if asked."""

    weight: Tensor
    bias: Tensor
    gelu: bool = False

    def __call__(self, x: Tensor) -> Tensor:
        result = functional.linear(x, self.weight, self.bias)
        return functional.gelu(result) if self.gelu else result


class Packed:
    """The same with the matrix in oneDNN's own layout, which `Plain` makes anew at each product.

    GELU is part of the product. The two functions are those that `torch.compile` emits for a CPU;
    torch does not document them, so `packs` asks for them first.
    """

    def __init__(self, weight: Tensor, bias: Tensor, *, gelu: bool = False) -> None:
        self.weight = torch.ops.mkldnn._reorder_linear_weight(weight)
        self.bias = bias
        self.then = "gelu" if gelu else "none"

    def __call__(self, x: Tensor) -> Tensor:
        result: Tensor = torch.ops.mkldnn._linear_pointwise(
            x, self.weight, self.bias, self.then, [], "none"
        )
        return result


class Int8:
    """The same with weights and x rounded to 8 bits, summed in 32.

    Each output of the matrix has its own scale, and so has each row of x: what becomes of a row
    must not depend on the rows beside it.
    """

    def __init__(self, weight: Tensor, bias: Tensor, *, gelu: bool = False) -> None:
        self.gelu = gelu
        self.scale = weight.abs().amax(1).clamp(min=1e-12) / 127
        self.weight = (weight / self.scale.unsqueeze(1)).round().to(torch.int8).t().contiguous()
        self.bias = bias

    def __call__(self, x: Tensor) -> Tensor:
        rows = x.reshape(-1, x.shape[-1])
        scale = rows.abs().amax(1, keepdim=True).clamp(min=1e-12) / 127
        whole = torch._int_mm((rows / scale).round_().to(torch.int8), self.weight)
        result = (whole * scale).mul_(self.scale).add_(self.bias)
        result = result.view(*x.shape[:-1], -1)
        return functional.gelu(result) if self.gelu else result


def product(
    kind: NumberType, weight: Tensor, bias: Tensor, device: str = "cpu", *, gelu: bool = False
) -> Product:
    """Make the product of `weight` (outputs, inputs) and `bias` in a number type."""
    weight = weight.to(device, kind.dtype).contiguous()
    bias = bias.to(device, kind.dtype).contiguous()
    if kind is NumberType.INT8:
        return Int8(weight, bias, gelu=gelu)
    if kind is NumberType.BF16 and device == "cpu" and packs():
        return Packed(weight, bias, gelu=gelu)
    return Plain(weight, bias, gelu)


def packs() -> bool:
    """Tell whether this torch has oneDNN and the two functions that `Packed` needs."""
    names = ("_reorder_linear_weight", "_linear_pointwise")
    present: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return present and all(hasattr(torch.ops.mkldnn, name) for name in names)


@dataclass(frozen=True, slots=True)
class Choice:
    """Device and number type for this machine, with the seconds that decided; none on CUDA."""

    device: str
    kind: NumberType
    seconds: Mapping[NumberType, float]

    def __str__(self) -> str:
        times = ", ".join(f"{kind} {1000 * value:.1f} ms" for kind, value in self.seconds.items())
        return f"{self.kind} on {self.device}" + (f" ({times} a product)" if times else "")


def fastest() -> Choice:
    """Choose by a measurement of some hundredths of a second.

    CUDA takes bf16. So does a CPU that multiplies it in hardware; without, it is emulated and
    slower than fp32. Such a CPU takes int8 where that is faster than fp32.
    """
    if torch.cuda.is_available():
        return Choice("cuda", NumberType.BF16, {})
    seconds = {kind: _seconds(kind) for kind in (NumberType.FP32, NumberType.BF16)}
    # int8 goes through a function that torch keeps to itself: only those who need it depend on it.
    if chosen(seconds) is NumberType.FP32 and hasattr(torch, "_int_mm"):
        seconds[NumberType.INT8] = _seconds(NumberType.INT8)
    return Choice("cpu", chosen(seconds), seconds)


def chosen(seconds: Mapping[NumberType, float]) -> NumberType:
    """Take the first of bf16 and int8 that is clearly faster than fp32, else fp32.

    One that was not measured is not taken.
    """
    for kind in (NumberType.BF16, NumberType.INT8):
        if seconds.get(kind, math.inf) < _WORTH * seconds[NumberType.FP32]:
            return kind
    return NumberType.FP32


def _seconds(kind: NumberType) -> float:
    weight = torch.linspace(-1, 1, _OUT * _IN).view(_OUT, _IN)
    run = product(kind, weight, torch.zeros(_OUT))
    rows = torch.ones(_ROWS, _IN, dtype=kind.dtype)
    best = float("inf")
    for _ in range(4):
        start = time.perf_counter()
        run(rows)
        best = min(best, time.perf_counter() - start)
    return best
