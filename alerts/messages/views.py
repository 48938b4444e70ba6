"""Modals and the Home as Slack's views, within their limits by construction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, ParamSpec

from slack_sdk.models.blocks import (
    Block,
    DateTimePickerElement,
    InputBlock,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    StaticSelectElement,
)
from slack_sdk.models.blocks.block_elements import InputInteractiveElement

from alerts.messages.catalogue import _, in_its_language
from alerts.messages.plainly import bare
from alerts.messages.safe_text import clean, cut, heading

MAX_VIEW_BLOCKS = 100
MAX_TITLE = 24
"""Slack's limit on the title and on both buttons of a modal."""
MAX_INPUT = 3000
MAX_OPTION = 75
MAX_OPTIONS = 100
MAX_METADATA = 2500
"""Slack takes 3,000 characters of private metadata; the listener keeps some there too."""

View = dict[str, Any]
"""A modal or a Home as Slack takes it: what a builder of one says that it returns."""

P = ParamSpec("P")


def plainly_shown(
    title: str,
) -> Callable[[Callable[P, View]], Callable[P, View]]:
    """Let a builder of a view that raises give a plain one, which says that it could not."""

    def around(build: Callable[P, View]) -> Callable[P, View]:
        @in_its_language
        @wraps(build)
        def safely(*args: P.args, **kwargs: P.kwargs) -> View:
            try:
                return build(*args, **kwargs)
            except Exception as error:
                sentence = _(
                    "Earful could not build this window. The dashboards (`earful serve`) and "
                    "`earful case` show the same. ({error})",
                    error=bare(error, 200),
                )
                text = {"type": "plain_text", "text": sentence, "emoji": False}
                shown = {
                    "type": "modal" if title else "home",
                    "blocks": [{"type": "section", "block_id": "plain", "text": text}],
                }
                return shown | ({"title": _plain(_(title), MAX_TITLE)} if title else {})

        return safely

    return around


def modal(
    title: str,
    blocks: Sequence[Block | None],
    *,
    callback_id: str,
    value: str = "",
    submit: str | None = None,
    close: str | None = None,
) -> View:
    """Join a modal; `value` comes back with it. With inputs it needs a `submit`.

    ValueError where `value` is longer than `MAX_METADATA`.
    """
    if len(value) > MAX_METADATA:
        raise ValueError(f"{len(value)} characters to carry, at most {MAX_METADATA} are taken")
    kept = [block for block in blocks if block is not None][:MAX_VIEW_BLOCKS]
    view: dict[str, Any] = {
        "type": "modal",
        "callback_id": callback_id,
        "private_metadata": value,
        "title": _plain(title, MAX_TITLE),
        "close": _plain(close or _("Close"), MAX_TITLE),
        "blocks": [block.to_dict() for block in kept],
    }
    return view | ({"submit": _plain(submit, MAX_TITLE)} if submit else {})


def as_modal(payload: Mapping[str, Any], title: str = "Earful") -> View:
    """Show a message as a modal: where it is asked for in a view there is no channel for it."""
    blocks = payload["blocks"] or [
        {"type": "section", "block_id": "line", "text": _plain(payload["text"], MAX_INPUT)}
    ]
    return {
        "type": "modal",
        "callback_id": "shown",
        "title": _plain(title, MAX_TITLE),
        "close": _plain(_("Close"), MAX_TITLE),
        "blocks": list(blocks)[:MAX_VIEW_BLOCKS],
    }


def home_view(blocks: Sequence[Block | None]) -> View:
    """Join what the app's Home shows."""
    kept = [block for block in blocks if block is not None][:MAX_VIEW_BLOCKS]
    return {"type": "home", "blocks": [block.to_dict() for block in kept]}


def text_input(
    label: str,
    name: str,
    *,
    initial: str = "",
    hint: str | None = None,
    lines: bool = False,
    optional: bool = False,
    longest: int = MAX_INPUT,
) -> InputBlock:
    """Ask for words; `initial` is raw text from anywhere, shown as it is and cut to `longest`."""
    kept = cut(clean(initial, lines=lines), longest, escaped_limit=longest)[0]
    element = PlainTextInputElement(
        action_id=name, initial_value=kept or None, multiline=lines, max_length=longest
    )
    return _input(label, name, element, hint, optional)


def select_input(
    label: str,
    name: str,
    options: Sequence[tuple[str, str]],
    *,
    initial: str | None = None,
    hint: str | None = None,
    optional: bool = False,
) -> InputBlock:
    """Ask for one of up to a hundred (label, value); labels are raw and are made safe here."""
    made = [
        Option(
            text=PlainTextObject(text=heading(text, MAX_OPTION) or _("(no name)"), emoji=False),
            value=value,
        )
        for text, value in options[:MAX_OPTIONS]
    ]
    chosen = next((one for one in made if one.value == initial), None)
    element = StaticSelectElement(action_id=name, options=made, initial_option=chosen)
    return _input(label, name, element, hint, optional)


def moment_input(
    label: str, name: str, *, hint: str | None = None, optional: bool = False
) -> InputBlock:
    """Ask for a day and a time in the zone of whoever looks; it comes back as a Unix time."""
    return _input(label, name, DateTimePickerElement(action_id=name), hint, optional)


def _input(
    label: str, name: str, element: InputInteractiveElement, hint: str | None, optional: bool
) -> InputBlock:
    # The block is named like its input: an error is shown under the block.
    return InputBlock(
        block_id=name,
        label=PlainTextObject(text=label, emoji=False),
        element=element,
        hint=PlainTextObject(text=hint, emoji=False) if hint else None,
        optional=optional,
    )


def _plain(text: str, limit: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": heading(text, limit), "emoji": False}
