"""What training adds to the backbone, as a small file: changes of matrices, biases, heads.

A change of a matrix is kept in 4 bits with a scale for every 64 columns: at equal size that keeps
far more of it than its largest singular values do (the model card has both figures).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.errors import ModelError
from sentiment.quality.calibration import Calibration
from sentiment.scoring.backbone import (
    SHA256,
    backbone_dir,
    check_backbone,
    load_encoder,
)
from sentiment.scoring.backbone import (
    WEIGHTS as WEIGHTS,
)

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from sentiment.learning.network import Network

TENSORS = "adapter.safetensors"
_STEPS = ".steps"
CONFIG = "model.json"
FORMAT = 2
GROUP = 64


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """What `model.json` says beside the tensors.

    `context` is how many word pieces of what a text answers are read: 0 where none was learnt.
    """

    calibration: Calibration = field(default_factory=Calibration)
    name: str = "minilm-earful-7"
    hidden: int = 256
    languages: tuple[str, ...] = ("en",)
    context: int = 0
    trained: dict[str, Any] = field(default_factory=dict)


def pack(change: Tensor, dither: Generator | None = None) -> tuple[Tensor, Tensor]:
    """Round a change (out, in) to 4 bits: two to a byte (out, in / 2), scales (out, in / 64).

    Errs by about a tenth of the change's norm. With `dither` it is rounded up or down by chance,
    so that the mean is kept: weights that were packed before and moved a little would mostly be
    rounded back to where they were, and half of what they learnt be lost.
    """
    import torch

    groups = change.float().reshape(len(change), -1, GROUP)
    scale = (groups.abs().amax(2, keepdim=True) / 7).clamp(min=1e-8).to(torch.float16)
    steps = groups / scale.float()
    if dither is None:
        steps = steps.round()
    else:
        steps = (steps + torch.rand(steps.shape, generator=dither)).floor()
    steps = steps.clamp(-7, 7).add(8).to(torch.uint8)
    steps = steps.reshape(len(change), -1, 2)
    return steps[:, :, 0] | steps[:, :, 1] << 4, scale.squeeze(2)


def unpack(steps: Tensor, scale: Tensor) -> Tensor:
    """Give the change (out, in) in fp32 from what `pack` made of it."""
    import torch

    pairs = torch.stack([steps & 15, steps >> 4], 2).float() - 8
    groups = pairs.reshape(len(steps), -1, GROUP) * scale.float().unsqueeze(2)
    return groups.reshape(len(steps), -1)


def is_matrix(name: str) -> bool:
    """Tell the encoder's matrices, which are kept as packed changes, from all else."""
    return name.startswith("encoder.encoder.layer.") and name.endswith(
        ("query.weight", "key.weight", "value.weight", "dense.weight")
    )


def is_kept(name: str) -> bool:
    """Tell whether a parameter is trained at all: embeddings and throw-away heads are not."""
    return not name.startswith(("encoder.embeddings.", "extra."))


def save(network: Network, config: ModelConfig, folder: Path, *, moved: bool = False) -> None:
    """Write the tensors (4 and 16 bits) and `model.json` into `folder`.

    `moved` are weights that went on from packed ones: they are dithered.
    """
    import torch
    from safetensors.torch import save_file

    base = load_encoder(backbone_dir()).state_dict()
    tensors: dict[str, Tensor] = {}
    dither = torch.Generator().manual_seed(0) if moved else None
    for name, value in network.state_dict().items():
        if is_matrix(name):
            change = value - base[name.removeprefix("encoder.")]
            tensors[f"{name}.steps"], tensors[f"{name}.scale"] = pack(change, dither)
        elif is_kept(name):
            tensors[name] = value.to(torch.float16).contiguous()
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / TENSORS)
    write_config(config, folder)


def write_config(config: ModelConfig, folder: Path, backbone: str = SHA256) -> None:
    """Write `model.json` beside the tensors; `backbone` is the hash of what they are added to."""
    document = {"format": FORMAT, "backbone_sha256": backbone, **asdict(config)}
    text = json.dumps(document, indent=1, ensure_ascii=False)
    (folder / CONFIG).write_text(text + "\n", encoding="utf-8")


def read_config(folder: Path, backbone: str = SHA256) -> ModelConfig:
    """Read `model.json`; ModelError names the file if it is missing or does not fit."""
    path = folder / CONFIG
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["format"] != FORMAT or document["backbone_sha256"] != backbone:
            raise ModelError(f"{path} is of another format or backbone; train anew")
        return ModelConfig(
            calibration=Calibration.from_dict(document["calibration"]),
            name=str(document["name"]),
            hidden=int(document["hidden"]),
            languages=tuple(document["languages"]),
            # Weights of before there was a context read none.
            context=int(document.get("context", 0)),
            trained=dict(document["trained"]),
        )
    except OSError as error:
        raise ModelError(f"no trained weights in {folder}: {path.name} is missing") from error
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path} is damaged ({error!r}); restore it or train anew") from error


def version(folder: Path, config: ModelConfig) -> str:
    """Name the weights: the model's name and 8 hex digits over tensors and config."""
    digest = hashlib.sha256()
    try:
        for name in (TENSORS, CONFIG):
            digest.update((folder / name).read_bytes())
    except OSError as error:
        raise ModelError(f"no trained weights in {folder}: {error.strerror}") from error
    return f"{config.name}-{digest.hexdigest()[:8]}"


def merged(folder: Path) -> dict[str, Tensor]:
    """Tensors of the whole network, named as in `Network`, fp32, changes merged.

    ModelError if the backbone or the adapter is missing, altered or does not fit.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    base_folder = backbone_dir()
    check_backbone(base_folder)
    path = base_folder / "model.safetensors"
    try:
        state = {
            f"encoder.{name}": value
            for name, value in load_file(path).items()
            if value.is_floating_point() and not name.startswith("pooler.")
        }
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path} cannot be read ({error}); install Earful again") from error
    return with_changes(folder, state, [name for name in state if is_matrix(name)])


def with_changes(
    folder: Path, state: dict[str, Tensor], matrices: Collection[str] | None = None
) -> dict[str, Tensor]:
    """Put what training added into a backbone's tensors, fp32, and give them.

    `matrices` names those that must have a change; without it the file says which have one.
    ModelError if the adapter is missing, altered or does not fit.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = folder / TENSORS
    try:
        added = load_file(path)
        if matrices is None:
            matrices = [name.removesuffix(_STEPS) for name in added if name.endswith(_STEPS)]
        for name in matrices:
            change = unpack(added.pop(f"{name}{_STEPS}"), added.pop(f"{name}.scale"))
            state[name] = state[name] + change
        for name, value in added.items():
            if name in state and state[name].shape != value.shape:
                raise ModelError(f"{path} does not fit the network at {name}; train anew")
            state[name] = value.float()
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path} cannot be read ({error}); restore it or train anew") from error
    except (KeyError, RuntimeError) as error:
        raise ModelError(f"{path} does not fit the network ({error}); train anew") from error
    return state


def load(folder: Path, config: ModelConfig) -> Network:
    """Build the network that training goes on with, in fp32; ModelError if it does not fit."""
    from sentiment.learning.network import Network

    state = merged(folder)
    network = Network(load_encoder(backbone_dir()), hidden=config.hidden)
    try:
        network.load_state_dict(state, strict=False)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise ModelError(f"{folder / TENSORS} does not fit the network ({reason})") from error
    network.eval()
    return network
