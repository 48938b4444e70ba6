"""Judge topics on three labelled public sets, beside BERTopic's usual recipe on the same vectors.

The sets are texts of `../shared/pool`: reviews by product category, posts by the brand they name,
game reviews by game. Judged are purity and NMI (of all texts, those of no topic counted as one
more topic, and of the texts that have one), how many texts keep their topic when other seeds run
and when texts come in day by day, time and peak memory. Coarse topics of fine labels cost NMI, and
fine topics of coarse labels too: compare the numbers of topics.

BERTopic is no dependency. Give the Python of an environment that has it:

    python -m venv bertopic-venv && bertopic-venv/bin/pip install bertopic
    python -m benchmarks.topics --bertopic bertopic-venv/bin/python

Exits 1 where purity or NMI of a set is below BERTopic's, or below the floors without it.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from sentiment.topics import FittedTopic, KnownTopic
    from sentiment.topics.topic import Floats, Ints

POOL = ROOT.parent / "shared" / "pool" / "english.jsonl.gz"
TEXTS = 2400
DAYS = (0.7, 0.85, 1.0)
SEEDS = (1, 2)
GAMES = 40
LEAST_LETTERS = 15
# What a set must reach where BERTopic is not there to compare: purity and NMI of all texts.
FLOORS = {"products": (0.85, 0.45), "posts": (0.48, 0.47), "games": (0.28, 0.31)}

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Texts with what they are about, by other people's word, and their vectors."""

    name: str
    texts: list[str]
    labels: Ints
    vectors: Floats


@dataclass(frozen=True, slots=True)
class Run:
    """The topic of each text (-1: none) and what it cost."""

    labels: Ints
    seconds: float
    cpu: float
    peak_mb: float


def label_of(name: str, row: Row, games: set[str]) -> str | None:
    """Give what a row is about, None where it is of another set."""
    key = row["id"].split(":", 1)[1]
    if name == "products" and row["dataset"] == "amazon_mdsd":
        return str(key.split(".")[0])
    if name == "posts" and row["dataset"] == "twitter_entity":
        return str(row["human_label"].split("target=")[1])
    if name == "games" and row["dataset"] == "steam_top100":
        game = key.split("-")[0]
        return str(game) if game in games else None
    return None


def read_sets(names: Sequence[str], most: int = TEXTS) -> Iterator[tuple[str, list[Row], Ints]]:
    """Read labelled sets, each text once, shuffled with a seed."""
    with gzip.open(POOL, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    played = Counter(
        row["id"].split(":", 1)[1].split("-")[0]
        for row in rows
        if row["dataset"] == "steam_top100"
    )
    games = {game for game, _ in played.most_common(GAMES)}
    for name in names:
        seen: dict[str, tuple[Row, str]] = {}
        for row in rows:
            label = label_of(name, row, games)
            if label and len(row["text"]) > LEAST_LETTERS:
                seen.setdefault(row["text"], (row, label))
        chosen = list(seen.values())
        random.Random(1).shuffle(chosen)
        chosen = chosen[:most]
        labels = np.unique([label for _, label in chosen], return_inverse=True)[1]
        yield name, [row for row, _ in chosen], labels.astype(np.int64)


def embedded(name: str, rows: Sequence[Row], labels: Ints, kept: Path | None) -> LabelledSet:
    """Give a set its vectors, from the folder of kept ones where they are there."""
    from sentiment.relevance.embedding import embedder
    from sentiment.scoring.text import Text, joined

    texts = [Text(text=row["text"], title=row.get("title")) for row in rows]
    path = kept / f"{name}-{len(rows)}.npy" if kept else None
    if path and path.is_file():
        vectors = np.load(path)
    else:
        vectors = embedder().vectors(texts).astype(np.float32)
        if path:
            np.save(path, vectors)
    return LabelledSet(name, [joined(text) for text in texts], labels, vectors)


def purity(labels: Ints, topics: Ints) -> float:
    """Give the share of texts that have the most usual label of their topic."""
    most = sum(int(np.bincount(labels[topics == one]).max()) for one in np.unique(topics))
    return most / len(labels)


def nmi(labels: Ints, topics: Ints) -> float:
    from sklearn.metrics import normalized_mutual_info_score

    return float(normalized_mutual_info_score(labels, topics))


def ari(one: Ints, two: Ints) -> float:
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(one, two))


