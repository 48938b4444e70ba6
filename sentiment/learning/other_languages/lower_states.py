"""States of the frozen lower layers, computed once for all texts to learn from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor

from sentiment.learning.fitting import has_bf16
from sentiment.scoring.encoding import batches, padded
from sentiment.scoring.forward_pass import Encoder
from sentiment.scoring.multilingual_adapter import first_layers
from sentiment.scoring.multilingual_backbone import Backbone
from sentiment.scoring.multilingual_pieces import SPECIAL
from sentiment.scoring.number_choice import Way
from sentiment.scoring.word_table import WordTable

_BUDGET = 1024


@dataclass(frozen=True, slots=True)
class LowerStates:
    """States (tokens, width), text after text, in bf16; `ends` (n) are where these end."""

    values: Tensor
    ends: list[int]
    lengths: list[int]

    def padded(self, rows: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Give states (n, tokens, width) in fp32 and mask (n, tokens) of rows."""
        longest = max(self.lengths[row] for row in rows)
        states = torch.zeros(len(rows), longest, self.values.shape[1])
        mask = torch.zeros(len(rows), longest, dtype=torch.bool)
        for place, row in enumerate(rows):
            size, end = self.lengths[row], self.ends[row]
            states[place, :size] = self.values[end - size : end]
            mask[place, :size] = True
        return states, mask


def lower_encoder(backbone: Backbone, lower: int) -> Encoder:
    """Build the `lower` first layers alone, in bf16 where the CPU has it."""
    state = first_layers(backbone.state(), lower)
    return Encoder(
        state, Way.BF16_PACKED if has_bf16() else Way.PLAIN, words=WordTable(backbone.words)
    )


def lower_states(
    encoder: Encoder,
    rows: Sequence[list[int]],
    progress: Callable[[int, int], None] | None = None,
) -> LowerStates:
    """Run framed id rows through the lower layers, a batch a thread."""
    lengths = [len(row) for row in rows]
    ends = list(accumulate(lengths))
    values: Tensor | None = None

    def run(batch: list[int]) -> tuple[list[int], Tensor]:
        ids, mask = padded([rows[index] for index in batch], SPECIAL.pad)
        seen = None if bool(mask.all()) else mask.bool().view(len(mask), 1, 1, -1)
        with torch.inference_mode():
            return batch, encoder.states(encoder.embedded(ids), seen)

    done = 0
    # One thread a batch: threads that share each product wait for each other at each one.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(threads) as workers:
            for batch, states in workers.map(run, list(batches(lengths, _BUDGET))):
                if values is None:
                    values = torch.empty(ends[-1], states.shape[2], dtype=torch.bfloat16)
                for own, row in zip(states, batch, strict=True):
                    values[ends[row] - lengths[row] : ends[row]] = own[: lengths[row]]
                done += len(batch)
                if progress is not None:
                    progress(done, len(rows))
    finally:
        torch.set_num_threads(threads)
    assert values is not None
    return LowerStates(values, ends, lengths)
