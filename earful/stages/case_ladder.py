"""Let waiting cases climb their ladders: each step is said once, and written with what says it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from alerts.decide.escalation import (
    Arranged,
    Rise,
    alert_of,
    alert_of_line,
    arrange,
    change_of_line,
    whisper_of,
)
from alerts.decide.ladder import HOME, Level, Rung, due_rungs, owner_of
from earful.channel_moves import ComplaintChannels
from earful.isolation import Isolation, mention_subject
from earful.policies import Policies, places_of
from storage.models import (
    Alert,
    AlertKind,
    AlertState,
    Case,
    CaseEventKind,
    CaseFile,
    CaseState,
    Incident,
    LadderStep,
)
from storage.models.dedupe_keys import complaint_key, line_key
from storage.store import Store

_HOUR = timedelta(hours=1)
_INCIDENT_LINE = timedelta(hours=12)
"""So long the cases of an incident that come to the same step join one message."""


@dataclass
class Climbing:
    """One pass over the waiting cases."""

    store: Store
    policies: Policies
    isolation: Isolation
    now: datetime
    overdue: set[str] = field(default_factory=set)
    """The brands of which a case became overdue in this pass."""

    def __post_init__(self) -> None:
        self._climbed = self.store.ladder.climbed()
        self._channels = self.store.ladder.channels()
        self._names = ComplaintChannels(self.store, self.policies.settings, self.now)
        self._incidents = self.store.ladder.incidents()
        self._waits = self.store.ladder.waits()

    def rises(self, case: Case) -> list[Rise]:
        """Give what a case has come to and may be said now."""
        climbed = self._climbed.get(case.id, [])
        incident = self._incidents.get(case.id)
        channel = self._channels.get(case.id) or (incident.channel if incident else None)
        file: CaseFile | None = None
        if channel is None:
            file = self.store.cases.file(case.mention_id)
            if file is None:
                return []
            channel = self.policies.of(case.brand).home_of(file.voice)
        channel = self._names.named_now(channel, case.brand)
        # Urgent at first, which leaves out nothing: few cases are looked at any closer.
        if not self._rungs(case, climbed, channel, urgent=True):
            return []
        file = file or self.store.cases.file(case.mention_id)
        return [*self._rises(file, climbed, channel, incident)] if file is not None else []

    def say(self, rises: Sequence[Rise]) -> int:
        """Say what the cases have come to; returns how many were touched."""
        touched = 0
        arranged = self._arranged(rises)
        for rise in arranged.apart:
            name = mention_subject(rise.rung.case.mention_id)
            if self.isolation.waits(name):
                continue
            with self.isolation.subject(name):
                touched += self._say(rise)
        for line, group in arranged.lines.items():
            parts = self.isolation.each(
                group,
                partial(self._say_together, line),
                lambda rise: mention_subject(rise.rung.case.mention_id),
                sound=lambda: None,
            )
            touched += sum(parts)
        return touched

    def _rungs(
        self, case: Case, climbed: Sequence[LadderStep], channel: str, *, urgent: bool
    ) -> list[Rung]:
        ladder = self.policies.of(case.brand).ladder_of(channel)
        waits = self._waits.get(case.id, ())
        hours = self.policies.hours
        return due_rungs(ladder, case, climbed, hours, self.now, urgent=urgent, waits=waits)

    def _rises(
        self,
        file: CaseFile,
        climbed: Sequence[LadderStep],
        channel: str,
        incident: Incident | None,
    ) -> Iterator[Rise]:
        case, policy = file.case, self.policies.of(file.case.brand)
        urgent = case.kind is AlertKind.LOST_ADVOCATE or policy.is_urgent(file.voice)
        duty = policy.on_duty(channel, self.now)
        for rung in self._rungs(case, climbed, channel, urgent=urgent):
            of_incident = incident if not urgent else None
            place = rung.place
            if place == HOME:
                place = of_incident.channel if of_incident else channel
            if policy.calm.release(place, self.now, urgent=urgent) is None:
                yield Rise(
                    rung=rung,
                    file=file,
                    channel=place,
                    on_call=duty.person.slack if duty else None,
                    urgent=urgent,
                    incident=of_incident,
                )

    def _arranged(self, rises: Sequence[Rise]) -> Arranged:
        if not rises:
            return Arranged()
        calm = self.policies.of(rises[0].rung.case.brand).calm
        posted = self.store.outbox.posted_since(self.now - _HOUR)
        return arrange(rises, posted, calm, self._begun(incident=True).keys())

    def _begun(self, *, incident: bool) -> dict[str, Alert]:
        """Give the messages that further cases join, by line."""
        age = _INCIDENT_LINE if incident else _HOUR
        lines = self.store.ladder.lines_since(self.now - age)
        found = {line: self._living(key) for line, key in lines.items()}
        return {line: alert for line, alert in found.items() if alert is not None}

    def _living(self, key: str) -> Alert | None:
        """Give an alert that Slack has or will have."""
        alert = self.store.outbox.find(key)
        return alert if alert is not None and alert.state is not AlertState.DROPPED else None

    def _say(self, rise: Rise) -> bool:
        """Say one rise and write it, unless somebody did it, or moved the case, meanwhile."""
        store, places = self.store, places_of(self.policies.settings)
        known = store.outbox.knows(complaint_key(rise.rung.case.mention_id))
        alert = alert_of(rise, places, self.now, has_message=known)
        with store.write() as unit:
            if not _is_as_it_was(unit, rise.rung.case):
                return False
            if not unit.ladder.add(rise.step(self.now, alert.dedupe_key)):
                return False
            self._move(unit, rise)
            unit.outbox.add([alert])
        return True

    def _say_together(self, line: str, rises: Sequence[Rise]) -> int:
        """Say several rises in the message of a line, and ping claimers in their threads."""
        places, incident = places_of(self.policies.settings), rises[0].incident
        begun = self._begun(incident=incident is not None).get(line)
        key = begun.dedupe_key if begun else line_key(line, self.now)
        with self.store.write() as unit:
            new = [
                rise
                for rise in rises
                if _is_as_it_was(unit, rise.rung.case)
                and unit.ladder.add(rise.step(self.now, key, line))
            ]
            if not new:
                return 0
            for rise in new:
                self._move(unit, rise)
            alert = alert_of_line(
                new,
                [*_files(unit, unit.ladder.gathered(key), new[0].rung.level)],
                key,
                places,
                self.now,
                in_thread=incident is not None and self._living(incident.root_key) is not None,
                broadcast=self._has_room(new[0]),
            )
            unit.outbox.add([change_of_line(alert, begun) if begun else alert])
            if incident is None:
                whispers = (whisper_of(rise, places, self.now) for rise in new)
                unit.outbox.add([one for one in whispers if one is not None])
        return len(new)

    def _has_room(self, rise: Rise) -> bool:
        posted = self.store.outbox.posted_since(self.now - _HOUR)
        calm = self.policies.of(rise.rung.case.brand).calm
        return calm.room_for(rise.channel, posted.get(rise.channel, 0))

    def _move(self, unit: Store, rise: Rise) -> None:
        move = rise.move(self.now)
        if move is None:
            return
        unit.cases.apply(move)
        if move.event is CaseEventKind.OVERDUE:
            self.overdue.add(rise.rung.case.brand)


def _files(store: Store, mention_ids: Iterable[str], level: Level) -> Iterator[CaseFile]:
    for mention_id in mention_ids:
        file = store.cases.file(mention_id)
        if file is None:
            continue
        # Who claimed a case since it was warned of has heard of it.
        if level is not Level.WARNING or file.case.state is CaseState.OPEN:
            yield file


def _is_as_it_was(store: Store, case: Case) -> bool:
    """Tell whether a case still waits for us with the same owner and due time."""
    fresh = store.cases.get(case.id)
    if fresh is None or fresh.is_snoozed:
        return False
    was = (case.state, case.due_at, owner_of(case))
    return (fresh.state, fresh.due_at, owner_of(fresh)) == was
