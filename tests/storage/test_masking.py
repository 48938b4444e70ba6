"""Addresses and phone numbers are masked; what a support team needs of numbers stays."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from storage.masking import masked

SHARED = Path(__file__).parents[3] / "shared"
BOTH = ("email", "phone")


@pytest.mark.parametrize(
    ("text", "language", "shown"),
    [
        ("Call me at 407-404-2036, please.", "en", "Call me at [phone], please."),
        ("My number is +91 88180 27460.", "en", "My number is [phone]."),
        ("Ring 020 7946 0018 after six", "en", "Ring [phone] after six"),
        ("Ruft mich an: 030/12345678!", "de", "Ruft mich an: [phone]!"),
        ("Rappelez-moi au 06 12 34 56 78", "fr", "Rappelez-moi au [phone]"),
        ("Llámame al 612 345 678", "es", "Llámame al [phone]"),
        ("Ligue 21 912 345 678 ou (11) 91234-5678", "pt", "Ligue [phone] ou [phone]"),
        ("Звоните 8-926-153-07-01", "ru", "Звоните [phone]"),
        ("電話は03-1234-5678です", "ja", "電話は[phone]です"),
        ("전화 010-1234-5678 주세요", "ko", "전화 [phone] 주세요"),
        ("请打 13812345678 给我", "zh", "请打 [phone] 给我"),
        ("โทร 081-234-5678", "th", "โทร [phone]"),
        ("Tel. +49 30 12345678 oder mail", "nl", "Tel. [phone] oder mail"),
        ("Write to jo.doe+x@mail.example.com now", "en", "Write to [email] now"),
        ("(sam@firma.de)", "de", "([email])"),
        ("два адреса: a@b.ru, c@d.com", "ru", "два адреса: [email], [email]"),
    ],
)
def test_what_reaches_a_person_is_masked(text: str, language: str, shown: str) -> None:
    assert masked(text, BOTH, None, language) == shown
    # Masked again it is the same: the hash of the text stays.
    assert masked(shown, BOTH, None, language) == shown


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Order # was 3264677178. Please message me", "en"),
        ("my pnr was 6602592898, I don't know why", "en"),
        ("back on my support ticket: 2235411961 over a week", "en"),
        ("Meine Bestellnummer ist 4123526680", "de"),
        ("Commande n° 4123526680 jamais reçue", "fr"),
        ("Номер заказа 8926153070", "ru"),
        ("注文 4123526680 が届かない", "ja"),
        ("It cost 1,299.00 and then 1 299 000 UZS", "en"),
        ("Paid $4123526680 for nothing", "en"),
        ("Geliefert am 05.08.2015 13:35 statt 09.07.15 - 16 Uhr", "de"),
        ("Since 2024-01-31 or 31/01/2024 nothing", "en"),
        ("license costs anywhere between 1800 - 2400 gm", "en"),
        ("IP 192.168.100.200 and version 20170313.0.5", "en"),
        ("https://example.com/pull/7?check_run_id=3163107139", "en"),
        ("via amazon.com/dp/1366525523/", "en"),
        ("@sam@mastodon.example said so", "en"),
        ("rated 131231231/10", "en"),
        ("1234", "en"),
    ],
)
def test_what_a_team_needs_stays(text: str, language: str) -> None:
    assert masked(text, BOTH, None, language) == text


def test_only_what_is_wished_is_masked() -> None:
    text = "a@b.example or 407-404-2036"
    assert masked(text, (), None, "en") == text
    assert masked(text, ("email",), None, "en") == "[email] or 407-404-2036"
    assert masked(text, ("phone",), None, "en") == "a@b.example or [phone]"


def test_a_country_says_how_its_numbers_are_written() -> None:
    text = "Appelle le 044 668 18 00"
    assert masked(text, BOTH, "CH", "fr") == "Appelle le [phone]"
    assert masked(text, BOTH, None, None) == text
    assert masked("+41 44 668 18 00", BOTH, None, None) == "[phone]"
    assert masked(text, BOTH, "XX", "not a language") == text


@pytest.mark.recorded
def test_few_texts_of_the_public_are_masked_at_all() -> None:
    """Eighteen languages, of whose texts hardly any holds a number to be called at."""
    with gzip.open(SHARED / "pool" / "languages.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    changed = [
        row
        for row in rows
        if masked(row["text"], ("phone",), None, row.get("language")) != row["text"]
    ]
    assert len(rows) > 5_000
    assert len(changed) / len(rows) < 0.002
