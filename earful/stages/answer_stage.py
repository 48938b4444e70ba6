"""Measure: who took a case, who answered it first, and how long that took in business time."""

from __future__ import annotations

from datetime import datetime

from alerts.decide.answer_speed import measure
from alerts.decide.local_time import local_day
from config.settings import Settings
from earful.brand_zones import zone_of
from earful.isolation import Isolation, mention_subject
from earful.policies import Policies
from storage.models import AnswerTime, Case, FirstAnswer, Take
from storage.store import Store

ANSWERS = "answers"
"""The stage under which cases that cannot be measured are counted."""

_BATCH = 500


def measure_answers(store: Store, policies: Policies, now: datetime) -> int:
    """Write down claims and first answers that are not measured yet; returns how many were.

    Safe to repeat. Once measured they stay as they are, whatever becomes of the config's hours.
    """
    isolation = Isolation(store, ANSWERS, now)
    unreadable = isolation.unreadable("mention", "mention_id")
    # The claims first: a case that opens again has no claim of its own any more.
    claimed = store.answer_times.untold_takes(_BATCH, unreadable)
    takes: list[Take] = []
    for case in claimed:
        name = mention_subject(case.mention_id)
        if not isolation.waits(name):
            with isolation.subject(name):
                takes.append(_take(store, policies.settings, case))
    measured = store.answer_times.add(takes=takes) if takes else 0
    answered = store.answer_times.unmeasured(_BATCH, unreadable)
    times: list[AnswerTime] = []
    for first in answered:
        name = mention_subject(first.case.mention_id)
        if not isolation.waits(name):
            with isolation.subject(name):
                times.append(_answer_time(policies, first))
    measured += store.answer_times.add(times) if times else 0
    there = [case.mention_id for case in claimed]
    isolation.forget_gone("mention", [*there, *(first.case.mention_id for first in answered)])
    return measured


def _answer_time(policies: Policies, first: FirstAnswer) -> AnswerTime:
    settings, case = policies.settings, first.case
    team = _team(settings, case, first.by, first.by_id, first.channel)
    return measure(first, policies.hours, team, zone_of(settings, case.brand))


def _take(store: Store, settings: Settings, case: Case) -> Take:
    assert case.claimed_at is not None
    assert case.claimed_by is not None
    channel = store.answer_times.channel_of(case.id)
    return Take(
        case_id=case.id,
        brand=case.brand,
        team=_team(settings, case, case.claimed_by, case.claimed_by_id, channel),
        taken_at=case.claimed_at,
        taken_on=local_day(case.claimed_at, zone_of(settings, case.brand)),
        by=case.claimed_by,
        by_id=case.claimed_by_id,
    )


def _team(
    settings: Settings, case: Case, by: str | None, by_id: str | None, channel: str | None
) -> str:
    """Name the team of a person; without teams in the config, the channel is the team's."""
    if not settings.cases.teams:
        return channel or case.brand
    known = {one.casefold() for one in (by, by_id) if one is not None}
    for team in settings.cases.teams:
        if known & {one.casefold() for one in team.people}:
            return team.name
    return "No team"
