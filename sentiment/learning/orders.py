"""The same texts in several orders: fits beside each other, and the mean of what they learnt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from threading import Event
from typing import TypeVar

import torch
from torch import nn

N = TypeVar("N", bound=nn.Module)

# So many fits run beside each other. Where a single one ends is somewhat by chance; the mean of
# the weights of two that begin at the same ones is less so.
ORDERS = 2
# A fit calls it at each step: it raises where another fit has failed, or the user wants to stop.
Check = Callable[[], None]


def mean_of_fits(fits: Sequence[Callable[[Check], N]]) -> N:
    """Run fits that begin at equal weights; give a network with the mean of their weights.

    What a fit raises is raised as soon as the others have stopped at their next step.
    """
    stop = Event()

    def check() -> None:
        if stop.is_set():
            raise CancelledError

    # Beside each other: threads that share a product wait for each other at each.
    threads = torch.get_num_threads()
    torch.set_num_threads(max(1, threads // ORDERS))
    try:
        with ThreadPoolExecutor(ORDERS) as workers:
            running = [workers.submit(fit, check) for fit in fits]
            try:
                fitted = [one.result() for one in running]
            except BaseException:
                # Ctrl-C too: the pool waits for those that run.
                stop.set()
                for one in running:
                    one.cancel()
                raise
    finally:
        torch.set_num_threads(threads)
    parts = zip(*(one.parameters() for one in fitted), strict=True)
    for mean, each in zip(fitted[0].parameters(), parts, strict=True):
        mean.detach().copy_(torch.stack([part.detach() for part in each]).mean(0))
    return fitted[0]
