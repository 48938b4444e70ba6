"""Whether there is room for a model: asked before it is loaded, as half of one helps nobody."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from config.errors import ModelError

MB = 1_000_000
MODEL_TAKES = 450 * MB
"""What torch and the shipped model took with a batch of 2,048 texts: docs/decisions/0044."""
WEIGHTS_TAKE = 250 * MB
"""The same where torch is loaded already."""
MULTILINGUAL_TAKES = 490 * MB
"""What the model for other languages takes beside the shipped one, with its first text."""
# Beside its data a process maps the libraries themselves, and room that it only reserves.
_MAPPED = 800 * MB
_PROC = Path("/proc")
_GROUPS = Path("/sys/fs/cgroup")
# No limit is set where a group's is beyond any machine's memory.
_NO_LIMIT = 1 << 60


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes that may still be taken; `where` names what limits them."""

    left: int
    where: str


def require(needed: int, what: str, *, proc: Path = _PROC, groups: Path = _GROUPS) -> None:
    """See that `needed` bytes are left for `what`; ModelError says how many are, and where.

    Looks at the limits of the process, at those of its control groups, and at the machine. What
    cannot be read (no Linux, no right to) limits nothing.
    """
    for room, takes in (
        *((room, needed) for room in _rooms(proc, groups)),
        *((room, needed + _MAPPED) for room in _mapped_room(proc)),
    ):
        if room.left < takes:
            raise ModelError(
                f"there is not enough memory for {what}: it takes {takes // MB} MB, "
                f"{max(room.left, 0) // MB} MB are left {room.where}; give it more, or stop what "
                "else needs memory there"
            )


def _rooms(proc: Path, groups: Path) -> Iterator[Room]:
    own, machine = _sizes(proc / "self/status"), _sizes(proc / "meminfo")
    limit, _ = resource.getrlimit(resource.RLIMIT_DATA)
    if limit != resource.RLIM_INFINITY and "VmData" in own:
        yield Room(
            limit - own["VmData"], "under this process's limit on data (ulimit -d, LimitDATA)"
        )
    for folder in _own_groups(proc, groups):
        if (room := _group_room(folder)) is not None:
            yield Room(room, f"in its control group ({folder.name or 'the root'}: memory.max)")
    if "MemAvailable" in machine:
        yield Room(machine["MemAvailable"] + machine.get("SwapFree", 0), "on this machine")


def _mapped_room(proc: Path) -> Iterator[Room]:
    own = _sizes(proc / "self/status")
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY and "VmSize" in own:
        yield Room(
            limit - own["VmSize"], "under this process's limit on addresses (ulimit -v, LimitAS)"
        )


def _sizes(path: Path) -> dict[str, int]:
    """Read the lines `Name:  123 kB` of a file of the kernel, in bytes."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    fields = (line.replace(":", " ").split() for line in lines)
    return {one[0]: int(one[1]) * 1024 for one in fields if len(one) == 3 and one[2] == "kB"}


def _own_groups(proc: Path, groups: Path) -> Iterator[Path]:
    """Give the folders of the control groups that this process is in, from its own to the root."""
    try:
        lines = (proc / "self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        number, controllers, path = line.split(":", 2)
        if number == "0" and not controllers:
            root = groups
        elif "memory" in controllers.split(","):
            root = groups / "memory"
        else:
            continue
        # In a container its own group is often mounted as the root, whatever its path says.
        folder = root / path.lstrip("/")
        if not folder.is_dir():
            folder = root
        yield from (one for one in (folder, *folder.parents) if one.is_relative_to(root))


def _group_room(folder: Path) -> int | None:
    for most, now, cache in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        try:
            limit = (folder / most).read_text(encoding="utf-8").strip()
            used = int((folder / now).read_text(encoding="utf-8"))
            stat = (folder / "memory.stat").read_text(encoding="utf-8")
        except (OSError, ValueError):
            continue
        if limit == "max" or int(limit) >= _NO_LIMIT:
            return None
        # Files that nobody has read lately make way.
        reclaimed = dict(line.split() for line in stat.splitlines()).get(cache, "0")
        return int(limit) - used + int(reclaimed)
    return None
