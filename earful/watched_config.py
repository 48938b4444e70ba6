"""The file that a running daemon's config came from: what changed in it, and what that needs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from alerts.outbox.transport import Transport
from config.settings import Settings

# Of these a running process has what it opened or began: a port, a connection, a store.
_SECTIONS = ("serve", "webhook", "ops")
AT_START = frozenset(f"[{section}]" for section in _SECTIONS)
"""The sections, as the file writes them, that only a start takes."""

_SINGLE = {"store": ("path",), "slack": ("api_url",)}


@dataclass(frozen=True, slots=True)
class Config:
    """What a daemon goes by, checked: its settings, and what delivers by them."""

    settings: Settings
    transport: Transport


class ConfigFile:
    """A config on disk, for the daemon that went by it when it began."""

    def __init__(self, path: Path, read: Callable[[], Config]) -> None:
        """`read` reads and checks all of it anew; ConfigError says what is wrong."""
        self.path = path
        self.read = read
        self._seen = self._stamp()

    def is_touched(self) -> bool:
        """Tell whether somebody wrote the file since it was last `taken`."""
        return self._stamp() != self._seen

    def taken(self) -> None:
        """Note that the file is gone by as it is now."""
        self._seen = self._stamp()

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


def mark_of(settings: Settings) -> str:
    """Give what tells a config from another: a JSON object with a mark of each section.

    Where the store lies is no part of it: whoever compares has found it already.
    """
    marks = {}
    for section in type(settings).model_fields:
        value = getattr(settings, section)
        if section == "store":
            value = value.model_copy(update={"path": Path()})
        text = Settings.model_construct(**{section: value}).model_dump_json(include={section})
        marks[section] = sha256(text.encode()).hexdigest()[:12]
    return json.dumps(marks)


def changed_sections(before: str, after: str) -> list[str]:
    """Name the sections in which two marks differ, as the file writes them."""
    old, new = json.loads(before), json.loads(after)
    return [f"[{one}]" for one in sorted({*old, *new}) if old.get(one) != new.get(one)]


def waits_for_restart(before: Settings, after: Settings) -> tuple[Settings, list[str]]:
    """Give the new settings as far as a running daemon can take them, and what it cannot."""
    kept = {}
    waiting = []
    for section in _SECTIONS:
        if getattr(before, section, None) != getattr(after, section, None):
            kept[section] = getattr(before, section)
            waiting.append(f"[{section}]")
    for section, keys in _SINGLE.items():
        old, new = getattr(before, section), getattr(after, section)
        differing = [key for key in keys if getattr(old, key) != getattr(new, key)]
        if differing:
            kept[section] = new.model_copy(update={key: getattr(old, key) for key in differing})
            waiting += [f"[{section}] {key}" for key in differing]
    return after.model_copy(update=kept), waiting
