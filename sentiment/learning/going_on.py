"""Go on from trained weights: learn what is new to them, and keep what they know."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random

from sentiment.learning import distilling, recipes
from sentiment.learning.fitting import fine_tune
from sentiment.learning.labelled_files import Example
from sentiment.learning.network import Network
from sentiment.learning.orders import ORDERS, Check, mean_of_fits
from sentiment.learning.recipes import Recipe
from sentiment.learning.teacher import Teacher
from sentiment.learning.training_rows import Prepared, prepare
from sentiment.learning.unlabelled_texts import choose
from sentiment.scoring.backbone import backbone_dir, load_tokenizer
from sentiment.scoring.encoding import SPECIAL
from sentiment.scoring.text import joined

# Gives what a fit or a teacher reports its steps to, by the phase.
Watch = Callable[[str], Callable[..., None] | None]
# Of what is known already an order meets so many texts again; one that leans to talk meets short
# ones, in characters, as talk is.
_LEARNT_MOST, _SHORT_MOST, _SHORT = 5000, 2100, 300
# A pool text with one of these weak labels is a review, of which so many a data set are met again:
# what the weights said of talk is not to be kept.
_REVIEWED = {"stars", "recommended"}
_REVIEWS_MOST = 40
# The last steps meet so many new texts, known ones and made-up posts of `written_talk`.
_LAST_NEW, _LAST_LEARNT, _LAST_WRITTEN = 2200, 1000, 500


@dataclass(frozen=True, slots=True)
class _Order:
    """One run through the texts: with `leaning`, of what is new, through talk alone."""

    name: str
    recipe: Recipe
    leaning: bool


class GoingOn:
    """A fit that starts from trained weights, which are also the teacher of what they know.

    `pool` holds reviews to keep; of `held_out` data sets none is read from it.
    """

    def __init__(
        self,
        start: Network,
        recipe: Recipe,
        pool: Path | None,
        held_out: Collection[str],
        watch: Watch,
    ) -> None:
        self._start = start
        self._recipe = recipe
        self._pool = pool
        self._held_out = held_out
        self._watch = watch

    def fitted(self, known: Sequence[Example], own: Sequence[Example]) -> Network:
        """Give the mean of orders over `known`, after last steps over short texts and `own` ones.

        `own` are the package's made-up texts. Where some of the new texts are talk, as many orders
        learn nothing new but talk: the mean of both kinds gains more on talk than it loses on
        reviews.
        """
        orders = self._orders(leaning=any(one.talk and not one.learnt for one in known))
        network = self._mean_of(orders, known, own)
        if own:
            recipe = recipes.last_steps(self._recipe)
            lesson = self._last_lesson(network, known, own, recipe)
            fine_tune(network, lesson, recipe, self._watch("training, last steps"))
        return network

    def _orders(self, *, leaning: bool) -> list[_Order]:
        kinds = [("training, order", self._recipe, False)]
        if leaning:
            kinds.append(("training on talk, order", recipes.leaning(self._recipe), True))
        return [
            _Order(f"{name} {nth + 1}", replace(recipe, seed=recipe.seed + nth), leans)
            for name, recipe, leans in kinds
            for nth in range(ORDERS)
        ]

    def _mean_of(
        self, orders: Sequence[_Order], known: Sequence[Example], own: Sequence[Example]
    ) -> Network:
        before = self._teacher(deepcopy(self._start))
        lessons = [self._lesson(before, known, own, order) for order in orders]

        def fit(nth: int, check: Check) -> Network:
            network = deepcopy(self._start)
            watch = self._watch(orders[nth].name)

            def progress(*told: float) -> None:
                check()
                if watch is not None:
                    watch(*told)

            fine_tune(network, lessons[nth], orders[nth].recipe, progress)
            return network

        return mean_of_fits([partial(fit, nth) for nth in range(len(orders))])

    def _lesson(
        self, before: Teacher, known: Sequence[Example], own: Sequence[Example], order: _Order
    ) -> Prepared:
        """Make rows of what an order meets: new texts by their labels, known ones by both."""
        recipe = order.recipe
        new = [one for one in known if not one.learnt and (one.talk or not order.leaning)]
        data = prepare([*new, *own], recipe)
        learnt, most = [one for one in known if one.learnt], _LEARNT_MOST
        if order.leaning:
            learnt, most = [one for one in learnt if len(one.text.text) < _SHORT], _SHORT_MOST
        if learnt:
            some = Random(recipe.seed).sample(learnt, min(most, len(learnt)))
            data += self._mixed(before, some, recipe)
        if self._pool:
            data += self._reviews(before, self._pool, recipe)
        return data

    def _last_lesson(
        self, network: Network, known: Sequence[Example], own: Sequence[Example], recipe: Recipe
    ) -> Prepared:
        """Make rows that mend what the mean forgot of `own` texts, and leave the rest in place."""
        rng = Random(recipe.seed)
        some = []
        for learnt, most in ((False, _LAST_NEW), (True, _LAST_LEARNT)):
            kind = [e for e in known if e.learnt is learnt and len(e.text.text) < _SHORT]
            some += rng.sample(kind, min(most, len(kind)))
        written = [one for one in own if one.talk]
        taken = [one for one in own if not one.talk]
        taken += rng.sample(written, min(_LAST_WRITTEN, len(written)))
        data = prepare(taken, recipe)
        return data + self._mixed(self._teacher(deepcopy(network)), some, recipe) if some else data

    def _mixed(self, teacher: Teacher, known: Sequence[Example], recipe: Recipe) -> Prepared:
        data = prepare(known, recipe)
        texts = [joined(example.text) for example in known]
        watch = self._watch("the teacher scores texts")
        scores = teacher.score(texts, data.rating.tolist(), recipe.longest, watch)
        return distilling.mixed_with_scores(data, *scores)

    def _reviews(self, before: Teacher, pool: Path, recipe: Recipe) -> Prepared:
        found = choose(
            pool,
            most=_REVIEWS_MOST,
            longest=distilling.LONGEST,
            seed=recipe.seed,
            without=self._held_out,
        )
        rows = [row for row in found if _REVIEWED & row.labels.keys()]
        texts, ratings = distilling.readable(rows)
        watch = self._watch("the teacher scores texts")
        scores = before.score(texts, ratings, recipe.longest, watch)
        return distilling.lesson(distilling.TeacherScores(texts, ratings, *scores), recipe)

    @staticmethod
    def _teacher(network: Network) -> Teacher:
        return Teacher(network, load_tokenizer(backbone_dir()), SPECIAL)
