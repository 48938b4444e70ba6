"""Several workers give the verdicts that one process gives, whoever of them is killed."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from earful.parquet_layout import write_layout
from earful.rescore_parts import BATCH, PartScorer, parts_of
from sentiment.scoring.classifier import Classifier, Text
from storage.models import Experience, Mention
from storage.store import Store
from storage.tables.verdicts import Scored
from tests.earful.conftest import Earful
from tests.storage.fixtures import BRAND, OTHER_BRAND, make_mention, make_verdict
from tests.waiting import PATIENCE_S, wait_for

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HAS_RAY = importlib.util.find_spec("ray") is not None
needs_ray = pytest.mark.skipif(not HAS_RAY, reason="pip install 'earful[ray]'")
TEXTS = (
    "They lost my suitcase and nobody answers the phone. Never again.",
    "Rita ran after us with my son's toy. Wonderful people, I tell everybody!",
    "It was okay, nothing special.",
    "Does the bus run on Sundays?",
    "Schon wieder zu spät.",
    "",
)


def mentions(count: int) -> list[Mention]:
    return [
        make_mention(
            str(number),
            f"{TEXTS[number % len(TEXTS)]} {number}" if TEXTS[number % len(TEXTS)] else "",
            NOW - timedelta(hours=number),
            brand=BRAND if number % 3 else OTHER_BRAND,
            title="Trip" if number % 2 and TEXTS[number % len(TEXTS)] else None,
            rating=float(1 + number % 5),
            rating_max=5.0,
            language=None,
        )
        for number in range(count)
    ]


def make_store(path: Path, count: int) -> Path:
    with Store.open(path, migrate=True) as store:
        store.mentions.save(mentions(count))
        stored = store.mentions.many([f"appstore:{number}" for number in range(count)])
        store.verdicts.save(
            [
                Scored(mention=mention, verdict=make_verdict(Experience.NONE, model="old"))
                for mention in stored.values()
            ],
            NOW,
        )
    return path


def verdicts(path: Path) -> dict[str, tuple[Any, ...]]:
    with Store.open(path, readonly=True) as store:
        return {
            row["id"]: (
                row["experience"], row["stance"], row["sure"], row["model"], row["language"],
                *(pytest.approx(row[name], abs=1e-4) for name in ("p_angry", "p_advocate")),
            )
            for row in store.database.connection.execute("SELECT * FROM voice")
        }  # fmt: skip


def command(path: Path, *more: str) -> list[str]:
    main = [sys.executable, "-m", "earful", "--db", str(path)]
    return [*main, "process", "--rescore", "--no-deliver", *more]


def test_parts_hold_what_is_to_be_scored_and_each_once(tmp_path: Path) -> None:
    path = make_store(tmp_path / "earful.db", 2 * BATCH + 100)
    folder = tmp_path / "layout"
    wanted = {f"appstore:{number}" for number in range(2 * BATCH + 90)}
    with Store.open(path, readonly=True) as store:
        write_layout(store, folder)
        parts = [*parts_of(store, folder, wanted | {"appstore:gone"})]
    assert sorted(one for part in parts for one in part.ids) == sorted(wanted)
    assert max(len(part.ids) for part in parts) <= BATCH


def test_a_worker_gives_what_the_classifier_says_of_the_mention(tmp_path: Path) -> None:
    path = make_store(tmp_path / "earful.db", 60)
    folder = tmp_path / "layout"
    with Store.open(path, readonly=True) as store:
        write_layout(store, folder)
        stored = store.mentions.many([f"appstore:{number}" for number in range(60)])
        parts = [*parts_of(store, folder, stored)]
    worker = PartScorer(())
    given = {one.mention_id: one for part in parts for one in worker.score(part)}
    classifier = Classifier.load()
    expected = classifier.classify(
        [
            Text(text=one.text, title=one.title, rating=one.rating, rating_max=one.rating_max)
            for one in stored.values()
        ]
    )
    assert given.keys() == stored.keys()
    for mention, verdict in zip(stored.values(), expected, strict=True):
        own = given[mention.id]
        assert own.text_hash == mention.text_hash
        assert (own.verdict.experience, own.verdict.stance, own.verdict.sure) == (
            verdict.experience, verdict.stance, verdict.sure,
        )  # fmt: skip
        assert own.verdict.p_angry == pytest.approx(verdict.p_angry, abs=1e-4)
    (german,) = [one for one in given.values() if one.mention_id == "appstore:4"]
    assert german.language == "de"


def test_a_part_that_cannot_be_scored_is_left_for_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_store(tmp_path / "earful.db", 5)
    with Store.open(path, readonly=True) as store:
        write_layout(store, tmp_path / "layout")
        (part, *_) = parts_of(store, tmp_path / "layout", {"appstore:1", "appstore:2"})
    worker = PartScorer(())

    def broken(texts: Sequence[Text], **_: object) -> None:
        raise ValueError("no such text")

    monkeypatch.setattr(worker._classifier, "classify", broken)
    assert worker.score(part) == []


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--engine", "ray"), "--engine ray goes with --rescore"),
        (("--rescore", "--workers", "2"), "--workers and --layout go with --engine ray"),
        (("--rescore", "--layout", "x"), "--workers and --layout go with --engine ray"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    earful: Earful, options: tuple[str, ...], line: str
) -> None:
    ran = earful("process", *options)
    assert ran.code == 2
    assert line in ran.err


@pytest.mark.skipif(HAS_RAY, reason="Ray is installed")
def test_without_ray_it_is_said_how_to_get_it(tmp_path: Path, earful: Earful) -> None:
    path = make_store(tmp_path / "earful.db", 3)
    ran = earful("--db", str(path), "process", "--rescore", "--no-deliver", "--engine", "ray")
    assert ran.code == 2
    assert "pip install 'earful[ray]'" in ran.err


@needs_ray
@pytest.mark.slow("starts Ray, whose workers load the model each")
def test_two_workers_give_the_verdicts_of_one_process(tmp_path: Path) -> None:
    alone = make_store(tmp_path / "alone.db", 300)
    together = make_store(tmp_path / "together.db", 300)
    subprocess.run(command(alone), check=True, timeout=PATIENCE_S)
    ran = subprocess.run(
        command(together, "--engine", "ray", "--workers", "2", "--layout", str(tmp_path / "l")),
        check=True, timeout=PATIENCE_S, capture_output=True, text=True,
    )  # fmt: skip
    assert "scored 300 " in ran.stdout
    assert verdicts(together) == verdicts(alone)
    assert {row[3] for row in verdicts(together).values()} != {"old"}
    # The layout that was given stays, and shows what was before.
    assert [*(tmp_path / "l").rglob("*.parquet")]


@needs_ray
@pytest.mark.slow("starts Ray, whose workers load the model each")
def test_a_killed_worker_gets_its_part_again(tmp_path: Path) -> None:
    count = 5 * BATCH
    path = make_store(tmp_path / "earful.db", count)
    marker = f"EARFUL_TEST_{os.getpid()}"
    running = subprocess.Popen(
        command(path, "--engine", "ray", "--workers", "2"),
        env=os.environ | {marker: "1"}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip

    def scoring() -> list[int]:
        """Find our own workers that score at this moment."""
        found = []
        for process in Path("/proc").iterdir():
            if not process.name.isdigit():
                continue
            try:
                named = (process / "cmdline").read_bytes()
                ours = marker.encode() in (process / "environ").read_bytes()
            except OSError:
                continue
            if ours and named.startswith(b"ray::PartScorer.score"):
                found.append(int(process.name))
        return found

    def begun() -> bool:
        assert running.poll() is None
        with Store.open(path, readonly=True) as store:
            done = store.database.connection.execute(
                "SELECT 1 FROM verdicts WHERE model <> 'old' LIMIT 1"
            ).fetchone()
        return done is not None and bool(scoring())

    wait_for(begun)
    os.kill(scoring()[0], signal.SIGKILL)
    out, _ = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 0
    assert f"scored {count:,} " in out
    with Store.open(path, readonly=True) as store:
        rows = store.database.connection.execute(
            "SELECT count(*) FROM voice WHERE model <> 'old'"
        ).fetchone()
        assert rows[0] == count
        per_mention = store.database.connection.execute(
            "SELECT max(n) FROM (SELECT count(*) AS n FROM verdicts GROUP BY mention_id)"
        ).fetchone()
    assert per_mention[0] == 2
