"""Ratings in all their forms: 4/5, 4,5, four stars, 80 %, thumbs."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from storage.fields.entry_error import EntryError, kind_of
from storage.models import RefusalReason

_NUMBER = r"[+-]?\d+(?:[.,]\d+)?"
_STARS = (
    r"(?:stars?|sterne?n?|étoiles?|estrellas?|estrelas?|stell[ae]|sterren|stjern\w*|зв[её]зд\w*)"
)
_OF = r"(?:/|out of|of|von|sur|de|di|su|van|av|af|z|из|点中)"
_PLAIN = re.compile(_NUMBER)
_N_OF_M = re.compile(rf"({_NUMBER})\s*{_STARS}?\s*\(?{_OF}\s*({_NUMBER})\)?\s*{_STARS}?")
_N_STARS = re.compile(rf"(\d+(?:[.,]\d+)?|[a-z]+)[\s-]*{_STARS}")
_PERCENT = re.compile(rf"({_NUMBER})\s*%")
# "10 - Extremely likely", as surveys label the ends of a scale.
_LABELLED = re.compile(rf"({_NUMBER})\s*(?:[-–—:=]\s*|\()[^\d\s].*")
_FULL, _EMPTY, _HALF = "★⭐🌟✭⭑", "☆✩✰", "½⯨"
_GLYPHS = re.compile(rf"[{_FULL}{_EMPTY}{_HALF}\s\ufe0f]+")
_WORDS = {word: float(n) for n, word in enumerate(("zero", "one", "two", "three", "four", "five"))}
_SATISFIED = {
    "very dissatisfied": 1.0, "very unsatisfied": 1.0, "dissatisfied": 2.0, "unsatisfied": 2.0,
    "neutral": 3.0, "satisfied": 4.0, "very satisfied": 5.0,
}  # fmt: skip
_THUMBS = {
    "👍": 1.0, "thumbs up": 1.0, "good": 1.0, "recommended": 1.0, "recommends": 1.0,
    "👎": 0.0, "thumbs down": 0.0, "bad": 0.0, "not recommended": 0.0, "doesn't recommend": 0.0,
}  # fmt: skip
# Zendesk writes "offered" where nobody answered, Google its long word where nobody rated.
_NO_RATING = frozenset({
    "", "-", "–", "—", "--", "?", "n/a", "na", "n.a.", "#n/a", "null", "none", "nan", "nil",
    "unrated", "not rated", "no rating", "no score", "no answer", "k.a.", "keine angabe",
    "offered", "unoffered", "star rating unspecified",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rated:
    """A rating as it was written; `most` is the end of its scale, None where it does not say."""

    value: float
    most: float | None


def rated(value: object, field: str = "rating") -> Rated | None:
    """Read a rating in any form; None where there is none. EntryError for what is no rating."""
    if value is None:
        return None
    if isinstance(value, str):
        return _written(value, field)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise EntryError(f"{field} is {kind_of(value)}, not a number", RefusalReason.RATING)
    try:
        number = float(value)
    except OverflowError as error:
        raise EntryError(
            f"{field} {str(value)[:40]} is no number", RefusalReason.RATING
        ) from error
    if not math.isfinite(number):
        if math.isnan(number):
            return None
        raise EntryError(f"{field} {number} is no number", RefusalReason.RATING)
    return Rated(number, None)


def rating(value: object, top: float, field: str = "rating") -> float | None:
    """Read a rating between 0 and `top`; None when there is none."""
    given = rated(value, field)
    if given is None:
        return None
    number = given.value if given.most in (None, top) else given.value / given.most * top
    if not 0 <= number <= top:
        raise EntryError(f"{field} {number:g} is not between 0 and {top:g}", RefusalReason.RATING)
    return number


@lru_cache(maxsize=4096)
def _written(value: str, field: str) -> Rated | None:
    text = value.strip().strip("\"'“”„").strip()
    if text and _GLYPHS.fullmatch(text):
        full, half = (sum(map(text.count, marks)) for marks in (_FULL, _HALF))
        empty = sum(map(text.count, _EMPTY))
        return Rated(full + half / 2, float(max(5, full + half + empty)))
    text = unicodedata.normalize("NFKC", text).casefold()
    text = " ".join(text.replace("_", " ").split())
    if text in _NO_RATING:
        return None
    if _PLAIN.fullmatch(text):
        return Rated(_float(text), None)
    if (match := _N_OF_M.fullmatch(text)) and _float(match[2]) > 0:
        return Rated(_float(match[1]), _float(match[2]))
    if match := _PERCENT.fullmatch(text):
        return Rated(_float(match[1]), 100.0)
    if text in _WORDS or text in _SATISFIED:
        return Rated(_WORDS.get(text, _SATISFIED.get(text, 0.0)), 5.0)
    if text in _THUMBS:
        return Rated(_THUMBS[text], 1.0)
    if match := _N_STARS.fullmatch(text):
        stars = _WORDS.get(match[1]) if match[1].isalpha() else _float(match[1])
        if stars is not None:
            return Rated(stars, 5.0)
    if match := _LABELLED.fullmatch(text):
        return Rated(_float(match[1]), None)
    raise EntryError(f"{field} {value[:40]!r} is no rating", RefusalReason.RATING)


def _float(text: str) -> float:
    return float(text.replace(",", "."))
