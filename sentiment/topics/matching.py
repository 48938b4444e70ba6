"""Which topic of a refit is which known one, and what became of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sentiment.topics.topic import Merge, Split

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sentiment.topics.topic import Ints

# A topic is a known one where at least this share of the texts of either is of both.
_SAME = 0.2
# Where most of a topic's texts went, it went; whence most of its texts came, it came.
_MOSTLY = 0.5


def matched(before: Ints, after: Ints, known: int, found: int) -> list[int | None]:
    """Give for each found topic the place of the known one that it is, None where it is new.

    `before` and `after` (n,) hold each text's place among the known and the found topics, -1 for
    none. The match of all together shares the most texts (the Hungarian method).
    """
    from scipy.optimize import linear_sum_assignment

    both = _shared(before, after, known, found)
    either = both.sum(1, keepdims=True) + both.sum(0, keepdims=True) - both
    alike = both / np.maximum(either, 1)
    result: list[int | None] = [None] * found
    for one, other in zip(*linear_sum_assignment(-alike), strict=True):
        if alike[one, other] >= _SAME:
            result[int(other)] = int(one)
    return result


def changes(
    before: Ints, after: Ints, match: list[int | None], ids: list[int]
) -> tuple[tuple[Merge, ...], tuple[Split, ...], tuple[int, ...]]:
    """Tell merges, splits and the ids that are no more, of known topics with `ids`."""
    both = _shared(before, after, len(ids), len(match))
    place_of = {old: new for new, old in enumerate(match) if old is not None}
    into: dict[int, list[int]] = {}
    retired = []
    for old, topic_id in enumerate(ids):
        if old in place_of:
            continue
        went = both[old]
        place = int(went.argmax()) if len(went) else -1
        kept = match[place] if place >= 0 and went[place] > _MOSTLY * went.sum() else None
        if kept is None or not went.sum():
            retired.append(topic_id)
        else:
            into.setdefault(ids[kept], []).append(topic_id)
    parts: dict[int, list[int]] = {}
    for new, same in enumerate(match):
        came = both[:, new]
        if same is None and came.sum() and came.max() > _MOSTLY * (after == new).sum():
            parts.setdefault(ids[int(came.argmax())], []).append(new)
    merges = tuple(Merge((one, *gone), one) for one, gone in sorted(into.items()))
    splits = tuple(Split(one, tuple(new)) for one, new in sorted(parts.items()))
    return merges, splits, tuple(retired)


def _shared(before: Ints, after: Ints, known: int, found: int) -> NDArray[np.int64]:
    """Count the texts of each known and each found topic together (known, found)."""
    both = np.zeros((known, found), np.int64)
    of_both = (before >= 0) & (after >= 0)
    np.add.at(both, (before[of_both], after[of_both]), 1)
    return both
