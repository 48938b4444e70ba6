"""What is said when cases climb their ladder: apart, or many in one line. Pure.

A case has its line in its thread, and in the channels of its steps. Beyond what a channel takes
the cases share one message, which counts up; so do the cases of an incident, in its thread.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from alerts import messages
from alerts.decide.changing_alerts import UPDATE_EVERY
from alerts.decide.ladder import CLAIMER, HOME, ON_CALL, Level, Rung, owner_of
from alerts.decide.routing import Calm
from alerts.messages import Places
from storage.models import (
    Alert,
    AlertKind,
    Case,
    CaseEventKind,
    CaseFile,
    CaseMove,
    Incident,
    LadderStep,
    NewAlert,
    Operation,
)
from storage.models.dedupe_keys import complaint_key, step_key, update_key

MOST_APART = 5
"""So many lines a channel hears one by one at a time, even without a limit of its own."""

_KINDS = {
    Level.WARNING: AlertKind.WARNING,
    Level.REMINDER: AlertKind.REMINDER,
    Level.OVERDUE: AlertKind.OVERDUE,
}
_ONE = {
    Level.WARNING: messages.unclaimed,
    Level.REMINDER: messages.due_soon,
    Level.OVERDUE: messages.overdue,
}
_MANY = {
    Level.WARNING: messages.many_unclaimed,
    Level.REMINDER: messages.many_due,
    Level.OVERDUE: messages.many_overdue,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rise:
    """A rung with what its message shows: the case's file, and the channel where it is said.

    `on_call` is the Slack id of who is on call. `incident` is the one that the case belongs to,
    where it is told with the others of it.
    """

    rung: Rung
    file: CaseFile
    channel: str
    on_call: str | None = None
    urgent: bool = False
    incident: Incident | None = None

    @property
    def pings(self) -> list[str]:
        """Give the ids to ping; where nobody has the case, who is on call stands in."""
        return _ids(self.rung.ping, self.file.case, self.on_call)

    @property
    def is_loud(self) -> bool:
        """Tell whether the channel itself sees it, and not the thread alone."""
        is_posted = self.rung.place != HOME
        if self.incident is None:
            is_posted |= self.file.channel is None
        return is_posted or self.rung.broadcast

    @property
    def is_for_claimer(self) -> bool:
        """Tell whether it speaks to the claimer alone."""
        rung = self.rung
        alone = rung.level is Level.REMINDER and rung.ping == (CLAIMER,)
        return rung.personal or (alone and rung.place == HOME)

    def step(self, now: datetime, message: str, line: str | None = None) -> LadderStep:
        """Give what the store keeps of it."""
        return LadderStep(
            case_id=self.rung.case.id,
            due_at=self.rung.case.due_at,
            step=self.rung.step.name,
            owner=self.rung.owner,
            place=self.rung.place,
            at=now,
            message=message,
            line=line,
        )

    @property
    def key(self) -> str:
        rung = self.rung
        return step_key(rung.case.id, rung.case.due_at, rung.step.name, rung.owner, rung.place)

    def move(self, now: datetime) -> CaseMove | None:
        """Give what the case's history keeps of it; None of what is said in other places."""
        case = self.rung.case
        if self.rung.place != HOME:
            return None
        if self.rung.level is Level.WARNING:
            event = CaseEventKind.WARNED
        elif self.rung.level is Level.REMINDER or self.rung.personal:
            event = CaseEventKind.REMINDED
        elif case.overdue_told_at is None:
            event = CaseEventKind.OVERDUE
        else:
            event = CaseEventKind.ESCALATED
        return CaseMove(mention_id=case.mention_id, event=event, at=now)


@dataclass(frozen=True)
class Arranged:
    """Which rises are said one by one, and which share a message, by the name of its line."""

    apart: list[Rise] = field(default_factory=list)
    lines: Mapping[str, list[Rise]] = field(default_factory=dict)


def arrange(
    rises: Sequence[Rise], posted: Mapping[str, int], calm: Calm, begun: Collection[str]
) -> Arranged:
    """Decide what is said one by one and what shares a line, so that no channel is flooded.

    `posted` counts the last hour's messages by channel; the message of a line that is `begun`
    changes and is no new one. An urgent case is always said by itself.
    """
    apart = [rise for rise in rises if rise.urgent]
    lines: dict[str, list[Rise]] = defaultdict(list)
    loud: dict[str, list[Rise]] = defaultdict(list)
    for rise in rises:
        if rise.urgent:
            continue
        if rise.incident is not None:
            lines[_incident_line(rise, rise.incident)].append(rise)
        elif rise.is_loud:
            loud[rise.channel].append(rise)
        else:
            apart.append(rise)
    new = Counter(rise.channel for rise in apart if rise.is_loud)
    new += Counter(
        line[0].channel for name, line in lines.items() if name not in begun and line[0].is_loud
    )
    for channel, group in loud.items():
        others = posted.get(channel, 0) + new[channel]
        if len(group) <= MOST_APART and calm.room_for(channel, others + len(group) - 1):
            apart += group
            continue
        for rise in group:
            case = rise.rung.case
            lines[f"{case.brand}:{channel}:{rise.rung.level}"].append(rise)
    return Arranged(apart, dict(lines))


