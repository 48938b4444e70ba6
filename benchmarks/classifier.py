"""Speed of `Classifier.classify` against transformers' way, on the same texts and weights.

`python -m benchmarks.classifier [--languages] [--texts N] [--rounds N] [FILE]` prints the CPU with
the instructions in use, the number type, texts a second, ratios, the share of the type's measured
matrix-product peak, peak memory and the time of a cold start. Each contender has a process of its
own, under the same limits (`ONEDNN_MAX_CPU_ISA` and others in the environment reach all). Each
round takes a part of the texts through all three in turn; what is printed are medians of the
rounds, of the ratios too, so that a busy minute of the machine does not decide. A first part goes
through unmeasured: code for each shape of a product is made then (a second or so a process).

transformers' way is kept as fast as it is: loaded once, tokenised by the same tokenizer without
its pipeline's overhead, in inference mode, in torch's fp32. MKL multiplies there, and on a CPU of
another maker than Intel it takes AVX2 whatever the CPU has and whatever is asked for.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.machine import DEFAULT_FILE, options, sample

ROOT = Path(__file__).parents[1]
COLD = """
from benchmarks.machine import peak_mib
import time; start = time.perf_counter()
from sentiment.scoring.classifier import Classifier, Text
Classifier.load().classify([Text("FIRST")])
print(time.perf_counter() - start, peak_mib())
"""
ALONE = """
import json, sys, time
from benchmarks.machine import peak_mib
from sentiment.scoring.classifier import Classifier, Text
texts = [Text(**row) for row in json.load(sys.stdin)]
classifier = Classifier.load()
classifier.classify(texts[:64])
start = time.perf_counter()
classifier.classify(texts)
print(time.perf_counter() - start, peak_mib())
"""


def in_new_process(code: str, given: str = "") -> tuple[float, float]:
    """Run code that prints seconds and peak memory (MiB); give seconds and MB."""
    result = subprocess.run(
        [sys.executable, "-c", code],
        input=given,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, mib = result.stdout.split()[-2:]
    return float(seconds), float(mib) * 2**20 / 1e6


def gigaflop(lengths: list[int], layers: int) -> float:
    """Work of the encoder's matrix products on windows of these lengths, without padding."""
    size, wide = 384, 1536
    per_token = layers * 2 * (4 * size * size + 2 * size * wide)
    attention = sum(layers * 4 * size * length * length for length in lengths)
    return (per_token * sum(lengths) + attention) / 1e9


class Contender:
    """One way of classifying, in a process of its own: none profits from another's settings."""

    def __init__(self, name: str, rows: list[dict[str, object]], *, busy: bool) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.contender", name, "busy" if busy else "idle"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.about = self._ask(rows)

    def _ask(self, given: object) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps(given), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"a contender ended with {self.process.wait()}; see above")
        return json.loads(line)

    def run(self, number: int, of: int) -> tuple[float, float]:
        """Seconds for every `of`-th text from `number` on, and GFLOP/s of the type's peak then."""
        seconds, peak = self._ask([number, of])
        return seconds, peak

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def describe(about: dict[str, Any], *, busy: bool) -> None:
    """Print the machine, its limits and the number type, as a contender gave them."""
    choice = about["choice"]
    timed_by = ", by its own time" if busy else ""
    print(f"{about['cpu']}, oneDNN: {about['onednn']}")
    print(f"torch {about['torch']}, threads: {about['threads']}{timed_by}")
    print(f"limits: {about['limits'] or 'none'}")
    times = ", ".join(f"{way} {1000 * t:.1f} ms" for way, t in choice["seconds"].items())
    print(
        f"number type: {choice['numbers']}, in the way {choice['ways'][0]!r} ({times} a product)"
    )
    for way, reason in choice["ruled_out"].items():
        print(f"ruled out: {way}: {reason}")


def main() -> None:
    parser = options(__doc__, texts=1500)
    parser.add_argument(
        "--languages",
        action="store_true",
        help="the multilingual model, on texts in its languages",
    )
    arguments = parser.parse_args()
    if arguments.languages and arguments.file == DEFAULT_FILE:
        arguments.file = DEFAULT_FILE.with_name("languages.jsonl")
    rows = sample(arguments.file, arguments.texts)
    suffix = "-languages" if arguments.languages else ""
    names = tuple(f"{name}{suffix}" for name in ("earful", "one", "many"))
    contenders = {name: Contender(name, rows, busy=arguments.busy) for name in names}
    about = contenders[names[0]].about
    work = gigaflop(about["lengths"], layers=about["layers"]) / len(rows)
    rounds: list[tuple[float, float, float, float]] = []
    for number in range(arguments.rounds):
        count = len(rows[number :: arguments.rounds])
        taken = {name: one.run(number, arguments.rounds) for name, one in contenders.items()}
        ours, one, many = (count / taken[name][0] for name in contenders)
        peak = taken[names[0]][1]
        rounds.append((ours, one, many, peak))
        print(
            f"round {number + 1}: {ours:.1f}, {one:.1f}, {many:.1f} texts/s, "
            f"{peak:.0f} GFLOP/s at most",
            file=sys.stderr,
        )
    for contender in contenders.values():
        contender.close()
    ours, one, many, peak = (statistics.median(column) for column in zip(*rounds, strict=True))
    to_one = statistics.median(row[0] / row[1] for row in rounds)
    to_many = statistics.median(row[0] / row[2] for row in rounds)
    share = statistics.median(row[0] * work / row[3] for row in rounds)
    _, memory = in_new_process(ALONE, json.dumps(rows))
    first = "Die App stürzt bei jedem Öffnen ab." if arguments.languages else "It crashes."
    cold, _ = in_new_process(COLD.replace("FIRST", first))

    kind = about["choice"]["numbers"]
    print(f"{len(rows)} texts of {arguments.file.name}, {sum(about['lengths'])} tokens")
    describe(about, busy=arguments.busy)
    whole = 12 if arguments.languages else 6
    print(f"layers: {about['layers']} of the backbone's {whole}, which transformers' way has")
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
