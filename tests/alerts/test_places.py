"""Where a mention stands reads well in each message, for our sources and for imported ones."""

from __future__ import annotations

import pytest

from alerts import messages
from alerts.messages import Places
from crawler.catalog import sources
from tests.alerts.examples import DUE, PLACES, a_voice, new_complaint

SEEN = Places(
    {"google_play": "on Google Play", "feeds": "in a feed", "appstore": "on the App Store"}
)


@pytest.mark.parametrize(
    ("source", "at", "title"),
    [
        ("google_play", "on Google Play", "Google Play"),
        ("feeds", "in a feed", "A feed"),
        ("appstore", "on the App Store", "The App Store"),
        ("our_tickets", "in the import “our tickets”", "The import “our tickets”"),
        ("*b* <c>:d:", "in the import “∗b∗ &lt;c&gt;∶d∶”", "The import “∗b∗ &lt;c&gt;∶d∶”"),
        ("", "at an unnamed source", "An unnamed source"),
        ("\u200b", "at an unnamed source", "An unnamed source"),
    ],
)  # fmt: skip
def test_a_place_follows_a_name_or_begins_a_sentence(source: str, at: str, title: str) -> None:
    assert SEEN.at(source) == at
    assert SEEN.title(source) == title


@pytest.mark.parametrize("source", sorted(sources()))
def test_a_complaint_of_each_source_says_where_it_stands(source: str) -> None:
    payload = new_complaint(a_voice(source=source), PLACES, DUE)
    place = sources()[source].place
    assert payload["text"].startswith(f"Complaint about Acme Air from Petra N. {place}, 1 of 5")
    assert f"Read it {place}:" in messages.plain(payload)


def test_a_plain_form_says_where_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("no payload today")

    monkeypatch.setattr("alerts.messages.voice_cards.payload", refuse)
    for source, place in (("devto", "on DEV"), ("a *b*", "in the import “a *b*”")):
        payload = messages.wow(a_voice(source=source), PLACES)
        assert payload["plain"]
        assert f"Petra N. {place}: Stranded" in payload["blocks"][0]["text"]["text"]
