"""A first training on weak labels: stars, recommendations and old sentiment labels of a pool."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn

from config.errors import InputError
from sentiment.backbone import backbone_dir, load_tokenizer
from sentiment.encoding import frame, padded, word_pieces
from sentiment.fitting import (
    Averager,
    Recipe,
    corrupt,
    has_bf16,
    optimiser,
    schedule,
    shorten,
    shuffled_batches,
)
from sentiment.network import Network
from sentiment.text import Text, joined

# A weak label is one class of one of these tasks; each has a throw-away head.
TASKS = {"stars": 5, "polarity": 3, "valence": 5, "recommended": 2, "complaint": 2, "request": 4}
TASK_NAMES = tuple(TASKS)
# Texts a data set, and the longest in characters: see the model card's trials.
MOST = 800
LONGEST = 360
_STARS = ("very negative", "negative", "neutral", "positive", "very positive")
_POLARITY = {"negative": 0, "neutral": 1, "irrelevant": 1, "not_relevant": 1, "positive": 2}
_POLARITY |= {"conflict": 1, "none": 1, "anger": 0, "sadness": 0, "joy": 2, "optimism": 2}
_COMPLAINT = {"non-complaint": 0, "complaint": 1}
_REQUEST = {"bug report": 0, "user experience": 1, "rating": 2, "feature request": 3}
_CONFIDENCE = re.compile(r"conf=([\d.]+)")


def recipe(seed: int) -> Recipe:
    """Give the recipe of the first training: one epoch, a little faster, short texts."""
    return Recipe(epochs=1.0, seed=seed, rate=1.2e-4, longest=128)


def weak_labels(row: dict[str, Any]) -> dict[str, int]:
    """Read the tasks a pool row has a class for."""
    found: dict[str, int] = {}
    rating, highest = row.get("rating"), row.get("rating_max")
    if isinstance(rating, int | float) and isinstance(highest, int | float) and highest > 0:
        found["stars"] = min(4, max(0, round(5 * rating / highest) - 1))
    if isinstance(row.get("recommended"), bool):
        found["recommended"] = int(row["recommended"])
    label = str(row.get("human_label") or "").lower()
    name = label.split("|")[0]
    sure = _CONFIDENCE.search(label)
    if sure and float(sure.group(1)) < 0.6:
        return found
    if row.get("dataset") == "sst5" and name in _STARS:
        found["valence"] = _STARS.index(name)
    elif name.startswith("valence="):
        value = float(name.removeprefix("valence="))
        found["valence"] = sum(value > edge for edge in (-1.8, -0.4, 0.4, 1.8))
    elif name in _POLARITY:
        found["polarity"] = _POLARITY[name]
    elif name in _COMPLAINT:
        found["complaint"] = _COMPLAINT[name]
    elif name in _REQUEST:
        found["request"] = _REQUEST[name]
    return found


def read_pool(path: Path) -> Iterator[dict[str, Any]]:
    """Read gzipped JSON Lines; InputError names the line that is not JSON."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise InputError(f"{path}:{number}: not JSON ({error})") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error}); give gzipped JSON Lines") from error


def choose(
    path: Path, *, most: int, seed: int, without: Collection[str] = (), longest: int = LONGEST
) -> list[tuple[str, dict[str, int]]]:
    """Choose up to `most` pool texts a data set, evenly over its classes, with their labels.

    Texts over `longest` characters are left out: they cost the most and say the least per token.
    """
    groups: dict[str, dict[tuple[tuple[str, int], ...], list[str]]] = defaultdict(dict)
    for row in read_pool(path):
        labels = weak_labels(row)
        if not labels or row["dataset"] in without or len(row["text"]) > longest:
            continue
        text = joined(Text(row["text"], row.get("title")))
        if text:
            key = tuple(sorted(labels.items()))
            groups[row["dataset"]].setdefault(key, []).append(text)
    rng = random.Random(seed)
    chosen: list[tuple[str, dict[str, int]]] = []
    for dataset in sorted(groups):
        classes = groups[dataset]
        for texts in classes.values():
            rng.shuffle(texts)
        left = most
        for rank, key in enumerate(sorted(classes, key=lambda key: len(classes[key]))):
            share = left // (len(classes) - rank)
            chosen += [(text, dict(key)) for text in classes[key][:share]]
            left -= min(share, len(classes[key]))
    rng.shuffle(chosen)
    return chosen


def pretrain(
    network: Network,
    rows: list[tuple[str, dict[str, int]]],
    recipe: Recipe,
    progress: Callable[[int, int, float], None] | None = None,
) -> None:
    """Train the encoder in place on weak labels, through one throw-away head a task.

    The network must have been made with `extra=TASKS.values()`.
    """
    rng = random.Random(recipe.seed)
    generator = torch.Generator().manual_seed(recipe.seed)
    bodies = word_pieces(load_tokenizer(backbone_dir()), [text for text, _ in rows])
    ids = [frame(shorten(body, recipe.longest)) for body in bodies]
    labels = torch.tensor([[row.get(task, -100) for task in TASK_NAMES] for _, row in rows])
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
