"""Speed of `Classifier.classify` against transformers' way, on the same texts and weights.

`python -m benchmarks.classifier [--texts N] [--rounds N] [FILE]` prints texts a second, ratios,
the share of the machine's measured matrix-product peak, peak memory and the time of a cold start.
Each round takes a part of the texts through all three in turn; what is printed are medians of the
rounds, of the ratios too, so that a busy minute of the machine does not decide. A first part goes
through unmeasured: code for each shape of a product is made then (a second or so a process).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sentiment.products import NumberType

ROOT = Path(__file__).parents[1]
DEFAULT_FILE = ROOT.parent / "shared" / "labels" / "train.jsonl"
# VmHWM, not ru_maxrss: that one keeps the parent's peak over fork and exec.
PEAK = """
def peak():
    lines = open("/proc/self/status").read().splitlines()
    return next(line for line in lines if line.startswith("VmHWM")).split()[1]
"""
COLD = """
import time; start = time.perf_counter()
from sentiment.classifier import Classifier, Text
Classifier.load().classify([Text("The app crashes every time I open it.")])
print(time.perf_counter() - start, peak())
"""
ALONE = """
import json, sys, time
from sentiment.classifier import Classifier, Text
texts = [Text(**row) for row in json.load(sys.stdin)]
classifier = Classifier.load()
classifier.classify(texts[:64])
start = time.perf_counter()
classifier.classify(texts)
print(time.perf_counter() - start, peak())
"""


def sample(path: Path, count: int) -> list[dict[str, object]]:
    """Draw texts with title and rating, always the same ones."""
    with path.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    keys = ("text", "title", "rating", "rating_max")
    chosen = random.Random(1).sample(rows, min(count, len(rows)))
    return [{key: row.get(key) for key in keys} for row in chosen]


def in_new_process(code: str, given: str = "") -> tuple[float, float]:
    """Run code that prints seconds and peak memory (KiB); give seconds and MB."""
    result = subprocess.run(
        [sys.executable, "-c", PEAK + code],
        input=given,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, kib = result.stdout.split()[-2:]
    return float(seconds), float(kib) * 1024 / 1e6


def timed(work: Callable[[], object]) -> float:
    """Seconds of one run."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def matmul_peak(kind: NumberType) -> float:
    """Best of 20 matrix products of 1024 by 1024, in GFLOP/s (of whole numbers in int8)."""
    import torch

    whole = kind == "int8"
    square = torch.ones(1024, 1024, dtype=torch.int8 if whole else kind.dtype)
    product = torch._int_mm if whole else torch.matmul
    return max(2 * 1024**3 / timed(lambda: product(square, square)) for _ in range(20)) / 1e9


def gigaflop(lengths: list[int]) -> float:
    """Work of the encoder's matrix products on windows of these lengths, without padding."""
    layers, size, wide = 6, 384, 1536
    per_token = layers * 2 * (4 * size * size + 2 * size * wide)
    attention = sum(layers * 4 * size * length * length for length in lengths)
    return (per_token * sum(lengths) + attention) / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=DEFAULT_FILE)
    parser.add_argument("--texts", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    rows = sample(arguments.file, arguments.texts)

    import torch

    from sentiment import adapter
    from sentiment.backbone import backbone_dir, load_tokenizer
    from sentiment.classifier import Classifier, Text
    from sentiment.encoding import encode, padded

    texts = [Text(**row) for row in rows]  # type: ignore[arg-type]
    network = adapter.load(adapter.WEIGHTS, adapter.read_config(adapter.WEIGHTS))
    tokenizer = load_tokenizer(backbone_dir())

    def transformers_way(part: list[Text], batch: int) -> None:
        # As transformers.pipeline works: tokenise, pad and run a batch in arrival order, in fp32.
        with torch.inference_mode():
            for start in range(0, len(part), batch):
                windows = encode(tokenizer, part[start : start + batch])
                ids, mask = padded([window.ids for window in windows])
                ratings = torch.tensor([window.rating for window in windows])
                for logits in network(ids, mask, ratings):
                    logits.softmax(1).tolist()

    classifier = Classifier.load()
    classifier.classify(texts[:: arguments.rounds])
    transformers_way(texts[:32], 32)
    lengths = [len(window.ids) for window in encode(tokenizer, texts)]
    work = gigaflop(lengths) / len(texts)
    kind = classifier.runtime.kind
    rounds: list[tuple[float, float, float, float]] = []
    for number in range(arguments.rounds):
        part = texts[number :: arguments.rounds]
        ours = len(part) / timed(lambda part=part: classifier.classify(part))  # type: ignore[misc]
        one = len(part) / timed(lambda part=part: transformers_way(part, 1))  # type: ignore[misc]
        many = len(part) / timed(lambda part=part: transformers_way(part, 32))  # type: ignore[misc]
        peak = matmul_peak(kind)
        rounds.append((ours, one, many, peak))
        print(
            f"round {number + 1}: {ours:.1f}, {one:.1f}, {many:.1f} texts/s, "
            f"{peak:.0f} GFLOP/s at most",
            file=sys.stderr,
        )
    ours, one, many, peak = (statistics.median(column) for column in zip(*rounds, strict=True))
    to_one = statistics.median(row[0] / row[1] for row in rounds)
    to_many = statistics.median(row[0] / row[2] for row in rounds)
    share = statistics.median(row[0] * work / row[3] for row in rounds)
    _, memory = in_new_process(ALONE, json.dumps(rows))
    cold, _ = in_new_process(COLD)

    print(f"{len(texts)} texts of {arguments.file.name}, {sum(lengths)} tokens")
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {kind}")
    print(f"load average at the end: {os.getloadavg()[0]:.1f}")
    print(f"Classifier.classify              {ours:8.1f} texts/s")
    print(f"transformers fp32, one at a time {one:8.1f} texts/s   {to_one:5.2f}x")
    print(f"transformers fp32, batches of 32 {many:8.1f} texts/s   {to_many:5.2f}x")
    print(f"matrix-product peak              {peak:8.1f} GFLOP/s {kind}")
    print(f"share of the peak                {share:8.1%}   ({ours * work:.1f} GFLOP/s)")
    print(f"peak memory of classify          {memory:8.0f} MB")
    print(f"cold start to the first verdict  {cold:8.2f} s")


if __name__ == "__main__":
    main()
