"""The buttons under a wow's message."""

from __future__ import annotations

from alerts import messages
from alerts.messages.catalogue import _
from alerts.slack.interactions import Answer, Click
from earful.interactions.desk import Desk, OnClick
from earful.policies import source_places


def _thank(desk: Desk, click: Click) -> Answer | None:
    """Do nothing: the button is a link, which Slack has opened."""
    return None


def _share(desk: Desk, click: Click) -> Answer | None:
    mention = desk.store.mentions.get(click.value)
    if mention is None:
        return Answer.of(_("This mention is not kept any more."))
    return Answer(payload=messages.shared_quote(mention, source_places()))


CLICKS: dict[str, OnClick] = {"wow_thank": _thank, "wow_share": _share}
