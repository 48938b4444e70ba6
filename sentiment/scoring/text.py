"""What the classifier reads: one text, cleaned and joined with its title."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_RUN = re.compile(r"(\w)\1{3,}", re.UNICODE)
_MARKS = re.compile(r"([^\w\s])\1{3,}")
_EMOTICON = {
    ":)": "smiling face", ":-)": "smiling face", ":(": "sad face", ":-(": "sad face",
    ":D": "grinning face", ";)": "winking face", "<3": "red heart", ":'(": "crying face",
}  # fmt: skip
_EMOTICONS = re.compile(r"(?<!\S)(?:" + "|".join(re.escape(key) for key in _EMOTICON) + r")(?!\S)")
_TRIVIAL = re.compile(r"\b(?:sign|with|symbol|heavy|black|emoji|modifier|fitzpatrick)\b")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Text:
    """A mention as the classifier sees it; `rating` lies between 0 and `rating_max`.

    A rating without a `rating_max` is read as stars of five; one that lies outside its scale is
    ignored. `language` (ISO 639-1), where a source tells it, is believed where the text is too
    short to tell: sources guess too. `context` is what the text answers, or the title of its
    thread: read beside the text, and never judged. The multilingual model and those of the config
    do not read it.
    """

    text: str
    title: str | None = None
    rating: float | None = None
    rating_max: float | None = None
    language: str | None = None
    context: str | None = None


@lru_cache(maxsize=4096)
def _in_words(character: str) -> str:
    """Name a pictograph in lower-case words: the word pieces know `thumbs up`, not the emoji."""
    if unicodedata.category(character) not in ("So", "Sk") or ord(character) < 0x2190:
        return character
    name = _TRIVIAL.sub(" ", unicodedata.name(character, "").lower())
    return f" {_SPACE.sub(' ', name).strip()} "


def clean(text: str) -> str:
    """Make text readable for the tokenizer: no control characters, emoji in words, no runs.

    Lone surrogates and NULs become spaces; links become the word `link`.
    """
    text = _MARKS.sub(r"\1\1\1", text)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        text = "".join(
            _in_words(c) if c > "\u2000" else c
            for c in text.translate({0x200D: None, 0xFE0F: None, 0x2019: "'"})
            if not "\ud800" <= c <= "\udfff"
        )
    text = text.replace("\x00", " ")
    text = _URL.sub(" link ", text)
    text = _EMOTICONS.sub(lambda match: _EMOTICON[match.group()], text)
    text = _RUN.sub(r"\1\1\1", text)
    return _SPACE.sub(" ", text).strip()


def joined(text: Text) -> str:
    """Put the title before the text as a sentence of its own, unless the text repeats it."""
    body = clean(text.text)
    title = clean(text.title or "")
    if not title or body.lower().startswith(title.rstrip(".… ").lower()):
        return body
    if not body:
        return title
    return f"{title} {body}" if title[-1] in ".!?:;…" else f"{title}. {body}"


# Rows of the rating embedding: 0 no rating, 1-5 stars, 6 thumb down, 7 thumb up.
RATING_ROWS = 8


def rating_position(rating: float | None, rating_max: float | None) -> float:
    """Place a rating on the rows of the rating embedding; between two stars is interpolated."""
    if rating is None or not math.isfinite(rating):
        return 0.0
    highest = 5.0 if rating_max is None else rating_max
    if not math.isfinite(highest) or highest <= 0 or not 0 <= rating <= highest:
        return 0.0
    if highest == 1:
        return 7.0 if rating >= 0.5 else 6.0
    return min(5.0, max(1.0, 5.0 * rating / highest))
