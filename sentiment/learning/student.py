"""The network that ships, and what it learns from: labels, a teacher's scores, a pool of texts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

import torch

from sentiment.learning import distilling, recipes, weak_labels
from sentiment.learning.fitting import fine_tune, new_network
from sentiment.learning.labelled_files import Example
from sentiment.learning.network import Network
from sentiment.learning.recipes import Method, Recipe
from sentiment.learning.teacher import Teacher
from sentiment.learning.training_rows import Prepared, prepare
from sentiment.learning.unlabelled_texts import TASKS, choose
from sentiment.scoring import adapter
from sentiment.scoring.backbone import backbone_dir, load_tokenizer
from sentiment.scoring.detect_language import detect_language
from sentiment.scoring.encoding import SPECIAL
from sentiment.scoring.text import joined

# Gets the phase, the step and the steps.
Progress = Callable[[str, int, int], None]
# Of the pool's texts, so many go with all labels in the last fit.
_AGAIN = 0.15
# What goes on from trained weights does it in so many orders; the mean of these weights ships. It
# meets so many of the labelled texts that they had learnt, and as many reviews a data set of the
# pool, in each order others.
_ORDERS, _LEARNT_MOST, _KEPT_MOST = 2, 5000, 40
# A pool text with one of these weak labels is a review.
_REVIEWED = {"stars", "recommended"}


class Student:
    """A network with what it is taught by; `held_out` data sets are not read from the pool."""

    def __init__(
        self, method: Method, held_out: Collection[str] = (), progress: Progress | None = None
    ) -> None:
        self.method = method
        self.recipe = recipes.going_on(method) if method.start else recipes.first_fit(method)
        self.network = self._begun()
        self._held_out = held_out
        self._progress = progress
        self._teacher: Teacher | None = None
        self._lesson: Prepared | None = None

    def first_fit(self, examples: Sequence[Example]) -> None:
        """Learn from a teacher and its pool, or from the pool's weak labels, and from examples."""
        known = english(examples)
        pool = self.method.pool
        if self.method.start:
            self._go_on(known)
            return
        if self.method.teacher:
            self._teacher = self._taught(self.method.teacher, known)
        elif pool:
            self._pretrain(pool)
        data = self._rows(known, self.recipe)
        if self._teacher and pool:
            self._lesson = self._lesson_from(self._teacher, pool)
            data = self._lesson + data
        fine_tune(self.network, data, self.recipe, self._watch("training"))

    def last_fit(self, examples: Sequence[Example]) -> None:
        """Learn once more from all examples, and from a part of the lesson where there is one.

        What goes on from trained weights goes on from them again, with all examples.
        """
        if self.method.start:
            self.network = self._begun()
            self._go_on(english(examples))
            return
        recipe = recipes.last_fit(self.recipe, with_pool=self._lesson is not None)
        data = self._rows(english(examples), recipe)
        if self._lesson is None:
            fine_tune(self.network, data, recipe, self._watch("training on all texts"))
            return
        data = self._lesson.first(round(len(self._lesson.ids) * _AGAIN)) + data
        before = [part.detach().clone() for part in self.network.parameters()]
        fine_tune(self.network, data, recipe, self._watch("training on all texts"))
        # Half-way back to the weights that were evaluated: this fit made the student too sure.
        for part, old in zip(self.network.parameters(), before, strict=True):
            part.detach().lerp_(old, 0.5)

    def _begun(self) -> Network:
        if (start := self.method.start) is None:
            return new_network(self.recipe)
        return adapter.load(start, adapter.read_config(start))

    def _go_on(self, known: Sequence[Example]) -> None:
        """Learn new labels by themselves, and what is known already from both sides."""
        before = Teacher(deepcopy(self.network), load_tokenizer(backbone_dir()), SPECIAL)
        seeds = [self.recipe.seed + order for order in range(_ORDERS)]
        lessons = [self._lesson_of_order(before, known, seed) for seed in seeds]

        def fit(order: int) -> Network:
            network = deepcopy(before.network)
            recipe = replace(self.recipe, seed=seeds[order])
            fine_tune(network, lessons[order], recipe, self._watch(f"training, order {order + 1}"))
            return network

        # The orders beside each other: threads that share a product wait for each other at each.
        threads = torch.get_num_threads()
        torch.set_num_threads(max(1, threads // _ORDERS))
        try:
            with ThreadPoolExecutor(_ORDERS) as workers:
                fitted = list(workers.map(fit, range(_ORDERS)))
        finally:
            torch.set_num_threads(threads)
        parts = zip(*(network.parameters() for network in fitted), strict=True)
        for own, each in zip(self.network.parameters(), parts, strict=True):
            own.detach().copy_(torch.stack([part.detach() for part in each]).mean(0))

    def _lesson_of_order(self, before: Teacher, known: Sequence[Example], seed: int) -> Prepared:
        recipe = replace(self.recipe, seed=seed)
        data = prepare([one for one in known if not one.learnt], recipe)
        if learnt := [one for one in known if one.learnt]:
            some = Random(seed).sample(learnt, min(_LEARNT_MOST, len(learnt)))
            data += self._mixed(before, some)
        if self.method.pool:
            data += self._kept(before, self.method.pool, recipe)
        return data

    def _mixed(self, teacher: Teacher, known: Sequence[Example]) -> Prepared:
        data = prepare(known, self.recipe)
        texts = [joined(example.text) for example in known]
        watch = self._watch("the teacher scores texts")
        scores = teacher.score(texts, data.rating.tolist(), self.recipe.longest, watch)
        return distilling.mixed_with_scores(data, *scores)

    def _kept(self, before: Teacher, pool: Path, recipe: Recipe) -> Prepared:
        """Make rows of the pool's reviews: what was said of talk is not to be kept."""
        found = choose(
            pool,
            most=_KEPT_MOST,
            longest=distilling.LONGEST,
            seed=recipe.seed,
            without=self._held_out,
        )
        rows = [row for row in found if _REVIEWED & row.labels.keys()]
        texts, ratings = distilling.readable(rows)
        watch = self._watch("the teacher scores texts")
        scores = before.score(texts, ratings, recipe.longest, watch)
        return distilling.lesson(distilling.TeacherScores(texts, ratings, *scores), recipe)

    def _rows(self, known: Sequence[Example], recipe: Recipe) -> Prepared:
        data = prepare(known, recipe)
        if self._teacher is None:
            return data
        texts = [joined(example.text) for example in known]
        scores = self._teacher.score(
            texts, data.rating.tolist(), recipe.longest, self._watch("the teacher scores texts")
        )
        return distilling.mixed_with_scores(data, *scores)

    def _taught(self, folder: Path, known: Sequence[Example]) -> Teacher:
        teacher = Teacher.load(folder, self.recipe.seed)
        recipe = recipes.of_teacher(self.recipe)
        teacher.fit(known, recipe, self._watch("training the teacher"))
        return teacher

    def _lesson_from(self, teacher: Teacher, pool: Path) -> Prepared:
        fair = partial(
            choose,
            pool,
            most=distilling.MOST,
            seed=self.recipe.seed,
            without=self._held_out,
            unlabelled=True,
        )
        whole = fair(longest=distilling.LONGEST)
        long = fair(shortest=distilling.LONGEST + 1, longest=None)
        chosen = [*whole, *distilling.sentences(long, self.recipe.seed)]
        # The last fit takes the first ones.
        Random(self.recipe.seed).shuffle(chosen)
        texts, ratings = distilling.readable(chosen)
        longest = self.recipe.longest
        states = distilling.room_for_states(teacher, texts, longest)
        watch = self._watch("the teacher scores texts")
        experience, stance = teacher.score(texts, ratings, longest, watch, states)
        scores = distilling.TeacherScores(texts, ratings, experience, stance, states)
        return distilling.lesson(scores, self.recipe)

    def _pretrain(self, pool: Path) -> None:
        network = new_network(self.recipe, extra=list(TASKS.values()))
        rows = choose(
            pool,
            most=weak_labels.MOST,
            longest=weak_labels.LONGEST,
            seed=self.recipe.seed,
            without=self._held_out,
        )
        recipe = recipes.on_weak_labels(self.recipe)
        weak_labels.pretrain(network, rows, recipe, self._watch("training on weak labels"))
        self.network.encoder.load_state_dict(network.encoder.state_dict())

    def _watch(self, phase: str) -> Callable[..., None] | None:
        if (progress := self._progress) is None:
            return None
        # A fit also gives its loss.
        return lambda step, steps, *_loss: progress(phase, step, steps)


def english(examples: Sequence[Example]) -> list[Example]:
    """Leave out texts that scoring would leave out for their language."""
    return [e for e in examples if detect_language(joined(e.text)) in (None, "en")]
