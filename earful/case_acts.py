"""What people do to a case: from Slack's buttons, the terminal or a file of corrections."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts import messages
from alerts.decide.changing_alerts import posted_or_changed
from alerts.decide.policy import Policy
from alerts.decide.rules import judge
from alerts.decide.voice_signs import named_staff
from alerts.messages.case_answers import not_done, overtaken
from config.errors import InputError
from earful.move_case import move_case
from earful.open_cases import open_cases
from earful.policies import Policies
from storage.models import (
    AlertKind,
    Case,
    CaseEvent,
    CaseEventKind,
    CaseMove,
    CaseOutcome,
    CaseState,
    Experience,
    NewAlert,
    NewCase,
    Stance,
    Voice,
)
from storage.models.dedupe_keys import wow_key
from storage.store import Store
from storage.tables.audit import COMMAND, Act, AuditEntry


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a name for people to read, and at Slack the user's id.

    `role` is that of an account, for whom acts on a page.
    """

    name: str
    id: str | None = None
    role: str | None = None

    @property
    def way(self) -> str:
        """Say for the audit in what role they act: by an account, in Slack, or by a command."""
        return self.role or ("slack" if self.id else COMMAND)

    def did(self, act: Act, what: str, about: str | None, now: datetime) -> AuditEntry:
        """Word an entry of the audit."""
        return AuditEntry(at=now, actor=self.name, role=self.way, act=act, what=what, about=about)


@dataclass(frozen=True, slots=True)
class Acted:
    """What an act came to; `refused` says to whoever acted why it was not done, else None."""

    case: Case | None
    changed: bool
    refused: str | None = None


ACTS = {
    "claim": (CaseEventKind.CLAIMED, CaseState.CLAIMED, None),
    "release": (CaseEventKind.RELEASED, CaseState.OPEN, None),
    "respond": (CaseEventKind.RESPONDED, CaseState.RESPONDED, None),
    "close": (CaseEventKind.CLOSED, CaseState.CLOSED, CaseOutcome.DONE),
    "dismiss": (CaseEventKind.DISMISSED, CaseState.DISMISSED, CaseOutcome.NOT_A_CASE),
    "reopen": (CaseEventKind.REOPENED, CaseState.OPEN, None),
}
# These undo nothing that a colleague did: where one is too late, the case's state refuses it.
_FORWARD = ("claim", "respond")


def act(
    store: Store,
    policies: Policies,
    mention_id: str,
    what: str,
    actor: Actor,
    now: datetime,
    *,
    note: str | None = None,
    click: str | None = None,
    seen_at: datetime | None = None,
) -> Acted:
    """Carry out one of `ACTS` on the case of a mention; the same click twice counts once.

    `seen_at` is when the actor clicked: what would undo an act that they cannot have seen by then
    is refused.
    """
    case = store.cases.of_mention(mention_id)
    if case is None:
        return Acted(None, False, f"{mention_id}: there is no such case any more")
    if what == "reopen" and case.outcome is CaseOutcome.NOT_ABOUT_US:
        return say_about(
            store, policies, case.mention_id, True, actor, now, click=click, seen_at=seen_at
        )
    policy = policies.of(case.brand)
    event, to, outcome = ACTS[what]
    if what == "release" and case.state is not CaseState.CLAIMED:
        return Acted(case, False)
    move = CaseMove(
        mention_id=mention_id,
        event=event,
        at=now,
        to=to,
        actor=actor.name,
        actor_id=actor.id,
        note=note,
        outcome=outcome,
        click=click,
        due_at=policy.due(now) if what == "reopen" else None,
    )
    with store.write() as unit:
        if what not in _FORWARD and (
            refused := overtaken_since(unit, case, actor, seen_at, click)
        ):
            return Acted(case, False, refused)
        applied = move_case(unit, move, policy.teller())
    return Acted(applied.case, applied.changed, not_done(applied.case, move, applied.refused))


def overtaken_since(
    store: Store, case: Case, actor: Actor, seen_at: datetime | None, click: str | None
) -> str | None:
    """Say what somebody else did to a case after a click was made; None where nobody did.

    A click that was delivered before is none of these: it changes nothing anyway.
    """
    if seen_at is None or (click is not None and store.cases.knows_click(click)):
        return None
    for event in store.cases.events(case.id):
        if event.at > seen_at and event.event.decides and not _is_by(event, actor):
            return overtaken(case, event)
    return None


def _is_by(event: CaseEvent, actor: Actor) -> bool:
    return event.actor_id == actor.id if event.actor_id and actor.id else event.actor == actor.name


