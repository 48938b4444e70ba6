"""Models for other languages, from a folder or a hub; the config says what their labels mean."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from config.errors import ModelError
from config.extras import extra_missing
from config.settings import ModelSettings
from sentiment.quality.calibration import softmax
from sentiment.scoring import memory_left
from sentiment.scoring.text import Text, joined
from storage.models import Experience, Stance, Verdict

if TYPE_CHECKING:
    from sentiment.quality.metrics import Floats

LOG = logging.getLogger(__name__)

BATCH = 16
OVERLAP = 32
# Windows of one text; of a longer text the rest is not read, which is logged and never sure.
MOST_WINDOWS = 64
# Other kinds are pickles, which run what whoever wrote them wished.
_WEIGHTS = ".safetensors"


class LanguageModel:
    """A sequence classifier whose labels mean experiences and, if wanted, stances.

    Its probabilities are taken as they are: only `sure_at` says from where on they are sure.
    """

    def __init__(
        self, model: str, settings: ModelSettings, tokenizer: Any, network: Any, labels: list[str]
    ) -> None:
        self.model = model
        self._sure_at = settings.sure_at
        self._tokenizer = tokenizer
        self._network = network
        self._to_experience = _matrix(labels, settings.labels, tuple(Experience), None)
        self._to_stance = _matrix(labels, settings.stances, tuple(Stance), Stance.NEITHER)
        most = min(tokenizer.model_max_length, 512)
        positions = getattr(network.config, "max_position_embeddings", most)
        # RoBERTa's positions begin after the padding's.
        self._longest = min(most, positions - 2)

    @classmethod
    def load(cls, settings: ModelSettings, *, offline: bool = False) -> LanguageModel:
        """Load from a folder or a hub; ModelError names what is missing or does not fit.

        What can only be a folder is never asked of a hub, nor is anything `offline`.
        """
        where = f"models: {settings.language}: {settings.path}"
        if missing := extra_missing("models", where):
            raise ModelError(missing)
        _require_weights(where, settings.path)
        if offline:
            # The hub's own client else asks it by the way, who is calling, say.
            os.environ["HF_HUB_OFFLINE"] = "1"
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            tokenizer = AutoTokenizer.from_pretrained(settings.path, local_files_only=offline)
            # Not in the type of its file: many a CPU cannot compute in 16 bits, or only slowly.
            network = AutoModelForSequenceClassification.from_pretrained(
                settings.path,
                dtype=torch.float32,
                use_safetensors=True,
                local_files_only=offline,
            )
        except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
            reason = str(error).strip().splitlines()
            raise ModelError(
                f"{where} cannot be loaded ({reason[0] if reason else type(error).__name__}); "
                "give a folder with a sequence classification model, or its id at a hub"
            ) from error
        network.eval()
        labels = [str(network.config.id2label[index]) for index in range(network.num_labels)]
        _check(where, labels, settings)
        return cls(_version(settings, network), settings, tokenizer, network, labels)

    def classify(self, texts: Sequence[Text]) -> list[Verdict]:
        """Score texts that have words, in order."""
        chances, whole = self._probabilities([joined(text) for text in texts])
        experience, stance = chances @ self._to_experience, chances @ self._to_stance
        return [
            self._verdict(experience[row], stance[row], whole[row]) for row in range(len(texts))
        ]

    def _probabilities(self, texts: list[str]) -> tuple[Floats, list[bool]]:
        """Give each text's probabilities of the model's labels, windows weighed by length."""
        import torch

        windows: list[tuple[int, list[int]]] = []
        whole = []
        for owner, text in enumerate(texts):
            pieces = self._tokenizer(
                text,
                truncation=True,
                max_length=self._longest,
                stride=min(OVERLAP, self._longest // 4),
                return_overflowing_tokens=True,
            )["input_ids"]
            whole.append(len(pieces) <= MOST_WINDOWS)
            if not whole[-1]:
                LOG.warning("a text of %d characters was read at its beginning only", len(text))
            windows += [(owner, ids) for ids in pieces[:MOST_WINDOWS]]
        windows.sort(key=lambda window: len(window[1]))
        total = np.zeros((len(texts), len(self._to_experience)))
        for start in range(0, len(windows), BATCH):
            batch = windows[start : start + BATCH]
            padded = self._tokenizer.pad(
                {"input_ids": [ids for _, ids in batch]}, return_tensors="pt"
            )
            with torch.inference_mode():
                logits = self._network(
                    input_ids=padded["input_ids"], attention_mask=padded["attention_mask"]
                ).logits
            chances = softmax(logits.double().numpy())
            for (owner, ids), row in zip(batch, chances, strict=True):
                total[owner] += len(ids) * row
        return total / total.sum(1, keepdims=True), whole

    def _verdict(self, experience: Floats, stance: Floats, whole: bool) -> Verdict:
        chances: dict[str, Any] = {
            f"p_{name}": float(value)
            for kind, row in ((Experience, experience), (Stance, stance))
            for name, value in zip(kind, row, strict=True)
        }
        return Verdict(
            experience=tuple(Experience)[int(experience.argmax())],
            stance=tuple(Stance)[int(stance.argmax())],
            sure=whole and float(experience.max()) >= self._sure_at,
            model=self.model,
            **chances,
        )


def load_each(
    models: Sequence[ModelSettings], *, tolerant: bool, offline: bool = False
) -> tuple[dict[str, LanguageModel], dict[str, ModelError]]:
    """Load models by their languages; give those that cannot be loaded, if that is tolerated."""
    loaded: dict[str, LanguageModel] = {}
    missing: dict[str, ModelError] = {}
    for model in models:
        try:
            loaded[model.language] = LanguageModel.load(model, offline=offline)
        except ModelError as error:
            if not tolerant:
                raise
            missing[model.language] = error
    return loaded, missing


def _require_weights(where: str, path: str) -> None:
    """Raise ModelError where no weights can come of a path; see that there is room for them."""
    folder = Path(path)
    if not folder.is_dir():
        # Ids at hubs are `name` or `owner/name`.
        if folder.is_absolute() or path.startswith(".") or path.count("/") > 1:
            raise ModelError(
                f"{where} cannot be loaded (no such folder); give a folder with a "
                "sequence classification model, or its id at a hub"
            )
        return
    weights = [*folder.glob(f"*{_WEIGHTS}")]
    if not weights:
        raise ModelError(
            f"{where} has no {_WEIGHTS} file: other kinds of weights (.bin, .pt) can run code "
            "when they are read; save it as safetensors"
        )
    # In fp32, whatever its file holds, and once more while it is read.
    takes = 2 * sum(path.stat().st_size for path in weights)
    memory_left.require(takes + memory_left.WEIGHTS_TAKE, where)


def _matrix(
    labels: Sequence[str],
    meaning: dict[str, Any],
    classes: Sequence[str],
    otherwise: str | None,
) -> Floats:
    """Add up labels to classes: 1 where a label means the class."""
    table = np.zeros((len(labels), len(classes)))
    for row, label in enumerate(labels):
        table[row, classes.index(meaning.get(label, otherwise))] = 1
    return table


def _check(where: str, labels: Sequence[str], settings: ModelSettings) -> None:
    unknown = [name for name in (*settings.labels, *settings.stances) if name not in labels]
    if unknown:
        raise ModelError(
            f"{where} has no label {unknown[0]!r}; its labels are {', '.join(map(repr, labels))}"
        )
    missing = [label for label in labels if label not in settings.labels]
    if missing:
        raise ModelError(f"{where}: say in `labels` what its label {missing[0]!r} means")


def _version(settings: ModelSettings, network: Any) -> str:
    """Name a model: language, folder or id, and 8 hex digits over weights and meaning."""
    digest = hashlib.sha256(
        json.dumps([settings.labels, settings.stances, settings.sure_at], sort_keys=True).encode()
    )
    folder = Path(settings.path)
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if path.suffix == _WEIGHTS or path.name == "config.json":
                with path.open("rb") as file:
                    digest.update(hashlib.file_digest(file, "sha256").digest())
    else:
        digest.update(str(getattr(network.config, "_commit_hash", "")).encode())
    return f"{settings.language}:{folder.name}-{digest.hexdigest()[:8]}"
