"""Which encoding from before Unicode makes words of a file's bytes. Sure only where one does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from earful.importing.alphabets import Alphabet, Encoding, old_encodings

# One encoding must make words of nearly all lines, and no other of nearly as many.
_SURE, _POSSIBLE = 0.9, 0.75
# Fewer letters than this do not show how often a language uses which.
_FEW_LETTERS = 8
# So many lines are given to the detection of languages, which takes some milliseconds.
_DETECTED = 60
_SHOWN = 12
# Marks that printed texts are set with; between two letters stand only those of the second list.
_MARKS = frozenset("„“”«»‹›‚‘’–—…•·€£¥¢°§©®™¿¡´±×½¼¾º†№×\xa0\xad")
_BETWEEN_LETTERS = frozenset("’‘´—·\xa0\xad")


@dataclass(frozen=True, slots=True)
class Reading:
    """A sample of a file in one encoding; `share` of its lines are words of a language."""

    encoding: Encoding
    text: str
    share: float


def readings(lines: Sequence[bytes]) -> list[Reading]:
    """Read lines in every old encoding that can, the likeliest first; equal texts stand once."""
    by_text: dict[str, Reading] = {}
    for encoding in old_encodings():
        try:
            text = "\n".join(line.decode(encoding.codec) for line in lines)
        except UnicodeDecodeError:
            continue
        reading = Reading(encoding, text, _share(text, encoding.alphabets))
        if text not in by_text or by_text[text].share < reading.share:
            by_text[text] = reading
    return sorted(by_text.values(), key=lambda one: (-one.share, one.encoding.rare))


def sure_reading(candidates: Sequence[Reading]) -> Reading | None:
    """Give the one reading that makes sense, None where there is none or several do.

    Where several do, the languages decide that their differing lines are detected to be in.
    """
    if not candidates or candidates[0].share < _SURE:
        return None
    possible = [one for one in candidates if one.share >= _POSSIBLE]
    if len(possible) > 1:
        possible = _in_their_languages(possible)
    return possible[0] if len(possible) == 1 else None


def excerpts(candidates: Sequence[Reading]) -> list[str]:
    """Show for each candidate how it reads the first place where they differ."""
    texts = [one.text for one in candidates]
    shortest = min(map(len, texts))
    place = next((n for n in range(shortest) if len({text[n] for text in texts}) > 1), 0)
    start = max(0, *(text.rfind("\n", 0, place) + 1 for text in texts), place - _SHOWN)
    return [text[start : place + _SHOWN].split("\n")[0].strip() for text in texts]


def _in_their_languages(possible: Sequence[Reading]) -> list[Reading]:
    """Leave the readings that write their lines in letters of the detected languages."""
    from sentiment.scoring.detect_language import detect_language

    lines = zip(*(one.text.split("\n") for one in possible), strict=True)
    differing = list(islice((line for line in lines if len(set(line)) > 1), _DETECTED))
    fits = [0] * len(possible)
    for line in differing:
        for place, text in enumerate(line):
            language = detect_language(text)
            alphabets = [
                one for one in possible[place].encoding.alphabets if one.language == language
            ]
            fits[place] += _makes_words(text, alphabets) is True
    most = max(fits)
    if most * 2 < len(differing):
        return []
    left = [one for one, fit in zip(possible, fits, strict=True) if fit * 2 > most]
    return [one for one in left if not one.encoding.rare] or left


def _share(text: str, alphabets: Sequence[Alphabet]) -> float:
    """Share of the lines, of those long enough to say, that a language explains."""
    fitting = [
        fits for line in text.split("\n") if (fits := _makes_words(line, alphabets)) is not None
    ]
    return sum(fitting) / len(fitting) if fitting else 0.0


def _makes_words(line: str, alphabets: Sequence[Alphabet]) -> bool | None:
    """Say whether a line has nothing outside ASCII but one language's letters, and marks.

    None where the letters are too few to say.
    """
    letters = []
    padded = f" {line} "
    for place, letter in enumerate(line, start=1):
        if letter < "\x80" or _is_full_width_mark(letter):
            continue
        before, after = padded[place - 1], padded[place + 1]
        if not _may_stand(letter, before, after):
            return False
        if letter not in _MARKS and letter not in "–²³":
            letters.append(letter)
    if not letters:
        return True
    unclear = False
    for alphabet in alphabets:
        if alphabet.letters.issuperset(letters):
            if not alphabet.common:
                return True
            if sum(map(alphabet.common.__contains__, letters)) >= alphabet.often * len(letters):
                return True
            unclear = unclear or len(letters) < _FEW_LETTERS
    return None if unclear else False


def _may_stand(letter: str, before: str, after: str) -> bool:
    """Say whether a character outside ASCII makes sense between its neighbours."""
    if letter in _MARKS:
        return letter in _BETWEEN_LETTERS or not (before.isalpha() and after.isalpha())
    if letter == "–":
        return not (before.isalpha() and after.islower())
    if letter in "²³":
        return before == "m"
    if letter.isupper():
        # A capital within a word, or on a number, is a letter of another encoding.
        return not (before.islower() or before.isdigit() or after.isdigit())
    if "Ͱ" <= letter < "ऀ":
        # Greek, Cyrillic and Hebrew share no word with Latin letters.
        return not (_is_latin(before) or _is_latin(after))
    return True


def _is_latin(letter: str) -> bool:
    return letter.isascii() and letter.isalpha()


def _is_full_width_mark(letter: str) -> bool:
    return (
        "\u3000" <= letter <= "\u3004"
        or "\u3008" <= letter <= "\u301f"
        or ("\uff00" <= letter <= "\uff60")
    )
