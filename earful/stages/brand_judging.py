"""Judge a brand's voices with all that the store knows around them, in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from alerts.decide.policy import Policy
from alerts.decide.rules import Decision, Surroundings, judge
from earful.isolation import Isolation
from earful.move_case import move_case
from earful.open_cases import open_cases
from earful.policies import Policies
from earful.stages.brand_incidents import Joined, join_incident
from storage.models import Voice
from storage.models.dedupe_keys import limited_key
from storage.store import Store

log = logging.getLogger("earful.judge")

_HOUR = timedelta(hours=1)


def judge_brand(
    store: Store, policies: Policies, brand: str, voices: Sequence[Voice], now: datetime
) -> Decision:
    """Let the rules see a brand's voices, and write what they decide in one transaction."""
    policy = policies.of(brand)
    around = _surroundings(store, policy, brand, voices, now)
    decision = judge(voices, policy, now, around)
    joined = Joined(decision)
    if decision.cases:
        # Without its incident each complaint makes a message of its own: more, but none is lost.
        with Isolation(store, "judge", now).subject(f"incident of {brand}"):
            joined = join_incident(store, policies, around, voices, decision, now)
    decision, incident, gathered = joined.decision, joined.incident, joined.gathered
    teller = policy.teller()
    with store.write() as unit:
        # The messages first: what the moves say goes into their threads.
        open_cases(unit, decision.cases, [*decision.alerts, *joined.alerts], policy.places)
        for move in decision.moves:
            move_case(unit, move, teller)
        if incident is not None:
            unit.incidents.write(incident, [mention.id for mention in gathered])
        unit.judgements.name_staff(decision.staff)
        unit.judgements.mark_judged(voices, now, decision.fates)
    _log_opened(store, decision)
    return decision


def _log_opened(store: Store, decision: Decision) -> None:
    opened = store.cases.of_mentions([case.mention_id for case in decision.cases])
    seqs = store.mentions.seqs(opened)
    for mention_id, case in opened.items():
        log.info(
            "case opened",
            extra={
                "brand": case.brand,
                "source": mention_id.partition(":")[0],
                "mention": seqs.get(mention_id),
                "case": case.id,
            },
        )


def _surroundings(
    store: Store,
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
