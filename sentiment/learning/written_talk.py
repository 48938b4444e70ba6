"""Made-up posts and replies, with labels: how people talk to brands, about them and past them.

A large language model wrote them one by one, by the borders of LABELS.md and forms of talk
(traveller forums, support tweets, comments under videos, issue trackers, communities): nobody
said any of it. Half of them answer something, often in another mood.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from sentiment.learning.labelled_files import Example, read_examples

FILE = Path(__file__).with_name("written_talk.jsonl")


@cache
def written_talk() -> tuple[Example, ...]:
    """Give the posts with what they answer."""
    return tuple(replace(example, dataset="made_up") for example in read_examples(FILE))
