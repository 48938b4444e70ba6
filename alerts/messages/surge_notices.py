"""Messages about many complaints at once, and about numbers that chance does not explain."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from slack_sdk.models.blocks import Block

from alerts.messages.blocks import MAX_SECTION, context, header, payload, section
from alerts.messages.places import Places
from alerts.messages.plainly import plainly
from alerts.messages.safe_text import count, duration, line, moment, percentage, units
from alerts.messages.voice_cards import linked_words, who_where
from storage.models import Incident, Mention

_LEAST = timedelta(minutes=1)
_SHOWN = 6


@plainly("Many complaints at once")
def incident(state: Incident, newest: Sequence[Mention], places: Places) -> dict[str, Any]:
    """Show an incident as it is now; the count grows while it goes on."""
    about = f" about *{line(state.about, 60)}*" if state.about else ""
    took = duration(max(state.last_at - state.opened_at, _LEAST))
    complaints = f"{count(state.complaints, 'complaint')}{about} in {took}"
    brand = line(state.brand, 80)
    over = state.closed_at is not None
    lead = (
        f"*Over*: {complaints}."
        if over
        else f"{complaints}, and counting. Each has its case; none of them makes a message of its "
        "own while this goes on."
    )
    small = [f"Since {moment(state.opened_at)}"]
    if state.closed_at is not None:
        small.append(f"Over since {moment(state.closed_at)}")
    return payload(
        f"{brand}: {complaints.replace('*', '')}{': over' if over else ''}.",
        [
            header(f"{state.brand}: {state.complaints:,} complaints at once"),
            section(lead, "lead"),
            _newest(newest, places),
            context(small, "small_print"),
        ],
    )


@plainly("Unusual numbers")
def spike(brand: str, lead: str, usual: str) -> dict[str, Any]:
    """Tell of a number beyond its control limit; `lead` and `usual` are safe sentences."""
    return payload(
        f"{line(brand, 80)}: {lead}",
        [
            header(f"Unusual: {brand}"),
            section(f"*{lead}*", "lead"),
            context(
                [usual, "Control limits of three sigmas decide; you hear of it once a day"],
                "small_print",
            ),
        ],
    )


@plainly("Far more mentions than usual")
def volume_spike(brand: str, seen: int, limit: float, hours: int) -> dict[str, Any]:
    """Tell that far more than usual was said."""
    return spike(
        brand,
        f"{count(seen, 'mention')} came in {count(hours, 'hour')}, far more than usual.",
        f"At this hour of the last weeks, up to {limit:,.0f} mentions were within chance",
    )


@plainly("Far more anger than usual")
def anger_spike(brand: str, share: float, limit: float, hours: int) -> dict[str, Any]:
    """Tell that far more of what was said is angry."""
    return spike(
        brand,
        f"{percentage(share)} of the experiences told in {count(hours, 'hour')} are angry.",
        f"At this hour of the last weeks, up to {percentage(limit)} were within chance",
    )


@plainly("Complaints are back to their usual number", keep=lambda: {"broadcast": True})
def incident_over() -> dict[str, Any]:
    """Say in an incident's thread, and in its channel, that it is over."""
    sentence = "It is over: complaints are back to their usual number."
    return payload(sentence, [section(sentence, "line")]) | {"broadcast": True}


def _newest(mentions: Sequence[Mention], places: Places) -> Block | None:
    rows = ["*The newest*"]
    room = MAX_SECTION - units(rows[0])
    for one in mentions[:_SHOWN]:
        row = f"• {linked_words(one)} {who_where(one, places)}"
        room -= units(row) + 1
        if room < 0:
            break
        rows.append(row)
    return section("\n".join(rows), "newest") if mentions else None
