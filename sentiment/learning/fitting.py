"""Fine-tuning the network in memory: batches, losses, averaging."""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from sentiment.learning.labelled_files import Example
from sentiment.learning.network import EXPERIENCES, RATING_WORDS, STANCES, Network
from sentiment.scoring.backbone import backbone_dir, load_encoder, load_tokenizer
from sentiment.scoring.encoding import FRAME, SPECIAL, Special, batches, frame, padded, word_pieces
from sentiment.scoring.text import Text, joined, rating_position

if TYPE_CHECKING:
    from tokenizers import Tokenizer

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a training goes; the defaults are what the trials in the model card chose."""

    epochs: float = 3.0
    seed: int = 1
    rate: float = 1e-4
    head_rate: float = 1e-3
    layer_decay: float = 0.9
    weight_decay: float = 0.01
    warmup: float = 0.06
    budget: int = 2048
    most_texts: int = 48
    longest: int = 160
    rating_dropout: float = 0.5
    word_dropout: float = 0.05
    smoothing: float = 0.03
    unsure_smoothing: float = 0.15
    stance_weight: float = 0.7
    class_power: float = 0.3
    ema: float = 0.99
    pooled_dropout: float = 0.1
    states_weight: float = 0.5


@dataclass(frozen=True, slots=True)
class States:
    """A teacher's last states of the tokens of texts, text after text: (tokens, width) in bf16.

    The student is held to them less `mean`, over `deviation` (width,).
    """

    values: Tensor
    mean: Tensor
    deviation: Tensor

    def take(self, spans: Iterable[tuple[int, int]]) -> Tensor:
        """Give those of spans (start, size) one under the other, scaled, fp32."""
        parts = [self.values[start : start + size].float() for start, size in spans]
        return (torch.cat(parts) - self.mean) / self.deviation


@dataclass(slots=True)
class Prepared:
    """Tokenised training rows with what each is to be told as.

    `experience` (n, 4) and `stance` (n, 3) are probabilities times the classes' weights; `weight`
    (n,) is the row's own. `start` (n,) is where a teacher's `states` of a row's tokens begin, -1
    for a row without them.
    """

    ids: list[list[int]]
    rating: Tensor
    experience: Tensor
    stance: Tensor
    weight: Tensor
    start: Tensor
    states: States | None = None
    special: Special = SPECIAL

    def __add__(self, other: Prepared) -> Prepared:
        """Join rows of one vocabulary; not two with a teacher's states."""
        if self.states is not None and other.states is not None:
            raise ValueError("both have states")
        return Prepared(
            self.ids + other.ids,
            torch.cat([self.rating, other.rating]),
            torch.cat([self.experience, other.experience]),
            torch.cat([self.stance, other.stance]),
            torch.cat([self.weight, other.weight]),
            torch.cat([self.start, other.start]),
            self.states or other.states,
            self.special,
        )

    def first(self, count: int) -> Prepared:
        """Take the first rows."""
        return Prepared(
            self.ids[:count],
            self.rating[:count],
            self.experience[:count],
            self.stance[:count],
            self.weight[:count],
            self.start[:count],
            self.states,
            self.special,
        )


def new_network(recipe: Recipe, extra: Sequence[int] = ()) -> Network:
    """Build the untrained network on the checked backbone."""
    torch.manual_seed(recipe.seed)
    folder = backbone_dir()
    network = Network(load_encoder(folder), dropout=recipe.pooled_dropout, extra=extra)
    tokenizer = load_tokenizer(folder)
    table = network.encoder.embeddings.word_embeddings.weight
    with torch.no_grad():
        for row, word in enumerate(RATING_WORDS):
            network.rating.weight[row] = table[word_pieces(tokenizer, [word])[0]].mean(0)
    return network


def shorten(body: list[int], longest: int) -> list[int]:
    """Keep the beginning and, with more room, the end of a long training text."""
    size = longest - FRAME
    if len(body) <= size:
        return body
    head = size * 2 // 5
    return body[:head] + body[len(body) - (size - head) :]


def framed(
    texts: Sequence[str], longest: int, tokenizer: Tokenizer, special: Special = SPECIAL
) -> list[list[int]]:
    """Tokenise texts into one framed row each, shortened where it must be."""
    return [frame(shorten(body, longest), special) for body in word_pieces(tokenizer, list(texts))]


