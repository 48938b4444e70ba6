from __future__ import annotations

import numpy as np

from sentiment.scoring.window_pooling import pooled

ANGRY = [4.0, 0.0, 0.0, 0.0]
BLAND = [0.0, 3.0, 0.0, 0.0]


def verdicts(windows: list[list[float]], owner: list[int], count: int) -> list[int]:
    sizes = np.full(len(windows), 256)
    result = pooled(np.array(windows), np.array(owner), sizes, count, (0, 2))
    return list(map(int, result.argmax(1)))


def test_single_windows_are_left_alone() -> None:
    logits = np.array([ANGRY, BLAND])
    assert pooled(logits, np.array([0, 1]), np.array([9, 9]), 2, (0, 2)) is logits


def test_a_complaint_at_the_end_outweighs_a_story() -> None:
    assert verdicts([BLAND] * 8 + [ANGRY] + [BLAND], [0] * 9 + [1], 2) == [0, 1]


def test_a_complaint_in_the_middle_is_kept() -> None:
    assert verdicts([BLAND, ANGRY, BLAND, BLAND], [0] * 4, 1) == [0]
