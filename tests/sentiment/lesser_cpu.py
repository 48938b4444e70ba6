"""The classifier's tests once more, in a process that is held to a lesser CPU.

One test file for each such CPU calls this, so that they run side by side.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
# What a test may be skipped for. The last two are the workplace's, not the CPU's.
REASONS = (
    "this CPU has no bf16 for oneDNN",
    "the labelled texts are not in",
    "the pool is not in",
)
# Training takes minutes without fast bf16, and its own products in fp32 are torch's everywhere;
# its choice of number type is in test_runtimes. The others never multiply a matrix.
LEFT_OUT = ("test_training.py", "test_ways.py", "test_on_avx2.py", "test_on_sse.py",
            "test_imports.py", "test_detect_language.py",
            "test_labelled_files.py", "test_made_up.py", "test_metrics.py", "test_text_changes.py",
            "test_text.py", "test_window_pooling.py")  # fmt: skip
# ATen's kernels and oneDNN's keep to these. MKL does not, on a CPU of another maker than Intel.
LIMITS = {
    "avx2": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2",
             "MKL_ENABLE_INSTRUCTIONS": "AVX2"},
    "sse": {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41",
            "MKL_ENABLE_INSTRUCTIONS": "SSE4_2"},
}  # fmt: skip


def run_the_classifiers_tests(limit: str) -> None:
    """Run them under one of `LIMITS`; AssertionError where one fails or skips unasked."""
    folder = Path(__file__).parent
    left_out = [f"--ignore={folder / name}" for name in LEFT_OUT]
    result = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider",
            "-m", "not slow", *left_out, str(folder),
        ],
        cwd=ROOT, env={**os.environ, **LIMITS[limit]}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout[-4000:]
    counted = re.search(r"(\d+) passed", result.stdout)
    assert counted
    assert int(counted[1]) > 120
    skipped = [line for line in result.stdout.splitlines() if line.startswith("SKIPPED")]
    assert all(any(reason in line for reason in REASONS) for line in skipped), skipped
