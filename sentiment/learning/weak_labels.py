"""A first training on weak labels: stars, recommendations and old sentiment labels of a pool."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sentiment.learning.fitting import Watch, corrupt, has_bf16, minimise
from sentiment.learning.network import Network
from sentiment.learning.recipes import Recipe
from sentiment.learning.training_rows import framed
from sentiment.learning.unlabelled_texts import TASK_NAMES, PoolText
from sentiment.scoring.backbone import backbone_dir, load_tokenizer
from sentiment.scoring.encoding import padded
from sentiment.scoring.text import joined

# Texts a data set, and the longest in characters: see the model card's trials.
MOST = 800
LONGEST = 360


def pretrain(
    network: Network, rows: Sequence[PoolText], recipe: Recipe, progress: Watch | None = None
) -> None:
    """Train the encoder in place on weak labels, through one throw-away head a task.

    The network must have been made with `extra=TASKS.values()`.
    """
    generator = torch.Generator().manual_seed(recipe.seed)
    texts = [joined(row.text) for row in rows]
    ids = framed(texts, recipe.longest, load_tokenizer(backbone_dir()))
    labels = torch.tensor([[row.labels.get(task, -100) for task in TASK_NAMES] for row in rows])

    def loss_of(batch: list[int]) -> Tensor:
        batch_ids, mask = padded([ids[index] for index in batch])
        batch_ids = corrupt(batch_ids, mask, recipe.word_dropout, generator)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=has_bf16()):
            features = network.pool(batch_ids, mask, torch.zeros(len(batch)))
        truth = labels[batch]
        loss = features.new_zeros(())
        for task, head in enumerate(network.extra):
            known = truth[:, task] >= 0
            if known.any():
                part = nn.functional.cross_entropy(
                    head(features[known]), truth[known, task], reduction="sum", label_smoothing=0.1
                )
                loss = loss + part / len(batch)
        return loss

    minimise(loss_of, network, [len(row) for row in ids], recipe, progress=progress)
