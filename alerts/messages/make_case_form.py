"""The modal that makes a case of a complaint which stands in Slack, and its confirmation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alerts.messages.blocks import context, payload, section
from alerts.messages.catalogue import _
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
_MOST_STARS = 5


@plainly_shown("Make this a case")
def make_case_form(brands: Sequence[tuple[str, str]], words: str, permalink: str | None,
                   value: str) -> View:  # fmt: skip
    """Build the modal. `brands` are (name, value); `words` are the message's, as they are read.

    `value` comes back with it.
    """
    stars = [
        (_("{rating} of {best}", rating=number, best=_MOST_STARS), str(number))
        for number in range(1, _MOST_STARS + 1)
    ]
    only = brands[0][1] if len(brands) == 1 else None
    where = link(permalink, _("this message in Slack"), 600)
    known = _("The case leads back to {where}.", where=where) if where.startswith("<") else None
    return modal(
        _("Make this a case"),
        [
            select_input(_("Brand"), "brand", brands, initial=only),
            text_input(_("What the customer said"), "words", initial=words, lines=True,
                       longest=_MAX_WORDS),
            text_input(_("Who said it"), "author", optional=True, longest=_MAX_NAME),
            text_input(_("Where it was said"), "where", optional=True, longest=_MAX_NAME,
                       hint=_("For example: by phone, in the shop. It becomes the title.")),
            select_input(_("Stars, where some were given"), "stars", stars, optional=True),
            context([known], "small_print") if known else None,
        ],
        callback_id=MADE,
        value=value,
        submit=_("Open the case"),
        close=_("Cancel"),
    )  # fmt: skip


@plainly("A case was made")
def case_made(case: Case, made: bool, channel: str) -> dict[str, Any]:
    """Confirm to whoever made a case which number it has; `made` is False where it was there."""
    where = line(channel, 80)
    if made:
        sentence = _("Case {id} is open: its message comes to {where}.", id=case.id, where=where)
    else:
        sentence = _(
            "Case {id} was made of this message already: nothing was changed.", id=case.id
        )
    return payload(sentence, [section(sentence, "line")])
