"""How a training goes: what its caller chooses, and the numbers of each fit in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

# A student with a teacher has six times the texts and few labels to overfit: it may go faster.
_TAUGHT_RATE = 2.5e-4


@dataclass(frozen=True, slots=True)
class Method:
    """What a training does beside reading labels.

    `teacher` is the folder of a larger encoder: it is fine-tuned on the labels, and the student
    learns the scores that it gives the labelled texts and those of `pool` (gzipped JSON Lines;
    long ones cut into sentences); where both read the same word pieces, also its state of each of
    them (6 GB of scratch space for 140,000 texts). Without a teacher, the pool's weak labels are
    trained on first.
    With `start` it goes on from the weights in that folder, which are its teacher as well: new
    labels are learnt, and of what those weights had learnt a part is met again, told both by its
    labels and by what they said of it; where talk is among what is new, a part of the training
    leans to it. With `contexts` it is shown what texts answer.
    `made_up` adds the package's own short texts, which are never held out.
    With `refit` the weights that ship see all texts once more, slowly, after they were evaluated;
    without it those ship that were evaluated.
    """

    epochs: float = 2.0
    seed: int = 1
    pool: Path | None = None
    teacher: Path | None = None
    start: Path | None = None
    made_up: bool = True
    contexts: bool = True
    refit: bool = True


@dataclass(frozen=True, slots=True)
class Recipe:
    """The numbers of one fit; the defaults are what the trials in the model card chose."""

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
    context_dropout: float = 0.5
    word_dropout: float = 0.05
    smoothing: float = 0.03
    unsure_smoothing: float = 0.15
    stance_weight: float = 0.7
    class_power: float = 0.3
    ema: float = 0.99
    pooled_dropout: float = 0.1
    states_weight: float = 0.5


def first_fit(method: Method) -> Recipe:
    """Give the recipe of the student's first fit."""
    recipe = Recipe(epochs=method.epochs, seed=method.seed)
    return replace(recipe, rate=_TAUGHT_RATE) if method.teacher else recipe


def going_on(method: Method) -> Recipe:
    """Give the recipe of a fit that goes on from trained weights: its lower layers move too."""
    return Recipe(
        epochs=method.epochs,
        seed=method.seed,
        rate=1.5e-4,
        head_rate=3e-4,
        layer_decay=0.95,
        context_dropout=0.5 if method.contexts else 1.0,
    )


def leaning(first: Recipe) -> Recipe:
    """Give the recipe of an order that leans to talk: fewer texts, met a little slower."""
    return replace(first, rate=1.2e-4)


def last_steps(first: Recipe) -> Recipe:
    """Give the recipe of the few steps after the orders' mean: at half their rate."""
    return replace(first, epochs=min(1.0, first.epochs), rate=7e-5, head_rate=2e-4)


def last_fit(first: Recipe, *, with_pool: bool) -> Recipe:
    """Give the recipe of the last fit on all texts: one epoch at a lower rate.

    `with_pool` is for a student that meets a part of its teacher's pool again.
    """
    return replace(
        first,
        epochs=min(1.0, first.epochs),
        seed=first.seed + 1,
        rate=_TAUGHT_RATE * 0.4 if with_pool else 6e-5,
        head_rate=5e-4,
    )


def of_teacher(student: Recipe) -> Recipe:
    """Give the teacher's recipe: a lower rate than the student's, and no very long texts."""
    epochs = min(2.0, student.epochs)
    return Recipe(epochs=epochs, seed=student.seed, rate=5e-5, head_rate=5e-4, longest=144)


def on_weak_labels(student: Recipe) -> Recipe:
    """Give the recipe of the first training on a pool: one epoch, a little faster, short texts."""
    return Recipe(epochs=1.0, seed=student.seed, rate=1.2e-4, longest=128)
