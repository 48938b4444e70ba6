"""What a mention answers goes to the classifier beside its text, by every way that a text goes."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from earful.parquet_layout import write_layout
from earful.rescore_parts import PartScorer, parts_of
from earful.stages import score_stage
from sentiment.scoring.classifier import Classifier, Text
from storage.models import Mention, Verdict
from storage.store import Store
from tests.earful.conftest import Earful
from tests.earful.test_cases import ANGRY, World
from tests.earful.test_correcting import take
from tests.earful.test_stages import WordClassifier
from tests.storage.scans import statements

NOW = datetime(2026, 11, 24, tzinfo=UTC)
THREAD = "Acme is a scam, the worst company ever, never again"
SAID = "Mine came after two days."


class Reader(WordClassifier):
    """Keeps what it was given to read."""

    def __init__(self, model: str = "words-1") -> None:
        super().__init__(model)
        self.read: dict[str, Text] = {}

    def classify(
        self, texts: Sequence[Text], *, progress: Callable[[int], None] | None = None
    ) -> list[Verdict]:
        self.read |= {text.text: text for text in texts}
        return super().classify(texts, progress=progress)


def said(native_id: str, text: str, parent: str | None = None, **more: Any) -> Mention:
    values: dict[str, Any] = {
        "brand": "Acme",
        "source": "forum",
        "native_id": native_id,
        "text": text,
        "parent_id": f"forum:{parent}" if parent else None,
        "created_at": NOW - timedelta(hours=1),
        "fetched_at": NOW,
    }
    return Mention(**values | more)


def talk() -> list[Mention]:
    return [
        said("1", "Where is my parcel?", title=THREAD),
        said("2", SAID, "1", title=THREAD),
        said("3", "Thanks!", "2", title=THREAD),
        said("4", "Nobody knows.", "elsewhere", title=THREAD),
        said("5", "Nobody knows me.", "elsewhere"),
    ]


EXPECTED = {
    "Where is my parcel?": (THREAD, None),
    SAID: (None, f"{THREAD}. Where is my parcel?"),
    "Thanks!": (None, SAID),
    "Nobody knows.": (None, THREAD),
    "Nobody knows me.": (None, None),
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "earful.db", migrate=True) as opened:
        yield opened


def score(store: Store, reader: Reader) -> dict[str, tuple[str | None, str | None]]:
    score_stage.score(store, reader, lambda: NOW)  # type: ignore[arg-type]
    return {text.text: (text.title, text.context) for text in reader.read.values()}


def test_what_waits_is_scored_beside_what_it_answers(store: Store) -> None:
    store.mentions.save(talk())
    assert score(store, Reader()) == EXPECTED


def test_a_batch_asks_once_for_all_that_it_answers(store: Store) -> None:
    def asked(count: int) -> int:
        store.mentions.save(
            [said(f"{count}/{number}", f"Me too {count}/{number}", "1") for number in range(count)]
        )
        asked_now = statements(store.database.connection, lambda: score(store, Reader()))
        return len([sql for sql in asked_now if "m.parent_id" in sql and "LEFT JOIN" in sql])

    store.mentions.save(talk())
    score(store, Reader())
    assert asked(2) == asked(60) == 1


def test_a_text_tried_alone_is_read_beside_what_it_answers(store: Store) -> None:
    store.mentions.save(talk())
    store.scoring_tries.begin(store.verdicts.waiting(9), NOW)
    reader = Reader()
    assert score(store, reader) == EXPECTED
    assert reader.batches == [1] * len(EXPECTED), "each was at hand when a process was killed"


def test_a_parent_that_comes_late_changes_no_verdict_and_is_read_by_the_next_model(
    store: Store,
) -> None:
    first, *replies = talk()
    store.mentions.save(replies)
    assert score(store, Reader())[SAID] == (None, THREAD)
    store.mentions.save([first])
    assert score(store, Reader()) == {first.text: (THREAD, None)}
    store.mentions.save([replace(first, text="Where is my parcel? Found, thanks.")])
    again = Reader("words-2")
    score_stage.rescore(store, again, lambda: NOW)  # type: ignore[arg-type]
    assert again.read[SAID].context == f"{THREAD}. Where is my parcel? Found, thanks."
    assert again.read[SAID].title is None


def test_workers_of_parts_read_what_their_own_file_does_not_hold(store: Store) -> None:
    mentions = talk()
    mentions[0] = replace(mentions[0], created_at=NOW - timedelta(days=70))
    store.mentions.save(mentions)
    score(store, Reader())
    folder = store.database.path.with_name("layout")
    write_layout(store, folder)
    worker, reader = PartScorer(()), Reader()
    worker._classifier = reader  # type: ignore[assignment]
    parts = [*parts_of(store, folder, [one.id for one in mentions])]
    assert len({part.path for part in parts}) == 2
    assert {one.mention_id for part in parts for one in worker.score(part)} == {
        one.id for one in mentions
    }
    assert {text.text: (text.title, text.context) for text in reader.read.values()} == EXPECTED


def test_corrections_teach_and_judge_beside_what_they_answer(tmp_path: Path) -> None:
    from earful import correcting

    world = World(tmp_path / "earful.db")
    post = world.say("Where is my parcel?", ANGRY)
    reply = world.say(SAID, ANGRY, title=THREAD, parent_id=post.id)
    take(world, tmp_path, "mention_id,experience", f"{reply.id},none", f"{post.id},angry")
    world.change(replace(reply, text="Mine came.", edited_at=world.now), ANGRY)
    take(world, tmp_path, "mention_id,experience", f"{reply.id},none")
    told = [(e.text.text, e.text.title, e.text.context) for e in correcting.examples(world.store)]
    world.store.mentions.save([], gone=[post.id], at=world.now)
    without = {e.text.context for e in correcting.examples(world.store)}
    world.store.close()
    assert told == [
        (SAID, None, "Where is my parcel?"),
        ("Where is my parcel?", None, None),
        ("Mine came.", None, "Where is my parcel?"),
    ]
    assert without == {THREAD}, "what was deleted at its source teaches nothing"


def test_a_threads_title_is_not_judged_as_its_answers_words(
    tmp_path: Path, earful: Earful
) -> None:
    created = datetime.now(UTC).isoformat()
    row = {
        "native_id": "2",
        "text": SAID,
        "title": THREAD,
        "parent_id": "1",
        "created_at": created,
    }
    (tmp_path / "talk.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    told = earful("import", "talk.jsonl", "--brand", "Acme", "--source", "forum")
    assert told.code == 0, told.err
    assert earful("process", "--no-deliver").code == 0
    with Store.open(tmp_path / "earful.db") as store:
        (stored,) = store.database.connection.execute("SELECT * FROM voice").fetchall()
    beside, alone = Classifier.load().classify(
        [Text(SAID, context=THREAD), Text(SAID, title=THREAD)]
    )
    assert stored["p_hater"] == pytest.approx(beside.p_hater, abs=0.01)
    assert alone.p_hater > 0.9 > 0.1 > beside.p_hater


def test_classify_takes_what_a_text_answers(
    earful: Earful, monkeypatch: pytest.MonkeyPatch
) -> None:
    def classify(fields: dict[str, object], reader: Reader) -> int:
        monkeypatch.setattr(Classifier, "load", lambda **_: reader)
        line = io.BytesIO(json.dumps(fields).encode())
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(line, encoding="utf-8"))
        return earful("classify", "--json").code

    reader = Reader()
    assert classify({"text": SAID, "parent": "Where is my parcel?"}, reader) == 0
    assert reader.read[SAID].context == "Where is my parcel?"
    assert classify({"text": SAID, "parent": 7}, reader) == 2
