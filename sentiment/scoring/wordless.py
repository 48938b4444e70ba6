"""What a rating without words tells: its verdict follows from the rating alone. Pure."""

from __future__ import annotations

from collections.abc import Sequence

# Shares of angry, mediocre, delighted and none, by the rows of `rating_position`. Of labelled
# reviews of at most five words (all, for one and two stars) so many were read so. Full marks are
# no delight by themselves: LABELS.md asks for a strong word, and there is none.
_BY_ROW: dict[int, tuple[float, float, float, float]] = {
    1: (0.97, 0.02, 0.00, 0.01),
    2: (0.93, 0.06, 0.00, 0.01),
    3: (0.15, 0.80, 0.01, 0.04),
    4: (0.04, 0.92, 0.02, 0.02),
    5: (0.01, 0.57, 0.40, 0.02),
    6: (0.88, 0.09, 0.00, 0.03),
    7: (0.01, 0.62, 0.34, 0.03),
}
# What a rating alone is never less sure of than this, where it is weighed against words.
LEAST = 0.01
# Who says nothing talks nobody into it or out of it: advocate, hater, neither.
STANCE = (0.0, 0.0, 1.0)


def experience_of(position: float) -> Sequence[float]:
    """Give the probabilities of the experiences for a rating's position, in the enum's order.

    Between two stars they are interpolated.
    """
    low = int(position)
    share = position - low
    if not share:
        return _BY_ROW[low]
    return tuple(
        a * (1 - share) + b * share for a, b in zip(_BY_ROW[low], _BY_ROW[low + 1], strict=True)
    )
