"""Messages about Earful itself: what is wrong with it, that it is well again, that it was away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from alerts.messages.blocks import context, facts, header, payload, section
from alerts.messages.catalogue import _, n_
from alerts.messages.plainly import plainly
from alerts.messages.safe_text import clean, code, cut, duration, escape, line, moment

_LONGEST = 380
# With the marks of a list these fit a section, however much each sentence is escaped.
_SHOWN = 3


@plainly("Earful is in trouble, see `earful status`")
def earful_in_trouble(sentences: Sequence[str], at: datetime) -> dict[str, Any]:
    """Say what is wrong with Earful; each sentence names what, where and what to do."""
    rows = [_said(one) for one in sentences]
    if len(rows) == 1:
        summary = _("Earful is in trouble: {problem}", problem=rows[0])
    else:
        summary = n_(
            "Earful is in trouble: {n} problem: {problem}",
            "Earful is in trouble: {n} problems: {problem}",
            len(rows),
            problem=rows[0],
        )
    return payload(
        summary,
        [
            header(_("Earful is in trouble")),
            section(_listed(rows), "problems"),
            context(
                [
                    _("Seen {moment}", moment=moment(at)),
                    _("`earful status` shows all of it"),
                    _("You hear of each problem once, and again when it is over"),
                ],
                "small_print",
            ),
        ],
    )


@plainly("Earful is well again")
def earful_is_well(about: Sequence[str], remaining: int, at: datetime) -> dict[str, Any]:
    """Say what is in trouble no more; `remaining` others are."""
    rows = [line(one, _LONGEST) for one in about]
    if len(rows) == 1:
        summary = _("Earful: the problem with {first} is over.", first=rows[0])
    else:
        summary = n_(
            "Earful: the problems with {first} and {n} more are over.",
            "Earful: the problems with {first} and {n} more are over.",
            len(rows) - 1,
            first=rows[0],
        )
    small = [_("Seen {moment}", moment=moment(at))]
    if remaining:
        small.append(
            n_(
                "{n} other problem is still open: see `earful status`",
                "{n} other problems are still open: see `earful status`",
                remaining,
            )
        )
    return payload(
        summary,
        [
            header(_("Earful: a problem is over") if remaining else _("Earful is well again")),
            section("\n".join([_("*This works again:*"), _listed(rows)]), "problems"),
            context(small, "small_print"),
        ],
    )


@plainly("Earful did not run for a while")
def earful_was_away(
    since: datetime, until: datetime, *, died: bool, late: tuple[int, int, int] = (0, 0, 0)
) -> dict[str, Any]:
    """Say that no daemon ran for a while, and what becomes of what was written meanwhile.

    `late` are the sources to read, the mentions to score and the alerts to send.
    """
    sources, mentions, alerts = late
    waiting = [
        n_("{n} source to read", "{n} sources to read", sources) if sources else "",
        n_("{n} mention to score", "{n} mentions to score", mentions) if mentions else "",
        n_("{n} alert to send", "{n} alerts to send", alerts) if alerts else "",
    ]
    is_late = ", ".join(filter(None, waiting))
    how = _("It had ended without being stopped.") if died else _("It had been stopped.")
    return payload(
        _("Earful did not run for a while, and runs again. {how}", how=how),
        [
            header(_("Earful runs again")),
            section(
                _(
                    "*No daemon ran from {since} to {until}.* {how} Earful now reads, scores and "
                    "judges what was written meanwhile.",
                    since=moment(since),
                    until=moment(until),
                    how=how,
                ),
                "lead",
            ),
            *([facts([(_("Late by now"), is_late)])] if is_late else []),
        ],
    )


@plainly("The clock of Earful's machine was set")
def clock_was_set(step: timedelta, at: datetime) -> dict[str, Any]:
    """Say by how much the machine's clock was set, back where `step` is negative."""
    length = duration(abs(step))
    if step < timedelta(0):
        summary = _("The clock of Earful's machine was set back by {length}.", length=length)
        lead = _("*The clock of Earful's machine was set back by {length}.*", length=length)
    else:
        summary = _("The clock of Earful's machine was set ahead by {length}.", length=length)
        lead = _("*The clock of Earful's machine was set ahead by {length}.*", length=length)
    return payload(
        summary,
        [
            header(_("The clock was set")),
            section(
                " ".join(
                    [
                        lead,
                        _(
                            "Earful goes on, and waits for no time that is gone. What it wrote "
                            "down while the clock was wrong keeps the wrong times."
                        ),
                    ]
                ),
                "lead",
            ),
            facts(
                [
                    (
                        _("What to do"),
                        _("If nobody set it, see that the machine keeps its clock by NTP."),
                    )
                ]
            ),
            context([_("Its time is now {moment}", moment=moment(at))], "small_print"),
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
        more = len(rows) - _SHOWN
        shown.append(
            n_("and {n} more: see `earful status`", "and {n} more: see `earful status`", more)
        )
    return "\n".join(shown)
