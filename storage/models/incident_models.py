"""What is told once and then changes while it lasts: many complaints at once, unusual hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from storage.models.dedupe_keys import incident_key, spike_key


class IncidentKind(StrEnum):
    """`COMPLAINTS`: more cases at once than usual. `VOLUME`: more mentions in the last hours than
    usual. `ANGER`: a larger share of them angry than usual."""

    COMPLAINTS = "complaints"
    VOLUME = "volume"
    ANGER = "anger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Something unusual about a brand, in one message; known by brand, kind and `opened_at`.

    `complaints` counts what makes it up: cases of `COMPLAINTS`, mentions of `VOLUME`, angry
    mentions of `ANGER`. `about` is the word or phrase that most of them share. One that came back
    within a day goes on in its message, since `back_at`.
    """

    brand: str
    channel: str
    opened_at: datetime
    last_at: datetime
    complaints: int
    about: str | None = None
    closed_at: datetime | None = None
    kind: IncidentKind = IncidentKind.COMPLAINTS
    back_at: datetime | None = None

    @property
    def root_key(self) -> str:
        """Name the alert whose message shows it."""
        if self.kind is IncidentKind.COMPLAINTS:
            return incident_key(self.brand, self.opened_at)
        return spike_key(self.brand, self.kind.value, self.opened_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentWork:
    """How far the cases of an incident are: so many in each state, claimed by whom."""

    open: int = 0
    claimed: int = 0
    answered: int = 0
    ended: int = 0
    claimants: tuple[str, ...] = ()

    @property
    def waiting(self) -> int:
        """Count those that somebody must still answer."""
        return self.open + self.claimed
