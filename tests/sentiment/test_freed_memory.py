"""Memory of one step is kept for the next: pages are not asked for anew."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from sentiment.scoring.freed_memory import keep_freed

ROOT = Path(__file__).parents[2]
PASSES = """
import resource, sys, torch
from sentiment.scoring import adapter
from sentiment.scoring.freed_memory import keep_freed
from sentiment.scoring.forward_pass import Runtime
torch.set_num_threads(1)
if sys.argv[1] == "keep":
    assert keep_freed()
runtime = Runtime(adapter.merged(adapter.WEIGHTS))
rows = [[101, 103] + [2000] * 60 + [102]] * 16
def faults(passes):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(passes):
        runtime.scores(rows, [0.0] * len(rows))
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
with torch.inference_mode():
    faults(2)
    print(faults(2))
"""


def page_faults(how: str) -> int:
    result = subprocess.run(
        [sys.executable, "-c", PASSES, how], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return int(result.stdout)


@pytest.mark.slow("loads torch and the weights in two new processes")
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="malloc is not glibc's")
def test_freed_memory_is_kept() -> None:
    assert page_faults("keep") < page_faults("leave") / 10


def test_another_malloc_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda _: object())
    assert not keep_freed()
