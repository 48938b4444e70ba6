"""Matrix products in the ways that scoring can choose from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from sentiment.scoring.number_choice import NumberType, Way

# Steps between a row's least and largest number in int8: one under 255, so that rounding fits.
_STEPS = 254
# Of the weights that meet in one 16-bit sum, as many as 255 times their sum fits into it.
_PAIR = 2
_MOST_OF_PAIR = 128

Product = Callable[[Tensor], Tensor]


def dtype_of(kind: NumberType) -> torch.dtype:
    """Give the type of all that lies between the products."""
    return torch.bfloat16 if kind is NumberType.BF16 else torch.float32


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
    torch does not document them, and in bf16 they raise where the hardware has none.
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
    """The same with weights and x rounded to 8 bits, multiplied by oneDNN and summed in 32.

    Each output of the matrix has its own scale. Each row of x has its own scale and its own zero:
    what becomes of a row must not depend on the rows beside it, and after GELU hardly any number
    is negative.

    Without VNNI a CPU first sums two products in 16 bits, and what does not fit there is cut off.
    Weights are scaled so that it always fits (`scales`): the same whole numbers on every CPU.
    """

    def __init__(self, weight: Tensor, bias: Tensor, *, gelu: bool = False) -> None:
        self.gelu = gelu
        self.bias = bias
        self.scale = scales(weight)
        whole = (weight / self.scale.unsqueeze(1)).round()
        self.sums = whole.sum(1) * self.scale
        self.weight = torch.ops.onednn.qlinear_prepack(whole.to(torch.int8), None)
        self.zeros = torch.zeros(len(weight), dtype=torch.long)

    def __call__(self, x: Tensor) -> Tensor:
        rows = x.reshape(-1, x.shape[-1])
        whole, low, step = whole_numbers(rows)
        result = self.multiplied(whole)
        # Numbers count from the row's lowest: what that is worth comes on top, with the bias.
        # All in place: new memory for every step may cost as much as the product.
        result.mul_(step).addcmul_(low, self.sums).add_(self.bias)
        if self.gelu:
            torch.ops.aten.gelu_(result)
        return result.view(*x.shape[:-1], -1)

    def multiplied(self, whole: Tensor) -> Tensor:
        """Multiply whole numbers (n, inputs), uint8; the outputs are in steps of each output."""
        result: Tensor = torch.ops.onednn.qlinear_pointwise(
            whole, 1.0, 0, self.weight, self.scale, self.zeros, None, 1.0, 0, torch.float32,
            "none", [], "",
        )  # fmt: skip
        return result


def whole_numbers(rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Round rows (n, size) to uint8; with what 0 stands for and the step, (n, 1) each."""
    low = rows.amin(1, keepdim=True).clamp_(max=0)
    step = (rows.amax(1, keepdim=True).clamp_(min=0) - low).clamp_(min=1e-12) / _STEPS
    # Zero itself is hit exactly; `.to` cuts, so a half is added.
    zero = (low / step).round_()
    whole = (rows * step.reciprocal()).add_(0.5 - zero).to(torch.uint8)
    return whole, zero * step, step


def scales(weight: Tensor) -> Tensor:
    """Give each output's step (outputs,) for weights (outputs, inputs) in int8.

    Of two neighbours what is positive adds up to 128 at most, and so does what is negative: times
    255, the largest number of a row of x, it fits into 16 bits.
    """
    pairs = functional.pad(weight, (0, weight.shape[1] % _PAIR)).view(len(weight), -1, _PAIR)
    heaviest = torch.maximum(
        pairs.clamp(min=0).sum(2).amax(1), pairs.clamp(max=0).sum(2).abs().amax(1)
    )
    # One less than fits: each of the two may be rounded up by a half.
    return heaviest.clamp(min=1e-12) / (_MOST_OF_PAIR - 1)


def product(
    way: Way, weight: Tensor, bias: Tensor, device: str = "cpu", *, gelu: bool = False
) -> Product:
    """Make the product of `weight` (outputs, inputs) and `bias`; may raise where the CPU lacks it.

    A way that is made may still raise at its first product.
    """
    weight = weight.to(device, dtype_of(way.kind)).contiguous()
    bias = bias.to(device, dtype_of(way.kind)).contiguous()
    if way is Way.INT8:
        return Int8(weight, bias, gelu=gelu)
    if way in (Way.PACKED, Way.BF16_PACKED):
        return Packed(weight, bias, gelu=gelu)
    return Plain(weight, bias, gelu)
