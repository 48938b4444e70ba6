"""Messages in each language: every sentence is translated, none is left outside the catalogues."""

from __future__ import annotations

import ast
import json
import re
import string
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from alerts.messages import Places, note, overdue_count
from alerts.messages.catalogue import (
    LANGUAGES,
    Languages,
    _,
    choose,
    n_,
    speaking,
    spoken,
    written,
)
from alerts.messages.languages import country_name, language_name
from alerts.messages.safe_text import day, duration, moment, month, percentage
from tests.alerts.catalogues import (
    KEYWORDS,
    MESSAGES,
    OTHERS,
    catalogue,
    entries,
    path_of,
    renewed,
    sentences,
)
from tests.alerts.examples import EXAMPLES, NOW, VIEWS, a_mention
from tests.alerts.fake_blocks import block_faults, view_faults

WORD = re.compile(r"[A-Za-z’']{2,}")
# Sentences that are no part of a message: what a mistake of ours raises, what a source is asked.
ERRORS = {"ValueError", "SlackObjectFormationError", "FileNotFoundError"}
# Words that stand in no language: names, marks and forms.
SAME = {
    "{brand}, {period}", "{place}: {answered} of {cases}", "d MMM y", "{hours} h {minutes} min",
    "{minutes} min", "Wow", "Wow for {brand}", "Bytes",
}  # fmt: skip


@pytest.fixture
def languages() -> Iterator[None]:
    """Let a test choose what this process speaks."""
    yield
    choose(Languages())


def forms(message: Any) -> list[tuple[str, str]]:
    """Pair each English sentence with its translation, the plurals with the English one."""
    ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
    strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return [(ids[min(n, len(ids) - 1)], text) for n, text in enumerate(strings)]


def names_in(sentence: str) -> set[str]:
    return {name for _text, name, _form, _how in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", OTHERS)
class TestCatalogue:
    def test_has_every_sentence_and_no_other(self, language: str) -> None:
        told = f"run `python -m tests.alerts.catalogues --write` and translate {language}"
        there = {message.id for message in entries(catalogue(language))}
        wanted = {message.id for message in entries(sentences())}
        assert there == wanted, told
        assert not catalogue(language).obsolete, told
        assert path_of(language).read_bytes() == renewed(language), told

    def test_leaves_none_empty_or_in_doubt(self, language: str) -> None:
        for message in entries(catalogue(language)):
            assert not message.fuzzy, message.id
            assert all(text and text.strip() for _id, text in forms(message)), message.id

    def test_keeps_the_names_and_marks_of_each(self, language: str) -> None:
        for message in entries(catalogue(language)):
            for english, text in forms(message):
                if english == "{date_short_pretty} at {time}":
                    assert names_in(text) == names_in(english)
                    continue
                assert names_in(text) == names_in(english), english
                assert text.count("*") == english.count("*"), english
                assert sorted(re.findall(r"`[^`]*`", text)) == sorted(
                    re.findall(r"`[^`]*`", english)
                ), english
                assert text.endswith(":") is english.endswith(":"), english

    def test_speaks_itself(self, language: str) -> None:
        untouched = [
            english
            for message in entries(catalogue(language))
            for english, text in forms(message)
            if text == english and len(WORD.findall(re.sub(r"\{\w+\}|`[^`]*`", "", english))) > 1
        ]
        assert [one for one in untouched if one not in SAME] == []


def outside(tree: ast.AST) -> Iterator[str]:
    """Find English in a module that no catalogue holds: texts of two words, labels of one."""
    marked: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.Expr):
            body = [node] if isinstance(node, ast.Expr) else node.body
            marked |= {
                id(one.value)
                for one in body
                if isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)
            }
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            if name in ERRORS:
                marked |= {id(one) for one in ast.walk(node)}
            for argument in node.args[: KEYWORDS.get(name, 0)]:
                marked.add(id(argument))
        if isinstance(node, ast.JoinedStr):
            words = "".join(
                str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
            )
            if id(node) not in marked and re.search(r"\s[A-Za-z]{2,}|[A-Za-z]{2,}\s", words):
                yield f"{node.lineno}: {words}"
            marked |= {id(part) for part in node.values}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in marked
        ):
            text = node.value
            is_label = re.fullmatch(r"[A-Z][a-z]{2,}…?", text)
            if is_label or (" " in text.strip() and len(WORD.findall(text)) > 1):
                yield f"{node.lineno}: {text}"


# What is English on purpose.
KEPT = {
    "__init__.py": {"Places"},
    "views.py": {"Earful"},
    "plainly.py": {" UTC"},
    "safe_text.py": {*["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], *(
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    )},
    # Reasons that `earful status` shows too, and that a message quotes.
    "source_notices.py": {"entries have", "it gave nothing new for", "{} days", "{} h"},
    "blocks.py": {"an empty text, at least one character must stand there"},
}  # fmt: skip


