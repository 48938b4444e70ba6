"""The forward pass in the best way that works: where one fails the next is taken."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import torch
from torch import Tensor

from sentiment.quality.metrics import Floats
from sentiment.scoring.fastest_way import UnfitError, machine_key, reason_of
from sentiment.scoring.forward_pass import Runtime
from sentiment.scoring.number_choice import Choice, NumberType, Way, remember

LOG = logging.getLogger(__name__)

# Framed id rows, their rating positions, and how many ids of each are the text's own.
_Windows: TypeAlias = tuple[Sequence[list[int]], Sequence[float], Sequence[int] | None]
# A first pass at load, long enough for every product to be made and run.
_TRIAL = [[101, 103, 2009, 3631, 102], [101, 103, 2307, 102]]


class Runtimes:
    """Score windows in a choice's ways. `state` gives the merged weights, each time it is asked.

    A way that cannot be packed, raises at a product or gives no numbers is ruled out for good, is
    logged once and kept so in the cache; the same windows go through the next one. Only plain fp32
    of torch on the CPU is left to raise.
    """

    def __init__(
        self,
        state: Callable[[], Mapping[str, Tensor]],
        choice: Choice,
        runtime: Callable[[Mapping[str, Tensor], Way, str], Runtime] = Runtime,
    ) -> None:
        self.choice = choice
        self._state = state
        self._runtime_of = runtime
        self._made: dict[Way, Runtime] = {}
        self.scores(_TRIAL, [0.0] * len(_TRIAL))

    @property
    def kind(self) -> NumberType:
        """The number type in use."""
        return self.choice.kind

    @property
    def layers(self) -> int:
        """How many layers the network has."""
        return len(self._runtime(self.choice.way).layers)

    @property
    def budget(self) -> int:
        """Padded tokens that a batch should have at most."""
        return self._runtime(self.choice.way).budget

    @property
    def coarse(self) -> bool:
        """Tell whether rounding may turn a close verdict: such texts want `exact_scores`."""
        return self.choice.kind is NumberType.INT8

    def scores(
        self,
        rows: Sequence[list[int]],
        ratings: Sequence[float],
        own: Sequence[int] | None = None,
    ) -> tuple[Floats, Floats]:
        """Logits of experience (n, 4) and stance (n, 3) of framed id rows.

        The first `own` ids of each row are the text's: all of them, where it is not given.
        """
        return self._careful((rows, ratings, own), coarse=True)

    def exact_scores(
        self,
        rows: Sequence[list[int]],
        ratings: Sequence[float],
        own: Sequence[int] | None = None,
    ) -> tuple[Floats, Floats]:
        """Give the same in fp32."""
        return self._careful((rows, ratings, own), coarse=False)

    def _careful(self, windows: _Windows, *, coarse: bool) -> tuple[Floats, Floats]:
        choice, failures = self.choice, []
        while True:
            way = next(way for way in choice.ways if coarse or way.kind is NumberType.FP32)
            try:
                scores = self._scores(way, choice.device, windows)
            except Exception as error:
                if way is Way.PLAIN and choice.device == "cpu":
                    raise
                failures.append((way, reason_of(error)))
                self._made.pop(way, None)
                choice = choice.without(*failures[-1])
                continue
            # Not before another way did the same: what no way can do is no way's fault.
            if failures:
                self._rule_out(choice, failures)
            return scores

    def _scores(self, way: Way, device: str, windows: _Windows) -> tuple[Floats, Floats]:
        with torch.inference_mode():
            scores = self._runtime(way, device).scores(*windows)
            plain = way is Way.PLAIN and device == "cpu"
            if not plain and not all(bool(head.isfinite().all()) for head in scores):
                raise UnfitError("its scores are no numbers")
            experience, stance = (head.double().cpu().numpy() for head in scores)
        return experience, stance

    def _runtime(self, way: Way, device: str | None = None) -> Runtime:
        if way not in self._made:
            state = self._state()
            self._made[way] = self._runtime_of(state, way, device or self.choice.device)
        return self._made[way]

    def _rule_out(self, choice: Choice, failures: list[tuple[Way, str]]) -> None:
        self.choice = choice
        for way, reason in failures:
            LOG.warning("%s fails on this machine (%s): computing in %s", way, reason, choice.way)
        remember(machine_key(), choice)
