"""Answering in the terminal: a case answered, approved, sent by `earful process`, and shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.models import AlertKind, CaseState, Experience, Mention, NewCase
from storage.store import Store
from storage.tables.verdicts import Scored
from tests.alerts.fake_publishing.reviews import FakeGooglePlay
from tests.earful.conftest import Earful
from tests.storage.fixtures import make_verdict

SORRY = "We are sorry, Jo. Your bag comes tonight."
CONFIG = """
[[replies.templates]]
name = "Sorry"
text = "Hello {{author}}, we are sorry. {{agent}}"

[[brands]]
name = "Acme Air"
query = "acme"
approve_replies = {approve}

  [[brands.sources]]
  source = "google_play"
  app_id = "com.acme.air"
  owner_api = true
  enabled = false
  base_url = "{url}"
"""


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGooglePlay]:
    with FakeGooglePlay() as fake:
        for name, value in fake.environment.items():
            monkeypatch.setenv(name, value)
        yield fake


def furnish(folder: Path, play: FakeGooglePlay, *, approve: bool = False) -> None:
    """Write a config, and a store with two cases: one at Google Play, one in a shop."""
    text = CONFIG.format(url=play.url, approve=str(approve).lower())
    (folder / "earful.toml").write_text(text, encoding="utf-8")
    now = datetime.now(UTC)
    with Store.open(folder / "earful.db", migrate=True) as store:
        for source, about in (
            ("google_play", play.mention(1)),
            ("shop", {"native_id": "5", "url": "https://shop.example/r/5", "author": "Al"}),
        ):
            mention = Mention(
                brand="Acme Air", source=source, text="They lost my bag.", created_at=now,
                fetched_at=now, **about,
            )  # fmt: skip
            store.mentions.save([mention])
            verdict = make_verdict(Experience.ANGRY)
            store.verdicts.save([Scored(mention=mention, verdict=verdict)], now)
            store.cases.open_new(
                [
                    NewCase(
                        mention_id=mention.id, brand="Acme Air", opened_at=now, due_at=now,
                        kind=AlertKind.COMPLAINT,
                    )
                ]
            )  # fmt: skip


def test_an_answer_is_sent_by_the_next_run(
    earful: Earful, play: FakeGooglePlay, tmp_path: Path
) -> None:
    furnish(tmp_path, play)
    said = earful("case", "answer", "1", SORRY, "--as", "dana")
    assert said.out.startswith("case 1: the answer is on its way")
    assert play.standing() == {}
    assert earful("process").code == 0
    assert play.standing() == {SORRY: 1}
    shown = earful("case", "show", "1").out
    assert "Answered by dana" in shown
    assert SORRY in shown
    with Store.open(tmp_path / "earful.db") as store:
        case = store.cases.get(1)
        assert case is not None
        assert case.state is CaseState.RESPONDED


def test_what_is_too_long_or_has_no_template_is_refused(
    earful: Earful, play: FakeGooglePlay, tmp_path: Path
) -> None:
    furnish(tmp_path, play)
    long = earful("case", "answer", "1", "x" * 351, "--as", "dana")
    assert long.code == 2
    assert "shorten it by 1." in long.err
    unknown = earful("case", "answer", "1", "--template", "Bags", "--as", "dana")
    assert (unknown.code, "there is none of that name for this case: Sorry" in unknown.err) == (
        2,
        True,
    )
    assert earful("case", "answer", "1", "--as", "dana").code == 2
    assert earful("case", "approve", "1", "--as", "bob").code == 2
    templated = earful("case", "answer", "1", "--template", "sorry", "--as", "dana")
    assert templated.code == 0
    earful("process")
    assert play.standing() == {"Hello Jo, we are sorry. dana": 1}


def test_where_it_is_wanted_somebody_else_approves(
    earful: Earful, play: FakeGooglePlay, tmp_path: Path
) -> None:
    furnish(tmp_path, play, approve=True)
    assert "waits for somebody else's approval" in (
        earful("case", "answer", "1", "Hm.", "--as", "dana").out
    )
    assert "you wrote this answer" in earful("case", "approve", "1", "--as", "dana").err
    back = earful("case", "send-back", "1", "--note", "More words.", "--as", "bob")
    assert back.out == "case 1: the answer is back with dana\n"
    earful("case", "answer", "1", SORRY, "--as", "dana")
    assert earful("case", "approve", "1", "--as", "bob").out.startswith(
        "case 1: the answer is on its way"
    )
    earful("process")
    assert play.standing() == {SORRY: 1}
    history = earful("case", "show", "1").out
    assert "sent_back by bob: More words." in history


def test_elsewhere_the_words_are_given_to_be_posted_by_hand(
    earful: Earful, play: FakeGooglePlay, tmp_path: Path
) -> None:
    furnish(tmp_path, play)
    by_hand = earful("case", "answer", "2", SORRY, "--as", "dana")
    assert by_hand.out == (
        f"case 2: post the answer by hand at https://shop.example/r/5\n\n{SORRY}\n"
    )
    wrong = earful("case", "respond", "2", "--link", "shop", "--as", "dana")
    assert wrong.code == 2
    done = earful("case", "respond", "2", "--link", "https://shop.example/r/6", "--as", "dana")
    assert done.out == "case 2: responded\n"
    with Store.open(tmp_path / "earful.db") as store:
        (reply,) = [one for one in store.replies.of_case(2) if one.state == "sent"]
        assert (reply.text, reply.url) == (SORRY, "https://shop.example/r/6")