@pytest.mark.parametrize("path", sorted(MESSAGES.glob("*.py")), ids=lambda path: path.stem)
def test_every_sentence_of_a_message_is_in_the_catalogues(path: Path) -> None:
    kept = KEPT.get(path.name, set())
    found = [
        one
        for one in outside(ast.parse(path.read_text(encoding="utf-8")))
        if not any(text in one for text in kept)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('button("Claim", "case_claim")', ["1: Claim"]),
        ('section("No case waits.", "line")', ["1: No case waits."]),
        ('section(f"{who} has answered.", "line")', ["1: {} has answered."]),
        ('section(f"{who}, reach {n}", "line")', ["1: {}, reach {}"]),
        ('section(_("No case waits."), "line")', []),
        ('"""What it is for."""', []),
        ('f"case_{id}"', []),
        ('f"• {_(name)} · {link}"', []),
    ],
)
def test_what_is_found_outside_the_catalogues(source: str, found: list[str]) -> None:
    assert [one.rstrip() for one in outside(ast.parse(source))] == [one.rstrip() for one in found]


def literals(sentence: str) -> str:
    """Give the longest part of a sentence between its names."""
    return max(re.split(r"\{\w+\}", sentence), key=len).strip(" *:.,")


# English that our own words share with another language or with what customers wrote.
LONG = [
    text
    for message in entries(sentences())
    for text in (message.id if isinstance(message.id, tuple | list) else (message.id,))
    if len(WORD.findall(literals(text))) >= 3 and text != "The App Store"
]


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("name", [*EXAMPLES, *VIEWS])
def test_each_example_is_in_each_language_within_slacks_limits(name: str, language: str) -> None:
    is_view = name in VIEWS
    build = VIEWS[name] if is_view else EXAMPLES[name]
    english = json.dumps(build(), ensure_ascii=False)
    with speaking(language):
        shown = build()
    faults = view_faults(shown) if is_view else block_faults(shown["blocks"])
    assert not faults, faults
    assert not shown.get("plain"), shown
    text = json.dumps(shown, ensure_ascii=False)
    left = [one for one in LONG if (part := literals(one)) in text and part in english]
    assert left == []
    assert text != english or name in ("work_no_dashboards",)


class TestLanguage:
    def test_numbers_dates_and_names_are_the_languages(self) -> None:
        when = datetime(2026, 9, 24, 14, 5, tzinfo=UTC)
        shown = {}
        for language in LANGUAGES:
            with speaking(language):
                shown[language] = [
                    written(12345), percentage(0.424), day(when), month(when),
                    duration(timedelta(hours=3)), language_name("pt-BR"), country_name("DE"),
                    moment(when).partition("^")[2].partition("^")[2],
                ]  # fmt: skip
        assert shown == {
            "en": ["12,345", "42%", "24 Sep 2026", "Sep 2026", "3 hours", "Portuguese (Brazil)",
                   "Germany", "{date_short_pretty} at {time}|Thu 24 Sep 2026, 14:05 UTC>"],
            "de": ["12.345", "42 %", "24. Sept. 2026", "Sep 2026", "3 Stunden",
                   "Portugiesisch (Brasilien)", "Deutschland",
                   "{date_short_pretty} um {time}|Do. 24. Sept. 2026, 14:05 UTC>"],
            "es": ["12.345", "42 %", "24 sept 2026", "sept 2026", "3 horas", "portugués (Brasil)",
                   "Alemania", "{date_short_pretty}, {time}|jue 24 sept 2026, 14:05 UTC>"],
            "fr": ["12\u202f345", "42 %", "24 sept. 2026", "sept. 2026", "3 heures",
                   "portugais (Brésil)", "Allemagne",
                   "{date_short_pretty} à {time}|jeu. 24 sept. 2026, 14:05 UTC>"],
        }  # fmt: skip

    def test_plurals_are_the_languages(self) -> None:
        with speaking("fr"):  # nothing is one there
            assert n_("{n} open case", "{n} open cases", 0) == "0 dossier ouvert"
            assert n_("{n} open case", "{n} open cases", 2) == "2 dossiers ouverts"
        with speaking("de"):
            assert n_("{n} open case", "{n} open cases", 0) == "0 offene Fälle"

    def test_a_brand_has_a_language_of_its_own(self, languages: None) -> None:
        choose(Languages("de", {"Acme": "fr"}))
        assert "réclamations" in overdue_count("Acme", 3, NOW)["text"]
        assert "Beschwerden" in overdue_count("Bolt", 3, NOW)["text"]
        assert Languages("de", {"Acme": "fr"}).of((a_mention(brand="Acme"), Places())) == "fr"
        assert spoken() == "de"

    def test_every_thread_speaks_what_the_config_says(self, languages: None) -> None:
        choose(Languages("es"))
        heard: list[str] = []
        thread = Thread(target=lambda: heard.append(_("Nobody has claimed it.")))
        thread.start()
        thread.join()
        assert heard == ["Nadie lo ha asumido."]

    def test_what_people_wrote_is_not_translated_and_breaks_nothing(self) -> None:
        with speaking("de"):
            assert note("{brand} {0} {} 50% %s")["text"] == "{brand} {0} {} 50% %s"

    def test_places_that_no_catalogue_knows_lose_their_article(self) -> None:
        places = Places({"squares": "on a village square", "moon": "on Moonbase"})
        with speaking("de"):
            assert places.at("moon") == "auf Moonbase"
            assert places.title("squares") == "Village square"
