"""The process that holds the model: reads texts from a pipe, writes verdicts and vectors to it.

`python -m sentiment.scoring.model_child SCORES VECTORS` is begun by `model_process`, with the file
descriptors of its two lanes.
"""

from __future__ import annotations

import logging
import os
import pickle  # nosec B403 # reads only what it has just written
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.errors import EarfulError, ModelError

if TYPE_CHECKING:
    from config.settings import ModelSettings
    from sentiment.scoring.classifier import Classifier
    from sentiment.scoring.text import Text
    from storage.models import Verdict

# Where the kernel must kill something for memory, it takes this before whoever began it.
_KILLED_FIRST = 500


class _Lane:
    """Answers one question after the other; what is logged meanwhile goes the same way."""

    def __init__(self, descriptor: int, answers: dict[str, Callable[..., Any]]) -> None:
        self._pipe = Connection(descriptor)
        self._answers = answers
        self._sending = threading.Lock()

    def tell(self, kind: str, value: object) -> None:
        with self._sending, suppress(OSError):
            self._pipe.send((kind, value))

    def serve(self) -> None:
        while True:
            try:
                question, details = self._pipe.recv()
            except (EOFError, OSError):
                return
            try:
                answer = self._answers[question](*details)
            except Exception as error:
                self.tell("unloadable" if question == "load" else "failed", _sendable(error))
            else:
                self.tell("answer", answer)


class _Log(logging.Handler):
    """Gives each record to a lane, as what began this process knows how to write it."""

    def __init__(self, lane: _Lane) -> None:
        super().__init__()
        self._lane = lane

    def emit(self, record: logging.LogRecord) -> None:
        # As text: what a record refers to may not go through a pipe.
        plain = {"msg": record.getMessage(), "args": None, "exc_info": None, "exc_text": None}
        self._lane.tell("log", logging.makeLogRecord({**vars(record), **plain}))


class _Model:
    """What answers the questions."""

    def __init__(self) -> None:
        self._classifier: Classifier | None = None

    def load(self, weights: str | None, models: Sequence[ModelSettings]) -> dict[str, Any]:
        from sentiment.scoring.classifier import Classifier

        loaded = Classifier.load(None if weights is None else Path(weights), models, tolerant=True)
        self._classifier = loaded
        return {
            "model": loaded.model,
            "models": loaded.models,
            "others": [*loaded.others],
            "foreign": loaded.foreign,
            "missing": dict(loaded.missing),
        }

    def classify(self, texts: Sequence[Text]) -> list[Verdict]:
        if self._classifier is None:
            raise ModelError("texts came before the model was loaded")
        return self._classifier.classify(texts)

    def vectors(self, texts: Sequence[Text]) -> list[bytes]:
        from sentiment.relevance.embedding import embedder, pack

        return [pack(vector) for vector in embedder().vectors(texts)]


def main() -> None:
    """Answer until the pipes or stdin end."""
    _be_killed_first()
    threading.Thread(target=_end_with_parent, name="parent watch", daemon=True).start()
    model = _Model()
    scores, vectors = (int(one) for one in sys.argv[1:3])
    lane = _Lane(scores, {"load": model.load, "classify": model.classify})
    logging.basicConfig(level=logging.INFO, handlers=[_Log(lane)])
    other = _Lane(vectors, {"vectors": model.vectors})
    threading.Thread(target=other.serve, name="vectors", daemon=True).start()
    lane.serve()


def _sendable(error: Exception) -> Exception:
    """Give an error as the other side can raise it: some libraries' cannot be made there."""
    if not isinstance(error, EarfulError):
        logging.getLogger(__name__).debug("in the model's process", exc_info=error)
    try:
        pickle.loads(pickle.dumps(error))  # nosec B301 # written here and now
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _be_killed_first() -> None:
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(_KILLED_FIRST), encoding="ascii")


def _end_with_parent() -> None:
    while os.read(0, 4096):
        pass
    os._exit(3)


if __name__ == "__main__":
    main()
