"""Cases between the store and the rules: judging with all there is, the clock, people's acts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.decide import surges
from alerts.decide.brand_alerts import count_overdue
from alerts.decide.case_moves import Teller, answered, clock_moves
from alerts.decide.policy import Policy
from alerts.decide.rules import Decision, Surroundings, judge
from config.errors import InputError
from config.settings import Settings
from earful.isolation import Isolation, mention_subject
from earful.policies import business_hours, policy_for, source_places
from storage.models import (
    Case,
    CaseEventKind,
    CaseMove,
    CaseOutcome,
    CaseState,
    Experience,
    Incident,
    Mention,
    NewAlert,
    NewCase,
    Stance,
    Voice,
)
from storage.models.dedupe_keys import limited_key
from storage.store import Store
from storage.tables.case_file import Applied
from storage.tables.new_alerts import MESSAGES

_HOUR = timedelta(hours=1)
# The same hours of earlier weeks: so much before and after the window is looked at too.
_AROUND = timedelta(minutes=30)
_NEWEST = 6


def judge_brand(
    store: Store, settings: Settings, brand: str, voices: Sequence[Voice], now: datetime
) -> Decision:
    """Let the rules see a brand's voices, and write what they decide in one transaction."""
    policy = policy_for(settings, brand)
    around = _surroundings(store, settings, policy, brand, voices, now)
    decision = judge(voices, policy, now, around)
    joined = _Joined(decision)
    if decision.cases:
        # Without its incident each complaint makes a message of its own: more, but none is lost.
        with Isolation(store, "judge", now).subject(f"incident of {brand}"):
            joined = _join_incident(store, settings, policy, around, voices, decision, now)
    decision, incident, gathered = joined.decision, joined.incident, joined.gathered
    teller = policy.teller()
    with store.write() as unit:
        unit.cases.open_new(decision.cases)
        # The messages first: what the moves say goes into their threads.
        unit.outbox.add([*decision.alerts, *joined.alerts])
        for move in decision.moves:
            _apply(unit, move, teller)
        if incident is not None:
            unit.incidents.write(incident, [mention.id for mention in gathered])
        unit.judgements.name_staff(decision.staff)
        unit.judgements.mark_judged(voices, now, decision.fates)
    return decision


def _apply(store: Store, move: CaseMove, teller: Teller) -> Applied:
    """Carry out one move, and tell of it in the same transaction."""
    with store.write() as unit:
        applied = unit.cases.apply(move)
        if applied.file is not None:
            unit.outbox.add(teller(applied.file, move))
    return applied


@dataclass(frozen=True, slots=True)
class _Joined:
    """A decision, and the incident that its complaints are part of, with what is told of it."""

    decision: Decision
    incident: Incident | None = None
    gathered: Sequence[Mention] = ()
    alerts: Sequence[NewAlert] = ()


def _join_incident(
    store: Store,
    settings: Settings,
    policy: Policy,
    around: Surroundings,
    voices: Sequence[Voice],
    decision: Decision,
    now: datetime,
) -> _Joined:
    """Let new complaints join the brand's incident, or begin one where they are too many."""
    mentions = {voice.mention.id: voice.mention for voice in voices}
    gathered = [mentions[case.mention_id] for case in decision.cases]
    brand = gathered[0].brand
    state = next(iter(store.incidents.open(brand)), None)
    if state is None:
        lately = store.incidents.recent_complaints(brand, now - settings.alerts.incident_window)
        gathered = [*lately, *gathered]
        if not _is_incident(store, settings, brand, len(gathered), now):
            return _Joined(decision)
        decision = judge(voices, policy, now, replace(around, incident=True))
    incident = _grown(store, state, policy, gathered, now)
    newest = [*reversed(gathered), *store.incidents.complaints_of(incident, _NEWEST)]
    return _Joined(
        decision, incident, gathered, surges.alerts_about(incident, newest, policy.places, now)
    )


