"""Products: close to fp32 in every way, exact where they are of whole numbers, row by row."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from sentiment.scoring.classifier import Text
from sentiment.scoring.matmul import Int8, Packed, Plain, product, scales, whole_numbers
from sentiment.scoring.number_choice import Way
from tests.sentiment.ways import bf16_packed, computing_in

TEXTS = [
    Text("They lost my parcel and nobody answers the phone. Never again."),
    Text("Lovely staff, quick delivery, I tell all my friends to order here!", None, 5, 5),
    Text("It is fine, I suppose. Does what it should, nothing more.", None, 3, 5),
    Text("Does anyone know when the store in Leeds opens on Sunday?"),
    Text("Refund refused twice, rude manager, I am furious.", None, 1, 5),
    Text("ok"),
]


class Checked(Int8):
    """Int8 that compares each product with one of true whole numbers."""

    largest = 0.0
    count = 0

    def __init__(self, weight: Tensor, bias: Tensor, *, gelu: bool = False) -> None:
        super().__init__(weight, bias)
        self.after = gelu
        self.whole = (weight / self.scale.unsqueeze(1)).round().double()

    def __call__(self, x: Tensor) -> Tensor:
        found = super().__call__(x)
        rows, low, step = whole_numbers(x.reshape(-1, x.shape[-1]))
        # Doubles hold whole numbers up to 2**53 exactly.
        exact = (rows.double() @ self.whole.t() * step + low * self.whole.sum(1)) * self.scale
        error = (found.reshape(exact.shape) - exact - self.bias).abs()
        Checked.largest = max(Checked.largest, float((error / (self.scale * step)).max()))
        Checked.count += 1
        return torch.nn.functional.gelu(found) if self.after else found


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Checked]]:
    monkeypatch.setattr("sentiment.scoring.matmul.Int8", Checked)
    Checked.largest, Checked.count = 0.0, 0
    yield Checked
    assert Checked.count


def test_int8_is_close_to_fp32() -> None:
    generator = torch.Generator().manual_seed(1)
    weight = torch.randn(96, 64, generator=generator)
    bias = torch.randn(96, generator=generator)
    # Rows of very different size, as activations are, and one of nothing.
    rows = torch.randn(20, 64, generator=generator) * torch.logspace(-3, 3, 20).unsqueeze(1)
    rows[7] = 0
    exact = product(Way.PLAIN, weight, bias)(rows)
    rounded = product(Way.INT8, weight, bias)(rows)
    error = (exact - rounded).norm(dim=1) / (exact - bias).norm(dim=1).clamp(min=1e-9)
    assert error.max() < 0.02
    torch.testing.assert_close(rounded[7], bias)


@pytest.mark.parametrize("size", [48, 47])
def test_a_row_in_int8_does_not_depend_on_the_others(size: int) -> None:
    generator = torch.Generator().manual_seed(2)
    run = Int8(torch.randn(32, size, generator=generator), torch.zeros(32), gelu=True)
    rows = torch.randn(5, 7, size, generator=generator)
    rows[4] *= 1000
    together = run(rows)
    for row, expected in zip(rows, together, strict=True):
        assert torch.equal(run(row), expected)


def test_whole_numbers_stay_within_their_bounds() -> None:
    generator = torch.Generator().manual_seed(3)
    rows = torch.randn(2000, 33, generator=generator) * torch.rand(2000, 1, generator=generator)
    rows[0], rows[1], rows[2] = 0, rows[1].abs(), -rows[2].abs()
    whole, low, step = whole_numbers(rows)
    # A number that leaves its 8 bits comes back at the other end, a whole range away.
    error = (whole * step + low - rows).abs()
    assert bool((error <= 0.51 * step).all())


def test_two_products_always_fit_into_sixteen_bits() -> None:
    generator = torch.Generator().manual_seed(4)
    weight = torch.randn(4000, 6, generator=generator) ** 3
    weight[0] = 0
    whole = (weight / scales(weight).unsqueeze(1)).round()
    assert int(whole.abs().max()) <= 127
    pairs = 255 * whole.view(4000, 3, 2)
    assert int(pairs.clamp(min=0).sum(2).max()) <= 2**15 - 1
    assert int(pairs.clamp(max=0).sum(2).min()) >= -(2**15)


def test_int8_is_exact_for_the_heaviest_rows(checked: type[Checked]) -> None:
    # Without VNNI the sum of two neighbours is cut off where it does not fit into 16 bits. The
    # rows are as heavy as can be for one output each.
    generator = torch.Generator().manual_seed(5)
    weight = torch.randn(64, 128, generator=generator)
    run = product(Way.INT8, weight, torch.zeros(64))
    run(torch.cat([(weight > 0).float(), -(weight < 0).float(), (weight < 0).float()]))
    # In steps of the whole numbers: one that is cut off is thousands away.
    assert checked.largest < 1


def test_int8_is_exact_for_real_activations(checked: type[Checked]) -> None:
    computing_in(Way.INT8).classify(TEXTS)
    assert checked.count >= 24
    assert checked.largest < 1


@bf16_packed
@pytest.mark.parametrize("gelu", [False, True])
def test_packed_is_plain_in_another_layout(gelu: bool) -> None:
    generator = torch.Generator().manual_seed(3)
    weight = torch.randn(96, 64, generator=generator).bfloat16()
    bias = torch.randn(96, generator=generator).bfloat16()
    rows = torch.randn(5, 7, 64, generator=generator).bfloat16()
    found, expected = (make(weight, bias, gelu=gelu)(rows) for make in (Packed, Plain))
    assert found.shape == (5, 7, 96)
    torch.testing.assert_close(found, expected, atol=0.02, rtol=0.02)
    one = Packed(weight, bias, gelu=gelu)(rows[3, 2:3])
    torch.testing.assert_close(one[0], found[3, 2], atol=0.02, rtol=0.02)


@pytest.mark.parametrize("gelu", [False, True])
def test_packed_fp32_is_plain_fp32(gelu: bool) -> None:
    generator = torch.Generator().manual_seed(6)
    weight, bias = torch.randn(96, 64, generator=generator), torch.randn(96, generator=generator)
    rows = torch.randn(40, 64, generator=generator)
    found = product(Way.PACKED, weight, bias, gelu=gelu)(rows)
    torch.testing.assert_close(found, product(Way.PLAIN, weight, bias, gelu=gelu)(rows))


@pytest.mark.parametrize(
    "way",
    [Way.PACKED, Way.BF16, pytest.param(Way.BF16_PACKED, marks=bf16_packed), Way.INT8],
)
def test_verdicts_are_the_same_in_every_way(way: Way) -> None:
    rounded = computing_in(way)
    exact, found = computing_in(Way.PLAIN).classify(TEXTS), rounded.classify(TEXTS)
    assert rounded.runtime.choice.way is way
    for left, right in zip(exact, found, strict=True):
        assert (left.experience, left.stance, left.sure) == (
            right.experience, right.stance, right.sure,
        )  # fmt: skip
        assert left.p_angry == pytest.approx(right.p_angry, abs=0.05)