def alert_of(rise: Rise, places: Places, now: datetime, *, has_message: bool) -> NewAlert:
    """Make the alert of one rise.

    A case without a message gets it with this, so that it can be worked; `has_message` says that
    one was written before, whatever became of it.
    """
    rung, file = rise.rung, rise.file
    elsewhere = rung.place != HOME
    home = file.channel if elsewhere else None
    if rise.is_for_claimer:
        said = messages.reminder(file, places, now, rise.pings)
    else:
        said = _ONE[rung.level](file, places, now, rise.pings, home)
    alert = NewAlert(
        dedupe_key=rise.key,
        kind=_KINDS[Level.REMINDER if rung.personal else rung.level],
        brand=file.case.brand,
        channel=rise.channel,
        payload=said,
        created_at=now,
        mention_id=file.case.mention_id,
        urgent=rise.urgent,
    )
    if elsewhere:
        return alert
    if file.channel is None:
        carded = replace(alert, payload=messages.on_card(said, file, places))
        if has_message:
            return carded
        key = complaint_key(file.case.mention_id)
        return replace(carded, dedupe_key=key, kind=file.case.kind)
    return _in_thread(alert, file.case.root_key, broadcast=rung.broadcast)


def whisper_of(rise: Rise, places: Places, now: datetime) -> NewAlert | None:
    """Ping a case's claimer in its thread, where the channel hears of many; None for nobody."""
    file, claimer = rise.file, rise.file.case.claimed_by_id
    if rise.rung.place != HOME or CLAIMER not in rise.rung.ping:
        return None
    if file.channel is None or claimer is None:
        return None
    alert = NewAlert(
        dedupe_key=rise.key,
        kind=AlertKind.REMINDER,
        brand=file.case.brand,
        channel=file.channel,
        payload=messages.reminder(file, places, now, [claimer]),
        created_at=now,
        mention_id=file.case.mention_id,
    )
    return _in_thread(alert, file.case.root_key, broadcast=False)


def alert_of_line(
    rises: Sequence[Rise],
    files: Sequence[CaseFile],
    key: str,
    places: Places,
    now: datetime,
    *,
    in_thread: bool,
    broadcast: bool,
) -> NewAlert:
    """Make the message about many cases: of `rises`, which are new to it, and all other `files`.

    An incident's stands `in_thread`, where the incident has a message, and with `broadcast` it
    shows in the channel too.
    """
    first = rises[0]
    level, incident = first.rung.level, first.incident
    alert = NewAlert(
        dedupe_key=key,
        kind=_KINDS[level],
        brand=first.file.case.brand,
        channel=first.channel,
        payload=_MANY[level](files, places, _pings_of_line(rises, files), incident),
        created_at=now,
    )
    if incident is None or first.rung.place != HOME or not in_thread:
        return alert
    loud = broadcast and any(rise.rung.broadcast for rise in rises)
    return _in_thread(alert, incident.root_key, broadcast=loud)


def change_of_line(alert: NewAlert, begun: Alert) -> NewAlert:
    """Turn the message about many cases into a change of the one that is `begun`."""
    # While Slack does not have it, the change takes its place, as loud as it was.
    kept = {"broadcast": True} if begun.payload.get("broadcast") else {}
    payload = {name: value for name, value in alert.payload.items() if name != "broadcast"}
    return replace(
        alert,
        dedupe_key=update_key(begun.dedupe_key),
        operation=Operation.UPDATE,
        root_key=begun.dedupe_key,
        payload=payload | kept,
        spacing=UPDATE_EVERY,
    )


def _ids(names: Iterable[str], case: Case, on_call: str | None) -> list[str]:
    claimer = case.claimed_by_id if owner_of(case) else on_call
    ids = {CLAIMER: claimer, ON_CALL: on_call}
    return [one for name in names if (one := ids.get(name, name))]


def _pings_of_line(rises: Sequence[Rise], files: Sequence[CaseFile]) -> list[str]:
    """Name whom a line pings: who has a case with a thread of its own is pinged there."""
    first = rises[0]
    names = dict.fromkeys(name for rise in rises for name in rise.rung.ping)
    pings: dict[str, None] = {}
    for file in files:
        has_thread = first.incident is None and file.channel is not None
        own = file.case.claimed_by_id if has_thread else None
        ids = _ids(names, file.case, first.on_call)
        pings |= dict.fromkeys(one for one in ids if one != own)
    return list(pings)


def _incident_line(rise: Rise, incident: Incident) -> str:
    rung = rise.rung
    name = f"{incident.root_key}:{rung.level}:{rung.place}"
    alone = rung.level is Level.REMINDER or rung.personal
    return f"{name}:{rung.owner}" if alone else name


def _in_thread(alert: NewAlert, root_key: str, *, broadcast: bool) -> NewAlert:
    payload: dict[str, Any] = alert.payload | ({"broadcast": True} if broadcast else {})
    return replace(alert, operation=Operation.REPLY, root_key=root_key, payload=payload)
