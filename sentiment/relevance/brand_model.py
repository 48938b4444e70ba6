"""The model beside a brand's query: what people's yes and no say of the next mention."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from config.errors import ModelError
from sentiment.relevance.query_signs import MATCHED, Signs, before_labels

if TYPE_CHECKING:
    from sentiment.relevance.logistic import Floats

FEWEST = 5
"""So many yes and so many no are needed before the model says anything."""

# The words of the query may move the odds less than what a text is about.
_SIGN_SCALE = 0.3
# A mention is doubtful where at least so many of those taught like it were no's. To drop one by
# itself the model must be that sure of nine in ten, even where chance was kind to it.
_DOUBT_SHARE = 0.75
_DROP_SHARE = 0.9
_Z = 1.645


@dataclass(frozen=True, slots=True)
class Example:
    """One taught mention: its text as a vector (384,) of length 1, its signs, and the answer."""

    vector: Floats
    signs: Signs
    about: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BrandModel:
    """A fitted model. Both thresholds are log-odds; None where the labels bear out none."""

    query: str
    weights: tuple[float, ...]
    signs: Mapping[str, float]
    doubt_below: float | None
    drop_below: float | None
    yes: int
    no: int

    def log_odds(self, vector: Floats, signs: Signs) -> float:
        """Give the log-odds that a mention is about the brand."""
        of_text = sum(w * float(x) for w, x in zip(self.weights, vector, strict=True))
        return of_text + sum(self.weight_of(sign) for sign in signs.before)

    def weight_of(self, sign: str) -> float:
        """Give a sign's log-odds; one that no label showed keeps what it had before."""
        return self.signs.get(sign, before_labels(sign))

    def is_doubtful(self, probability: float) -> bool:
        return self.doubt_below is not None and probability < to_probability(self.doubt_below)

    def is_dropped(self, probability: float) -> bool:
        return self.drop_below is not None and probability < to_probability(self.drop_below)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> BrandModel:
        """Read what `to_json` wrote; ModelError for anything else."""
        try:
            read = json.loads(text)
            return cls(**(read | {"weights": tuple(read["weights"])}))
        except (ValueError, TypeError, KeyError) as error:
            raise ModelError(f"a stored relevance model cannot be read: {error}") from error


def may_learn(answers: Sequence[bool]) -> bool:
    """Tell whether there are enough yes and no to learn from."""
    return min(answers.count(True), answers.count(False)) >= FEWEST


def learn(query: str, examples: Sequence[Example]) -> BrandModel | None:
    """Fit a brand's model; None with fewer than FEWEST yes or no. The same labels: the same model.

    Each threshold is set on what the labels look like to a model that has not seen them.
    """
    import numpy as np

    from sentiment.relevance.logistic import fit

    if not may_learn([example.about for example in examples]):
        return None
    yes = sum(example.about for example in examples)
    names = sorted({name for example in examples for name in example.signs.before})
    shown = np.array(
        [[name in example.signs.before for name in names] for example in examples], float
    )
    vectors = np.stack([example.vector for example in examples])
    labels = np.array([example.about for example in examples], float)
    before = np.zeros(vectors.shape[1] + len(names))
    # The bias is free; the other signs are held closer to what they were.
    scales = np.array([1.0 if name == MATCHED else _SIGN_SCALE for name in names])
    before[vectors.shape[1] :] = [before_labels(name) for name in names] / scales
    fitted = fit(np.hstack([vectors, shown * scales]), labels, before)
    of_signs = fitted.weights[vectors.shape[1] :] * scales
    return BrandModel(
        query=query,
        weights=tuple(round(float(weight), 6) for weight in fitted.weights[: vectors.shape[1]]),
        signs={name: round(float(w), 6) for name, w in zip(names, of_signs, strict=True)},
        doubt_below=_threshold(fitted.left_out, labels, _doubt_share, _DOUBT_SHARE),
        drop_below=_threshold(fitted.left_out, labels, _sure_share, _DROP_SHARE),
        yes=yes,
        no=len(examples) - yes,
    )


def nearest(vector: Floats, examples: Sequence[Example], most: int) -> list[tuple[int, float]]:
    """Give (index, likeness) of the taught examples whose texts are nearest, likest first."""
    import numpy as np

    likeness = np.stack([example.vector for example in examples]) @ vector
    order = np.argsort(-likeness, kind="stable")[:most]
    return [(int(index), float(likeness[index])) for index in order]


def to_probability(log_odds: float) -> float:
    """Turn log-odds into a probability between 0 and 1, without overflow."""
    return 0.5 * (1 + math.tanh(0.5 * log_odds))


def _threshold(
    left_out: Floats, labels: Floats, share_of: Callable[[int, int], float], least: float
) -> float | None:
    """Give the highest log-odds, at most 0, below which enough of the labels were no's."""
    ranked = sorted(zip((float(one) for one in left_out), labels, strict=True))
    best = None
    no = 0
    for place, (_, label) in enumerate(ranked):
        no += label == 0
        after = ranked[place + 1][0] if place + 1 < len(ranked) else math.inf
        if share_of(no, place + 1) >= least and ranked[place][0] < 0:
            best = min(0.0, (ranked[place][0] + min(after, 0.0)) / 2)
    return best


def _doubt_share(no: int, of: int) -> float:
    """Share of no's, as if one no and one yes more had been seen."""
    return (no + 1) / (of + 2)


def _sure_share(no: int, of: int) -> float:
    """Lower end of Wilson's interval for the share of no's."""
    share = no / of
    spread = _Z * math.sqrt(share * (1 - share) / of + _Z * _Z / (4 * of * of))
    return (share + _Z * _Z / (2 * of) - spread) / (1 + _Z * _Z / of)
