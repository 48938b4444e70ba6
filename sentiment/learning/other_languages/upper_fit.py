"""Fit the upper layers on cached lower states, with checkpoints to resume from."""

from __future__ import annotations

import hashlib
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sentiment.learning.fitting import Averager, has_bf16, schedule
from sentiment.learning.network import EXPERIENCES, STANCES
from sentiment.learning.other_languages.lesson import Row
from sentiment.learning.other_languages.lower_states import LowerStates
from sentiment.learning.other_languages.upper_layers import UpperNetwork
from sentiment.learning.training_rows import class_weights, soft
from sentiment.scoring.encoding import batches

LOG = logging.getLogger(__name__)

# Gets the step, the steps in all, and the loss.
Watch = Callable[[int, int, float], None]


@dataclass(frozen=True, slots=True)
class UpperRecipe:
    """The numbers of the fit."""

    epochs: int = 3
    seed: int = 1
    rate: float = 1.5e-4
    head_rate: float = 1e-3
    layer_decay: float = 0.9
    weight_decay: float = 0.01
    warmup: float = 0.06
    budget: int = 2048
    most_texts: int = 96
    rating_dropout: float = 0.5
    token_dropout: float = 0.05
    feature_dropout: float = 0.1
    stance_weight: float = 0.7
    class_power: float = 0.3
    ema: float = 0.99
    checkpoint_every: int = 40


class UpperFit:
    """Everything that a fit needs at hand; `checkpoint` is written and resumed from.

    Of the rows those are met whose places are in `met`, without it all.
    """

    def __init__(
        self,
        network: UpperNetwork,
        states: LowerStates,
        rows: Sequence[Row],
        recipe: UpperRecipe,
        checkpoint: Path | None = None,
        met: Sequence[int] | None = None,
    ) -> None:
        self.network, self.states, self.rows, self.recipe = network, states, rows, recipe
        self.met = range(len(rows)) if met is None else met
        self.checkpoint = checkpoint
        self.parameters = [p for p in network.parameters() if p.requires_grad]
        self.averager = Averager(network, recipe.ema)
        self.optimizer = _optimizer(network, recipe)
        self.rating = torch.tensor([row.rating for row in rows])
        smoothing = torch.tensor([row.smoothing for row in rows])
        self.experience = _targets(
            [row.experience for row in rows], len(EXPERIENCES), smoothing, recipe.class_power
        )
        self.stance = _targets(
            [row.stance for row in rows], len(STANCES), smoothing, recipe.class_power
        )
        self.bf16 = has_bf16()
        self._of = self._fingerprint()

    def run(self, progress: Watch | None = None) -> None:
        """Train the network in place and leave the averaged weights."""
        plan = self._plan()
        self.network.train()
        for step in range(self._resumed(), len(plan)):
            loss = self._step(plan[step], step, len(plan))
            if (step + 1) % self.recipe.checkpoint_every == 0:
                self._keep(step + 1)
            if progress is not None:
                progress(step + 1, len(plan), loss)
        self.averager.apply()
        self.network.eval()

    def _plan(self) -> list[list[int]]:
        """Batch the rows anew for each epoch, texts of like length together."""
        rng = random.Random(self.recipe.seed)
        met = list(self.met)
        plan: list[list[int]] = []
        for _ in range(self.recipe.epochs):
            rng.shuffle(met)
            noisy = [
                length + rng.randint(0, 1 + length // 4)
                for length in (self.states.lengths[index] for index in met)
            ]
            found = list(batches(noisy, self.recipe.budget, self.recipe.most_texts))
            rng.shuffle(found)
            plan += [[met[place] for place in batch] for batch in found]
        return plan

    def _step(self, batch: list[int], step: int, steps: int) -> float:
        generator = torch.Generator().manual_seed(self.recipe.seed * 1_000_003 + step)
        loss = self._loss(batch, generator)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.parameters, 1.0)
        share = schedule(step, steps, self.recipe.warmup)
        for group in self.optimizer.param_groups:
            group["lr"] = group["highest"] * share
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.averager.update()
        return float(loss.detach())

    def _loss(self, batch: list[int], generator: torch.Generator) -> Tensor:
        recipe = self.recipe
        x, mask = self.states.padded(batch)
        hidden = torch.rand(mask.shape, generator=generator) < recipe.token_dropout
        hidden[:, :2] = False
        mask = mask & ~hidden
        shown = torch.rand(len(batch), generator=generator) >= recipe.rating_dropout
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.bf16):
            features = self.network.features(x, mask, self.rating[batch] * shown)
        # Of this fit's own numbers, which are the same after a resumption.
        kept = torch.rand(features.shape, generator=generator) >= recipe.feature_dropout
        features = features.float() * kept / (1 - recipe.feature_dropout)
        experience = self.network.experience(features).log_softmax(1)
        stance = self.network.stance(features).log_softmax(1)
        loss = -(self.experience[batch] * experience).sum()
        loss = loss - recipe.stance_weight * (self.stance[batch] * stance).sum()
        mean: Tensor = loss / len(batch)
        return mean

    def _keep(self, step: int) -> None:
        if self.checkpoint is None:
            return
        partial = self.checkpoint.with_name(f"{self.checkpoint.name}.part")
        torch.save(
            {
                "of": self._of,
                "step": step,
                "network": self.network.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "mean": self.averager.mean,
            },
            partial,
        )
        partial.replace(self.checkpoint)

    def _resumed(self) -> int:
        if self.checkpoint is None or not self.checkpoint.is_file():
            return 0
        kept: dict[str, Any] = torch.load(self.checkpoint, weights_only=True)
        if kept.get("of") != self._of:
            LOG.warning("%s is of other texts or another recipe: beginning anew", self.checkpoint)
            return 0
        self.network.load_state_dict(kept["network"])
        self.optimizer.load_state_dict(kept["optimizer"])
        self.averager.mean = kept["mean"]
        self.averager.steps = int(kept["step"])
        return self.averager.steps

    def _fingerprint(self) -> str:
        """Name what is fitted, and how: a checkpoint of something else is no beginning."""
        shapes = [tuple(parameter.shape) for parameter in self.parameters]
        fitted = (self.recipe, self.rows, list(self.met), shapes)
        return hashlib.sha256(repr(fitted).encode()).hexdigest()


def _optimizer(network: UpperNetwork, recipe: UpperRecipe) -> torch.optim.AdamW:
    """Train lower layers at a lower rate, new parts at a higher one."""
    groups: list[dict[str, Any]] = []
    for depth, layer in enumerate(network.layers):
        rate = recipe.rate * recipe.layer_decay ** (len(network.layers) - 1 - depth)
        groups.append({"params": list(layer.parameters()), "lr": rate, "highest": rate})
    fresh = [p for name, p in network.named_parameters() if not name.startswith("layers.")]
    groups.append({"params": fresh, "lr": recipe.head_rate, "highest": recipe.head_rate})
    return torch.optim.AdamW(groups, weight_decay=recipe.weight_decay, fused=True)


def _targets(labels: Sequence[int], classes: int, smoothing: Tensor, power: float) -> Tensor:
    """Smoothed, class-weighted targets (n, classes)."""
    given = torch.tensor(labels)
    return soft(given, classes, smoothing) * class_weights(given, classes, power)
