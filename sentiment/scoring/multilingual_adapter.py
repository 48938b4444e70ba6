"""What training adds to the multilingual backbone, as files like the English model's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from config.errors import ModelError
from sentiment.scoring import adapter
from sentiment.scoring.adapter import ModelConfig, is_matrix, pack
from sentiment.scoring.multilingual_backbone import SHA256, Backbone

if TYPE_CHECKING:
    from torch import Tensor

WEIGHTS = Path(__file__).parents[1] / "weights" / "multilingual"
NAME = "e5-earful-2"
_LAYER = "encoder.encoder.layer."
# The rating joins before this layer: states of those below are the same with any rating, and can
# be kept while the upper ones are trained.
RATING_LAYER = 6


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
    """Tensors of the network but its embedding table, fp32; ModelError if they do not fit.

    The network ends with the highest layer that training changed: those above are left out.
    """
    from safetensors import safe_open

    state = adapter.with_changes(folder, backbone.state())
    with safe_open(folder / adapter.TENSORS, "pt") as file:
        highest = max(map(_layer, file.keys()))
    if highest < 0:
        raise ModelError(f"{folder / adapter.TENSORS} changes no layer of the network; train anew")
    return first_layers(state, highest + 1)


def first_layers(state: Mapping[str, Tensor], count: int) -> dict[str, Tensor]:
    """Leave out the tensors of layers above the `count` first ones."""
    return {name: tensor for name, tensor in state.items() if _layer(name) < count}


def _layer(name: str) -> int:
    """Give the number of the layer that a tensor belongs to; -1 of none."""
    return int(name.removeprefix(_LAYER).split(".")[0]) if name.startswith(_LAYER) else -1
