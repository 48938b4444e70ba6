"""What is chosen: measured, ruled out, asked for, kept; no failure ends the process."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from config.errors import ConfigError
from sentiment.scoring import fastest_way
from sentiment.scoring.fastest_way import fastest, machine_key, measured, ranked
from sentiment.scoring.matmul import product
from sentiment.scoring.number_choice import (
    Choice,
    NumberType,
    Way,
    cache_file,
    last_choice,
    remember,
    remembered,
)  # fmt: skip

ROOT = Path(__file__).parents[2]
REFUSAL = "mkldnn_reorder_linear_weight: bf16 path needs the cpu support avx_ne_convert"
FP32 = {Way.PLAIN: 4.0, Way.PACKED: 3.5}

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is not measured")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "earful" / "numbers.json"


@pytest.mark.parametrize(
    ("bf16", "int8", "ways"),
    [
        (2.0, 1.0, (Way.BF16_PACKED, Way.INT8, Way.PACKED, Way.PLAIN)),
        (9.0, 1.9, (Way.INT8, Way.PACKED, Way.PLAIN)),
        (9.0, 3.4, (Way.PACKED, Way.PLAIN)),
        (3.4, 8.0, (Way.PACKED, Way.PLAIN)),
    ],
)
def test_the_more_exact_type_wins_unless_clearly_slower(
    bf16: float, int8: float, ways: tuple[Way, ...]
) -> None:
    assert ranked({**FP32, Way.BF16_PACKED: bf16, Way.INT8: int8}) == ways


def test_plain_fp32_is_always_left() -> None:
    assert ranked({}) == (Way.PLAIN,)
    assert ranked({Way.PLAIN: 3.0, Way.PACKED: 4.0}) == (Way.PLAIN,)
    choice = Choice("cuda", (Way.BF16,)).without(Way.BF16, "out of memory")
    assert (choice.device, choice.ways) == ("cpu", (Way.PLAIN,))


def test_this_machine_is_measured() -> None:
    threads = torch.get_num_threads()
    choice = measured()
    assert torch.get_num_threads() == threads
    assert choice.ways == ranked(choice.seconds)
    assert Way.PLAIN in choice.seconds
    assert {*choice.seconds, *choice.ruled_out} == set(Way)
    assert all(0 < value < 1 for value in choice.seconds.values())


def failing(how: Callable[[Way, Tensor], Tensor]) -> object:
    """Products of which all but plain fp32 are made as ever and computed by `how`."""

    def make(way: Way, weight: Tensor, bias: Tensor, device: str = "cpu", **more: bool) -> object:
        run = product(Way.PLAIN, weight, bias, device, **more)
        return run if way is Way.PLAIN else lambda rows: how(way, run(rows.float()))

    return make


def refuse(way: Way, _: Tensor) -> Tensor:
    raise RuntimeError(f"{REFUSAL}\nException raised from here (most recent call first)")


def test_what_cannot_be_packed_is_ruled_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def make(way: Way, weight: Tensor, bias: Tensor, *, gelu: bool = False) -> object:
        if way is not Way.PLAIN:
            raise RuntimeError(REFUSAL)
        return product(way, weight, bias, gelu=gelu)

    monkeypatch.setattr(fastest_way, "product", make)
    choice = fastest()
    assert choice.ways == (Way.PLAIN,)
    assert choice.ruled_out[Way.BF16_PACKED] == f"RuntimeError: {REFUSAL}"


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        (refuse, f"RuntimeError: {REFUSAL}"),
        (lambda way, right: right * float("nan"), "its product is nan off that in fp32"),
        (lambda way, right: right + 0.2, "off that in fp32"),
        (lambda way, right: right.bfloat16() @ torch.ones(7, 7), "RuntimeError: "),
    ],
)
def test_what_raises_or_errs_at_a_product_is_ruled_out(
    how: Callable[[Way, Tensor], Tensor], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fastest_way, "product", failing(how))
    choice = measured()
    assert choice.ways == (Way.PLAIN,)
    assert set(choice.ruled_out) == set(Way) - {Way.PLAIN}
    assert all(reason in told for told in choice.ruled_out.values())


def test_a_dawdler_is_ruled_out_by_a_few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def dawdle(_: Way, right: Tensor) -> Tensor:
        asked.append(len(right))
        return right

    # Its clock alone says that it takes a second.
    now = [0.0]

    def clock() -> float:
        now[0] += 1.0 if asked else 0.001
        return now[0]

    monkeypatch.setattr(fastest_way, "product", failing(dawdle))
    monkeypatch.setattr(fastest_way, "_clock", clock)
    choice = measured()
    assert choice.ways == (Way.PLAIN,)
    assert max(asked) < 100
    assert choice.ruled_out[Way.INT8] == "1000 ms a product, fp32 takes 1"


def test_a_choice_is_measured_once_a_machine(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice = Choice("cpu", (Way.INT8, Way.PLAIN), {Way.PLAIN: 4.0, Way.INT8: 1.0})
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    calls: list[Choice] = []

    def measure() -> Choice:
        calls.append(choice)
        return choice

    monkeypatch.setattr(fastest_way, "measured", measure)
    assert last_choice() is None
    assert fastest() == fastest() == choice
    assert len(calls) == 1
    told = last_choice()
    assert told is not None
    assert (told["numbers"], told["seconds"]) == ("int8", {"fp32": 4.0, "int8": 1.0})
    # Not one of those under which the tests run once more.
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX")
    assert "ONEDNN_MAX_CPU_ISA=AVX," in machine_key() + ","
    fastest()
    assert len(calls) == 2
    own_cache.write_text('{"last": "x", "choices": {"x": {"ways": ["fp64"]}}}')
    fastest()
    assert len(calls) == 3


@pytest.mark.parametrize("content", ["", "{", "[]", '{"last": 1, "choices": {"a": 3}}', "null"])
def test_a_damaged_cache_is_none(content: str, own_cache: Path) -> None:
    own_cache.parent.mkdir()
    own_cache.write_text(content)
    assert last_choice() is None
    remember("here", Choice("cpu", (Way.PLAIN,)))
    assert remembered("here") == Choice("cpu", (Way.PLAIN,))
    assert cache_file() == own_cache
    assert [path.name for path in own_cache.parent.iterdir()] == ["numbers.json"]


def test_a_cache_that_cannot_be_written_costs_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    remember("here", Choice("cpu", (Way.PLAIN,)))
    assert last_choice() is None


def test_old_choices_are_forgotten() -> None:
    for number in range(20):
        remember(f"machine {number}", Choice("cpu", (Way.PLAIN,)))
    assert remembered("machine 0") is None
    assert remembered("machine 19") is not None


def test_the_environment_overrides(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    seconds = {**FP32, Way.INT8: 1.0}
    choice = Choice("cpu", ranked(seconds), seconds, {Way.BF16_PACKED: "RuntimeError: refused"})
    monkeypatch.setattr(fastest_way, "measured", lambda: choice)
    monkeypatch.setenv("EARFUL_NUMBERS", "fp32")
    assert fastest().ways == (Way.PACKED, Way.PLAIN)
    assert not caplog.records
    monkeypatch.setenv("EARFUL_NUMBERS", "bf16")
    assert fastest().way is Way.PACKED
    (record,) = caplog.records
    assert "EARFUL_NUMBERS=bf16" in record.getMessage()
    assert "refused" in record.getMessage()
    monkeypatch.setenv("EARFUL_NUMBERS", "")
    assert fastest().kind is NumberType.INT8


def test_a_misspelt_override_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARFUL_NUMBERS", "fp8")
    with pytest.raises(ConfigError, match=r"EARFUL_NUMBERS .* is 'fp8': write fp32, bf16, int8"):
        fastest()
    result = subprocess.run(
        [Path(sys.executable).with_name("earful"), "classify", "x"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (result.returncode, len(result.stderr.splitlines())) == (2, 1)


def test_the_choice_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    seconds = {Way.PLAIN: 0.004, Way.INT8: 0.0021}
    remember(machine_key(), Choice("cpu", ranked(seconds), seconds, {Way.BF16: "9 ms a product"}))
    with caplog.at_level(logging.INFO, logger="sentiment"):
        fastest()
    assert "computing in int8 on cpu (fp32 4.0 ms, int8 2.1 ms a product)" in caplog.text
    assert "; not bf16: 9 ms a product" in caplog.text


def test_what_was_chosen_is_read_without_torch() -> None:
    remember("here", Choice("cpu", (Way.PLAIN,), {Way.PLAIN: 0.004}))
    code = (
        "import json, sys\nfrom sentiment.scoring.number_choice import last_choice\n"
        "print(json.dumps([last_choice(), 'torch' in sys.modules]))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert json.loads(result.stdout) == [last_choice(), False]
