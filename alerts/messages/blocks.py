"""Block Kit within its limits by construction, from texts that are already escaped.

All lengths are counted as Slack counts them: once escaped, in UTF-16 units.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    DividerBlock,
    HeaderBlock,
    MarkdownTextObject,
    Option,
    OverflowMenuElement,
    PlainTextObject,
    SectionBlock,
    StaticSelectElement,
    UserSelectElement,
)
from slack_sdk.models.blocks.block_elements import InteractiveElement

from alerts.messages.catalogue import _, n_
from alerts.messages.safe_text import fit, heading, units

MAX_BLOCKS = 50
MAX_SECTION = 3000
MAX_FIELD = 2000
MAX_CONTEXT = 3000
MAX_TEXT = 3000
"""Slack takes 40,000 characters of `text`; a notification needs far fewer."""
MAX_BLOCK_ID = 255
MAX_VALUE = 1900
"""Units that a button can carry along; a longer id gets no buttons."""

_ABOUT = re.compile(r"about\d+:(.+)", re.S)
# With its title and the number of what is left out it fits into a section.
_MAX_LIST = 2700
_EMPTY = "an empty text, at least one character must stand there"


def header(text: str, block_id: str = "title") -> HeaderBlock:
    """Title a message; `text` is raw and is made safe here."""
    shown = heading(text)
    if not shown:
        raise SlackObjectFormationError(_EMPTY)
    return HeaderBlock(block_id=block_id, text=PlainTextObject(text=shown, emoji=False))


def section(text: str, block_id: str) -> SectionBlock:
    """Show mrkdwn; Slack itself must link nothing in it (`verbatim`)."""
    return SectionBlock(block_id=block_id, text=_mrkdwn(text, MAX_SECTION))


def bulleted(title: str, rows: Sequence[str], block_id: str, most: int = 8) -> SectionBlock | None:
    """Show rows under a title, and how many more there are; None where there are none."""
    if not rows:
        return None
    shown: list[str] = []
    room = _MAX_LIST
    for row in rows[:most]:
        room -= units(row) + 3  # the bullet and the line's end
        if room < 0:
            break
        shown.append(row)
    if len(rows) > len(shown):
        shown.append(n_("and {n} more", "and {n} more", len(rows) - len(shown)))
    return section("\n".join([f"*{title}*", *(f"• {row}" for row in shown)]), block_id)


def facts(pairs: Sequence[tuple[str, str]], block_id: str = "facts") -> SectionBlock:
    """Show up to ten labelled values in two columns."""
    return SectionBlock(
        block_id=block_id,
        fields=[_mrkdwn(f"*{name}*\n{value}", MAX_FIELD) for name, value in pairs[:10]],
    )


def context(parts: Sequence[str], block_id: str) -> ContextBlock:
    """Show small print, up to ten parts."""
    return ContextBlock(
        block_id=block_id, elements=[_mrkdwn(part, MAX_CONTEXT) for part in parts[:10]]
    )


def divider(block_id: str) -> DividerBlock:
    """Part what stands above from what stands below."""
    return DividerBlock(block_id=block_id)


def id_about(value: str, number: int) -> str | None:
    """Give a block the id that says what its buttons and lists are about; None for a long one."""
    made = f"about{number}:{value}"
    return made if units(made) <= MAX_BLOCK_ID else None


def what_about(block_id: object) -> str | None:
    """Read what the buttons and lists of a block are about, where its id says so."""
    found = _ABOUT.fullmatch(str(block_id or ""))
    return found[1] if found else None


def can_carry(value: str) -> bool:
    """Tell whether a button can take `value` along."""
    try:
        return units(value) <= MAX_VALUE and bool(value.encode())
    except UnicodeEncodeError:
        return False


def confirmation(title: str, text: str, yes: str) -> ConfirmObject:
    """Ask once more before an act, in our own words alone; `yes` names the act."""
    return ConfirmObject(
        title=PlainTextObject(text=title, emoji=False),
        text=PlainTextObject(text=text, emoji=False),
        confirm=PlainTextObject(text=yes, emoji=False),
        deny=PlainTextObject(text=_("Back"), emoji=False),
    )


def button(
    label: str,
    action_id: str,
    value: str,
    *,
    style: str | None = None,
    url: str | None = None,
    confirm: ConfirmObject | None = None,
) -> ButtonElement:
    """Offer one action; `label` says what it does without colour or sign."""
    return ButtonElement(
        text=PlainTextObject(text=label, emoji=False),
        action_id=action_id,
        value=value,
        style=style,
        url=url,
        confirm=confirm,
    )


def select(
    label: str,
    action_id: str,
    options: Sequence[tuple[str, str]],
    *,
    confirm: ConfirmObject | None = None,
) -> StaticSelectElement:
    """Offer a choice of (label, value)."""
    return StaticSelectElement(
        placeholder=PlainTextObject(text=label, emoji=False),
        action_id=action_id,
        options=_options(options),
        confirm=confirm,
    )


def people(label: str, action_id: str) -> UserSelectElement:
    """Offer a choice among the workspace's people."""
    return UserSelectElement(
        placeholder=PlainTextObject(text=label, emoji=False), action_id=action_id
    )


def overflow(action_id: str, options: Sequence[tuple[str, str]]) -> OverflowMenuElement:
    """Offer two to five acts, (label, value) each, behind three dots."""
    return OverflowMenuElement(action_id=action_id, options=_options(options[:5]))


def actions(elements: Sequence[InteractiveElement], block_id: str = "actions") -> ActionsBlock:
    """Show up to 25 buttons and choices in a row."""
    return ActionsBlock(block_id=block_id, elements=list(elements[:25]))


def payload(text: str, blocks: Sequence[Block | None]) -> dict[str, Any]:
    """Join a message; raises `slack_sdk.errors.SlackObjectFormationError` for an empty part."""
    kept = [block for block in blocks if block is not None]
    return {
        "text": fit(text, MAX_TEXT),
        "blocks": [block.to_dict() for block in kept[:MAX_BLOCKS]],
    }


def _options(options: Sequence[tuple[str, str]]) -> list[Option]:
    return [
        Option(text=PlainTextObject(text=name, emoji=False), value=value)
        for name, value in options
    ]


def _mrkdwn(text: str, limit: int) -> MarkdownTextObject:
    if not text:
        raise SlackObjectFormationError(_EMPTY)
    return MarkdownTextObject(text=fit(text, limit), verbatim=True)
