"""What a language is called, for people."""

from __future__ import annotations

from functools import lru_cache

from alerts.messages.safe_text import line


@lru_cache(maxsize=256)
def language_name(tag: str | None) -> str:
    """Name a language by its tag: `German` for `de`, `Portuguese (Brazil)` for `pt-BR`.

    A tag that no registry knows stands for itself, escaped.
    """
    # Late: its tables take 30 ms to load, and most texts are English.
    from langcodes import Language
    from langcodes.tag_parser import LanguageTagError

    if not tag:
        return "this language"
    try:
        return line(Language.get(tag).display_name(), 60)
    except LanguageTagError:
        return line(tag, 60)


@lru_cache(maxsize=256)
def country_name(code: str) -> str:
    """Name a country by its code of two letters: `Germany` for `DE`."""
    from langcodes import Language

    return line(Language.make(territory=code).territory_name(), 60) or line(code, 10)
