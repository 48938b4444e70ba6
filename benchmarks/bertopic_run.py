"""BERTopic's usual recipe over the vectors of `benchmarks.topics`: run by an own environment.

Reads a folder (`vectors.npy`, `texts.json`) and seeds or parts; prints a JSON line a run: labels,
seconds, CPU seconds and peak memory so far. Imports nothing of Earful.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
from bertopic import BERTopic
from umap import UMAP


def main() -> None:
    """Fit once for each `SEED:COUNT` argument: the seed, and how many of the texts."""
    folder = Path(sys.argv[1])
    vectors = np.load(folder / "vectors.npy")
    texts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    for argument in sys.argv[2:]:
        seed, count = map(int, argument.split(":"))
        wall, cpu = time.perf_counter(), time.process_time()
        # What BERTopic does by default, with a seed: the same neighbours, dimensions and distance.
        umap = UMAP(
            n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=seed
        )
        labels, _ = BERTopic(umap_model=umap).fit_transform(texts[:count], vectors[:count])
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        run = {
            "labels": [int(label) for label in labels],
            "seconds": time.perf_counter() - wall,
            "cpu": time.process_time() - cpu,
            "peak_mb": peak,
        }
        print(json.dumps(run), flush=True)


if __name__ == "__main__":
    main()