def position(text: Text, recommended: bool | None) -> float:
    """Place a rating, or what is recommended, on the rows of the rating embedding."""
    value = rating_position(text.rating, text.rating_max)
    if value == 0 and recommended is not None:
        return 7.0 if recommended else 6.0
    return value


def prepare(examples: Sequence[Example], recipe: Recipe) -> Prepared:
    """Tokenise for the packaged backbone and turn labels into weighted targets."""
    texts = [joined(example.text) for example in examples]
    ids = framed(texts, recipe.longest, load_tokenizer(backbone_dir()))
    return labelled(ids, examples, recipe)


def labelled(
    ids: list[list[int]],
    examples: Sequence[Example],
    recipe: Recipe,
    special: Special = SPECIAL,
) -> Prepared:
    """Join rows that are tokenised with their examples' smoothed, class-weighted labels."""
    experience = torch.tensor([EXPERIENCES.index(example.experience) for example in examples])
    stance = torch.tensor([STANCES.index(example.stance) for example in examples])
    smoothing = torch.tensor(
        [recipe.smoothing if example.sure else recipe.unsure_smoothing for example in examples]
    )

    def targets(labels: Tensor, classes: int) -> Tensor:
        weights = class_weights(labels, classes, recipe.class_power)
        return soft(labels, classes, smoothing) * weights

    return Prepared(
        ids=ids,
        rating=torch.tensor([position(example.text, example.recommended) for example in examples]),
        experience=targets(experience, len(EXPERIENCES)),
        stance=targets(stance, len(STANCES)),
        weight=torch.tensor([example.weight for example in examples]),
        start=torch.full((len(ids),), -1),
        special=special,
    )


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


def soft(labels: Tensor, classes: int, smoothing: Tensor) -> Tensor:
    """Targets (n, classes) with each row's own smoothing."""
    one = nn.functional.one_hot(labels, classes).float()
    return one * (1 - smoothing.unsqueeze(1)) + smoothing.unsqueeze(1) / classes


def class_weights(labels: Tensor, classes: int, power: float) -> Tensor:
    """Weights that grow with a class's rarity; they average 1 over the rows."""
    counts = torch.bincount(labels, minlength=classes).clamp(min=1).float()
    weights = counts.pow(-power)
    return weights / (weights * counts).sum() * counts.sum()


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
    network: Network,
    data: Prepared,
    recipe: Recipe,
    progress: Callable[[int, int, float], None] | None = None,
) -> None:
    """Train in place and leave the averaged weights; `progress` gets step, steps, loss."""
    rng = random.Random(recipe.seed)
    generator = torch.Generator().manual_seed(recipe.seed)
    torch.manual_seed(recipe.seed)
    lengths = [len(row) for row in data.ids]
    plan: list[list[int]] = []
    for _ in range(math.ceil(recipe.epochs)):
        plan += shuffled_batches(lengths, recipe, rng)
    plan = plan[: max(1, int(len(plan) * recipe.epochs / math.ceil(recipe.epochs)))]
    optimizer = optimiser(network, recipe)
    averager = Averager(network, recipe.ema)
    live = [p for p in network.parameters() if p.requires_grad]
    likeness = None if data.states is None else Likeness(network, data.states)
    if likeness is not None:
        optimizer.add_param_group({"params": list(likeness.parameters()), "lr": recipe.head_rate})
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: schedule(step, len(plan), recipe.warmup)
    )
    network.train()
    for step, batch in enumerate(plan):
        ids, mask = padded([data.ids[index] for index in batch], data.special.pad)
        ids = corrupt(ids, mask, recipe.word_dropout, generator, data.special)
        rows = torch.tensor(batch)
        told = torch.rand(len(batch), generator=generator) >= recipe.rating_dropout
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=has_bf16()):
            states = network.states(ids, mask, data.rating[rows] * told)
        features = network.pooled(states, mask)
        logits_e, logits_s = network.experience(features), network.stance(features)
        loss_e = -(data.experience[rows] * logits_e.log_softmax(1)).sum(1)
        loss_s = -(data.stance[rows] * logits_s.log_softmax(1)).sum(1)
        loss = ((loss_e + recipe.stance_weight * loss_s) * data.weight[rows]).mean()
        if likeness is not None:
            loss = loss + recipe.states_weight * likeness(states, mask, data.start[rows])
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(live, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        scheduler.step()
        averager.update()
        if progress is not None:
            progress(step + 1, len(plan), float(loss.detach()))
    averager.apply()
    network.eval()


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
