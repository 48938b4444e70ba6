"""What our advocates need from us today: the one thing each, by a rule that can be told. Pure.

Of what an advocate said of late, the first of these without an answer, the newest of its kind:

1. a complaint: an angry mention of which the model is sure;
2. a question: a sentence that ends in a question mark;
3. a wish: a sentence that asks us for something;
4. a lack: what a mediocre mention says was missing.

Complaints come first in the list, then as above; in each, who reaches most people, then who spoke
last.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from alerts.decide.sentence_picks import longest, missed, questioned, wished
from storage.models import AdvocateNeed, AdvocateWord, Experience, Need

_ORDER = list(Need)


def needs_of(words: Iterable[AdvocateWord]) -> list[AdvocateNeed]:
    """Give the one thing that each author needs; who needs nothing is left out."""
    by_author = sorted(words, key=lambda one: one.mention.author_id or "")
    found = [
        need
        for _, own in groupby(by_author, key=lambda one: one.mention.author_id)
        if (need := _one_thing([*own])) is not None
    ]
    return sorted(found, key=_rank)


def _rank(need: AdvocateNeed) -> tuple[int, int, float, str]:
    mention = need.mention
    said = mention.created_at.timestamp() if mention.created_at else 0.0
    return _ORDER.index(need.need), -(mention.reach or 0), -said, mention.id


def _one_thing(words: Sequence[AdvocateWord]) -> AdvocateNeed | None:
    newest_first = sorted(
        (one for one in words if not one.answered and one.mention.created_at is not None),
        key=lambda one: (one.mention.created_at, one.mention.id),
        reverse=True,
    )
    for need in Need:
        for word in newest_first:
            if (sentence := _sentence(word, need)) is not None:
                return AdvocateNeed(mention=word.mention, need=need, sentence=sentence)
    return None


def _sentence(word: AdvocateWord, need: Need) -> str | None:
    text = word.mention.text
    match need:
        case Need.COMPLAINT:
            if word.experience is not Experience.ANGRY or not word.sure:
                return None
            return missed(text) or longest(text or word.mention.own_title or "")
        case Need.QUESTION:
            return questioned(text)
        case Need.WISH:
            return wished(text)
        case Need.LACK:
            return missed(text) if word.experience is Experience.MEDIOCRE else None
