"""What training adds to the multilingual backbone, as files like the English model's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sentiment.scoring import adapter
from sentiment.scoring.adapter import ModelConfig, is_matrix, pack
from sentiment.scoring.multilingual_backbone import SHA256, Backbone

if TYPE_CHECKING:
    from torch import Tensor

WEIGHTS = Path(__file__).parents[1] / "weights" / "multilingual"
NAME = "e5-earful-2"
# The rating joins before this layer: states of those below are the same with any rating, and can
# be kept while the upper ones are trained.
RATING_LAYER = 8


def save(trained: Mapping[str, Tensor], base: Mapping[str, Tensor], folder: Path) -> None:
    """Write what training made of `base`: changes of matrices in 4 bits, all else in 16."""
    import torch
    from safetensors.torch import save_file

    tensors: dict[str, Tensor] = {}
    for name, value in trained.items():
        if is_matrix(name):
            tensors[f"{name}.steps"], tensors[f"{name}.scale"] = pack(value - base[name])
        else:
            tensors[name] = value.to(torch.float16).contiguous()
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / adapter.TENSORS)


def write_config(config: ModelConfig, folder: Path) -> None:
    """Write `model.json` beside the tensors."""
    adapter.write_config(config, folder, SHA256)


def read_config(folder: Path) -> ModelConfig:
    """Read `model.json`; ModelError names the file if it is missing or does not fit."""
    return adapter.read_config(folder, SHA256)


def merged(folder: Path, backbone: Backbone) -> dict[str, Tensor]:
    """Tensors of the network but its embedding table, fp32; ModelError if they do not fit."""
    return adapter.with_changes(folder, backbone.state())
