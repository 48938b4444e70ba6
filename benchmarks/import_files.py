"""Rows a second of files as `earful import` reads them, against csv.DictReader and json.loads.

The contenders read the same made-up files turn about; the medians of the pairs' ratios are
printed, and how much memory reading took beyond the first tenth. Exits 1 when it grew.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from earful.importing.files import open_table  # noqa: E402

MOST_GROWTH_MIB = 8
WORDS = 'The crew was kind, the seat was not; I\'d fly again – perhaps. "Late", they said.'


def records(count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        text = WORDS[: 20 + number % 50] + ("\nand more" if number % 20 == 0 else "")
        yield {"id": number, "date": "2026-11-20", "stars": number % 5 + 1, "text": text}


def write(folder: Path, count: int) -> dict[str, Path]:
    paths = {kind: folder / f"reviews.{kind}" for kind in ("csv", "jsonl", "json")}
    with paths["csv"].open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["id", "date", "stars", "text"])
        writer.writeheader()
        writer.writerows(records(count))
    with paths["jsonl"].open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(record) + "\n" for record in records(count))
    with paths["json"].open("w", encoding="utf-8") as file:
        file.write('{"reviews": [')
        file.writelines(
            ("" if n == 0 else ",\n") + json.dumps(record)
            for n, record in enumerate(records(count))
        )
        file.write("]}")
    return paths


def with_dict_reader(path: Path) -> int:
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.DictReader(file))


def with_json_loads(path: Path) -> int:
    with path.open(encoding="utf-8") as file:
        return sum(1 for line in file if json.loads(line))


def seconds(read: Callable[[], int], count: int) -> float:
    started = time.perf_counter()
    rows = read()
    taken = time.perf_counter() - started
    if rows != count:
        raise SystemExit(f"read {rows} rows of {count}")
    return taken


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    plain = {"csv": with_dict_reader, "jsonl": with_json_loads, "json": with_json_loads}
    with tempfile.TemporaryDirectory() as name:
        small = write(Path(name), options.rows // 10)
        for path in small.values():
            sum(1 for _ in open_table(path))
        before = peak_mib()
        paths = write(Path(name), options.rows)
        for kind, path in paths.items():
            yardstick = paths["jsonl"] if kind == "json" else path
            opening, reading, rates = [], [], []
            for _ in range(options.pairs):
                base = seconds(lambda: plain[kind](yardstick), options.rows)  # noqa: B023
                started = time.perf_counter()
                table = open_table(path)
                opening.append((time.perf_counter() - started) / base)
                taken = seconds(lambda: sum(1 for _ in table), options.rows)  # noqa: B023
                reading.append(taken / base)
                rates.append(options.rows / taken)
            print(
                f"{kind}: {statistics.median(rates):,.0f} rows/s; takes "
                f"{statistics.median(reading):.2f} x the plain reader; looking the file through "
                f"before, {statistics.median(opening):.2f} x"
            )
        growth = peak_mib() - before
    print(f"memory: +{growth:.1f} MiB for ten times the rows (at most {MOST_GROWTH_MIB})")
    return int(growth > MOST_GROWTH_MIB)


if __name__ == "__main__":
    sys.exit(main())
