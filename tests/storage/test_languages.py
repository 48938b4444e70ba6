"""The language of a mention: heard from its source, decided from its text, and kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.models import Experience
from storage.store import Store
from storage.tables.verdicts import Scored
from tests.storage.fixtures import make_mention, make_verdict

NOW = datetime(2026, 11, 24, tzinfo=UTC)
FRENCH = "Colis jamais reçu, personne ne répond."


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "earful.db", migrate=True) as opened:
        yield opened


def language_after(store: Store, heard: str | None, found: str | None) -> str | None:
    """Save a mention with the language its source told, score it, and read what is stored."""
    mention = make_mention("1", FRENCH, NOW, language=heard)
    store.mentions.save([mention])
    (waiting,) = store.verdicts.waiting(9)
    verdict = make_verdict(Experience.ANGRY)
    store.verdicts.save([Scored(mention=waiting, verdict=verdict, language=found)], NOW)
    return store.mentions.many([mention.id])[mention.id].language


@pytest.mark.parametrize(
    ("heard", "found", "kept"),
    [
        ("en", "fr", "fr"),
        (None, "fr", "fr"),
        ("fr", "fr", "fr"),
        ("fr-CA", "fr", "fr-CA"),
        ("en-US", "fr", "fr"),
        ("en", None, "en"),
        (None, None, None),
    ],
)
def test_what_the_text_is_in_is_stored(
    store: Store, heard: str | None, found: str | None, kept: str | None
) -> None:
    assert language_after(store, heard, found) == kept


def test_a_page_read_again_does_not_undo_it(store: Store) -> None:
    assert language_after(store, "en", "fr") == "fr"
    again = make_mention("1", FRENCH, NOW, language="en", reach=7)
    store.mentions.save([again])
    stored = store.mentions.many([again.id])[again.id]
    assert (stored.language, stored.reach) == ("fr", 7)
    # An edited text is another one: what its source says is heard until it is scored.
    store.mentions.save([replace(again, text="Solved. Thanks!")])
    assert store.mentions.many([again.id])[again.id].language == "en"


@pytest.mark.parametrize(
    ("text", "language", "stale"),
    [
        (FRENCH, "en", True),
        (FRENCH, None, True),
        (FRENCH, "fr", True),
        (FRENCH, "fi", False),
        ("\u0633\u064a\u0626 \u062c\u062f\u0627", "en-US", True),
        ("\U0001f44d\U0001f44d", "en", False),
    ],
)
def test_what_was_unread_under_a_page_s_language_is_scored_again(
    store: Store, text: str, language: str | None, stale: bool
) -> None:
    store.mentions.save([make_mention("1", text, NOW, language=language)])
    (waiting,) = store.verdicts.waiting(9)
    unread = replace(make_verdict(Experience.NONE, model="m-1"), unread=True)
    store.verdicts.save([Scored(mention=waiting, verdict=unread)], NOW)
    assert store.verdicts.count_stale(["m-1", "e5-1"], languages=["fr"]) == stale
    assert store.verdicts.count_stale(["m-1"]) == 0
