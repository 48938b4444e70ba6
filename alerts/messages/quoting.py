"""What a message shows of which mentions: its payload says so, that it can be taken out again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from alerts.messages.blocks import payload, section
from alerts.messages.catalogue import _
from alerts.messages.plainly import plainly
from storage.models import Mention


def quoting(message: dict[str, Any], shown: Iterable[tuple[Mention, str]]) -> dict[str, Any]:
    """Add to a message, as `quotes`, the pieces of its texts that quote or name a mention.

    A piece that found no room in the message is left out.
    """
    texts = json.dumps([message["text"], message["blocks"]], ensure_ascii=False)
    quotes: dict[str, list[str]] = {}
    for mention, piece in shown:
        if not _can_be_stored(mention.id):
            continue  # the store has no such mention to forget
        if json.dumps(piece, ensure_ascii=False)[1:-1] in texts:
            quotes.setdefault(mention.id, []).append(piece)
    return message | ({"quotes": quotes} if quotes else {})


@plainly("Erased", keep=lambda: {"erased": True})
def erased_author() -> dict[str, Any]:
    """Build what stands where a message was about an author whose data was erased."""
    return _erased(_("This message was about a person whose data was erased."))


@plainly("Erased", keep=lambda: {"erased": True})
def erased_text() -> dict[str, Any]:
    """Build what stands where a message was about a text that its author took back."""
    return _erased(_("This message was about a text that its author has deleted."))


def erased_quote() -> str:
    """Give what stands for a quote that was taken out of a message about many."""
    return _("(erased)")


def _can_be_stored(mention_id: str) -> bool:
    try:
        mention_id.encode()
    except UnicodeEncodeError:
        return False
    return True


def _erased(sentence: str) -> dict[str, Any]:
    return payload(sentence, [section(sentence, "erased")]) | {"erased": True}
