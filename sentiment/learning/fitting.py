"""Fit a network in memory: batches, losses, averaging."""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from sentiment.learning.network import RATING_WORDS, Network
from sentiment.learning.recipes import Recipe
from sentiment.learning.training_rows import Prepared, States, with_contexts
from sentiment.scoring.backbone import backbone_dir, load_encoder, load_tokenizer
from sentiment.scoring.encoding import SPECIAL, Special, batches, padded, word_pieces

if TYPE_CHECKING:
    from tokenizers import Tokenizer

LOG = logging.getLogger(__name__)

# Gets the step, the steps in all, and the loss.
Watch = Callable[[int, int, float], None]


def new_network(recipe: Recipe, extra: Sequence[int] = ()) -> Network:
    """Build the untrained network on the checked backbone."""
    torch.manual_seed(recipe.seed)
    folder = backbone_dir()
    network = Network(load_encoder(folder), dropout=recipe.pooled_dropout, extra=extra)
    begin_ratings_at_words(network, load_tokenizer(folder))
    return network


def begin_ratings_at_words(network: Network, tokenizer: Tokenizer) -> None:
    """Set each row of the rating embedding to the mean vector of the word that it stands for."""
    table = network.encoder.embeddings.word_embeddings.weight
    with torch.no_grad():
        for row, word in enumerate(RATING_WORDS):
            network.rating.weight[row] = table[word_pieces(tokenizer, [word])[0]].mean(0)


def optimiser(network: Network, recipe: Recipe) -> torch.optim.AdamW:
    """Train the layers alone, lower ones at a lower rate, new parts at a higher one."""
    network.encoder.requires_grad_(requires_grad=False)
    layers = network.encoder.encoder.layer.requires_grad_(requires_grad=True)
    groups: list[dict[str, object]] = []
    for depth, layer in enumerate(layers):
        rate = recipe.rate * recipe.layer_decay ** (len(layers) - 1 - depth)
        groups.append({"params": list(layer.parameters()), "lr": rate})
    fresh = [p for name, p in network.named_parameters() if not name.startswith("encoder.")]
    groups.append({"params": fresh, "lr": recipe.head_rate})
    return torch.optim.AdamW(groups, weight_decay=recipe.weight_decay, fused=True)


def corrupt(
    ids: Tensor, mask: Tensor, share: float, generator: torch.Generator, special: Special = SPECIAL
) -> Tensor:
    """Hide a share of the words, so that no single one carries the verdict."""
    hide = torch.rand(ids.shape, generator=generator) < share
    hide &= mask.bool() & (ids >= special.first_word)
    return ids.masked_fill(hide, special.mask)


def segments(mask: Tensor, own: Sequence[int]) -> Tensor:
    """Mark the tokens (n, tokens) that come after the `own` first of each row, pads not."""
    places = torch.arange(mask.shape[1])
    return mask * (places >= torch.tensor(own).unsqueeze(1))


class Averager:
    """Keep an exponential moving average of the trained weights."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.steps = 0
        self.live = [p for p in network.parameters() if p.requires_grad]
        self.mean = [p.detach().clone() for p in self.live]

    def update(self) -> None:
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(self.mean, [p.detach() for p in self.live], 1 - decay)

    def apply(self) -> None:
        with torch.no_grad():
            for parameter, mean in zip(self.live, self.mean, strict=True):
                parameter.copy_(mean)


class Likeness(nn.Module):
    """How far the student's last states are from its teacher's, seen through a linear map.

    The map is thrown away after training.
    """

    def __init__(self, network: Network, states: States) -> None:
        super().__init__()
        self.teacher = states
        self.map = nn.Linear(network.encoder.config.hidden_size, len(states.mean))

    def forward(self, states: Tensor, mask: Tensor, start: Tensor) -> Tensor:
        """Mean squared distance, in deviations; 0 where no row has a teacher's states."""
        have = start >= 0
        if not have.any():
            return states.new_zeros(())
        own = states[have][mask[have].bool()]
        sizes = mask[have].sum(1).tolist()
        wanted = self.teacher.take(zip(start[have].tolist(), sizes, strict=True))
        return nn.functional.mse_loss(self.map(own), wanted)


