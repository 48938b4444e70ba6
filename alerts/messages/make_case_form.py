"""The modal that makes a case of a complaint which stands in Slack, and its confirmation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alerts.messages.blocks import context, payload, section
from alerts.messages.plainly import plainly
from alerts.messages.safe_text import line, link
from alerts.messages.views import (
    View,
    modal,
    plainly_shown,
    select_input,
    text_input,
)
from storage.models import Case

MADE = "case_made"
"""The `callback_id` of the modal."""

_MAX_WORDS = 3000
_MAX_NAME = 80
_STARS = [
    ("1 of 5", "1"),
    ("2 of 5", "2"),
    ("3 of 5", "3"),
    ("4 of 5", "4"),
    ("5 of 5", "5"),
]


@plainly_shown("Make this a case")
def make_case_form(brands: Sequence[tuple[str, str]], words: str, permalink: str | None,
                   value: str) -> View:  # fmt: skip
    """Build the modal. `brands` are (name, value); `words` are the message's, as they are read.

    `value` comes back with it.
    """
    only = brands[0][1] if len(brands) == 1 else None
    where = link(permalink, "this message in Slack", 600)
    known = f"The case leads back to {where}." if where.startswith("<") else None
    return modal(
        "Make this a case",
        [
            select_input("Brand", "brand", brands, initial=only),
            text_input("What the customer said", "words", initial=words, lines=True,
                       longest=_MAX_WORDS),
            text_input("Who said it", "author", optional=True, longest=_MAX_NAME),
            text_input("Where it was said", "where", optional=True, longest=_MAX_NAME,
                       hint="For example: by phone, in the shop. It becomes the title."),
            select_input("Stars, where some were given", "stars", _STARS, optional=True),
            context([known], "small_print") if known else None,
        ],
        callback_id=MADE,
        value=value,
        submit="Open the case",
        close="Cancel",
    )  # fmt: skip


@plainly("A case was made")
def case_made(case: Case, made: bool, channel: str) -> dict[str, Any]:
    """Confirm to whoever made a case which number it has; `made` is False where it was there."""
    where = line(channel, 80)
    if made:
        sentence = f"Case {case.id} is open: its message comes to {where}."
    else:
        sentence = f"Case {case.id} was made of this message already: nothing was changed."
    return payload(sentence, [section(sentence, "line")])
