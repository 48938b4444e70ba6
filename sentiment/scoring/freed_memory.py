"""Memory that one step of the forward pass frees is kept for the next."""

from __future__ import annotations

import ctypes

# Of glibc's malloc.h: M_TRIM_THRESHOLD, M_MMAP_THRESHOLD and M_ARENA_MAX.
_TRIM, _MMAP, _ARENAS = -1, -3, -8
# A batch's largest tensor is 3 MB a thread in fp32; what a step of training frees is far more.
_LARGEST, _KEPT, _KEPT_IN_TRAINING = 32 << 20, 128 << 20, (1 << 31) - 1


def keep_freed(*, training: bool = False) -> bool:
    """Let glibc keep up to 128 MB of what is freed; False where malloc cannot be told.

    Else it may give tensors of some MB back to the system as soon as they are freed, and get them
    anew, page by page, for the next step: a seventh of the time of a pass in plain fp32, a third
    of that of a step of training. For `training` it is 2 GB, in one heap for all threads, as those
    of single threads are small and given back whole.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    if training:
        return all(
            mallopt(option, value)
            for option, value in (
                (_ARENAS, 1), (_MMAP, _LARGEST), (_TRIM, _KEPT_IN_TRAINING),
            )
        )  # fmt: skip
    return bool(mallopt(_MMAP, _LARGEST)) and bool(mallopt(_TRIM, _KEPT))
