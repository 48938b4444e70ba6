"""An embedding table that stays in 4 bits: rows become numbers when they are looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from sentiment.scoring.multilingual_backbone import Blocks


class WordTable(nn.Module):
    """Vectors (…, width) of ids (…), fp32, from blocks of 4 bits.

    The 250,037 rows of the multilingual backbone are 54 MB so, and 384 MB in fp32. A lookup is
    hardly slower: a batch asks for some thousand rows.
    """

    steps: Tensor
    scale: Tensor

    def __init__(self, blocks: Blocks) -> None:
        super().__init__()
        # Neither trained nor saved with what training adds.
        self.register_buffer("steps", torch.from_numpy(blocks.steps), persistent=False)
        self.register_buffer("scale", torch.from_numpy(blocks.scale), persistent=False)

    def forward(self, ids: Tensor) -> Tensor:
        """Look up vectors (…, width) of ids (…)."""
        steps = self.steps[ids]
        whole = torch.cat([steps & 15, steps >> 4], -1).float() - 8
        result: Tensor = (whole * self.scale[ids].float().unsqueeze(-1)).flatten(-2)
        return result
