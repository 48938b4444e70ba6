"""Complaints that are likely and not sure, for teams that would rather hear one too many."""

from __future__ import annotations

from sentiment.quality.calibration import Calibration
from sentiment.scoring import adapter, multilingual_adapter
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
    """Ask of a voice whether it is a likely complaint, by the thresholds of the shipped weights.

    Verdicts of other models have no threshold, so none of theirs is likely.
    """

    def __init__(self) -> None:
        configs = [
            adapter.read_config(adapter.WEIGHTS),
            multilingual_adapter.read_config(multilingual_adapter.WEIGHTS),
        ]
        self._calibrations = {config.name: config.calibration for config in configs}

    def __call__(self, voice: Voice) -> bool:
        mention = voice.mention
        # A version is a name and the hash of its weights.
        calibration = self._calibrations.get(voice.verdict.model.rpartition("-")[0])
        return calibration is not None and is_likely(
            calibration, mention.rating, mention.rating_max, voice.verdict
        )
