"""Which way of multiplying this machine takes, and the file in the user's cache that keeps it.

No torch here: `earful status` shows the choice and must not load it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import platformdirs

LOG = logging.getLogger(__name__)

# So many machines, torch versions and limits are kept in one file: homes may be shared.
_MOST = 16


class NumberType(StrEnum):
    """What a product is computed in, from the most exact to the least."""

    FP32 = "fp32"
    BF16 = "bf16"
    INT8 = "int8"


class Way(StrEnum):
    """How a product is computed: a number type, and whose matrix layout."""

    PLAIN = "fp32"
    PACKED = "fp32 packed"
    BF16 = "bf16"
    BF16_PACKED = "bf16 packed"
    INT8 = "int8"

    @property
    def kind(self) -> NumberType:
        """The number type."""
        return NumberType(self.value.split()[0])


@dataclass(frozen=True, slots=True)
class Choice:
    """Device and ways for this machine, the best first; plain fp32 of torch is always the last.

    `seconds` of one product decided; there are none on CUDA, which is not measured. `ruled_out`
    says why a way cannot be taken here.
    """

    device: str
    ways: tuple[Way, ...]
    seconds: Mapping[Way, float] = field(default_factory=dict)
    ruled_out: Mapping[Way, str] = field(default_factory=dict)

    @property
    def way(self) -> Way:
        """What is computed in."""
        return self.ways[0]

    @property
    def kind(self) -> NumberType:
        """The number type of it."""
        return self.way.kind

    def without(self, way: Way, reason: str) -> Choice:
        """Rule a way out; where none is left, plain fp32 on the CPU is."""
        rest = tuple(one for one in self.ways if one is not way)
        device = self.device if rest else "cpu"
        ruled_out = {**self.ruled_out, way: reason}
        return Choice(device, rest or (Way.PLAIN,), self.seconds, ruled_out)

    def __str__(self) -> str:
        times = ", ".join(f"{way} {1000 * value:.1f} ms" for way, value in self.seconds.items())
        chosen = f"{self.way} on {self.device}" + (f" ({times} a product)" if times else "")
        return chosen + "".join(f"; not {way}: {why}" for way, why in self.ruled_out.items())

    def as_dict(self) -> dict[str, Any]:
        """Give it as the cache and `status --json` hold it."""
        return {
            "numbers": self.kind.value,
            "device": self.device,
            "ways": [way.value for way in self.ways],
            "seconds": {way.value: value for way, value in self.seconds.items()},
            "ruled_out": {way.value: why for way, why in self.ruled_out.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Choice:
        """Read what `as_dict` gave; KeyError, TypeError, ValueError or AttributeError if not."""
        ways = tuple(Way(one) for one in data["ways"])
        if not ways:
            raise ValueError("no way is left")
        return cls(
            str(data["device"]),
            ways,
            {Way(way): float(value) for way, value in data["seconds"].items()},
            {Way(way): str(why) for way, why in data["ruled_out"].items()},
        )


def cache_file() -> Path:
    """Name the file in the user's cache (XDG_CACHE_HOME on Linux); it need not exist."""
    return Path(platformdirs.user_cache_dir("earful", appauthor=False)) / "numbers.json"


def last_choice() -> dict[str, Any] | None:
    """Give what was last chosen on this machine, as `Choice.as_dict` does; None if nothing was."""
    cached = _read()
    choice = cached["choices"].get(cached["last"])
    return None if choice is None else choice.as_dict()


def remembered(key: str) -> Choice | None:
    """Give what was chosen for a machine's key; None where it must be measured."""
    choice: Choice | None = _read()["choices"].get(key)
    return choice


def remember(key: str, choice: Choice) -> None:
    """Keep a choice; a cache that cannot be written only costs the next measurement."""
    cached = _read()
    if (cached["last"], cached["choices"].get(key)) == (key, choice):
        return
    cached["choices"].pop(key, None)
    kept = {**cached["choices"], key: choice}
    latest = list(kept.items())[-_MOST:]
    data = {"last": key, "choices": {name: one.as_dict() for name, one in latest}}
    path = cache_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Whole or not at all: another process may read it now.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(data, file, indent=1)
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        LOG.info("the choice of number type is not kept in %s: %s", path, error)


def _read() -> dict[str, Any]:
    """Give `last` and `choices`; what cannot be read was never chosen."""
    try:
        data = json.loads(cache_file().read_text(encoding="utf-8"))
        choices = {str(key): Choice.from_dict(one) for key, one in data["choices"].items()}
        return {"last": str(data["last"]), "choices": choices}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {"last": "", "choices": {}}
