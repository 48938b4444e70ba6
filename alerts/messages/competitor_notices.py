"""Messages about brands that the config calls competitors: they were told of, and are no more."""

from __future__ import annotations

from typing import Any

from alerts.messages.blocks import header, payload, section
from alerts.messages.catalogue import _, n_
from alerts.messages.plainly import plainly
from alerts.messages.safe_text import line


@plainly("A brand is a competitor now")
def competitor_now(brand: str, cases: int, alerts: int) -> dict[str, Any]:
    """Say what became of a brand's open cases and waiting alerts: nothing is told of it now."""
    shown = line(brand, 80)
    lead = _("*{brand} is a competitor now*: Earful listens to it and tells nothing of it.",
             brand=shown)  # fmt: skip
    rows = [
        n_("{n} case that waited was dismissed.", "{n} cases that waited were dismissed.", cases),
        n_("{n} message that waited was dropped.", "{n} messages that waited were dropped.",
           alerts),
    ]  # fmt: skip
    return payload(
        _("{brand} is a competitor now: Earful tells nothing of it.", brand=shown),
        [
            header(_("{brand} is a competitor now", brand=brand)),
            section("\n".join([lead, *rows]), "lead"),
        ],
    )


@plainly("A brand is a competitor no more")
def competitor_no_more(brand: str) -> dict[str, Any]:
    """Say that a brand is told of again, and what stays quiet."""
    shown = line(brand, 80)
    return payload(
        _("{brand} is a competitor no more: Earful tells of it.", brand=shown),
        [
            header(_("{brand} is a competitor no more", brand=brand)),
            section(
                _(
                    "*Earful tells of {brand} from now on*: complaints open cases, and wows are "
                    "celebrated. What was said meanwhile was judged and stays quiet.",
                    brand=shown,
                ),
                "lead",
            ),
        ],
    )
