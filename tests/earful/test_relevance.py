"""Relevance that learns: from yes and no to doubts, what may be dropped, and the command."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from config.settings import parse_settings
from earful.brand_relevance import BrandRelevance
from earful.relevance_questions import questions
from earful.stages import judge_stage, score_stage
from sentiment.relevance import embedding
from sentiment.scoring.text import Text
from storage.models import Mention
from storage.reports import Filter
from storage.store import Store
from tests.earful.conftest import Earful
from tests.earful.test_stages import WordClassifier

if TYPE_CHECKING:
    from sentiment.relevance.logistic import Floats

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
FLIGHTS = ["flight", "bag", "crew", "seat", "gate", "boarding"]
RIVERS = ["river", "mud", "heron", "flood", "boat", "reeds"]
CONFIG = '[[brands]]\nname = "Delta"\nquery = "delta"\n'


class WordEmbedder:
    """A stand-in whose vectors are the words of a text: what is tested is what is made of them."""

    def __init__(self) -> None:
        self.read = 0

    def vectors(self, texts: Sequence[Text]) -> Floats:
        self.read += len(texts)
        made = np.zeros((len(texts), embedding.SIZE))
        for row, text in enumerate(texts):
            for word in text.text.lower().split():
                made[row, zlib.crc32(word.encode()) % embedding.SIZE] += 1
        made /= np.linalg.norm(made, axis=1, keepdims=True)
        return embedding.unpacked([embedding.pack(one) for one in made])


class Listening:
    """A store of one brand, and a model that learns in it without the backbone."""

    def __init__(self, path: Path, mode: str = "suggest") -> None:
        brand = {"name": "Delta", "query": "delta", "relevance": mode}
        raw = {"store": {"path": str(path)}, "brands": [brand]}
        self.settings = parse_settings(raw, {}, where="test")
        self.store = Store.open(path, migrate=True)
        self.embedder = WordEmbedder()
        self.relevance = BrandRelevance(self.settings, lambda: self.embedder)
        self._number = 0

    def say(self, *words: str, source: str = "shop", before: str = "delta") -> Mention:
        self._number += 1
        mention = Mention(
            brand="Delta",
            source=source,
            native_id=str(self._number),
            text=" ".join((before, *words)),
            created_at=NOW,
            fetched_at=NOW,
        )
        self.store.mentions.save([mention])
        return mention

    def teach(self, of_each: int) -> None:
        for words, about in ((FLIGHTS, True), (RIVERS, False)):
            for number in range(of_each):
                one = self.say(words[number % 6], words[(number + 1) % 6], f"n{number}")
                self.store.relevance.say(one.id, about=about, by="dana", by_id=None, at=NOW)

    def score(self) -> None:
        score_stage.score(
            self.store,
            WordClassifier(),  # type: ignore[arg-type]
            lambda: NOW,
            relevance=self.relevance,
        )

    def asked(self) -> dict[str, bool]:
        """Give the words of what is asked about, and whether it is called doubtful."""
        found = questions(self.store, self.relevance, "Delta", 20, NOW)
        return {one.words: one.doubtful for one in found}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "earful.db"


def test_before_five_of_each_the_query_asks_and_nothing_is_doubtful(path: Path) -> None:
    listening = Listening(path)
    listening.teach(4)
    listening.say("river", "mud")
    listening.say("again", before="Delta")
    assert listening.relevance.refresh(listening.store, NOW) == 0
    # The name without its capital first: it may be the common word.
    assert [*listening.asked().items()] == [("delta river mud", False), ("Delta again", False)]
    assert listening.embedder.read == 0


def test_after_ten_answers_the_model_names_what_is_doubtful(path: Path) -> None:
    listening = Listening(path)
    listening.say("river", "mud", "flood")
    listening.say("flight", "crew", "seat")
    listening.teach(6)
    assert listening.relevance.refresh(listening.store, NOW) == 2
    assert listening.asked() == {"delta river mud flood": True}
    # It only names: nothing is taken out.
    (row,) = [row for row in listening.store.insight.export(Filter()) if row["id"] == "shop:1"]
    assert (row["not_about"], row["counted"]) == (None, 1)
    assert row["p_about"] < 0.5


def test_the_labels_alone_make_the_model_and_texts_are_read_once(path: Path) -> None:
    listening = Listening(path)
    listening.say("river", "mud", "flood")
    listening.teach(6)
    listening.relevance.refresh(listening.store, NOW)
    first = listening.store.relevance.model("Delta")
    assert listening.embedder.read == 13
    listening.store.relevance.forget_model("Delta")
    listening.relevance.refresh(listening.store, NOW)
    assert listening.store.relevance.model("Delta") == first
    read = listening.embedder.read
    listening.teach(1)
    assert listening.relevance.refresh(listening.store, NOW) == 1
    again = listening.store.relevance.model("Delta")
    assert again is not None
    assert again != first
    assert listening.embedder.read == read + 2, "the two new labels"


@pytest.mark.parametrize(("mode", "alerts", "counted"), [("suggest", 2, 2), ("drop", 1, 1)])
def test_only_where_the_config_says_so_the_model_drops_before_any_rule_sees_it(
    path: Path, mode: str, alerts: int, counted: int
) -> None:
    listening = Listening(path, mode)
    listening.teach(40)
    listening.relevance.refresh(listening.store, NOW)
    for mention in listening.store.verdicts.waiting(99):
        listening.store.mentions.save([], [mention.id], NOW)
    river = listening.say("river", "mud", "flood", "angry")
    listening.say("flight", "crew", "seat", "angry")
    listening.score()
    judge_stage.judge_waiting(listening.store, listening.settings, lambda: NOW)
    connection = listening.store.database.connection
    told = connection.execute("SELECT count(*) FROM alerts WHERE kind = 'complaint'").fetchone()
    assert told[0] == alerts
    assert listening.store.insight.totals(Filter())["angry"] == counted
    # What was dropped stands among the questions, and a yes brings it back to the rules.
    assert listening.asked()["delta river mud flood angry"] is True
    listening.store.relevance.say(river.id, about=True, by="dana", by_id=None, at=NOW)
    judge_stage.judge_waiting(listening.store, listening.settings, lambda: NOW)
    told = connection.execute("SELECT count(*) FROM alerts WHERE kind = 'complaint'").fetchone()
    assert told[0] == 2
    assert listening.store.insight.totals(Filter())["angry"] == 2


def test_to_drop_no_more_brings_back_what_the_model_dropped(path: Path) -> None:
    listening = Listening(path, "drop")
    listening.teach(40)
    river = listening.say("river", "mud", "flood")
    listening.relevance.refresh(listening.store, NOW)
    dropped = listening.store.relevance.standing(river.id)
    assert dropped is not None
    assert dropped.not_about == "model"
    listening.store.close()
    asking = Listening(path, "suggest")
    asking.relevance.refresh(asking.store, NOW)
    standing = asking.store.relevance.standing(river.id)
    assert standing is not None
    assert standing.not_about is None


def test_the_brands_own_page_is_never_doubted(path: Path) -> None:
    listening = Listening(path)
    listening.teach(6)
    listening.say("river", "mud", "flood", source="appstore")
    listening.say("river", "mud", "flood", before="nothing")
    listening.relevance.refresh(listening.store, NOW)
    assert listening.asked() == {}


def test_a_stored_model_that_cannot_be_read_is_learnt_anew(path: Path) -> None:
    listening = Listening(path)
    listening.teach(6)
    listening.relevance.refresh(listening.store, NOW)
    listening.store.database.connection.execute("UPDATE relevance_models SET model = '{'")
    assert listening.relevance.learnt(listening.store, "Delta", NOW) is not None


@pytest.fixture
def taught(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a store with six yes, six no and two open questions, for the command."""
    words = WordEmbedder()
    monkeypatch.setattr(embedding, "embedder", lambda: words)
    (tmp_path / "earful.toml").write_text(CONFIG, encoding="utf-8")
    listening = Listening(path)
    listening.say("river", "mud", "flood")
    listening.say("flight", "crew", "seat")
    listening.teach(6)
    listening.relevance.refresh(listening.store, NOW)
    listening.store.close()
    return path


