"""A rescoring that waits to be killed: `python -m tests.earful.rescore_run STORE`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from earful.app import utc_now
from earful.stages import score_stage
from storage.models import Verdict
from storage.store import Store
from tests.earful.test_stages import WordClassifier

BATCH = 20


class Led(WordClassifier):
    """Tell the parent of each batch, and save it once the parent sends a line."""

    def classify(self, texts: Any, **more: Any) -> list[Verdict]:
        print("batch", flush=True)
        sys.stdin.readline()
        return super().classify(texts, **more)


if __name__ == "__main__":
    score_stage._SCORE_BATCH = BATCH
    with Store.open(Path(sys.argv[1])) as store:
        score_stage.rescore(store, Led("words-2"), utc_now)  # type: ignore[arg-type]
