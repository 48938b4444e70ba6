"""The model in a process of its own: begun when a text needs it, ended when none has for a while.

Torch never gives all its memory back, and a model that does not fit takes with it what else its
process does. The process that asks loads neither torch nor weights.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

from config.errors import ModelDiedError, ModelError, StoppedError
from sentiment.scoring.backbone import WEIGHTS

if TYPE_CHECKING:
    from config.settings import ModelSettings
    from sentiment.relevance.logistic import Floats
    from sentiment.scoring.text import Text
    from storage.models import Verdict

SHIPPED = WEIGHTS
UNLOAD_AFTER = timedelta(minutes=10)
_END_WITHIN_S = 2.0


class Scores(Protocol):
    """What scores texts: a `Classifier` here, or one in a process of its own."""

    @property
    def model(self) -> str:
        """The version that its verdicts carry."""

    @property
    def models(self) -> tuple[str, ...]:
        """That, and the versions of the models for other languages."""

    @property
    def others(self) -> Mapping[str, object]:
        """The languages that have a model of their own."""

    @property
    def foreign(self) -> tuple[str, ...]:
        """The languages that another model than this one reads."""

    @property
    def missing(self) -> Mapping[str, ModelError]:
        """The languages whose model could not be loaded, and why."""

    def classify(
        self, texts: Sequence[Text], *, progress: Callable[[int], None] | None = None
    ) -> list[Verdict]:
        """Score texts in input order."""


class Embeds(Protocol):
    """What makes vectors of texts: an `Embedder` here, or one in a process of its own."""

    def vectors(self, texts: Sequence[Text]) -> Floats:
        """Give vectors (n, 384) of length 1, in order."""


@dataclass(slots=True)
class _Child:
    """The running process; what is asked by one lane does not wait for the other."""

    process: subprocess.Popen[bytes]
    lanes: Mapping[str, Connection]
    loaded: dict[str, Any] = field(default_factory=dict)


class ModelProcess:
    """Scores and embeds in a process of its own, as `Classifier` and `Embedder` would here.

    Any thread may ask. What the process dies of is a ModelDiedError, and the next question begins
    another; after `close` questions raise StoppedError.
    """

    def __init__(
        self,
        models: Sequence[ModelSettings] = (),
        *,
        unload_after: timedelta = UNLOAD_AFTER,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._models = tuple(models)
        self._unload_after_s = unload_after.total_seconds()
        self._clock = clock
        self._child: _Child | None = None
        self._closed = False
        self._beginning = threading.Lock()
        self._locks = {"scores": threading.Lock(), "vectors": threading.Lock()}
        self._used_at = clock()

    @property
    def pid(self) -> int | None:
        """Name the process, None while there is none."""
        child = self._child
        return None if child is None else child.process.pid

    @property
    def model(self) -> str:
        return str(self._loaded()["model"])

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(self._loaded()["models"])

    @property
    def others(self) -> Mapping[str, object]:
        return dict.fromkeys(self._loaded()["others"])

    @property
    def foreign(self) -> tuple[str, ...]:
        return tuple(self._loaded()["foreign"])

    @property
    def missing(self) -> Mapping[str, ModelError]:
        missing: Mapping[str, ModelError] = self._loaded()["missing"]
        return missing

    def load(self) -> ModelProcess:
        """Have the model loaded; ModelError where it cannot be, or does not fit into memory."""
        self._loaded()
        return self

    def classify(
        self, texts: Sequence[Text], *, progress: Callable[[int], None] | None = None
    ) -> list[Verdict]:
        """Score texts in input order, as `Classifier.classify` does."""
        self._loaded()
        verdicts: list[Verdict] = self._ask("scores", "classify", list(texts))
        if progress is not None:
            progress(len(texts))
        return verdicts

    def vectors(self, texts: Sequence[Text]) -> Floats:
        """Give vectors (n, 384), as `Embedder.vectors` does."""
        from sentiment.relevance.embedding import unpacked

        return unpacked(self._ask("vectors", "vectors", list(texts)))

    def rest(self) -> bool:
        """End the process if it has not been asked for a while; tells whether it was ended."""
        if self._child is None or self._clock() - self._used_at < self._unload_after_s:
            return False
        taken = [lock for lock in self._locks.values() if lock.acquire(blocking=False)]
        try:
            if len(taken) < len(self._locks):
                return False
            with self._beginning:
                self._end()
            return True
        finally:
            for lock in taken:
                lock.release()

    def follow(self, models: Sequence[ModelSettings], unload_after: timedelta) -> None:
        """Go by another config; other models are loaded by another process, at once."""
        changed, self._models = tuple(models) != self._models, tuple(models)
        self._unload_after_s = unload_after.total_seconds()
        if changed:
            with self._locks["scores"], self._locks["vectors"], self._beginning:
                self._end()

    def close(self) -> None:
        """End the process at once, whatever it is at; safe to repeat."""
        self._closed = True
        with self._beginning:
            self._end()

    def _loaded(self) -> dict[str, Any]:
        child = self._child
        if child is None or not child.loaded:
            # Beside weights of somebody's own no others are looked for.
            own = None if SHIPPED == WEIGHTS else str(SHIPPED)
            loaded = self._ask("scores", "load", own, self._models)
            child = self._child
            if child is None:
                raise ModelError("the model's process ended as soon as it had loaded the model")
            child.loaded = loaded
        return child.loaded

    def _ask(self, lane: str, question: str, *details: object) -> Any:
        with self._locks[lane]:
            child = self._begun()
            try:
                child.lanes[lane].send((question, details))
                while True:
                    kind, value = child.lanes[lane].recv()
                    if kind == "answer":
                        return value
                    if kind == "log":
                        _say_again(value)
                        continue
                    if kind == "unloadable":
                        # What a load that failed has taken is given back with its process.
                        with self._beginning:
                            self._end(child)
                    raise value
            except (EOFError, OSError) as error:
                raise self._death_of(child) from error
            finally:
                self._used_at = self._clock()

    def _begun(self) -> _Child:
        with self._beginning:
            if self._closed:
                raise StoppedError("the model's process is ended for good")
            if self._child is None:
                self._child = _begin()
            return self._child

    def _death_of(self, child: _Child) -> Exception:
        if self._closed:
            return StoppedError("the model's process is ended for good")
        if self._child is not child:
            return ModelError("the model's process was ended, as the model cannot be loaded")
        with suppress(subprocess.TimeoutExpired):
            child.process.wait(_END_WITHIN_S)
        code = child.process.poll()
        with self._beginning:
            self._end(child)
        if code is not None and code < 0:
            why = "; Linux kills so where memory is short: give the machine more"
            return ModelDiedError(
                f"the model's process was killed by signal {-code}{why if code == -9 else ''}"
            )
        return ModelDiedError(f"the model's process ended with {code}; the log says why")

    def _end(self, child: _Child | None = None) -> None:
        """End a process, by default the present one; `_beginning` is held."""
        ended = child or self._child
        if ended is None:
            return
        if ended is self._child:
            self._child = None
        assert ended.process.stdin is not None
        # It ends by itself at that, at once unless it hangs.
        with suppress(OSError):
            ended.process.stdin.close()
        try:
            ended.process.wait(_END_WITHIN_S)
        except subprocess.TimeoutExpired:
            ended.process.kill()
            ended.process.wait()
        # Whoever waits for an answer has seen the end by then, and closes nothing itself.
        for lane in ended.lanes.values():
            with suppress(OSError):
                lane.close()


def _begin() -> _Child:
    pairs = {name: Pipe() for name in ("scores", "vectors")}
    theirs = [their.fileno() for _, their in pairs.values()]
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "sentiment.scoring.model_child", *map(str, theirs)],
            # Its end tells the process that this one is gone, however it went.
            stdin=subprocess.PIPE,
            # What a library prints must not get among the answers of a command.
            stdout=sys.stderr.fileno() if _has_stderr() else subprocess.DEVNULL,
            pass_fds=theirs,
            # Ctrl-C is ours to pass on, in order.
            start_new_session=True,
        )
    except OSError as error:
        for own, _ in pairs.values():
            own.close()
        raise ModelError(f"the model's process cannot be begun: {error.strerror}") from error
    finally:
        for _, their in pairs.values():
            their.close()
    return _Child(process, {name: own for name, (own, _) in pairs.items()})


def _has_stderr() -> bool:
    try:
        return sys.stderr.fileno() >= 0
    except (AttributeError, OSError, ValueError):
        return False


def _say_again(record: logging.LogRecord) -> None:
    logger = logging.getLogger(record.name)
    if logger.isEnabledFor(record.levelno):
        logger.handle(record)
