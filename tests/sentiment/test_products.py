"""Number types: what is chosen, and that int8 stays close and does not look at its neighbours."""

from __future__ import annotations

import logging

import pytest
import torch

from sentiment import adapter
from sentiment.backbone import backbone_dir, load_tokenizer
from sentiment.classifier import Classifier, Text
from sentiment.products import (
    Choice,
    Int8,
    NumberType,
    Packed,
    Plain,
    chosen,
    fastest,
    packs,
    product,
)  # fmt: skip
from sentiment.runtime import Runtime

FP32, BF16, INT8 = NumberType.FP32, NumberType.BF16, NumberType.INT8
TEXTS = [
    Text("They lost my parcel and nobody answers the phone. Never again."),
    Text("Lovely staff, quick delivery, I tell all my friends to order here!", None, 5, 5),
    Text("It is fine, I suppose. Does what it should, nothing more.", None, 3, 5),
    Text("Does anyone know when the store in Leeds opens on Sunday?"),
    Text("Refund refused twice, rude manager, I am furious.", None, 1, 5),
    Text("ok"),
]


@pytest.mark.parametrize(
    ("fp32", "bf16", "int8", "kind"),
    [
        (4.0, 2.0, 1.9, BF16),
        (4.0, 9.0, 1.9, INT8),
        (4.0, 9.0, 3.9, FP32),
        (4.0, 3.9, 8.0, FP32),
    ],
)
def test_the_more_exact_type_wins_unless_clearly_slower(
    fp32: float, bf16: float, int8: float, kind: NumberType
) -> None:
    assert chosen({FP32: fp32, BF16: bf16, INT8: int8}) is kind


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is not measured")
def test_this_machine_is_measured() -> None:
    choice = fastest()
    assert choice.kind is chosen(choice.seconds)
    assert set(choice.seconds) >= {FP32, BF16}
    assert str(choice).startswith(f"{choice.kind} on cpu (fp32 ")


@pytest.mark.parametrize(("slow", "kind"), [([BF16], INT8), ([BF16, INT8], FP32), ([], BF16)])
def test_int8_is_measured_only_where_bf16_is_slow(
    slow: list[NumberType], kind: NumberType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    times = {FP32: 0.004} | {k: 0.006 if k in slow else 0.001 for k in (BF16, INT8)}
    monkeypatch.setattr("sentiment.products._seconds", times.__getitem__)
    choice = fastest()
    assert choice.kind is kind
    assert (INT8 in choice.seconds) is (BF16 in slow)


def test_int8_is_close_to_fp32() -> None:
    generator = torch.Generator().manual_seed(1)
    weight = torch.randn(96, 64, generator=generator)
    bias = torch.randn(96, generator=generator)
    # Rows of very different size, as activations are, and one of nothing.
    rows = torch.randn(20, 64, generator=generator) * torch.logspace(-3, 3, 20).unsqueeze(1)
    rows[7] = 0
    exact, rounded = product(FP32, weight, bias)(rows), product(INT8, weight, bias)(rows)
    error = (exact - rounded).norm(dim=1) / (exact - bias).norm(dim=1).clamp(min=1e-9)
    assert error.max() < 0.02
    torch.testing.assert_close(rounded[7], bias)


def test_a_row_in_int8_does_not_depend_on_the_others() -> None:
    generator = torch.Generator().manual_seed(2)
    run = Int8(torch.randn(32, 48, generator=generator), torch.zeros(32))
    rows = torch.randn(5, 7, 48, generator=generator)
    rows[4] *= 1000
    together = run(rows)
    for row, expected in zip(rows, together, strict=True):
        assert torch.equal(run(row), expected)


@pytest.mark.skipif(not packs(), reason="torch without oneDNN")
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


def test_without_the_functions_of_onednn_bf16_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    weight, bias = torch.ones(4, 64), torch.zeros(4)
    assert isinstance(product(BF16, weight, bias), Packed if packs() else Plain)
    monkeypatch.setattr("torch.backends.mkldnn.is_available", lambda: False)
    made = product(BF16, weight, bias, gelu=True)
    assert isinstance(made, Plain)
    assert made(torch.ones(1, 64, dtype=torch.bfloat16)).tolist() == [[64.0] * 4]


@pytest.mark.parametrize("kind", [BF16, INT8])
def test_verdicts_are_the_same_in_every_type(kind: NumberType, classifier: Classifier) -> None:
    state = adapter.merged(adapter.WEIGHTS)

    def judged(kind: NumberType) -> Classifier:
        return Classifier(
            model=classifier.model,
            runtime=Runtime(state, kind),
            tokenizer=load_tokenizer(backbone_dir()),
            calibration=classifier.calibration,
        )

    exact, found = judged(FP32).classify(TEXTS), judged(kind).classify(TEXTS)
    for left, right in zip(exact, found, strict=True):
        assert (left.experience, left.stance, left.sure) == (
            right.experience, right.stance, right.sure,
        )  # fmt: skip
        assert left.p_angry == pytest.approx(right.p_angry, abs=0.05)


def test_the_choice_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    seconds = {FP32: 0.004, BF16: 0.009, INT8: 0.0021}
    monkeypatch.setattr("sentiment.products.fastest", lambda: Choice("cpu", INT8, seconds))
    with caplog.at_level(logging.INFO, logger="sentiment"):
        classifier = Classifier.load()
    assert classifier.runtime.kind is INT8
    assert "computing in int8 on cpu (fp32 4.0 ms, bf16 9.0 ms, int8 2.1 ms" in caplog.text
