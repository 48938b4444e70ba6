"""The network that ships, and what it learns from: labels, a teacher's scores, a pool of texts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from random import Random

from sentiment.learning import distilling, recipes, weak_labels
from sentiment.learning.fitting import fine_tune, new_network
from sentiment.learning.going_on import GoingOn
from sentiment.learning.labelled_files import Example
from sentiment.learning.network import Network
from sentiment.learning.recipes import Method, Recipe
from sentiment.learning.teacher import Teacher
from sentiment.learning.training_rows import Prepared, prepare
from sentiment.learning.unlabelled_texts import TASKS, choose
from sentiment.scoring import adapter
from sentiment.scoring.detect_language import detect_language
from sentiment.scoring.text import joined

# Gets the phase, the step and the steps.
Progress = Callable[[str, int, int], None]
# Of the pool's texts, so many go with all labels in the last fit.
_AGAIN = 0.15


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

    def first_fit(self, examples: Sequence[Example], own: Sequence[Example] = ()) -> None:
        """Learn from a teacher and its pool, or from the pool's weak labels, and from examples.

        `own` are made-up examples of this package.
        """
        pool = self.method.pool
        if self.method.start:
            self._go_on(examples, own)
            return
        known = english([*examples, *own])
        if self.method.teacher:
            self._teacher = self._taught(self.method.teacher, known)
        elif pool:
            self._pretrain(pool)
        data = self._rows(known, self.recipe)
        if self._teacher and pool:
            self._lesson = self._lesson_from(self._teacher, pool)
            data = self._lesson + data
        fine_tune(self.network, data, self.recipe, self._watch("training"))

    def last_fit(self, examples: Sequence[Example], own: Sequence[Example] = ()) -> None:
        """Learn once more from all examples, and from a part of the lesson where there is one.

        What goes on from trained weights goes on from them again, with all examples.
        """
        if self.method.start:
            self.network = self._begun()
            self._go_on(examples, own)
            return
        recipe = recipes.last_fit(self.recipe, with_pool=self._lesson is not None)
        data = self._rows(english([*examples, *own]), recipe)
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

    def _go_on(self, examples: Sequence[Example], own: Sequence[Example]) -> None:
        fit = GoingOn(self.network, self.recipe, self.method.pool, self._held_out, self._watch)
        self.network = fit.fitted(english(examples), own)

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
