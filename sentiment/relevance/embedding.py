"""Texts as vectors of what they are about: the backbone as it was published, mean pooled.

Without what training added: that tells how people feel, and a bank and a river bank feel alike.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from sentiment.scoring import memory_left
from sentiment.scoring.backbone import SHA256, backbone_dir, check_backbone, load_tokenizer
from sentiment.scoring.encoding import SPECIAL, batches, padded, word_pieces
from sentiment.scoring.text import Text, joined

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sentiment.relevance.logistic import Floats
    from sentiment.scoring.model_process import Embeds

SIZE = 384
# The beginning tells what a text is about; more of it costs time and won nothing.
_MOST_TOKENS = 128
ENCODER = f"{SHA256[:12]} mean {_MOST_TOKENS}"
"""Names what made a vector: vectors of another encoder are made anew."""


class Embedder:
    """The loaded backbone; safe from several threads."""

    def __init__(self) -> None:
        """Load the backbone; ModelError where it is not the published one."""
        if "torch" not in sys.modules:
            memory_left.require(memory_left.MODEL_TAKES, "the encoder")
        from safetensors.torch import load_file

        from sentiment.scoring.forward_pass import Encoder

        folder = backbone_dir()
        check_backbone(folder)
        state = load_file(folder / "model.safetensors")
        self._encoder = Encoder({f"encoder.{name}": tensor for name, tensor in state.items()})
        self._tokenizer = load_tokenizer(folder)

    def vectors(self, texts: Sequence[Text]) -> Floats:
        """Give vectors (n, 384) of length 1, in order, as exact as the store keeps them.

        Only the first 128 tokens of a text are read.
        """
        import numpy as np
        import torch

        words = word_pieces(self._tokenizer, [joined(text) for text in texts])
        rows = [[SPECIAL.cls, *ids[: _MOST_TOKENS - 2], SPECIAL.sep] for ids in words]
        made = np.empty((len(rows), SIZE), np.float32)
        with torch.inference_mode():
            for batch in batches([len(row) for row in rows], self._encoder.budget):
                made[batch] = self._pooled([rows[index] for index in batch])
        return unpacked([pack(vector) for vector in made])

    def _pooled(self, rows: Sequence[list[int]]) -> NDArray[np.float32]:
        from torch.nn.functional import normalize

        ids, mask = padded(rows)
        seen = None if bool(mask.all()) else mask.bool().view(len(mask), 1, 1, -1)
        states = self._encoder.states(self._encoder.embedded(ids), seen).float()
        kept = mask.unsqueeze(2)
        mean = (states * kept).sum(1) / kept.sum(1)
        pooled: NDArray[np.float32] = normalize(mean, dim=1).numpy()
        return pooled


_beside: list[Embeds] = []


def embed_beside(other: Embeds | None) -> None:
    """Have all vectors of this process made by another (`ModelProcess`); None: here again."""
    _beside[:] = [] if other is None else [other]


def embedder() -> Embeds:
    """Give what makes this process's vectors: another process, or the backbone loaded here."""
    return _beside[0] if _beside else _own()


@cache
def _own() -> Embedder:
    return Embedder()


def pack(vector: NDArray[np.float32] | Floats) -> bytes:
    """Write a vector (384,) as the store keeps it: 768 bytes, half precision, little endian."""
    return vector.astype("<f2").tobytes()


def unpacked(packed: Sequence[bytes]) -> Floats:
    """Read vectors (n, 384) that `pack` wrote."""
    import numpy as np

    read = np.frombuffer(b"".join(packed), "<f2").reshape(len(packed), SIZE)
    return read.astype(np.float64)