def tend(store: Store, settings: Settings, now: datetime) -> int:
    """See to what time and other people change: public answers, reminders, calm after a storm.

    Returns how many cases were touched. Each step is safe to repeat, and each case stands alone.
    """
    isolation = Isolation(store, "cases", now)
    replied_at = {case.id: at for case, at in store.cases.newly_answered()}
    touched = 0
    overdue: set[str] = set()
    cases = store.cases.unanswered(isolation.unreadable("mention", "mention_id"))
    for case in cases:
        name = mention_subject(case.mention_id)
        if isolation.waits(name):
            continue
        with isolation.subject(name):
            for move in _moves(settings, case, replied_at.get(case.id), now):
                changed = _apply(store, move, policy_for(settings, case.brand).teller()).changed
                touched += changed
                if move.event is CaseEventKind.OVERDUE and changed:
                    overdue.add(case.brand)
    for brand in sorted(overdue):
        with isolation.subject(f"overdue of {brand}"):
            number = store.cases.overdue_told(brand, now)
            ops = policy_for(settings, brand).channels.ops
            store.outbox.add(count_overdue(brand, ops, number, now))
    for state in store.incidents.open():
        with isolation.subject(f"incident of {state.brand}"):
            _calm_down(store, settings, state, now)
    isolation.forget_gone("mention", [case.mention_id for case in cases])
    isolation.forget_gone("incident of", [state.brand for state in store.incidents.open()])
    isolation.forget_old("overdue of")
    Isolation(store, MESSAGES, now).forget_old("alert")
    return touched


def _moves(
    settings: Settings, case: Case, replied_at: datetime | None, now: datetime
) -> list[CaseMove]:
    """Decide what became of an unanswered case: the owner's reply, else what the clock says."""
    if replied_at is not None:
        return [answered(case, replied_at, now)]
    hours = business_hours(settings)

    def remind_at(case: Case) -> datetime:
        # The share of the working time between, which the due time was counted in.
        start = case.due_from or case.opened_at
        return hours.due(start, settings.cases.remind_at * hours.worked(start, case.due_at))

    return clock_moves([case], remind_at, hours.is_open, now)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a name for people to read, and at Slack the user's id."""

    name: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Acted:
    """What an act came to; `told` is a sentence for whoever acted, None where all is well."""

    case: Case | None
    changed: bool
    told: str | None = None


ACTS = {
    "claim": (CaseEventKind.CLAIMED, CaseState.CLAIMED, None),
    "release": (CaseEventKind.RELEASED, CaseState.OPEN, None),
    "respond": (CaseEventKind.RESPONDED, CaseState.RESPONDED, None),
    "close": (CaseEventKind.CLOSED, CaseState.CLOSED, CaseOutcome.DONE),
    "dismiss": (CaseEventKind.DISMISSED, CaseState.DISMISSED, CaseOutcome.NOT_A_CASE),
    "reopen": (CaseEventKind.REOPENED, CaseState.OPEN, None),
}


def act(
    store: Store,
    settings: Settings,
    mention_id: str,
    what: str,
    actor: Actor,
    now: datetime,
    *,
    note: str | None = None,
    click: str | None = None,
) -> Acted:
    """Carry out one of `ACTS` on the case of a mention; the same click twice counts once."""
    case = store.cases.of_mention(mention_id)
    if case is None:
        return Acted(None, False, f"{mention_id}: there is no such case any more")
    policy = policy_for(settings, case.brand)
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
    applied = _apply(store, move, policy.teller())
    return Acted(applied.case, applied.changed, applied.refused)


def mute(
    store: Store,
    settings: Settings,
    mention_id: str,
    actor: Actor,
    now: datetime,
    *,
    click: str | None = None,
) -> Acted:
    """Mute the author of a case and dismiss it; what waits of the same author is dismissed too."""
    file = store.cases.file(mention_id)
    if file is None or file.mention.author_id is None:
        return Acted(None, False, f"{mention_id}: its author is not known")
    author, brand = file.mention.author_id, file.case.brand
    waits = file.case.state in (CaseState.OPEN, CaseState.CLAIMED)
    move = CaseMove(
        mention_id=mention_id,
        event=CaseEventKind.MUTED,
        at=now,
        to=CaseState.DISMISSED if waits else None,
        actor=actor.name,
        actor_id=actor.id,
        outcome=CaseOutcome.MUTED if waits else None,
        click=click,
    )
    with store.write() as unit:
        unit.cases.mute(author, brand, by=actor.name, by_id=actor.id, at=now)
        applied = _apply(unit, move, policy_for(settings, brand).teller())
    return Acted(applied.case, applied.changed, applied.refused)


