"""Which language a text is in; English unless there is good reason to say otherwise."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from sentiment.scoring.text import Text, clean, joined

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# Languages that reviews come in; fewer rivals mean fewer English texts taken for something rare.
CANDIDATES = (
    "ar", "bg", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "he", "hi", "hr", "hu",
    "id", "it", "ja", "ko", "lt", "lv", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sv", "th",
    "tr", "uk", "vi", "zh",
)  # fmt: skip
# A Latin text needs this many letters and this probability before it is taken as foreign.
LETTERS = 12
CONFIDENT = 0.6
# From this share of plain English words on, a Latin text is English whatever the letters say.
ENGLISH_SHARE = 0.25
READ = 2000
_ENGLISH_WORDS = (
    "the and you for this that with are have not but they from your all can just had has will"
    " what when very good great app game my it is to of be we our been would there get don't i'm"
    " it's love like best bad nice thank thanks worst time really even more than only too"
    " customer money easy how about after out up if or an as at by because were their them then"
    " who why which should could did does do it's isn't can't won't didn't i've ever never always"
    " please work works working need much many some any other also still so now on he she his"
    " him us use used using amazing awesome excellent quality price fast review"
)
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(CANDIDATES))
    return identifier


@lru_cache(maxsize=8192)
def _latin(letter: str) -> bool:
    return letter < "\u0250" or unicodedata.name(letter, "").startswith("LATIN")


@lru_cache(maxsize=2048)
def language_of(text: Text) -> str | None:
    """Name a text's language: what is detected, else what its source says.

    This is the one decision: it chooses who reads the text, and is what the store keeps. The last
    batch's are at hand, so that each text is looked at once.
    """
    language = detect_language(joined(text))
    if language is None and text.language:
        return text.language.split("-")[0].lower()
    return language


def detect_language(text: str) -> str | None:
    """Name the language (ISO 639-1); None where the text is too short or too mixed to tell.

    Reads the first 2,000 characters. Leans to English for Latin letters: a text is called
    foreign only with 12 letters, under a quarter English words and 0.6 from py3langid.
    """
    text = clean(text[:READ])
    words = _WORD.findall(text.lower())
    letters = "".join(words)
    if not letters:
        return None
    latin = sum(map(_latin, letters)) / len(letters)
    if latin < 0.5:
        return str(_identifier().classify(text)[0])
    english = sum(word in _ENGLISH for word in words) / len(words)
    if english >= ENGLISH_SHARE:
        return "en"
    if len(letters) < LETTERS:
        return None
    language, probability = _identifier().classify(text)
    if language == "en":
        return "en"
    return str(language) if probability >= CONFIDENT else None
