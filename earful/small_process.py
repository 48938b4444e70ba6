"""A daemon that idles for days holds little memory: set before numpy is first imported."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress

# Of glibc's malloc.h.
_ARENA_MAX = -8
_ARENAS = 2


def keep_small() -> None:
    """Let OpenBLAS have one thread (each takes a buffer of 32 MB) and malloc two arenas.

    What the daemon itself computes is small; the model has a process of its own.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, _ARENAS)
