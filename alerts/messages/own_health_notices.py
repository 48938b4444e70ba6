"""Messages about Earful itself: what is wrong with it, that it is well again, that it was away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from alerts.messages.blocks import context, header, payload, section
from alerts.messages.plainly import plainly
from alerts.messages.safe_text import clean, code, count, cut, escape, line, moment

_LONGEST = 380
# With the marks of a list these fit a section, however much each sentence is escaped.
_SHOWN = 3


@plainly("Earful is in trouble, see `earful status`")
def earful_in_trouble(sentences: Sequence[str], at: datetime) -> dict[str, Any]:
    """Say what is wrong with Earful; each sentence names what, where and what to do."""
    rows = [_said(one) for one in sentences]
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


@plainly("Earful is well again")
def earful_is_well(about: Sequence[str], remaining: int, at: datetime) -> dict[str, Any]:
    """Say what is in trouble no more; `remaining` others are."""
    rows = [line(one, _LONGEST) for one in about]
    verb = "is" if remaining == 1 else "are"
    left = f"{count(remaining, 'other problem')} {verb} still open: see `earful status`"
    over = (
        f"the problem with {rows[0]} is"
        if len(rows) == 1
        else f"the problems with {rows[0]} and {len(rows) - 1} more are"
    )
    return payload(
        f"Earful: {over} over.",
        [
            header("Earful is well again" if not remaining else "Earful: a problem is over"),
            section(f"*This works again:*\n{_listed(rows)}", "problems"),
            context([f"Seen {moment(at)}", *([left] if remaining else [])], "small_print"),
        ],
    )


@plainly("Earful did not run for a while")
def earful_was_away(since: datetime, until: datetime, *, died: bool) -> dict[str, Any]:
    """Say that no daemon ran for a while, and what becomes of what was written meanwhile."""
    how = "It had ended without being stopped." if died else "It had been stopped."
    return payload(
        f"Earful did not run for a while, and runs again. {how}",
        [
            header("Earful runs again"),
            section(
                f"*No daemon ran from {moment(since)} to {moment(until)}.* {how} "
                "Earful now reads, scores and judges what was written meanwhile.",
                "lead",
            ),
        ],
    )


def _said(sentence: str) -> str:
    """Make a sentence safe; commands in it, between backticks, are shown as code."""
    shown = cut(clean(sentence, lines=False), _LONGEST, escaped_limit=2 * _LONGEST)[0]
    parts = shown.split("`")
    if len(parts) % 2 == 0:
        return escape(shown)
    return "".join(
        code(part, _LONGEST) if place % 2 and part else escape(part)
        for place, part in enumerate(parts)
    )


def _listed(rows: Sequence[str]) -> str:
    shown = [f"• {row}" for row in rows[:_SHOWN]]
    if len(rows) > _SHOWN:
        shown.append(f"and {len(rows) - _SHOWN:,} more: see `earful status`")
    return "\n".join(shown)