def lines(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_the_command_lists_explains_and_learns(earful: Earful, taught: Path) -> None:
    ran = earful("relevance")
    assert (ran.code, ran.err) == (0, "")
    assert "delta river mud flood" in ran.out
    assert "shop:1" in ran.out
    (asked,) = lines(earful("relevance", "--json").out)
    assert (asked["id"], asked["doubtful"], asked["not_about"]) == ("shop:1", True, None)
    assert 0 < asked["p_about"] < 0.5
    why = earful("relevance", "--explain", "shop:1").out
    assert f"shop:1: {asked['p_about']:.0%} likely about Delta: doubtful" in why
    assert "learnt from: 6 yes, 6 no" in why
    assert '"delta"' in why
    assert "only in lower case" in why
    assert why.count(" like  no ") == 3
    parts = json.loads(earful("relevance", "--explain", "shop:1", "--json").out)
    total = sum(parts["log_odds"].values())
    assert 1 / (1 + np.exp(-total)) == pytest.approx(parts["p_about"], abs=0.01)
    ran = earful("relevance", "no", "shop:1", "--by", "omar")
    assert (ran.code, ran.out) == (0, "1 now not about the brand\n")
    assert earful("relevance").err == "no mention is doubtful\n"
    assert "people say that it is not about Delta" in (
        earful("relevance", "--explain", "shop:1").out
    )
    assert earful("relevance", "no", "shop:1").out == (
        "0 now not about the brand · 1 already so\n"
    )
    assert earful("relevance", "yes", "shop:1").out == "1 now about the brand\n"
    with Store.open(taught) as store:
        assert store.relevance.last_word("shop:1") is True
        model = store.relevance.model("Delta")
    assert model is not None
    assert model.learnt_from.startswith("7 yes, 6 no")


def test_answers_about_an_unknown_mention_are_refused_whole(earful: Earful, taught: Path) -> None:
    ran = earful("relevance", "no", "shop:1", "shop:99")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "earful: shop:99: there is no such mention: see the view `voice`\n"
    with Store.open(taught) as store:
        assert store.relevance.last_word("shop:1") is None
    assert earful("relevance", "--explain", "shop:99").code == 2


def test_without_labels_the_command_says_that_it_guesses(earful: Earful, path: Path) -> None:
    (path.parent / "earful.toml").write_text(CONFIG, encoding="utf-8")
    listening = Listening(path)
    listening.say("river", "mud", "flood")
    listening.store.close()
    ran = earful("relevance")
    assert ran.code == 0
    assert "~" in ran.out
    assert "five yes and five no" in ran.err
    (asked,) = lines(earful("relevance", "--json").out)
    assert (asked["by_query_alone"], asked["doubtful"]) == (True, False)
    assert "learnt from: nothing yet" in earful("relevance", "--explain", "shop:1").out


def read_until(terminal: int, words: str) -> str:
    """Read what a process shows in a terminal up to some words, or to its end."""
    shown = ""
    while words not in shown:
        try:
            shown += os.read(terminal, 4096).decode()
        except OSError:  # what Linux gives once nobody has the other end open
            break
    return shown


def test_in_a_terminal_it_asks_one_by_one_until_somebody_quits(path: Path, tmp_path: Path) -> None:
    config = tmp_path / "earful.toml"
    config.write_text(f'[store]\npath = "{path}"\n{CONFIG}', encoding="utf-8")
    listening = Listening(path)
    said = {word: listening.say(word).id for word in ("mud", "heron", "reeds", "boat")}
    listening.store.close()
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "earful", "--config", str(config), "relevance", "--by", "omar"],
        stdin=theirs, stdout=theirs, stderr=theirs,
        env={**os.environ, "COLUMNS": "80", "TERM": "xterm"},
    ) as process:  # fmt: skip
        os.close(theirs)
        asked = []
        for answer in ("n", "y", "s", "q"):
            shown = read_until(ours, "(q)uit [s]:")
            (word,) = [word for word in said if f"delta {word}" in shown]
            asked.append(said[word])
            os.write(ours, f"{answer}\n".encode())
        assert "Traceback" not in read_until(ours, "never shown")
    os.close(ours)
    assert process.returncode == 0
    assert sorted(asked) == sorted(said.values())
    with Store.open(path) as store:
        assert [store.relevance.last_word(one) for one in asked] == [False, True, None, None]
