"""Classifiers that compute in a given way, and the skip of what this CPU cannot do."""

from __future__ import annotations

import pytest
import torch

from sentiment.scoring import adapter
from sentiment.scoring.backbone import backbone_dir, load_tokenizer
from sentiment.scoring.classifier import Classifier
from sentiment.scoring.number_choice import Choice, Way
from sentiment.scoring.runtimes import Runtimes

bf16_packed = pytest.mark.skipif(
    not torch.ops.mkldnn._is_mkldnn_bf16_supported(), reason="this CPU has no bf16 for oneDNN"
)


def computing_in(way: Way, *others: Way) -> Classifier:
    """The shipped model in a way; the others follow if it fails."""
    config = adapter.read_config(adapter.WEIGHTS)
    return Classifier(
        model=adapter.version(adapter.WEIGHTS, config),
        runtime=Runtimes(
            lambda: adapter.merged(adapter.WEIGHTS), Choice("cpu", (way, *others, Way.PLAIN))
        ),
        tokenizer=load_tokenizer(backbone_dir()),
        calibration=config.calibration,
        languages=config.languages,
    )
