"""Memory of one step is kept for the next: pages are not asked for anew."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from sentiment.memory import keep_freed

ROOT = Path(__file__).parents[2]
STEPS = """
import resource, sys, torch
from sentiment.memory import keep_freed
if sys.argv[1] == "keep":
    assert keep_freed()
def step():
    first, second = torch.ones(1024, 1536), torch.ones(1024, 1536)
    return first + second + 1
for _ in range(5):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(how: str) -> int:
    result = subprocess.run(
        [sys.executable, "-c", STEPS, how], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return int(result.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="malloc is not glibc's")
def test_freed_memory_is_kept() -> None:
    assert page_faults("keep") < page_faults("leave") / 4


def test_another_malloc_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda _: object())
    assert not keep_freed()