def known(topics: Sequence[FittedTopic]) -> list[KnownTopic]:
    """Give the topics of a refit ids, as the store does: the next one to a new topic."""
    from sentiment.topics import KnownTopic

    following = max((one.id or 0 for one in topics), default=0)
    result = []
    for one in topics:
        if one.id is None:
            following += 1
        result.append(
            KnownTopic(
                id=one.id or following,
                centre=one.centre,
                words=one.words,
                name=one.name,
                floor=one.floor,
                usual=one.usual,
                size=one.size,
            )
        )
    return result


def ids_of(vectors: Floats, texts: Sequence[str], topics: Sequence[KnownTopic]) -> Ints:
    """Give the id of each text's first topic, -1 for none."""
    from sentiment.topics import assign

    found = [one.first for one in assign(vectors, texts, topics)]
    return np.array([-1 if one is None else one for one in found], np.int64)


def earful_runs(folder: Path, arguments: Sequence[str]) -> Iterator[Run]:
    """Fit once for each `SEED:COUNT`; with `:keep` the topics of the run before are known."""
    from sentiment.topics import refit

    vectors = np.load(folder / "vectors.npy")
    texts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    topics: list[KnownTopic] = []
    for argument in arguments:
        wall, cpu = time.perf_counter(), time.process_time()
        seed, count, *keep = argument.split(":")
        part, seen = texts[: int(count)], vectors[: int(count)]
        topics = known(refit(seen, part, topics if keep else (), seed=int(seed)).topics)
        labels = ids_of(seen, part, topics)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        yield Run(labels, time.perf_counter() - wall, time.process_time() - cpu, peak)


