"""Every sentence of a message in the team's language, out of gettext catalogues.

English stands in the code. Whoever builds a message writes whole sentences, with `{names}` for
what differs; the catalogues in `locale/` hold each of them in the other languages. Which
language a message is in says its brand, else the team: `plainly` sees to that for each builder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache, wraps
from gettext import GNUTranslations
from io import BytesIO
from pkgutil import get_data
from typing import Final, ParamSpec, TypeVar

ENGLISH: Final = "en"
LANGUAGES: Final = (ENGLISH, "de", "es", "fr")
"""The languages that messages can be in."""

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Languages:
    """The language of the team, and those of brands that have another."""

    team: str = ENGLISH
    of_brands: Mapping[str, str] = field(default_factory=dict)

    def of(self, given: tuple[object, ...]) -> str:
        """Find the language for what a builder is `given`, by the first brand in it."""
        if not self.of_brands:
            return self.team
        brand = next(filter(None, map(self._brand, given)), "")
        return self.of_brands.get(brand, self.team)

    def _brand(self, one: object) -> str | None:
        if isinstance(one, str):
            return one if one in self.of_brands else None
        # A voice and a case's file have it of their mention.
        brand = getattr(getattr(one, "mention", one), "brand", None)
        return brand if isinstance(brand, str) else None


_chosen = Languages()
_spoken: ContextVar[str | None] = ContextVar("language", default=None)


def choose(languages: Languages) -> None:
    """Let this process speak these; one process has one config, which says so once."""
    global _chosen
    _chosen = languages


def spoken() -> str:
    """Name the language that is spoken now: `de`."""
    return _spoken.get() or _chosen.team


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak a language for a while, in this thread alone."""
    before = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(before)


def in_its_language(build: Callable[P, R]) -> Callable[P, R]:
    """Let a builder speak the language of the brand that it is given."""

    @wraps(build)
    def spoken_in(*args: P.args, **kwargs: P.kwargs) -> R:
        if _spoken.get() is not None:
            return build(*args, **kwargs)
        with speaking(_chosen.of((*args, *kwargs.values()))):
            return build(*args, **kwargs)

    return spoken_in


def _(sentence: str, /, **values: object) -> str:
    """Give a sentence in the language that is spoken, with `values` in place of its names."""
    language = spoken()
    if language != ENGLISH:
        sentence = _catalogue(language).gettext(sentence)
    return sentence.format(**values) if values else sentence


def n_(one: str, many: str, number: int, /, **values: object) -> str:
    """Give the sentence for one or for many; `{n}` in it is the number as people write it."""
    language = spoken()
    if language == ENGLISH:
        chosen = one if number == 1 else many
    else:
        chosen = _catalogue(language).ngettext(one, many, number)
    return chosen.format(n=written(number), **values)


def later(sentence: str) -> str:
    """Mark a sentence for the catalogues where `_` cannot yet be asked: in a table."""
    return sentence


def written(number: int) -> str:
    """Write a number as the language does: `1,204`, `1.204`."""
    language = spoken()
    if language == ENGLISH:
        return f"{number:,}"
    # Late: English texts need none of it, and it takes 40 ms to load.
    from babel.numbers import format_decimal

    return format_decimal(number, "#,##0", locale=language)


def formatted(when: date, pattern: str) -> str:
    """Write a day or a moment by a pattern of CLDR, with the language's names."""
    from babel.dates import format_date

    return format_date(when, pattern, locale=spoken())


@lru_cache(maxsize=len(LANGUAGES))
def _catalogue(language: str) -> GNUTranslations:
    """Read a catalogue; what is in no catalogue stays English."""
    # Late, as above.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    # Part of the code, as a module is: the same at each call.
    text = get_data(__package__, f"locale/{language}/LC_MESSAGES/earful.po")
    if text is None:
        raise FileNotFoundError(f"no catalogue of {language}")
    packed = BytesIO()
    write_mo(packed, read_po(BytesIO(text), locale=language))
    packed.seek(0)
    return GNUTranslations(packed)
