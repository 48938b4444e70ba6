"""Judge: the rules see every verdict once; then the cases are seen to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from alerts.decide.brand_alerts import backlog
from config.settings import Settings
from earful.app import Clock
from earful.competitor_changes import follow_competitors
from earful.isolation import Isolation, mention_subject
from earful.policies import Policies
from earful.stages.answer_stage import measure_answers
from earful.stages.brand_judging import judge_brand
from earful.stages.case_clock import see_to_cases
from earful.stages.translate_stage import Translating
from storage.models import Voice
from storage.store import Store
from storage.tables.copies import WINDOW

_JUDGE_BATCH = 500
_COPIES = "copies"


@dataclass(frozen=True, slots=True)
class Judged:
    """What one pass of the rules came to; `quiet` were too old to alert one by one."""

    mentions: int = 0
    quiet: int = 0
    cases: int = 0
    alerts: int = 0


def judge_waiting(store: Store, settings: Settings, clock: Clock) -> Judged:
    """Let the rules see every verdict they have not seen; old mentions make one summary each.

    Then see to the cases, whatever became of the rest: what was answered in public, who must be
    reminded, what is overdue.
    """
    now = clock()
    follow_competitors(store, settings, now)
    policies = Policies(settings)
    isolation = Isolation(store, "judge", now)
    try:
        fresh = _judge_fresh(store, policies, isolation, now)
        if not isolation.waits(_COPIES):
            with isolation.subject(_COPIES):
                while store.copies.link():
                    pass
        store.judgements.judge_copies(now)
        quiet = _judge_backlogs(store, policies, isolation, now)
    finally:
        see_to_cases(store, policies, now)
        measure_answers(store, policies, now)
    _forget_gone(store, isolation)
    return Judged(fresh.mentions + quiet, quiet, fresh.cases, fresh.alerts)


def _forget_gone(store: Store, isolation: Isolation) -> None:
    """Clear what failed and was judged, erased or edited since."""
    failing = isolation.failing("mention")
    isolation.forget_gone("mention", store.judgements.still_unjudged(failing))
    for kind in ("brand", "backlog of"):
        if isolation.failing(kind) and not store.judgements.count_unjudged():
            isolation.forget_gone(kind, ())
    isolation.forget_old("incident of")


def judge_fresh(store: Store, settings: Settings, clock: Clock) -> Judged:
    """Let the rules see the verdicts of mentions young enough to alert one by one.

    Copies are linked first: they alert no second time.
    """
    now = clock()
    return _judge_fresh(store, Policies(settings), Isolation(store, "judge", now), now)


def _judge_fresh(store: Store, policies: Policies, isolation: Isolation, now: datetime) -> Judged:
    max_age = policies.settings.alerts.max_age
    first = store.judgements.oldest_fresh(max_age)
    if first is None:
        return Judged()
    if not isolation.waits(_COPIES):
        with isolation.subject(_COPIES):
            while store.copies.link(since=first - WINDOW):
                pass
    mentions = cases = alerts = 0
    # Where a whole batch fails, the rules may be at fault: the rest comes in the next passes.
    given_up: list[str] = []
    translate = Translating(store, policies, now)
    while voices := store.judgements.unjudged(
        max_age,
        _JUDGE_BATCH,
        without=isolation.waiting("mention"),
        without_brands=[*isolation.waiting("brand"), *given_up],
        unreadable=isolation.unreadable("mention"),
    ):
        for brand, group in groupby(
            sorted(translate(voices), key=lambda voice: voice.mention.brand),
            key=lambda voice: voice.mention.brand,
        ):
            with isolation.subject(f"brand {brand}"):
                parts = _judge_apart(store, policies, isolation, brand, [*group], now)
                if not parts:
                    given_up.append(brand)
                mentions += sum(part.mentions for part in parts)
                cases += sum(part.cases for part in parts)
                alerts += sum(part.alerts for part in parts)
    return Judged(mentions, 0, cases, alerts)


def _judge_apart(
    store: Store,
    policies: Policies,
    isolation: Isolation,
    brand: str,
    voices: Sequence[Voice],
    now: datetime,
) -> list[Judged]:
    """Judge a brand's voices; one that the rules fail with stops only itself."""

    def work(part: Sequence[Voice]) -> Judged:
        decision = judge_brand(store, policies, brand, part, now)
        return Judged(len(part), 0, len(decision.cases), len(decision.alerts))

    return isolation.each(
        voices,
        work,
        lambda voice: mention_subject(voice.mention.id),
        # A brand that cannot even be judged without voices is itself at fault.
        sound=lambda: work([]),
    )


def _judge_backlogs(store: Store, policies: Policies, isolation: Isolation, now: datetime) -> int:
    """Judge what is too old to alert, quietly: one summary for each brand and source."""
    max_age = policies.settings.alerts.max_age
    quiet = 0
    for old in store.judgements.backlogs(max_age, now):
        name = f"backlog of {old.brand}, {old.source}"
        if isolation.waits(name):
            continue
        with isolation.subject(name):
            policy = policies.of(old.brand)
            summary = backlog(
                old.brand, old.source, old.counts, old.oldest, old.newest, policy, now
            )
            with store.write() as unit:
                quiet += unit.judgements.judge_backlog(old, max_age, now)
                if not policy.competitor:
                    unit.outbox.add([summary])
    return quiet
