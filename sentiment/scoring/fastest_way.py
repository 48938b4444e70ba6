"""Measure which way of multiplying is fastest here; no way that fails ends the process."""

from __future__ import annotations

import hashlib
import logging
import math
import os
import platform
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from config.environment import load_overrides
from sentiment.scoring.matmul import Product, dtype_of, product
from sentiment.scoring.number_choice import Choice, NumberType, Way, remember, remembered

LOG = logging.getLogger(__name__)

# A type must be this much faster than the more exact one to be worth its rounding.
_WORTH = 0.8
# The shape that the measurement multiplies: an ordinary batch through the widest layer.
_ROWS, _IN, _OUT = 1024, 384, 1536
# The first look at a way is at so few rows: some kernels take seconds for all of them.
_FEW_ROWS = 32
# How far a product may lie from fp32's, relative to its size. bf16 and int8 stay under 0.01.
_NEAR = 0.05
_ROUNDS = 5
# What takes so much longer than plain fp32 is not measured again.
_SLOW = 2
# What limits the instructions that torch, oneDNN and MKL take.
_LIMITS = ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA",
           "MKL_ENABLE_INSTRUCTIONS")  # fmt: skip


# Some systems count a thread's own time too coarsely.
_clock = (
    time.thread_time if time.get_clock_info("thread_time").resolution < 1e-4 else time.perf_counter
)


class UnfitError(Exception):
    """A way gives wrong numbers, or gives them far too late."""


def fastest() -> Choice:
    """Choose device and ways, from the user's cache or by measuring for some tenths of a second.

    CUDA takes bf16 and is not measured. EARFUL_NUMBERS names the number type instead; ConfigError
    where it names none, a warning where this machine cannot compute in it.
    """
    wanted = load_overrides().numbers
    asked = None if wanted is None else NumberType(wanted)
    if torch.cuda.is_available():
        ways = [Way.PLAIN] if asked is NumberType.FP32 else [Way.BF16, Way.PLAIN]
        choice = Choice("cuda", tuple(ways))
    else:
        known = remembered(machine_key())
        if known is None:
            known = measured()
            for way, reason in known.ruled_out.items():
                LOG.info("this machine does not compute in %s: %s", way, reason)
        working = {
            way: value for way, value in known.seconds.items() if way not in known.ruled_out
        }
        choice = replace(known, ways=ranked(working, asked))
    remember(machine_key(), choice)
    if asked not in (None, choice.kind):
        reasons = [why for way, why in choice.ruled_out.items() if way.kind is asked]
        LOG.warning(
            "EARFUL_NUMBERS=%s: this machine does not compute in it (%s); %s is taken: unset it",
            asked, "; ".join(reasons) or f"not on {choice.device}", choice.way,
        )  # fmt: skip
    LOG.info("computing in %s", choice)
    return choice