def shuffled_batches(
    lengths: Sequence[int], recipe: Recipe, rng: random.Random
) -> list[list[int]]:
    """Batch by roughly equal length, in random order, differently each epoch."""
    noisy = [length + rng.randint(0, 1 + length // 4) for length in lengths]
    result = list(batches(noisy, recipe.budget, recipe.most_texts))
    rng.shuffle(result)
    return result


def schedule(step: int, total: int, warmup: float) -> float:
    """Warm up linearly, then follow a cosine down to a fiftieth."""
    start = max(1, int(total * warmup))
    if step < start:
        return (step + 1) / start
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (step - start) / max(1, total - start)))


def fine_tune(
    network: Network, data: Prepared, recipe: Recipe, progress: Watch | None = None
) -> None:
    """Train both heads and the encoder in place on labelled rows."""
    torch.manual_seed(recipe.seed)
    generator = torch.Generator().manual_seed(recipe.seed)
    for order, head in enumerate((network.experience, network.stance)):
        head.drop.generator = torch.Generator().manual_seed(2 * recipe.seed + order)
    likeness = None if data.states is None else Likeness(network, data.states)

    def loss_of(batch: list[int]) -> Tensor:
        shown = torch.rand(len(batch), generator=generator) >= recipe.context_dropout
        framed, own = with_contexts(data, batch, shown.tolist())
        ids, mask = padded(framed, data.special.pad)
        ids = corrupt(ids, mask, recipe.word_dropout, generator, data.special)
        rows = torch.tensor(batch)
        rated = torch.rand(len(batch), generator=generator) >= recipe.rating_dropout
        second = segments(mask, own)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=has_bf16()):
            states = network.states(ids, mask, data.rating[rows] * rated, second)
        mask = mask * (1 - second)
        features = network.pooled(states, mask)
        logits_e, logits_s = network.experience(features), network.stance(features)
        loss_e = -(data.experience[rows] * logits_e.log_softmax(1)).sum(1)
        loss_s = -(data.stance[rows] * logits_s.log_softmax(1)).sum(1)
        loss: Tensor = ((loss_e + recipe.stance_weight * loss_s) * data.weight[rows]).mean()
        if likeness is not None:
            loss = loss + recipe.states_weight * likeness(states, mask, data.start[rows])
        return loss

    lengths = [len(row) + len(other) for row, other in zip(data.ids, data.answered, strict=True)]
    minimise(loss_of, network, lengths, recipe, beside=likeness, progress=progress)


def minimise(
    loss_of: Callable[[list[int]], Tensor],
    network: Network,
    lengths: Sequence[int],
    recipe: Recipe,
    *,
    beside: nn.Module | None = None,
    progress: Watch | None = None,
) -> None:
    """Train the network in place and leave the averaged weights.

    `loss_of` gets the indices of a batch of rows, whose `lengths` are in tokens. What stands
    `beside` the network is trained with it, and neither averaged nor clipped.
    """
    plan = _planned_batches(lengths, recipe)
    optimizer = optimiser(network, recipe)
    averager = Averager(network, recipe.ema)
    if beside is not None:
        optimizer.add_param_group({"params": list(beside.parameters()), "lr": recipe.head_rate})
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: schedule(step, len(plan), recipe.warmup)
    )
    network.train()
    for step, batch in enumerate(plan):
        loss = loss_of(batch)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(averager.live, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        scheduler.step()
        averager.update()
        if progress is not None:
            progress(step + 1, len(plan), float(loss.detach()))
    averager.apply()
    network.eval()


def _planned_batches(lengths: Sequence[int], recipe: Recipe) -> list[list[int]]:
    """Batch the rows anew for each epoch; of the last epoch as many as its share says."""
    rng = random.Random(recipe.seed)
    epochs = math.ceil(recipe.epochs)
    plan = [batch for _ in range(epochs) for batch in shuffled_batches(lengths, recipe, rng)]
    return plan[: max(1, int(len(plan) * recipe.epochs / epochs))]


def has_bf16() -> bool:
    """Tell whether the CPU multiplies bf16 in hardware, and a training step in it works."""
    try:
        capability = torch.backends.cpu.get_cpu_capability()
        if not (capability.startswith("AVX512") and torch.cpu._is_avx512_bf16_supported()):
            return False
        if not torch.ops.mkldnn._is_mkldnn_bf16_supported():
            return False
        weight = torch.ones(64, 64, requires_grad=True)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            result = torch.nn.functional.linear(torch.ones(64, 64), weight).sum()
        result.backward()  # type: ignore[no-untyped-call]
        right = weight.grad is not None and bool((weight.grad == 64).all())
    except Exception as error:
        LOG.info("training in fp32, as bf16 does not work here: %s", error)
        return False
    return right
