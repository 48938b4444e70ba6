"""The same texts in several orders: fits beside each other, and the mean of what they learnt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch
from torch import nn

N = TypeVar("N", bound=nn.Module)

# So many fits run beside each other. An order of its own ends somewhat by chance; the mean of the
# weights of two, begun at the same ones, was better than either in each trial.
ORDERS = 2


def mean_of_fits(fits: Sequence[Callable[[], N]]) -> N:
    """Run fits that begin at equal weights; give a network with the mean of their weights."""

    def run(fit: Callable[[], N]) -> N:
        return fit()

    # Beside each other: threads that share a product wait for each other at each.
    threads = torch.get_num_threads()
    torch.set_num_threads(max(1, threads // ORDERS))
    try:
        with ThreadPoolExecutor(ORDERS) as workers:
            fitted = list(workers.map(run, fits))
    finally:
        torch.set_num_threads(threads)
    parts = zip(*(one.parameters() for one in fitted), strict=True)
    for mean, each in zip(fitted[0].parameters(), parts, strict=True):
        mean.detach().copy_(torch.stack([part.detach() for part in each]).mean(0))
    return fitted[0]
