"""A larger network that teaches the shipped one: for development only, never needed to score.

Any encoder folder that transformers reads will do whose layers lie at `encoder.layer`, such as
BERT's, RoBERTa's or MPNet's. The model card says which one taught the shipped weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from config.errors import InputError
from sentiment.learning.fitting import (
    Watch,
    begin_ratings_at_words,
    fine_tune,
    has_bf16,
    segments,
)
from sentiment.learning.labelled_files import Example
from sentiment.learning.network import Network
from sentiment.learning.recipes import Recipe
from sentiment.learning.training_rows import answered, framed, labelled
from sentiment.scoring.encoding import Special, batches, padded
from sentiment.scoring.text import Text, joined

_BUDGET = 4096


class Teacher:
    """A network over another encoder and vocabulary, with the student's heads."""

    def __init__(self, network: Network, tokenizer: Tokenizer, special: Special) -> None:
        self.network = network
        self.tokenizer = tokenizer
        self.special = special

    @classmethod
    def load(cls, folder: Path, seed: int) -> Teacher:
        """Build it, untrained, on the encoder in `folder`; InputError where that is not one."""
        from transformers import AutoModel, AutoTokenizer

        if not (folder / "config.json").is_file():
            raise InputError(f"{folder}: no config.json; give the folder of a downloaded encoder")
        torch.manual_seed(seed)
        try:
            encoder = AutoModel.from_pretrained(
                folder,
                hidden_dropout_prob=0.0,
                attention_probs_dropout_prob=0.0,
                add_pooling_layer=False,
                local_files_only=True,
                dtype=torch.float32,
            )
            words = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        except (OSError, ValueError, TypeError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(
                f"{folder}: not an encoder that transformers reads: {reason}"
            ) from error
        if not isinstance(
            getattr(getattr(encoder, "encoder", None), "layer", None), nn.ModuleList
        ):
            raise InputError(f"{folder}: its layers are not at `encoder.layer`; take a BERT's kin")
        ids = words.all_special_ids
        special = Special(
            cls=words.cls_token_id,
            sep=words.sep_token_id,
            pad=words.pad_token_id,
            mask=words.mask_token_id,
            # Word pieces lie above the special tokens that begin a vocabulary.
            first_word=1 + max((number for number in ids if number < len(words) // 4), default=0),
        )
        tokenizer = words.backend_tokenizer
        tokenizer.no_truncation()
        tokenizer.no_padding()
        network = Network(encoder)
        begin_ratings_at_words(network, tokenizer)
        return cls(network, tokenizer, special)

    def fit(
        self, examples: Sequence[Example], recipe: Recipe, progress: Watch | None = None
    ) -> None:
        """Fine-tune on labelled texts."""
        texts = [joined(example.text) for example in examples]
        rows = framed(texts, recipe.longest, self.tokenizer, self.special)
        others = answered([example.text for example in examples], rows, self.tokenizer)
        data = labelled(rows, examples, recipe, others, self.special)
        fine_tune(self.network, data, recipe, progress)

    @property
    def width(self) -> int:
        """Size of a state."""
        size: int = self.network.encoder.config.hidden_size
        return size

    def lengths(self, texts: Sequence[str], longest: int) -> list[int]:
        """Count the tokens of each text as the teacher reads it, frame included."""
        return [len(row) for row in framed(texts, longest, self.tokenizer, self.special)]

    def score(
        self,
        texts: Sequence[str],
        ratings: Sequence[float],
        longest: int,
        progress: Callable[[int, int], None] | None = None,
        into: Tensor | None = None,
        contexts: Sequence[str | None] | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Probabilities (n, 4) and (n, 3) of experience and stance; `ratings` are positions.

        `into` (tokens of all texts, width) is filled with the last states, text after text.
        `contexts` are what the texts answer.
        """
        rows = framed(texts, longest, self.tokenizer, self.special)
        known = [
            Text(text, context=other)
            for text, other in zip(texts, contexts or [None] * len(texts), strict=True)
        ]
        others = answered(known, rows, self.tokenizer)
        whole = [
            [*row, *other, self.special.sep] if other else row
            for row, other in zip(rows, others, strict=True)
        ]
        ends = list(accumulate(len(row) for row in rows))
        places = torch.tensor(ratings)
        experience, stance = torch.empty(len(rows), 4), torch.empty(len(rows), 3)
        done = 0
        self.network.eval()
        with torch.inference_mode():
            for batch in batches([len(row) for row in whole], _BUDGET):
                ids, mask = padded([whole[index] for index in batch], self.special.pad)
                second = segments(mask, [len(rows[index]) for index in batch])
                with torch.autocast("cpu", dtype=torch.bfloat16, enabled=has_bf16()):
                    states = self.network.states(ids, mask, places[batch], second)
                features = self.network.pooled(states, mask * (1 - second))
                experience[batch] = self.network.experience(features).softmax(1)
                stance[batch] = self.network.stance(features).softmax(1)
                if into is not None:
                    for own, index in zip(states, batch, strict=True):
                        size = len(rows[index])
                        into[ends[index] - size : ends[index]] = own[:size]
                done += len(batch)
                if progress is not None:
                    progress(done, len(rows))
        return experience, stance
