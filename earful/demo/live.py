"""What is said while the demo runs: a written opening, then everyday voices without end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from random import Random

from earful.demo import texts
from earful.demo.history import make_item
from earful.demo.items import Item, Version
from earful.demo.names_and_ids import NamesAndIds

FIRST_S = 5.0
BUSY_UNTIL_S = 120.0
_BUSY_GAP_S = (6.0, 10.0)
_CALM_GAP_S = (18.0, 32.0)
_ENDLESS_GAP_S = (35.0, 75.0)


def offsets(random: Random, count: int) -> list[float]:
    """Give the seconds after the start at which the opening's cues are said."""
    cues = []
    at = FIRST_S
    for _ in range(count):
        cues.append(round(at, 1))
        at += random.uniform(*(_BUSY_GAP_S if at < BUSY_UNTIL_S else _CALM_GAP_S))
    return cues


class Opening:
    """The written part. Its edits change what people of the cast had said before."""

    def __init__(self, now: datetime, random: Random) -> None:
        self._random = random
        moments = [
            now + timedelta(seconds=offset) for offset in offsets(random, len(texts.cues()))
        ]
        self._told = [
            (cue, cue.base.version(at, random))
            for cue, at in zip(texts.cues(), moments, strict=True)
        ]

    @property
    def edits(self) -> Mapping[tuple[str, str], Version]:
        return {
            (cue.base.source, cue.author or ""): version for cue, version in self._told if cue.edit
        }

    def items(self, registry: NamesAndIds, threads: Mapping[str, str]) -> Iterator[Item]:
        for cue, version in self._told:
            if not cue.edit:
                yield make_item(
                    cue.base,
                    version,
                    self._random,
                    registry,
                    name=cue.author,
                    thread=threads.get(cue.base.thread or ""),
                )

    @property
    def ends_at(self) -> datetime:
        return self._told[-1][1].at


def endless(
    start: datetime, random: Random, registry: NamesAndIds, threads: Mapping[str, str]
) -> Iterator[Item]:
    """Tell everyday texts in ever new orders, with new authors and new blanks, for ever."""
    deck = [base for base in texts.bases() if base.scene == "everyday" and base.has_blanks]
    at = start
    while True:
        random.shuffle(deck)
        for base in deck:
            at += timedelta(seconds=round(random.uniform(*_ENDLESS_GAP_S), 1))
            yield make_item(
                base,
                base.version(at, random),
                random,
                registry,
                thread=threads.get(base.thread or ""),
            )
