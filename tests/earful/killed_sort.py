"""Sort a store's mentions and be killed in the middle, as by a power cut.

python -m tests.earful.killed_sort STORE BATCHES
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sentiment.scoring.text import Text
from tests.earful.test_topics import Brand, SubjectEmbedder


class Deadly(SubjectEmbedder):
    """Reads so many batches, and ends the process in the next one."""

    def __init__(self, batches: int) -> None:
        super().__init__()
        self._left = batches

    def vectors(self, texts: Sequence[Text]) -> Any:
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1
        return super().vectors(texts)


if __name__ == "__main__":
    brand = Brand(Path(sys.argv[1]))
    brand.embedder = Deadly(int(sys.argv[2]))
    brand.sort()
