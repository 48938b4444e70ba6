"""Made-up posts with labels that a large language model wrote one by one: nobody said any of it.

`written_talk.jsonl`: how people talk to brands, about them and past them, by the borders of
LABELS.md (traveller forums, support tweets, comments under videos, issue trackers, communities);
half of them answer something, often in another mood. `written_languages.jsonl`: 45 texts in each
of 18 languages: sarcasm, praise that is denied, plain questions, staff, stances.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from sentiment.learning.labelled_files import Example, read_examples

_HERE = Path(__file__).parent


@cache
def written_talk() -> tuple[Example, ...]:
    """Give the English posts with what they answer."""
    return tuple(replace(one, talk=True) for one in _read("written_talk.jsonl"))


@cache
def written_languages() -> tuple[Example, ...]:
    """Give the texts in other languages."""
    return _read("written_languages.jsonl")


def _read(name: str) -> tuple[Example, ...]:
    return tuple(replace(example, dataset="made_up") for example in read_examples(_HERE / name))
