"""How long work takes: processor time of this process beside the clock's, in milliseconds."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

# Below this a ratio of two stores tells how the clock ticks.
_LEAST_MS = 1.0


@dataclass(frozen=True, slots=True, order=True)
class Took:
    """Processor time of all threads of the process, and the time that passed, in ms."""

    cpu: float
    wall: float


@dataclass(slots=True)
class Results:
    """What was measured, by name; prints each line as it comes."""

    took: dict[str, Took] = field(default_factory=dict)

    def show(self, what: str, took: Took, most: float | None = None) -> None:
        """Print a line, with a mark where it took more than `most` ms of processor time."""
        self.took[what] = took
        mark = "BEYOND " if most is not None and took.cpu > most else ""
        print(f"{took.cpu:12,.1f} ms CPU {took.wall:12,.1f} ms  {mark}{what}", flush=True)

    def of(self, names: Mapping[str, float], kind: str) -> None:
        """Print what many asked things came to; each name with the most ms that it may take."""
        each = sorted(self.took[name].cpu for name in names)
        beyond = sum(self.took[name].cpu > most for name, most in names.items())
        p95 = each[round(0.95 * (len(each) - 1))]
        print(
            f"{len(each)} {kind}: median {statistics.median(each):,.1f} ms CPU, p95 {p95:,.1f} "
            f"ms, longest {each[-1]:,.1f} ms, {beyond} beyond the goal",
            flush=True,
        )

    def write(self, path: Path) -> None:
        path.write_text(
            json.dumps({name: [one.cpu, one.wall] for name, one in self.took.items()}, indent=1),
            encoding="utf-8",
        )

    def beside(self, path: Path) -> None:
        """Print how many times as long things took as in another store, the worst first."""
        then = {n: Took(*one) for n, one in json.loads(path.read_text(encoding="utf-8")).items()}
        ratios = sorted(
            (
                (max(took.cpu, _LEAST_MS) / max(then[name].cpu, _LEAST_MS), name)
                for name, took in self.took.items()
                if name in then
            ),
            reverse=True,
        )
        for ratio, name in ratios[:20]:
            ms = f"{then[name].cpu:,.1f} ms, {self.took[name].cpu:,.1f} ms"
            print(f"{ratio:8.2f} times  {name}: {ms}")
        middle = statistics.median(ratio for ratio, _ in ratios)
        print(f"{len(ratios)} beside: median {middle:.2f} times")


def once(work: Callable[[], object]) -> Took:
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return Took(1000 * (time.process_time() - cpu), 1000 * (time.perf_counter() - wall))


def warm(work: Callable[[], object], times: int = 20, enough_ms: float = 2_000) -> Took:
    """Give the 95th percentile of repeats after a first run; fewer of what takes long."""
    work()
    took: list[Took] = []
    while len(took) < times and sum(one.cpu for one in took) < enough_ms:
        took.append(once(work))
    return sorted(took)[round(0.95 * (len(took) - 1))]
