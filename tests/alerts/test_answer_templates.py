"""Which template suits a mention, and how its words are filled in."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import pytest

from alerts.decide.answer_choices import Template, choices, fingerprint
from config.query import Query, parse_query
from storage.models import Mention
from tests.alerts.examples import a_mention

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def says(query: Query, mention: Mention) -> bool:
    return query.matches(mention)


def template(name: str, text: str = "Hello.", *, topic: str | None = None, **of: str) -> Template:
    about = partial(says, parse_query(topic)) if topic else None
    return Template(name=name, text=text, about=about, **of)


@pytest.mark.parametrize(
    ("of", "language", "suits"),
    [
        ({}, "en", True),
        ({"brand": "acme air"}, "en", True),
        ({"brand": "Other"}, "en", False),
        ({"language": "en"}, "en", True),
        ({"language": "en"}, "en-GB", True),
        ({"language": "en-GB"}, "en", False),
        ({"language": "de"}, "en", False),
        ({"language": "de"}, None, True),
        ({"brand": "Acme Air", "language": "de"}, "de", True),
        ({"brand": "Other", "language": "de"}, "de", False),
    ],
)
def test_brand_and_language_decide(of: dict[str, str], language: str | None, suits: bool) -> None:
    assert template("x", **of).suits(a_mention(language=language)) is suits


def test_what_is_on_the_topic_comes_first_and_the_rest_as_in_the_config() -> None:
    mention = a_mention(text="I want a refund.")
    given = [
        template("sorry"),
        template("bags", topic="bag"),
        template("refunds", topic="refund OR chargeback"),
        template("taschen", language="de"),
        template("thanks"),
    ]
    chosen = choices(given, mention)
    assert [one.template.name for one in chosen] == ["refunds", "sorry", "bags", "thanks"]
    assert [one.place for one in chosen] == [2, 0, 1, 4]


@pytest.mark.parametrize(
    ("author", "text", "filled"),
    [
        ("Petra", "Hello {author}, from {agent} of {brand}", "Hello Petra, from Di of Acme Air"),
        (None, "Hello {author}, from {agent}", "Hello, from Di"),
        ("", "{author}, we are sorry.", ", we are sorry."),
        ("{agent}", "Hello {author}", "Hello {agent}"),
        ("<!here>", "Hello {author} {{sic}}", "Hello <!here> {sic}"),
    ],
)  # fmt: skip
def test_the_words_are_filled_in(author: str | None, text: str, filled: str) -> None:
    assert template("x", text).fill(a_mention(author=author), "Di") == filled


def test_a_fingerprint_tells_words_apart() -> None:
    assert fingerprint("We are sorry.") == fingerprint("We are sorry.")
    assert fingerprint("We are sorry.") != fingerprint("We are sorry!")
    assert len(fingerprint("\ud800")) == 16
