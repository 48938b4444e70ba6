"""What a language is called, for people."""

from __future__ import annotations

from functools import lru_cache

from alerts.messages.catalogue import _, spoken
from alerts.messages.safe_text import line


def language_name(tag: str | None) -> str:
    """Name a language by its tag: `German` for `de`, `Portuguese (Brazil)` for `pt-BR`.

    A tag that no registry knows stands for itself, escaped.
    """
    return _language_name(tag, spoken()) if tag else _("this language")


def is_in(tag: str, language: str) -> bool:
    """Tell whether a text's tag is of a language: `de-AT` is German."""
    return tag.lower().replace("_", "-").partition("-")[0] == language


def country_name(code: str) -> str:
    """Name a country by its code of two letters: `Germany` for `DE`."""
    return _country_name(code, spoken())


@lru_cache(maxsize=256)
def _language_name(tag: str, language: str) -> str:
    # Late: its tables take 30 ms to load, and most texts are English.
    from langcodes import Language
    from langcodes.tag_parser import LanguageTagError

    try:
        return line(Language.get(tag).display_name(language), 60)
    except LanguageTagError:
        return line(tag, 60)


@lru_cache(maxsize=256)
def _country_name(code: str, language: str) -> str:
    from langcodes import Language

    return line(Language.make(territory=code).territory_name(language), 60) or line(code, 10)
