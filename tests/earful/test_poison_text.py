"""A text over which processes are killed: the others are scored, and it is tried twice at most."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from config.errors import ModelDiedError
from earful.stages.score_stage import is_due, score
from sentiment.scoring.text import Text
from storage.models import Verdict
from storage.store import Store
from tests.earful.fault_run import World, world
from tests.earful.running import running
from tests.earful.test_stages import NOW, WordClassifier, say
from tests.earful.test_stopping import model_process


class Deadly(WordClassifier):
    """Its process dies of one text; `asked` are the sizes of what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []
        self.fatal = 0

    def classify(
        self, texts: Sequence[Text], *, progress: Callable[[int], None] | None = None
    ) -> list[Verdict]:
        self.asked.append(len(texts))
        if any("poison" in text.text for text in texts):
            self.fatal += 1
            raise ModelDiedError("the model's process was killed by signal 9")
        return super().classify(texts, progress=progress)


def test_it_is_tried_twice_then_put_aside(tmp_path: Path) -> None:
    classifier: Any = Deadly()
    now = NOW
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        say(store, *[f"awful {number}" for number in range(9)], "poison")
        with pytest.raises(ModelDiedError):
            score(store, classifier, lambda: now)
        assert store.verdicts.count_waiting() == 10
        assert len(store.scoring_tries.left()) == 10
        # What was with it is tried alone: whichever it was, it is found.
        while classifier.fatal < 2:
            with suppress(ModelDiedError):
                score(store, classifier, lambda: now)
        assert set(classifier.asked[1:]) == {1}
        for hours in (2, 4, 6):
            now = NOW + timedelta(hours=hours)
            score(store, classifier, partial(_at, now))
        assert classifier.fatal == 2
        assert store.verdicts.count_waiting() == 1
        assert not is_due(store, lambda: now)
        (failure,) = store.failures.all()
        assert "does not try it a third time: give it more memory and run" in failure.error
        # A person says that it may be tried again, or it is another text by then.
        assert store.scoring_tries.forget() == 1
        now += timedelta(hours=2)
        assert is_due(store, lambda: now)


def test_new_mentions_come_before_what_may_kill(tmp_path: Path) -> None:
    classifier: Any = Deadly()
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        say(store, "poison")
        with pytest.raises(ModelDiedError):
            score(store, classifier, lambda: NOW)
        say(store, "awful", "lovely")
        with pytest.raises(ModelDiedError):
            score(store, classifier, lambda: NOW)
        assert store.verdicts.count_waiting() == 1


def test_who_lives_on_after_a_failure_counts_nothing(tmp_path: Path) -> None:
    class Failing(WordClassifier):
        def classify(self, texts: Sequence[Text], **how: Any) -> list[Verdict]:
            if any("bad" in text.text for text in texts):
                raise ValueError("bad")
            return super().classify(texts, **how)

    classifier: Any = Failing()
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        say(store, "awful", "bad")
        assert score(store, classifier, lambda: NOW) == 1
        assert store.scoring_tries.left() == []


@pytest.mark.slow("kills a daemon twice while it scores")
def test_a_daemon_killed_twice_over_a_text_leaves_it(tmp_path: Path) -> None:
    with world(folder=tmp_path) as made:
        made.say("acme " * 80_000)
        kill_while_scoring(made, 1)
        kill_while_scoring(made, 2)
        made.say("Acme lost my parcel and nobody answers. Never again.", 2)
        with running(made.config, made.slack, "--no-serve") as run:
            run.wait_for(lambda: made.slack.messages("voice-complaints"))
            run.wait_for(lambda: any("third time" in text for text in made.ops()))
            code, found = run.status()
        assert code == 1
        assert any("shop:1" in problem for problem in found["problems"])
        with Store.open(made.store) as store:
            assert store.verdicts.count_waiting() == 1


def kill_while_scoring(made: World, tries: int) -> None:
    """SIGKILL a daemon in the middle of a try, as the kernel does where memory is short."""
    with suppress(AssertionError), running(made.config, made.slack, "--no-serve") as run:
        run.wait_for(lambda: "model loaded" in run.log.read_text())
        pid = model_process(run)
        assert pid is not None
        run.wait_for(lambda: _tries(made.store) == tries)
        os.kill(run.process.pid, signal.SIGKILL)
        run.process.wait()
        run.log.write_text("")
    assert _tries(made.store) == tries


def _at(now: datetime) -> datetime:
    return now


def _tries(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("SELECT total(tries) FROM scoring_tries").fetchone()[0])
    finally:
        connection.close()
