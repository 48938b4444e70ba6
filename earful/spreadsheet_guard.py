"""Texts that a spreadsheet would run as a formula: marked on the way out, bare on the way in."""

from __future__ import annotations

from typing import Any

# What a spreadsheet takes for the start of a formula, in its wide forms too.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def guarded(value: Any) -> Any:
    """Mark a text that a spreadsheet would run as a formula; other values pass."""
    return f"'{value}" if isinstance(value, str) and _needs_mark(value) else value


def unguarded(text: str) -> str:
    """Give what `guarded` was given."""
    return text[1:] if text.startswith("'") and _needs_mark(text) else text


def _needs_mark(text: str) -> bool:
    # A text that begins with marks itself gets one more: each is taken off again.
    return text.lstrip("'").startswith(_FORMULA)