def measured() -> Choice:
    """Measure every way on this CPU; rule out what raises, gives wrong numbers or dawdles.

    One thread multiplies, by its own clock: with more, a busy machine makes one wait for another.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            return _measured()
    finally:
        torch.set_num_threads(threads)


def _measured() -> Choice:
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(_OUT, _IN, generator=generator) / 16
    bias = torch.randn(_OUT, generator=generator)
    rows = torch.randn(_ROWS, _IN, generator=generator)
    runs: dict[Way, Product] = {}
    seconds: dict[Way, float] = {}
    ruled_out: dict[Way, str] = {}
    exact = functional.gelu(functional.linear(rows, weight, bias))
    # Plain fp32 is the first of them, and the measure of the others.
    for way in Way:
        try:
            runs[way] = product(way, weight, bias, gelu=True)
            seconds[way] = _try(runs[way], rows.to(dtype_of(way.kind)), exact, seconds)
        except Exception as error:
            ruled_out[way] = reason_of(error)
    # In turns, so that a busy moment of the machine does not decide.
    for _ in range(_ROUNDS):
        for way in seconds:
            taken = _timed(runs[way], rows.to(dtype_of(way.kind)))
            seconds[way] = min(seconds[way], taken)
    return Choice("cpu", ranked(seconds), seconds, ruled_out)


def ranked(seconds: Mapping[Way, float], asked: NumberType | None = None) -> tuple[Way, ...]:
    """Order the ways that work: the best, what to take if it fails, and plain fp32 at last.

    bf16 is best where it is clearly faster than fp32, as it is where the hardware has it; else
    int8 where that is. Of `asked` the fastest is best.
    """
    by_speed = sorted(seconds, key=lambda way: seconds[way])
    exact = next((way for way in by_speed if way.kind is NumberType.FP32), Way.PLAIN)
    if asked is not None:
        best = [way for way in by_speed if way.kind is asked]
    else:
        limit = _WORTH * seconds.get(exact, math.inf)
        best = [
            way
            for kind in (NumberType.BF16, NumberType.INT8)
            for way in by_speed
            if way.kind is kind and seconds[way] < limit
        ]
    return tuple(dict.fromkeys([*best, exact, Way.PLAIN]))


def machine_key() -> str:
    """Name what a choice depends on: CPU, torch and Earful, threads, limits on instructions."""
    limits = [f"{name}={os.environ[name]}" for name in _LIMITS if os.environ.get(name)]
    return ", ".join(
        [
            cpu_name(),
            f"torch {torch.__version__}",
            f"Earful {_code_version()}",
            f"{torch.get_num_threads()} threads",
            *limits,
        ]
    )


def cpu_name() -> str:
    """Name the CPU with what torch takes of it, such as "AMD EPYC (AVX512)"."""
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        pairs = dict(line.split(":", 1) for line in lines if ":" in line)
        fields = {key.strip(): value.strip() for key, value in pairs.items()}
        name = fields.get("model name", name)
        # One name may stand for several CPUs, as in virtual machines.
        flags = hashlib.sha256(fields.get("flags", "").encode()).hexdigest()[:6]
        name += f" family {fields.get('cpu family')} model {fields.get('model')} flags {flags}"
    except OSError:
        pass
    return f"{name} ({torch.backends.cpu.get_cpu_capability()})"


def reason_of(error: BaseException) -> str:
    """Tell why a way failed in one short line."""
    lines = str(error).strip().splitlines()
    reason = " ".join(lines[0].split())[:200] if lines else ""
    if isinstance(error, UnfitError):
        return reason
    return f"{type(error).__name__}: {reason}".rstrip(": ")


def _code_version() -> str:
    """Version of Earful, and of the code of the products: a checkout changes under one version."""
    from importlib.metadata import PackageNotFoundError, version

    here = Path(__file__).parent
    digest = hashlib.sha256()
    for name in ("matmul.py", "fastest_way.py"):
        digest.update((here / name).read_bytes())
    try:
        return f"{version('earful')}-{digest.hexdigest()[:6]}"
    except PackageNotFoundError:
        return digest.hexdigest()[:6]


def _try(run: Product, rows: Tensor, exact: Tensor, seconds: Mapping[Way, float]) -> float:
    plain = seconds.get(Way.PLAIN, math.inf)
    few = rows[:_FEW_ROWS]
    run(few)  # oneDNN makes code at the first product of a shape
    taken = _timed(run, few)
    if taken < plain:
        error = float((run(rows).float() - exact).norm() / exact.norm())
        # Not a number is not near.
        if not error < _NEAR:
            raise UnfitError(f"its product is {error:.2g} off that in fp32")
        taken = _timed(run, rows)
    if taken > _SLOW * plain:
        raise UnfitError(f"{1000 * taken:.0f} ms a product, fp32 takes {1000 * plain:.0f}")
    return taken


def _timed(run: Product, rows: Tensor) -> float:
    start = _clock()
    run(rows)
    return _clock() - start
