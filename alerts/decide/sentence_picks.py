"""The telling sentence of a mention: what a mediocre customer lacked, what an advocate asks for.

Pure, and no more than a good guess: words that people use for a lack or a wish, in the languages
that most reviews are written in. The mention itself is always linked beside it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from storage.models import Mention

_LACKS = re.compile(
    r"\b(but|however|although|except|missing|misses|lacks?|lacked|lacking|wish|without|too|only|"
    r"not enough|could be|could have|should|would be|nothing special|no longer|average|aber|"
    r"leider|fehlt|zu wenig|ohne|könnte|mais|manque|trop|dommage|pero|falta|demasiado|sin)\b",
    re.I,
)
_ASKS = re.compile(
    r"\b(please|wish|hope|would love|would like|i'd love|i'd like|needs?|want|could you|can you|"
    r"when will|add|bring back|if only|bitte|wünsche|hoffe|brauche|wäre schön|svp|"
    r"s'il vous plaît|j'aimerais|por favor|ojalá|me gustaría|necesit\w+)\b|\?\s*$",
    re.I,
)
# Of one person alone there is no choice among many: "you need this" is no wish of theirs.
_WISHES = re.compile(
    r"\b(please (?!do(n't| not) )|(i|we)( really| do| just)? (wish|hope|want|need)|"
    r"(i|we)( would|'d) (love|like)|would be (great|nice|lovely)|could you|can you|when will|"
    r"bring back|if only|needs to|bitte|(ich|wir) (wünschen?|hoffen?|brauchen?)|wäre schön|svp|"
    r"s'il vous plaît|j'aimerais|on aimerait|por favor|ojalá|(me|nos) gustaría|necesitamos)\b",
    re.I,
)
_MIN, _MAX = 15, 240


@dataclass(frozen=True)
class Pick:
    """A mention and the sentence of it that tells most."""

    mention: Mention
    sentence: str


def lacking(mentions: Sequence[Mention], limit: int) -> tuple[Pick, ...]:
    """Pick sentences that say what was missing, the clearest mention first."""
    return _picked(mentions, _LACKS, limit)


def asking(mentions: Sequence[Mention], limit: int) -> tuple[Pick, ...]:
    """Pick sentences that ask for something."""
    return _picked(mentions, _ASKS, limit)


def missed(text: str) -> str | None:
    """Give the sentence that says most of what was missing; None where none does."""
    return _sentence(text, _LACKS)


def wished(text: str) -> str | None:
    """Give the sentence in which its writer asks us for something; None where none does."""
    return _sentence(text, _WISHES)


def questioned(text: str) -> str | None:
    """Give the last sentence that is a question; None where none is."""
    found = [part for part in _sentences(text) if part.endswith(("?", "？", "؟"))]
    fitting = [part for part in found if _MIN <= len(part) <= _MAX]
    return fitting[-1] if fitting else None


def longest(text: str) -> str | None:
    """Give the longest sentence that can be quoted, or how a long text begins."""
    sentences = _sentences(text)
    fitting = [part for part in sentences if len(part) <= _MAX]
    if fitting:
        return max(fitting, key=len) or None
    return f"{sentences[0][: _MAX - 2].rstrip()} …" if sentences else None


def _picked(mentions: Sequence[Mention], wanted: re.Pattern[str], limit: int) -> tuple[Pick, ...]:
    picks: list[Pick] = []
    authors: set[str] = set()
    for mention in mentions:
        if len(picks) == limit:
            break
        # One voice a person: who writes most often is not who is right.
        if mention.author_id in authors:
            continue
        sentence = _sentence(mention.text, wanted)
        if sentence is not None:
            picks.append(Pick(mention, sentence))
            if mention.author_id is not None:
                authors.add(mention.author_id)
    return tuple(picks)


def _sentence(text: str, wanted: re.Pattern[str]) -> str | None:
    fitting = [
        part for part in _sentences(text) if _MIN <= len(part) <= _MAX and wanted.search(part)
    ]
    return max(fitting, key=lambda part: len(wanted.findall(part)), default=None)


def _sentences(text: str) -> list[str]:
    parts = re.split(r"(?<=[.!?？؟])\s+|(?<=[。！？])\s*|\n+", text[:4000])
    return [part.strip() for part in parts if part.strip()]