def relabel(
    store: Store,
    settings: Settings,
    mention_id: str,
    experience: Experience | None,
    actor: Actor,
    now: datetime,
    *,
    stance: Stance | None = None,
    note: str | None = None,
    click: str | None = None,
) -> Acted:
    """Record a person's label: what is angry no more is dismissed, what is now opens a case."""
    voice = store.judgements.voice(mention_id)
    if voice is None:
        raise InputError(f"{mention_id}: no such mention, or it waits for its verdict")
    case = store.cases.of_mention(mention_id)
    policy = policy_for(settings, voice.mention.brand)
    cases: tuple[NewCase, ...] = ()
    alerts: tuple[NewAlert, ...] = ()
    moves: list[CaseMove] = []
    if experience is None:
        # The stance alone makes and ends no case.
        pass
    elif case is not None:
        waits = case.state in (CaseState.OPEN, CaseState.CLAIMED)
        wrong = experience is not Experience.ANGRY
        moves.append(
            CaseMove(
                mention_id=mention_id,
                event=CaseEventKind.RELABELLED,
                at=now,
                to=CaseState.DISMISSED if wrong and waits else None,
                actor=actor.name,
                actor_id=actor.id,
                note=experience.value,
                outcome=CaseOutcome.WRONG_LABEL if wrong and waits else None,
                click=click,
            )
        )
    elif experience is Experience.ANGRY:
        told = replace(voice, verdict=replace(voice.verdict, experience=experience, sure=True))
        # Whoever says so has just read it: it is no old news.
        fresh = replace(policy, max_age=timedelta.max, dismissed_for=timedelta(0))
        decision = judge([told], fresh, now)
        cases, alerts = decision.cases, decision.alerts
    if click is not None and case is not None and store.cases.knows_click(click):
        return Acted(case, False)
    with store.write() as unit:
        corrected = unit.corrections.add(
            mention_id, experience=experience, stance=stance, by=actor.name, at=now, note=note
        )
        if corrected:
            unit.cases.open_new(cases)
            unit.outbox.add(alerts)
            if cases or alerts:
                unit.ledger.alerted(mention_id)
            for move in moves:
                _apply(unit, move, policy.teller())
    return Acted(store.cases.of_mention(mention_id), True)


def _surroundings(
    store: Store,
    settings: Settings,
    policy: Policy,
    brand: str,
    voices: Sequence[Voice],
    now: datetime,
) -> Surroundings:
    mentions = [voice.mention for voice in voices]
    edited = [mention.id for mention in mentions if mention.edited_at is not None]
    cases = store.cases.of_mentions([mention.id for mention in mentions])
    authors = store.cases.of_authors(mentions, now - policy.same_matter)
    roots = {case.mention_id for case in (*cases.values(), *authors.values())}
    posted = store.outbox.posted_since(now - _HOUR)
    return Surroundings(
        cases=cases,
        authors=authors,
        answers=store.cases.answers(roots),
        earlier=store.judgements.earlier_experience(edited),
        muted=store.cases.muted(brand),
        dismissed=store.cases.dismissed(brand, now - policy.dismissed_for),
        posted=posted,
        folded={
            channel: store.outbox.counted(limited_key(channel, now))
            for channel in policy.calm.per_hour
        },
        incident=bool(store.incidents.open(brand)),
    )


def _is_incident(
    store: Store, settings: Settings, brand: str, complaints: int, now: datetime
) -> bool:
    over, window = settings.alerts.incident_over, settings.alerts.incident_window
    if complaints <= over:
        return False
    weeks = store.incidents.usual(brand, now - window - _AROUND, now + _AROUND)
    share = window / (window + 2 * _AROUND)
    return surges.is_incident(complaints, over, [week["angry"] for week in weeks], share)


def _grown(
    store: Store,
    state: Incident | None,
    policy: Policy,
    complaints: Sequence[Mention],
    now: datetime,
) -> Incident:
    written = [mention.created_at for mention in complaints if mention.created_at is not None]
    first_at = min(written, default=now)
    brand = complaints[0].brand
    ordinary = store.incidents.ordinary_words(brand, first_at)
    channel = policy.channels.complaints
    return surges.grown(state, brand, channel, complaints, ordinary, first_at, now)


def _calm_down(store: Store, settings: Settings, state: Incident, now: datetime) -> None:
    over, window = settings.alerts.incident_over, settings.alerts.incident_window
    lately = len(store.incidents.recent_complaints(state.brand, now - window))
    if surges.is_over(state, lately, over, window, now):
        ended = replace(state, closed_at=now)
        newest = store.incidents.complaints_of(state, _NEWEST)
        with store.write() as unit:
            unit.incidents.write(ended)
            unit.outbox.add(surges.alerts_about(ended, newest, source_places(), now))
