"""What sets a rise apart: how far above usual it is, and what most of it shares. Pure.

A trait is named only where chance does not explain it. Words are taken from the texts as they
are, quotes are whole mentions: nothing is invented.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from alerts.decide.stats import binomial_tail
from alerts.decide.telling_phrases import Phrase, telling_phrases, words_of
from storage.models import Mention

# Each facet is one question put to the same texts: so much rarer than chance must its answer be.
_CHANCE = 0.001
_LEAST_SHARE = 0.4
_LEAST = 4
_MIN_BEFORE = 10
_QUOTES = 3
_ALIKE = 0.6
_QUOTE_WORDS = (5, 60)


class Facet(StrEnum):
    """What a mention may share with others, beside its words."""

    SOURCE = "source"
    VERSION = "product_version"
    COUNTRY = "country"
    LANGUAGE = "language"


@dataclass(frozen=True, slots=True)
class Trait:
    """So many (`part` of `total`) share a value of a facet, of which `usual` is the share before.

    `explains` is the share of the rise that they make up, None where no usual number is known.
    """

    facet: Facet
    value: str
    part: int
    total: int
    usual: float | None
    explains: float | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a rise is one: `usual` would have come in as much time, None where nothing is known."""

    number: int
    usual: float | None = None
    traits: tuple[Trait, ...] = ()
    phrases: tuple[Phrase, ...] = ()
    quotes: tuple[Mention, ...] = ()

    @property
    def times(self) -> float | None:
        """How many times the usual number it is; None where that cannot be said."""
        return self.number / self.usual if self.usual else None


def explain(
    mentions: Sequence[Mention],
    before: Mapping[tuple[str, str], int],
    before_total: int,
    usual: float | None,
    ordinary: Sequence[str],
    brand: str,
) -> Explanation:
    """Find what most of the mentions share that is rare otherwise.

    `before` counts earlier ones of the same kind by facet and value, `before_total` all of them;
    `usual` is how many would have come in as much time; `ordinary` are texts from before.
    """
    texts = [one.own_words for one in mentions]
    phrases = telling_phrases(texts, ordinary, brand)
    traits = [
        trait
        for facet in Facet
        for trait in [_trait(facet, mentions, before, before_total, usual)]
        if trait is not None
    ]
    return Explanation(
        number=len(mentions),
        usual=usual,
        traits=tuple(traits),
        phrases=phrases,
        quotes=_quotes(mentions, phrases),
    )


def facets_of(mention: Mention) -> Iterable[tuple[Facet, str]]:
    """Give the values that a mention has."""
    for facet in Facet:
        value = getattr(mention, facet.value)
        if value:
            yield facet, value


def _trait(
    facet: Facet,
    mentions: Sequence[Mention],
    before: Mapping[tuple[str, str], int],
    before_total: int,
    usual: float | None,
) -> Trait | None:
    """Give the value that sets the mentions apart the most, None where none does."""
    total = len(mentions)
    seen = Counter(value for one in mentions for kind, value in facets_of(one) if kind is facet)
    best: tuple[float, Trait] | None = None
    # Without anything to compare with, the only source there is would seem to set them apart.
    if before_total < _MIN_BEFORE or not any(name == facet for name, _ in before):
        return None
    for value, part in sorted(seen.items()):
        if part < _LEAST or part / total < _LEAST_SHARE:
            continue
        earlier = before.get((facet, value), 0)
        expected = (earlier + 0.5) / (before_total + 1)
        chance = binomial_tail(part, total, expected)
        if chance < _CHANCE and (best is None or chance < best[0]):
            share = earlier / before_total
            trait = Trait(facet, value, part, total, share, _explained(part, total, share, usual))
            best = (chance, trait)
    return best[1] if best else None


def _explained(part: int, total: int, share: float, usual: float | None) -> float | None:
    if usual is None or total <= usual:
        return None
    return max(0.0, min(1.0, (part - share * usual) / (total - usual)))


def _quotes(mentions: Sequence[Mention], phrases: Sequence[Phrase]) -> tuple[Mention, ...]:
    """Choose a few that say what most say, each by somebody else and in words of its own."""
    least, most = _QUOTE_WORDS
    ranked = []
    for place, one in enumerate(mentions):
        words = words_of(one.own_words)
        said = sum(phrase.is_in(words) for phrase in phrases)
        ranked.append((-said, not least <= len(words) <= most, place, one, frozenset(words)))
    chosen: list[tuple[Mention, frozenset[str]]] = []
    for *_, one, bag in sorted(ranked, key=lambda each: each[:3]):
        if one.is_wordless or any(
            (one.author_id is not None and one.author_id == other.author_id)
            or len(bag & words) > _ALIKE * len(bag | words)
            for other, words in chosen
        ):
            continue
        chosen.append((one, bag))
        if len(chosen) == _QUOTES:
            break
    return tuple(one for one, _ in chosen)
