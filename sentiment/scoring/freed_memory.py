"""Memory that one step of the forward pass frees is kept for the next."""

from __future__ import annotations

import ctypes

# Of glibc's malloc.h: M_TRIM_THRESHOLD and M_MMAP_THRESHOLD.
_TRIM, _MMAP = -1, -3
# A batch's largest tensor is 3 MB a thread in fp32.
_LARGEST, _KEPT = 32 << 20, 128 << 20


def keep_freed() -> bool:
    """Let glibc keep up to 128 MB of what is freed; False where malloc cannot be told.

    Else it may give tensors of some MB back to the system as soon as they are freed, and get them
    anew, page by page, for the next step: a seventh of the time of a pass in plain fp32.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(_MMAP, _LARGEST)) and bool(mallopt(_TRIM, _KEPT))
