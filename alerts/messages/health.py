"""Messages about Earful itself: what is wrong with it, that it is well again, that it was away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from alerts.messages.blocks import context, header, payload, section
from alerts.messages.text import count, line, moment

_LONGEST = 380
# With the marks of a list these fit a section, however much each sentence is escaped.
_SHOWN = 3


def earful_in_trouble(sentences: Sequence[str], at: datetime) -> dict[str, Any]:
    """Say what is wrong with Earful; each sentence names what, where and what to do."""
    rows = [line(one, _LONGEST) for one in sentences]
    begin = "Earful is in trouble: "
    summary = begin + (rows[0] if len(rows) == 1 else f"{count(len(rows), 'problem')}: {rows[0]}")
    return payload(
        summary,
        [
            header("Earful is in trouble"),
            section(_listed(rows), "problems"),
            context(
                [
                    f"Seen {moment(at)}",
                    "`earful status` shows all of it",
                    "You hear of each problem once, and again when it is over",
                ],
                "small_print",
            ),
        ],
    )


def earful_is_well(sentences: Sequence[str], remaining: int, at: datetime) -> dict[str, Any]:
    """Say which problems are over; `remaining` others are not."""
    rows = [line(one, _LONGEST) for one in sentences]
    left = f"{count(remaining, 'other problem')} still open: see `earful status`."
    lead = f"*Over:*\n{_listed(rows)}"
    return payload(
        f"Earful: a problem is over: {rows[0]}"
        if len(rows) == 1
        else f"Earful: {len(rows)} problems are over.",
        [
            header("Earful is well again" if not remaining else "Earful: a problem is over"),
            section(lead, "problems"),
            context([f"Seen {moment(at)}", *([left] if remaining else [])], "small_print"),
        ],
    )


def earful_was_away(since: datetime, until: datetime, *, died: bool) -> dict[str, Any]:
    """Say that no daemon ran for a while, and what becomes of what was written meanwhile."""
    how = "It had ended without being stopped." if died else "It had been stopped."
    return payload(
        f"Earful did not run for a while and runs again. {how}",
        [
            header("Earful runs again"),
            section(
                f"*No daemon ran from {moment(since)} to {moment(until)}.* {how} What was "
                "written meanwhile is read, scored and judged now.",
                "lead",
            ),
        ],
    )


def _listed(rows: Sequence[str]) -> str:
    shown = [f"• {row}" for row in rows[:_SHOWN]]
    if len(rows) > _SHOWN:
        shown.append(f"and {len(rows) - _SHOWN:,} more: see `earful status`")
    return "\n".join(shown)
