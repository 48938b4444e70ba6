"""The model for texts in other languages than English: loaded when the first one needs it."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sentiment.scoring import adapter, multilingual_adapter
from sentiment.scoring.multilingual_backbone import backbone_file, is_installed, read
from sentiment.scoring.text import Text
from storage.models import Verdict

if TYPE_CHECKING:
    from torch import Tensor

    from sentiment.quality.calibration import Calibration
    from sentiment.scoring.classifier import Classifier

NOT_INSTALLED = (
    "texts in other languages than English get no verdict: pip install 'earful[languages]'"
)
# Few of the texts that it learnt from have a rating, and it makes too little of one. With half of
# what the rating alone would say, 81% of 146 rated texts that it had not learnt are right, without
# it 77% (the model card has the other weights).
RATING_WEIGHT = 0.5


class Multilingual:
    """A classifier for `languages` that takes its memory (some 490 MB) with its first text."""

    def __init__(self, folder: Path = multilingual_adapter.WEIGHTS) -> None:
        """Read what the weights in `folder` say of themselves; ModelError if they are damaged."""
        self._folder = folder
        config = multilingual_adapter.read_config(folder)
        self.model = adapter.version(folder, config)
        self.languages = frozenset(config.languages)
        self.calibration: Calibration = config.calibration
        self._loaded: Classifier | None = None
        self._loading = threading.Lock()

    @classmethod
    def if_installed(cls) -> Multilingual | None:
        """Give the shipped model where its backbone's package is there; None elsewhere."""
        return cls() if is_installed() else None

    @property
    def classifier(self) -> Classifier:
        """The loaded model; ModelError if the backbone or the weights are not as they were."""
        with self._loading:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded

    def check(self) -> None:
        """Refuse a backbone that is not the published file: ModelError."""
        read(backbone_file())

    def classify(self, texts: Sequence[Text]) -> list[Verdict]:
        """Score texts in `languages`, in order."""
        return self.classifier.classify(texts)

    def _load(self) -> Classifier:
        from sentiment.scoring.classifier import Classifier
        from sentiment.scoring.fastest_way import fastest
        from sentiment.scoring.forward_pass import Runtime
        from sentiment.scoring.multilingual_pieces import SPECIAL, MultilingualPieces
        from sentiment.scoring.runtimes import Runtimes
        from sentiment.scoring.word_table import WordTable

        backbone = read(backbone_file())
        words, pieces = WordTable(backbone.words), MultilingualPieces(backbone)
        # In fp32 the layers are 85 MB: handed to the first way that computes, and not kept for one
        # that may have to follow it.
        merged = [multilingual_adapter.merged(self._folder, backbone)]
        del backbone

        def state() -> Mapping[str, Tensor]:
            if merged:
                return merged.pop()
            return multilingual_adapter.merged(self._folder, read(backbone_file()))

        runtime = Runtimes(
            state,
            fastest(),
            partial(Runtime, words=words, rating_layer=multilingual_adapter.RATING_LAYER),
        )
        return Classifier(
            model=self.model,
            runtime=runtime,
            tokenizer=pieces,
            calibration=self.calibration,
            languages=None,
            special=SPECIAL,
            rating_weight=RATING_WEIGHT,
        )
