"""A pool of unlabelled texts, some with stars, recommendations or other people's labels."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.errors import InputError
from sentiment.learning.json_lines import read_rows
from sentiment.scoring.text import Text, joined

# A weak label is one class of one of these tasks; each has a throw-away head.
TASKS = {"stars": 5, "polarity": 3, "valence": 5, "recommended": 2, "complaint": 2, "request": 4}
TASK_NAMES = tuple(TASKS)
_STARS = ("very negative", "negative", "neutral", "positive", "very positive")
_POLARITY = {"negative": 0, "neutral": 1, "irrelevant": 1, "not_relevant": 1, "positive": 2}
_POLARITY |= {"neg": 0, "neu": 1, "pos": 2, "weak_negative": 0, "weak_positive": 2, "mixed": 1}
_POLARITY |= {"conflict": 1, "none": 1, "anger": 0, "sadness": 0, "joy": 2, "optimism": 2}
_COMPLAINT = {"non-complaint": 0, "complaint": 1}
_REQUEST = {"bug report": 0, "user experience": 1, "rating": 2, "feature request": 3}
_CONFIDENCE = re.compile(r"conf=([\d.]+)")


@dataclass(frozen=True, slots=True)
class PoolText:
    """A text with what its source says of it: a class of some of the TASKS."""

    text: Text
    recommended: bool | None
    labels: dict[str, int]


def weak_labels(row: dict[str, Any]) -> dict[str, int]:
    """Read the tasks a pool row has a class for."""
    classes: dict[str, int] = {}
    rating, highest = row.get("rating"), row.get("rating_max")
    if isinstance(rating, int | float) and isinstance(highest, int | float) and highest > 0:
        classes["stars"] = min(4, max(0, round(5 * rating / highest) - 1))
    if isinstance(row.get("recommended"), bool):
        classes["recommended"] = int(row["recommended"])
    label = str(row.get("human_label") or "").lower()
    name = label.split("|")[0]
    sure = _CONFIDENCE.search(label)
    if sure and float(sure.group(1)) < 0.6:
        return classes
    if row.get("dataset") == "sst5" and name in _STARS:
        classes["valence"] = _STARS.index(name)
    elif name.startswith("valence="):
        value = float(name.removeprefix("valence="))
        classes["valence"] = sum(value > edge for edge in (-1.8, -0.4, 0.4, 1.8))
    elif name in _POLARITY:
        classes["polarity"] = _POLARITY[name]
    elif name in _COMPLAINT:
        classes["complaint"] = _COMPLAINT[name]
    elif name in _REQUEST:
        classes["request"] = _REQUEST[name]
    return classes


def choose(
    path: Path,
    *,
    most: int,
    longest: int | None,
    seed: int,
    shortest: int = 0,
    without: Collection[str] = (),
    unlabelled: bool = False,
) -> list[PoolText]:
    """Choose up to `most` pool texts a data set, evenly over its weak classes, in random order.

    Texts over `longest` (None: of any length) or under `shortest` characters are left out: whole,
    long texts cost the most and say the least per token. So are texts without a weak label,
    unless `unlabelled`. InputError names what cannot be read, or the line without a text.
    """
    groups: dict[str, dict[tuple[tuple[str, int], ...], list[PoolText]]] = defaultdict(dict)
    with closing(read_rows(path)) as rows:
        for where, row in rows:
            if not isinstance(row.get("text"), str):
                raise InputError(f"{where}: no `text`; give it as a string")
            length, dataset = len(row["text"]), str(row.get("dataset") or "")
            if dataset in without or length < shortest or (longest and length > longest):
                continue
            labels = weak_labels(row)
            text = Text(
                text=row["text"],
                title=row.get("title"),
                rating=row.get("rating"),
                rating_max=row.get("rating_max"),
                context=row.get("parent"),
            )
            if (labels or unlabelled) and joined(text):
                key = tuple(sorted(labels.items()))
                chosen_from = groups[dataset].setdefault(key, [])
                chosen_from.append(PoolText(text, row.get("recommended"), labels))
    rng = random.Random(seed)
    chosen: list[PoolText] = []
    for dataset in sorted(groups):
        classes = groups[dataset]
        for texts in classes.values():
            rng.shuffle(texts)
        left = most
        for rank, key in enumerate(sorted(classes, key=lambda key: len(classes[key]))):
            share = left // (len(classes) - rank)
            chosen += classes[key][:share]
            left -= min(share, len(classes[key]))
    rng.shuffle(chosen)
    return chosen
