"""Moving a store to a new model version: stopped anywhere, it goes on where it stood."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from earful import console
from earful.stages import score_stage
from sentiment.scoring.classifier import Classifier
from storage.models import Mention
from storage.store import Store
from tests.earful.conftest import Earful
from tests.earful.rescore_run import BATCH
from tests.earful.test_stages import WordClassifier

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
MENTIONS = 300


def models(store: Store) -> dict[str, int]:
    rows = store.database.connection.execute("SELECT model, count(*) FROM verdicts GROUP BY 1")
    return {row[0]: row[1] for row in rows}


def test_a_killed_rescoring_goes_on_where_it_stopped(
    tmp_path: Path, earful: Earful, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "earful.db"
    with Store.open(path, migrate=True) as store:
        store.mentions.save(
            [
                Mention(
                    brand="Acme", source="shop", native_id=str(number), text=f"angry {number}",
                    fetched_at=NOW, created_at=NOW,
                )
                for number in range(MENTIONS)
            ]
        )  # fmt: skip
        score_stage.score(store, WordClassifier("words-1"), lambda: NOW)  # type: ignore[arg-type]
    command = [sys.executable, "-m", "tests.earful.rescore_run", str(path)]
    with subprocess.Popen(
        command, cwd=ROOT, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        for _ in range(3):
            assert running.stdout.readline() == b"batch\n"
            running.stdin.write(b"\n")
        assert running.stdout.readline() == b"batch\n"
        running.kill()
    with Store.open(path) as store:
        done = models(store)["words-2"]
        assert done == 3 * BATCH
        assert models(store)["words-1"] == MENTIONS
        left = store.verdicts.count_stale(["words-2"])
        assert left == MENTIONS - done
        current = store.database.connection.execute(
            "SELECT count(*) FROM voice WHERE model = 'words-2'"
        ).fetchone()[0]
        assert current == done

    newer = WordClassifier("words-2")
    bars: list[tuple[str, float | None]] = []
    advanced: Counter[str] = Counter()

    @contextmanager
    def progress_bar(label: str, total: float | None) -> Iterator[tuple[Any, Any]]:
        bars.append((label, total))
        yield Mock(advance=lambda task, by: advanced.update({label: by})), None

    monkeypatch.setattr(Classifier, "load", lambda **_: newer)
    monkeypatch.setattr(console, "progress_bar", progress_bar)
    ran = earful("process", "--rescore", "--no-deliver")
    assert ran.code == 0, ran.err
    assert f"scored {left:,} " in ran.out
    assert bars[:2] == [("scoring", 0), ("scoring again", left)]
    assert advanced["scoring again"] == left == sum(newer.batches)
    assert advanced["scoring"] == 0
    with Store.open(path) as store:
        assert models(store) == {"words-1": MENTIONS, "words-2": MENTIONS}
        assert store.verdicts.count_stale(["words-2"]) == 0
