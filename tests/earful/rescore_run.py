"""A rescoring that is slow enough to be killed: `python -m tests.earful.rescore_run STORE`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from earful import jobs
from earful.app import utc_now
from storage.models import Verdict
from storage.store import Store
from tests.earful.test_jobs import WordClassifier

BATCH = 20


class Slow(WordClassifier):
    """Tell the parent of each batch before it is saved, and give it time to kill."""

    def classify(self, texts: Any, **more: Any) -> list[Verdict]:
        print("batch", flush=True)
        time.sleep(0.1)
        return super().classify(texts, **more)


if __name__ == "__main__":
    jobs._SCORE_BATCH = BATCH
    with Store.open(Path(sys.argv[1])) as store:
        jobs.rescore(store, Slow("words-2"), utc_now)  # type: ignore[arg-type]
