"""The threshold of likely complaints: how it is chosen, and what it says of a voice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from config.settings import parse_settings
from earful.policies import Policies
from sentiment.quality.calibration import Calibration, Mode, complaint_threshold
from sentiment.scoring import adapter
from sentiment.scoring.likely_complaints import Likely, is_likely
from storage.models import Experience, Mention, Stance, Verdict, Voice

ANGRY = Experience.ANGRY
CALIBRATION = Calibration(
    rated=Mode(complaint=0.4), unrated=Mode(complaint=0.6), talk=Mode(complaint=0.7)
)


def a_verdict(chance: float, *, sure: bool = False, model: str = "minilm-earful-7-0") -> Verdict:
    rest = 1 - chance
    experience = ANGRY if chance >= rest else Experience.NONE
    return Verdict(
        experience=experience, stance=Stance.NEITHER, sure=sure, p_angry=chance, p_mediocre=0.0,
        p_delighted=0.0, p_none=rest, p_advocate=0.0, p_hater=0.0, p_neither=1.0, model=model,
    )  # fmt: skip


def test_the_threshold_is_the_lowest_at_which_the_precision_holds() -> None:
    chances = np.array([0.99, 0.95, 0.9, 0.6, 0.5, 0.45])
    told = np.array([True, True, True, True, True, False])
    truth = np.array([True, True, True, False, True, True])
    assert complaint_threshold(chances, told, truth, precision=0.8) == 0.5
    assert complaint_threshold(chances, told, truth, precision=0.9) == 0.9
    assert complaint_threshold(chances, told, ~told, precision=0.5) == 1.0


@pytest.mark.parametrize(
    ("rating", "chance", "sure", "likely"),
    [
        (2.0, 0.55, False, True),
        (None, 0.55, False, False),
        (None, 0.7, False, True),
        (None, 0.99, True, False),
        (2.0, 0.45, False, False),
    ],
)
def test_a_rating_lowers_the_threshold(
    rating: float | None, chance: float, sure: bool, likely: bool
) -> None:
    assert is_likely(CALIBRATION, rating, 5, a_verdict(chance, sure=sure)) is likely


def test_the_config_opens_cases_at_likely_for_the_shipped_model_alone() -> None:
    moment = datetime(2026, 11, 24, tzinfo=UTC)
    mention = Mention(
        brand="Acme", source="shop", native_id="1", text="late again", fetched_at=moment
    )
    config = adapter.read_config(adapter.WEIGHTS)
    voice = Voice(mention=mention, verdict=a_verdict(0.8, model=f"{config.name}-12345678"))
    usual = Policies(parse_settings({}, {}, where="test")).of("Acme")
    likely = parse_settings({"cases": {"open_at": "likely"}}, {}, where="test")
    wide = Policies(likely).of("Acme")
    assert not usual.acts_on(voice)
    assert wide.acts_on(voice)
    foreign = replace(voice, verdict=replace(voice.verdict, model="de:ours-12345678"))
    assert not wide.acts_on(foreign)
    shy = config.calibration.complaint(rated=False) - 0.01
    assert not wide.acts_on(replace(voice, verdict=a_verdict(shy)))
    assert isinstance(wide.likely, Likely)


def test_weights_without_the_threshold_know_no_likely_complaint() -> None:
    plain = CALIBRATION.as_dict()
    assert Calibration.from_dict(plain) == CALIBRATION
    for mode in plain.values():
        del mode["complaint"]
    assert Calibration.from_dict(plain).complaint(rated=True) == 1.0
