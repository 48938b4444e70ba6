"""What several benchmarks do alike: draw texts, be told of a busy machine, read peak memory."""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

DEFAULT_FILE = Path(__file__).parents[2] / "shared" / "labels" / "train.jsonl"


def options(description: str | None, texts: int) -> argparse.ArgumentParser:
    """Make the options of a benchmark that sends texts through contenders, in rounds."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("file", nargs="?", type=Path, default=DEFAULT_FILE)
    parser.add_argument("--texts", type=int, default=texts)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--busy",
        action="store_true",
        help="for a machine with other work: one thread each, timed by its own processor time",
    )
    return parser


def sample(path: Path, count: int) -> list[dict[str, object]]:
    """Draw texts with title and rating, always the same ones."""
    with path.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    keys = ("text", "title", "rating", "rating_max")
    chosen = random.Random(1).sample(rows, min(count, len(rows)))
    return [{key: row.get(key) for key in keys} for row in chosen]


def peak_mib(process: int | str = "self") -> float:
    """Read the most memory that a process has held, in MiB; 0 where Linux does not tell.

    VmHWM, not ru_maxrss: that one keeps the parent's peak over fork and exec.
    """
    status = Path(f"/proc/{process}/status")
    if not status.exists():
        return 0.0
    lines = status.read_text(encoding="utf-8").splitlines()
    # A process that is ending has none any more.
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)