def in_own_process(command: Sequence[str], folder: Path, arguments: Sequence[str]) -> list[Run]:
    """Run a contender by itself, so that its peak memory is its own."""
    done = subprocess.run(
        [*command, str(folder), *arguments], capture_output=True, text=True, check=False, cwd=ROOT
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    runs = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return [Run(**(run | {"labels": np.array(run["labels"], np.int64)})) for run in runs]


def kept_share(before: Ints, after: Ints, *, by_id: bool) -> float:
    """Give the share of the texts with a topic that have it the next day too.

    Without ids the topics of two days are matched so that the most texts keep theirs.
    """
    from scipy.optimize import linear_sum_assignment

    after = after[: len(before)]
    had = before >= 0
    if by_id:
        return float((before[had] == after[had]).mean())
    both = np.zeros((before.max() + 1, after.max() + 1), np.int64)
    pairs = had & (after >= 0)
    np.add.at(both, (before[pairs], after[pairs]), 1)
    return float(both[linear_sum_assignment(-both)].sum() / had.sum())


@dataclass(frozen=True, slots=True)
class Judged:
    """A contender on a set: of the first seed's run but for `same` and `kept`."""

    name: str
    topics: int
    none: float
    purity: float
    nmi: float
    purity_of_some: float
    nmi_of_some: float
    same: float
    kept: float
    seconds: float
    cpu: float
    peak_mb: float


def judged(name: str, one: LabelledSet, runs: Sequence[Run], days: Sequence[Run]) -> Judged:
    """Judge the mean of the runs by seeds, and what the days kept."""
    some = [run.labels >= 0 for run in runs]
    mean = np.mean(
        [
            (
                len(np.unique(run.labels[has])),
                1 - has.mean(),
                purity(one.labels, run.labels),
                nmi(one.labels, run.labels),
                purity(one.labels[has], run.labels[has]),
                nmi(one.labels[has], run.labels[has]),
            )
            for run, has in zip(runs, some, strict=True)
        ],
        axis=0,
    )
    kept = [
        kept_share(before.labels, after.labels, by_id=name == "earful")
        for before, after in itertools.pairwise(days)
    ]
    topics, none, pure, mutual, pure_of_some, mutual_of_some = (float(value) for value in mean)
    return Judged(
        name=name,
        topics=round(topics),
        none=none,
        purity=pure,
        nmi=mutual,
        purity_of_some=pure_of_some,
        nmi_of_some=mutual_of_some,
        same=ari(runs[0].labels, runs[1].labels),
        kept=float(np.mean(kept)),
        seconds=runs[-1].seconds,
        cpu=runs[-1].cpu,
        peak_mb=runs[-1].peak_mb,
    )


def compare(one: LabelledSet, bertopic: str | None) -> list[Judged]:
    """Run both on a set; each in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.save(folder / "vectors.npy", one.vectors)
        (folder / "texts.json").write_text(json.dumps(one.texts), encoding="utf-8")
        sizes = [int(share * len(one.texts)) for share in DAYS]
        seeds = [f"{seed}:{len(one.texts)}" for seed in SEEDS]
        ours = [sys.executable, "-m", "benchmarks.topics", "--contender"]
        fits = in_own_process(ours, folder, seeds)
        days = in_own_process(
            ours, folder, [f"1:{sizes[0]}", *(f"1:{size}:keep" for size in sizes[1:])]
        )
        results = [judged("earful", one, fits, days)]
        if bertopic:
            theirs = [bertopic, str(ROOT / "benchmarks" / "bertopic_run.py")]
            fits = in_own_process(theirs, folder, seeds)
            days = in_own_process(theirs, folder, [f"1:{size}" for size in sizes[:-1]])
            results.append(judged("bertopic", one, fits, [*days, fits[0]]))
    return results


def main() -> int:
    """Print the table; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sets", nargs="*", default=list(FLOORS), help="sets, all by default")
    parser.add_argument("--bertopic", metavar="PYTHON", help="a Python that has bertopic")
    parser.add_argument("--vectors", type=Path, metavar="FOLDER", help="keep vectors here")
    parser.add_argument("--texts", type=int, default=TEXTS, help="texts a set, at most")
    parser.add_argument("--contender", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.contender:
        for run in earful_runs(Path(arguments.contender[0]), arguments.contender[1:]):
            print(json.dumps({name: _plain(getattr(run, name)) for name in run.__slots__}))
        return 0
    if not arguments.bertopic:
        print("BERTopic is left out: python -m venv V && V/bin/pip install bertopic, --bertopic V")
    print(
        "set       by       topics  none  purity  NMI    purity/NMI of some  "
        "seeds ARI  days kept  seconds  CPU s  peak MB"
    )
    missed = []
    for name, rows, labels in read_sets(arguments.sets, arguments.texts):
        results = compare(embedded(name, rows, labels, arguments.vectors), arguments.bertopic)
        for one in results:
            print(
                f"{name:9} {one.name:9}{one.topics:5}  {one.none:5.2f}  {one.purity:.3f}  "
                f"{one.nmi:.3f}  {one.purity_of_some:.3f} / {one.nmi_of_some:.3f}       "
                f"{one.same:.3f}      {one.kept:.3f}     {one.seconds:7.1f} {one.cpu:6.1f}  "
                f"{one.peak_mb:7.0f}",
                flush=True,
            )
        ours = results[0]
        goal = (results[1].purity, results[1].nmi) if len(results) > 1 else FLOORS[name]
        missed += [
            f"{name}: {what} {got:.3f} is below {least:.3f}"
            for what, got, least in zip(
                ("purity", "NMI"), (ours.purity, ours.nmi), goal, strict=True
            )
            if got < least
        ]
    print(*missed, sep="\n")
    return int(bool(missed))


def _plain(value: object) -> object:
    return value.tolist() if isinstance(value, np.ndarray) else value


if __name__ == "__main__":
    sys.exit(main())
