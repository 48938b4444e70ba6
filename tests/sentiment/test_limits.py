"""The classifier's tests once more on lesser CPUs, and every way against fp32 on real texts."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sentiment.scoring.classifier import Classifier, Text
from sentiment.scoring.measuring import measured
from sentiment.scoring.number_choice import Way
from storage.models import Verdict
from tests.sentiment.ways import computing_in

ROOT = Path(__file__).parents[2]
# What a test may be skipped for. The last two are the workplace's, not the CPU's.
REASONS = (
    "this CPU has no bf16 for oneDNN",
    "the labelled texts are not in",
    "the pool is not in",
)
# Training takes minutes without fast bf16, and its own products in fp32 are torch's everywhere;
# its choice of number type is in test_runtimes. The others never multiply a matrix.
LEFT_OUT = ("test_training.py", "test_limits.py", "test_imports.py", "test_language.py",
            "test_labels.py", "test_made_up.py", "test_metrics.py", "test_noise.py",
            "test_text.py", "test_windows.py")  # fmt: skip
# ATen's kernels and oneDNN's keep to these. MKL does not, on a CPU of another maker than Intel.
LIMITS = {
    "avx2": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2",
             "MKL_ENABLE_INSTRUCTIONS": "AVX2"},
    "sse": {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41",
            "MKL_ENABLE_INSTRUCTIONS": "SSE4_2"},
}  # fmt: skip
ALLOWED = 0.005


@pytest.mark.slow("runs the classifier's tests once more for each lesser CPU")
@pytest.mark.parametrize("limit", LIMITS)
def test_the_classifier_s_tests_pass_on_a_lesser_cpu(limit: str) -> None:
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


@pytest.fixture(scope="module")
def texts(labels: Path) -> list[Text]:
    """`dev` as it is, and once more without title and rating."""
    lines = (labels / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    keys = ("text", "title", "rating", "rating_max")
    return [Text(*(row.get(key) for key in keys)) for row in rows] + [
        Text(row["text"]) for row in rows
    ]


@pytest.fixture(scope="module")
def exact(texts: list[Text]) -> list[Verdict]:
    return computing_in(Way.PLAIN).classify(texts)


@pytest.mark.recorded
@pytest.mark.slow("scores the labelled texts once more in each way that this CPU has")
@pytest.mark.parametrize("way", [Way.PACKED, Way.BF16_PACKED, Way.BF16, Way.INT8])
def test_verdicts_of_every_way_are_those_of_fp32(
    way: Way, texts: list[Text], exact: list[Verdict]
) -> None:
    refused = measured().ruled_out.get(way)
    if refused is not None:
        pytest.skip(f"this CPU does not compute in {way}: {refused}")
    found = computing_in(way).classify(texts)
    half = len(texts) // 2
    for part in (slice(half), slice(half, None)):
        pairs = list(zip(exact[part], found[part], strict=True))
        others = sum((a.experience, a.stance) != (b.experience, b.stance) for a, b in pairs)
        assert others <= ALLOWED * half
        assert sum(a.sure != b.sure for a, b in pairs) <= ALLOWED * half


def test_the_choice_here_is_no_slower_than_plain_fp32(classifier: Classifier) -> None:
    choice = classifier.runtime.choice
    assert choice.seconds[choice.way] <= choice.seconds[Way.PLAIN]