def relabel(
    store: Store,
    policies: Policies,
    mention_id: str,
    experience: Experience | None,
    actor: Actor,
    now: datetime,
    *,
    stance: Stance | None = None,
    note: str | None = None,
    click: str | None = None,
    seen_at: datetime | None = None,
) -> Acted:
    """Record a person's label: what is angry no more is dismissed, what is now opens a case."""
    voice = store.judgements.voice(mention_id)
    if voice is None:
        raise InputError(f"{mention_id}: there is no such mention, or it has no verdict yet")
    case = store.cases.of_mention(mention_id)
    if click is not None and case is not None and store.cases.knows_click(click):
        return Acted(case, False)
    policy = policies.of(voice.mention.brand)
    cases: tuple[NewCase, ...] = ()
    alerts: tuple[NewAlert, ...] = ()
    moves: list[CaseMove] = []
    # The stance alone makes and ends no case.
    if experience is not None and case is not None:
        moves.append(_relabelled(case, experience, actor, now, click))
    elif experience is Experience.ANGRY:
        cases, alerts = _late_case(voice, policy, now)
    with store.write() as unit:
        if case is not None and (refused := overtaken_since(unit, case, actor, seen_at, click)):
            return Acted(case, False, refused)
        corrected = unit.corrections.add(
            mention_id, experience=experience, stance=stance, by=actor.name, at=now, note=note
        )
        if corrected:
            said = " and ".join(label for label in (experience, stance) if label)
            unit.audit.add(actor.did(Act.CORRECTED, said, mention_id, now))
            open_cases(unit, cases, alerts, policy.places)
            if cases or alerts:
                unit.ledger.alerted(mention_id)
            for move in moves:
                move_case(unit, move, policy.teller())
    return Acted(store.cases.of_mention(mention_id), True)


def say_about(
    store: Store,
    policies: Policies,
    mention_id: str,
    about: bool,
    actor: Actor,
    now: datetime,
    *,
    click: str | None = None,
    seen_at: datetime | None = None,
) -> Acted:
    """Record whether a mention is about its brand; its case and its message show that.

    What is not ends its case and is counted nowhere; what is after all opens the case again that
    ended so. The brand's model learns from it. InputError where there is no such mention.
    """
    mention = store.mentions.get(mention_id)
    if mention is None:
        raise InputError(f"{mention_id}: there is no such mention: see the view `voice`")
    policy = policies.of(mention.brand)
    case = store.cases.of_mention(mention_id)
    with store.write() as unit:
        if case is not None and (refused := overtaken_since(unit, case, actor, seen_at, click)):
            return Acted(case, False, refused)
        changed = unit.relevance.say(
            mention_id, about=about, by=actor.name, by_id=actor.id, at=now, click=click
        )
        if not changed:
            return Acted(case, False)
        said = "about the brand" if about else "not about the brand"
        unit.audit.add(actor.did(Act.CORRECTED, said, mention_id, now))
        # A further complaint that joined a case leaves it as it is: its first one made it.
        if case is not None and case.mention_id == mention_id:
            case = move_case(
                unit, _said_about(case, about, actor, policy, now), policy.teller()
            ).case
        unit.outbox.add(_wow_again(unit, mention_id, None if about else actor.name, policy, now))
    return Acted(case, True)


def _said_about(case: Case, about: bool, actor: Actor, policy: Policy, now: datetime) -> CaseMove:
    """Write into a case's history what people said, and end it or open it again with that."""
    opens = about and case.outcome is CaseOutcome.NOT_ABOUT_US
    ends = not about and case.state is not CaseState.DISMISSED
    return CaseMove(
        mention_id=case.mention_id,
        event=CaseEventKind.ABOUT_US if about else CaseEventKind.NOT_ABOUT_US,
        at=now,
        to=CaseState.OPEN if opens else CaseState.DISMISSED if ends else None,
        actor=actor.name,
        actor_id=actor.id,
        outcome=CaseOutcome.NOT_ABOUT_US if ends else None,
        due_at=policy.due(now) if opens else None,
    )


def _wow_again(
    store: Store, mention_id: str, not_about_by: str | None, policy: Policy, now: datetime
) -> list[NewAlert]:
    """Bring the message about a wow up to date, where there is one."""
    alert = store.outbox.find(wow_key(mention_id))
    voice = store.judgements.voice(mention_id)
    if alert is None or voice is None:
        return []
    build = messages.won_back if alert.kind is AlertKind.WON_BACK else messages.wow
    staff = named_staff(voice.mention, policy.staff)
    shown = NewAlert(
        dedupe_key=alert.dedupe_key,
        kind=alert.kind,
        brand=alert.brand,
        channel=alert.channel,
        payload=build(voice, policy.places, staff, not_about_by),
        created_at=now,
        mention_id=mention_id,
    )
    return posted_or_changed(shown)


def _relabelled(
    case: Case, experience: Experience, actor: Actor, now: datetime, click: str | None
) -> CaseMove:
    """Write the label into the case's history; where it is no complaint the case ends."""
    waits = case.state in (CaseState.OPEN, CaseState.CLAIMED)
    ends = waits and experience is not Experience.ANGRY
    return CaseMove(
        mention_id=case.mention_id,
        event=CaseEventKind.RELABELLED,
        at=now,
        to=CaseState.DISMISSED if ends else None,
        actor=actor.name,
        actor_id=actor.id,
        note=experience.value,
        outcome=CaseOutcome.WRONG_LABEL if ends else None,
        click=click,
    )


def _late_case(
    voice: Voice, policy: Policy, now: datetime
) -> tuple[tuple[NewCase, ...], tuple[NewAlert, ...]]:
    """Judge a mention again, whose complaint only a person saw."""
    angry = replace(voice.verdict, experience=Experience.ANGRY, sure=True)
    # Whoever says so has just read it: it is no old news.
    fresh = replace(policy, max_age=timedelta.max, dismissed_for=timedelta(0))
    decision = judge([replace(voice, verdict=angry)], fresh, now)
    return decision.cases, decision.alerts
