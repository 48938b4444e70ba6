"""A first training on weak labels: stars, recommendations and old sentiment labels of a pool."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import torch
from torch import nn

from sentiment.learning.fitting import (
    Averager,
    Recipe,
    corrupt,
    framed,
    has_bf16,
    optimiser,
    schedule,
    shuffled_batches,
)
from sentiment.learning.network import Network
from sentiment.learning.unlabelled_texts import TASK_NAMES, PoolText
from sentiment.scoring.backbone import backbone_dir, load_tokenizer
from sentiment.scoring.encoding import padded
from sentiment.scoring.text import joined

# Texts a data set, and the longest in characters: see the model card's trials.
MOST = 800
LONGEST = 360


def recipe(seed: int) -> Recipe:
    """Give the recipe of the first training: one epoch, a little faster, short texts."""
    return Recipe(epochs=1.0, seed=seed, rate=1.2e-4, longest=128)


def pretrain(
    network: Network,
    rows: Sequence[PoolText],
    recipe: Recipe,
    progress: Callable[[int, int, float], None] | None = None,
) -> None:
    """Train the encoder in place on weak labels, through one throw-away head a task.

    The network must have been made with `extra=TASKS.values()`.
    """
    rng = random.Random(recipe.seed)
    generator = torch.Generator().manual_seed(recipe.seed)
    texts = [joined(row.text) for row in rows]
    ids = framed(texts, recipe.longest, load_tokenizer(backbone_dir()))
    labels = torch.tensor([[row.labels.get(task, -100) for task in TASK_NAMES] for row in rows])
    plan: list[list[int]] = []
    for _ in range(max(1, round(recipe.epochs))):
        plan += shuffled_batches([len(row) for row in ids], recipe, rng)
    optimizer = optimiser(network, recipe)
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: schedule(step, len(plan), recipe.warmup)
    )
    averager = Averager(network, recipe.ema)
    live = [p for p in network.parameters() if p.requires_grad]
    network.train()
    for step, batch in enumerate(plan):
        rows_ids, mask = padded([ids[index] for index in batch])
        rows_ids = corrupt(rows_ids, mask, recipe.word_dropout, generator)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=has_bf16()):
            features = network.pool(rows_ids, mask, torch.zeros(len(batch)))
        truth = labels[batch]
        loss = features.new_zeros(())
        for task, head in enumerate(network.extra):
            told = truth[:, task] >= 0
            if told.any():
                part = nn.functional.cross_entropy(
                    head(features[told]), truth[told, task], reduction="sum", label_smoothing=0.1
                )
                loss = loss + part / len(batch)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(live, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        scheduler.step()
        averager.update()
        if progress is not None:
            progress(step + 1, len(plan), float(loss.detach()))
    averager.apply()
