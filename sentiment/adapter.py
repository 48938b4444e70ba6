"""What training adds to the backbone, as a small file: low-rank changes, biases, heads."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.errors import ModelError
from sentiment.backbone import SHA256, backbone_dir, check_backbone, load_encoder
from sentiment.calibration import Calibration

if TYPE_CHECKING:
    from torch import Tensor

    from sentiment.network import Network

WEIGHTS = Path(__file__).parent / "weights"
TENSORS = "adapter.safetensors"
CONFIG = "model.json"
FORMAT = 1
DEFAULT_RANK = 72


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """What `model.json` says beside the tensors."""

    calibration: Calibration = field(default_factory=Calibration)
    name: str = "minilm-earful-1"
    hidden: int = 256
    rank: int = DEFAULT_RANK
    languages: tuple[str, ...] = ("en",)
    trained: dict[str, Any] = field(default_factory=dict)


def split_low_rank(change: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """Nearest product up (out, rank) @ down (rank, in) of a change, by singular values."""
    import torch

    u, s, v = torch.linalg.svd(change.float(), full_matrices=False)
    root = s[:rank].sqrt()
    return u[:, :rank] * root, root.unsqueeze(1) * v[:rank]


def is_low_rank(name: str) -> bool:
    """Tell the encoder's matrices, which are kept as low-rank changes, from all else."""
    return name.startswith("encoder.encoder.layer.") and name.endswith(
        ("query.weight", "key.weight", "value.weight", "dense.weight")
    )


def is_kept(name: str) -> bool:
    """Tell whether a parameter is trained at all: embeddings and throw-away heads are not."""
    return not name.startswith(("encoder.embeddings.", "extra."))


def save(network: Network, config: ModelConfig, folder: Path) -> None:
    """Write the tensors in fp16 and `model.json` into `folder`."""
    import torch
    from safetensors.torch import save_file

    base = load_encoder(backbone_dir()).state_dict()
    tensors: dict[str, Tensor] = {}
    for name, value in network.state_dict().items():
        if is_low_rank(name):
            change = value - base[name.removeprefix("encoder.")]
            up, down = split_low_rank(change, config.rank)
            tensors[f"{name}.up"] = up.to(torch.float16).contiguous()
            tensors[f"{name}.down"] = down.to(torch.float16).contiguous()
        elif is_kept(name):
            tensors[name] = value.to(torch.float16).contiguous()
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / TENSORS)
    write_config(config, folder)


def write_config(config: ModelConfig, folder: Path) -> None:
    """Write `model.json` beside the tensors."""
    document = {"format": FORMAT, "backbone_sha256": SHA256, **asdict(config)}
    text = json.dumps(document, indent=1, ensure_ascii=False)
    (folder / CONFIG).write_text(text + "\n", encoding="utf-8")


def read_config(folder: Path) -> ModelConfig:
    """Read `model.json`; ModelError names the file if it is missing or does not fit."""
    path = folder / CONFIG
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["format"] != FORMAT or document["backbone_sha256"] != SHA256:
            raise ModelError(f"{path} is of another format or backbone; train anew")
        return ModelConfig(
            calibration=Calibration.from_dict(document["calibration"]),
            name=str(document["name"]),
            hidden=int(document["hidden"]),
            rank=int(document["rank"]),
            languages=tuple(document["languages"]),
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
    path = folder / TENSORS
    try:
        added = load_file(path)
        state = {
            f"encoder.{name}": value
            for name, value in load_file(base_folder / "model.safetensors").items()
            if value.is_floating_point() and not name.startswith("pooler.")
        }
        for name in [name for name in state if is_low_rank(name)]:
            up, down = added.pop(f"{name}.up").float(), added.pop(f"{name}.down").float()
            state[name] = state[name].addmm(up, down)
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
    from sentiment.network import Network

    state = merged(folder)
    network = Network(load_encoder(backbone_dir()), hidden=config.hidden)
    try:
        network.load_state_dict(state, strict=False)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise ModelError(f"{folder / TENSORS} does not fit the network ({reason})") from error
    network.eval()
    return network
