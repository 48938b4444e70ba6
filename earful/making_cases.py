"""A case that a person makes of a complaint which no source gave."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.decide.rules import judge
from config.errors import InputError
from earful.case_acts import Actor
from earful.open_cases import open_cases
from earful.policies import Policies
from storage.models import Case, Experience, Mention, Stance, Verdict
from storage.models.dedupe_keys import complaint_key
from storage.store import Store
from storage.tables.audit import Act
from storage.tables.verdicts import Scored

PERSON = "person"
"""Stands for the model in a verdict that is a person's word."""


@dataclass(frozen=True, slots=True)
class Made:
    """The case of a mention; not `new` where the mention had it. `channel` gets its message."""

    case: Case
    new: bool
    channel: str


def make_case(
    store: Store, policies: Policies, mention: Mention, actor: Actor, now: datetime, *, click: str
) -> Made:
    """Store a mention that a person calls a complaint, with its case and message, at once.

    The same mention makes one case, however often it is made. InputError where the store cannot
    hold it, and where it is about a competitor.
    """
    policy = policies.of(mention.brand)
    if policy.competitor:
        raise InputError(
            f"{mention.brand} is a competitor: no case is made of what is said of it; choose a "
            "brand of your own"
        )
    mention = store.mentions.as_kept(mention)
    with store.write() as unit:
        again = not unit.cases.is_first(click, now)
        case = unit.cases.of_mention(mention.id)
        new = case is None or again
        if case is None:
            saved = unit.mentions.save([mention], at=now)
            if saved.refused:
                raise InputError(saved.refused[0].reason)
            if saved.forgotten:
                raise InputError(
                    f"{mention.id}: this mention or its author was forgotten here: it stays out"
                )
            unit.verdicts.save([Scored(mention=mention, verdict=_person_says())], now)
            # The label outlives the verdict: a model may score the mention anew.
            unit.corrections.add(
                mention.id, experience=Experience.ANGRY, stance=None, by=actor.name, at=now
            )
            voice = unit.judgements.voice(mention.id)
            if voice is None:
                raise InputError(f"{mention.id}: this mention has no verdict: try again")
            # Whoever says so has just read it: it is no old news, and they want it told.
            fresh = replace(policy, max_age=timedelta.max, dismissed_for=timedelta(0))
            decision = judge([voice], fresh, now)
            open_cases(unit, decision.cases, decision.alerts, policy.places)
            unit.judgements.mark_judged([voice], now, decision.fates)
            case = unit.cases.of_mention(mention.id)
            unit.audit.add(actor.did(Act.MADE_CASE, mention.source, mention.id, now))
        if case is None:
            raise InputError(f"{mention.id}: the rules made no case of this mention")
        alert = unit.outbox.find(complaint_key(case.mention_id))
    return Made(case, new, alert.channel if alert else policy.complaints_of(mention.source))


def _person_says() -> Verdict:
    return Verdict(
        experience=Experience.ANGRY,
        stance=Stance.NEITHER,
        sure=True,
        p_angry=1.0,
        p_mediocre=0.0,
        p_delighted=0.0,
        p_none=0.0,
        p_advocate=0.0,
        p_hater=0.0,
        p_neither=1.0,
        model=PERSON,
    )
