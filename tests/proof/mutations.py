"""Hostile input, seeded: documents and bytes that were sound, with something wrong in them."""

from __future__ import annotations

import json
import random
from typing import Any

_SCALARS: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 5, 10**30, -0.5, 1e308, float("inf"), float("nan"), "", " ",
    "0", "-1", "1e999", "\ud800", "\x00", "\u202e", "1970-01-01", "9999-12-31T23:59:60+99:99",
    "9" * 400, "<p>", "&#0;", "javascript:alert(1)", "http://[::1", "//", "a" * 5000, "{", "[]",
    "'; DROP TABLE mentions; --", "=HYPERLINK(1)", "%s%n{0}", "U0DANA", "C00000001", "🦊" * 50,
)  # fmt: skip


def value(rng: random.Random, depth: int = 2) -> Any:
    """Make a value that may stand where another one is expected."""
    kind = rng.random()
    if depth and kind < 0.1:
        return [value(rng, depth - 1) for _ in range(rng.randint(0, 3))]
    if depth and kind < 0.2:
        return {
            str(rng.choice(_SCALARS))[:20]: value(rng, depth - 1) for _ in range(rng.randint(0, 3))
        }
    return rng.choice(_SCALARS)


def document(sound: Any, rng: random.Random) -> Any:
    """Change a parsed document in one to four places: another value, a lost or a doubled one."""
    broken = json.loads(json.dumps(sound, default=str))
    for _ in range(rng.randint(1, 4)):
        broken = _changed(broken, rng)
    return broken


def octets(sound: bytes, rng: random.Random) -> bytes:
    """Lose, double, change or cut off parts of some bytes."""
    broken = bytearray(sound)
    for _ in range(rng.randint(1, 5)):
        start = rng.randint(0, max(0, len(broken) - 1))
        end = min(len(broken), start + rng.choice((0, 1, 4, 60, 4000)))
        kind = rng.random()
        if kind < 0.3:
            broken[start:end] = rng.randbytes(rng.randint(0, 12))
        elif kind < 0.6:
            broken[start:end] = bytes(broken[start:end] * 2)
        elif kind < 0.9:
            del broken[start:end]
        elif kind < 0.95:
            del broken[start:]
        else:
            broken[start:start] = str(rng.choice(_SCALARS)).encode("utf-8", "surrogatepass")
    return bytes(broken)


def _changed(node: Any, rng: random.Random) -> Any:
    """Walk down to some place, and change what stands there."""
    if not isinstance(node, dict | list) or not node or rng.random() < 0.15:
        return value(rng)
    if isinstance(node, list):
        at = rng.randrange(len(node))
        if rng.random() < 0.1:
            return [*node[:at], *node[at + 1 :]] if rng.random() < 0.5 else [*node, node[at]]
        return [_changed(one, rng) if place == at else one for place, one in enumerate(node)]
    name = rng.choice([*node])
    if rng.random() < 0.1:
        return {key: one for key, one in node.items() if key != name}
    return {key: _changed(one, rng) if key == name else one for key, one in node.items()}
