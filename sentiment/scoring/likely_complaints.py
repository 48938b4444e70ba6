"""Complaints that are likely and not sure, for teams that would rather hear one too many."""

from __future__ import annotations

from sentiment.quality.calibration import Calibration
from sentiment.scoring import adapter
from sentiment.scoring.text import rating_position
from storage.models import Experience, Verdict, Voice


def is_likely(
    calibration: Calibration, rating: float | None, rating_max: float | None, verdict: Verdict
) -> bool:
    """Tell an unsure angry verdict whose probability reaches the model's complaint threshold."""
    if verdict.sure or verdict.experience is not Experience.ANGRY:
        return False
    rated = rating_position(rating, rating_max) > 0
    return verdict.p_angry >= calibration.complaint(rated=rated)


class Likely:
    """Ask of a voice whether it is a likely complaint, by the threshold of the shipped weights.

    Verdicts of other models have another calibration, so none of theirs is likely.
    """

    def __init__(self) -> None:
        config = adapter.read_config(adapter.WEIGHTS)
        self._calibration = config.calibration
        self._models = f"{config.name}-"

    def __call__(self, voice: Voice) -> bool:
        mention = voice.mention
        return voice.verdict.model.startswith(self._models) and is_likely(
            self._calibration, mention.rating, mention.rating_max, voice.verdict
        )
