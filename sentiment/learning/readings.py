"""What readers of our own said of texts of the pools: labels by a text's id, never the text.

A large language model read each text under the rules of LABELS.md, as it read the labelled files.
`readings/*.tsv` has one text a line: its id, a tab, a letter for the experience and one for the
stance, and `?` where another careful reader could well choose otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from storage.models import Experience, Stance

FOLDER = Path(__file__).with_name("readings")
# Texts of three pools; the second readings, of texts that are held out, are only to judge by.
OF_POOLS = ("english", "social", "languages")
SECOND = ("social_second", "languages_second")
_EXPERIENCES = {
    "a": Experience.ANGRY, "m": Experience.MEDIOCRE,
    "d": Experience.DELIGHTED, "n": Experience.NONE,
}  # fmt: skip
_STANCES = {"A": Stance.ADVOCATE, "H": Stance.HATER, "N": Stance.NEITHER}


@dataclass(frozen=True, slots=True)
class Reading:
    """One reader's word on a text; not `sure` where another one could choose otherwise."""

    experience: Experience
    stance: Stance
    sure: bool


@cache
def readings(name: str) -> Mapping[str, Reading]:
    """Give the readings of `readings/NAME.tsv` by the texts' ids; OSError where it is missing."""
    lines = (FOLDER / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("\t") for line in lines)
    return {
        text_id: Reading(_EXPERIENCES[said[0]], _STANCES[said[1]], not said.endswith("?"))
        for text_id, said in pairs
    }


@cache
def pool_readings() -> Mapping[str, Reading]:
    """Give the readings of all pools: no two of their texts have the same id."""
    return _joined(OF_POOLS)


@cache
def second_readings() -> Mapping[str, Reading]:
    """Give the second readings, by the ids of texts that are held out."""
    return _joined(SECOND)


def _joined(names: Sequence[str]) -> dict[str, Reading]:
    return {text_id: one for name in names for text_id, one in readings(name).items()}
