"""A ladder, the history of a case, and the clock: the exact steps that come of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from alerts.decide.hours import parse
from alerts.decide.ladder import Rung, Step, When, due_rungs
from config.settings import StepSettings, default_ladder
from storage.models import Case, CaseState, LadderStep

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
DAYTIME = "Mon-Fri 09:00-17:00 UTC"
DEFAULT = default_ladder(0.75)
WARN: dict[str, Any] = {"at": 0.5, "when": "unclaimed", "ping": "on_call"}
LEADS: dict[str, Any] = {"after": "1h", "ping": "S0LEADS1", "channel": "#support-leads"}


class Life(NamedTuple):
    """A case that is due at 13:00 of Monday's four hours from 9:00, and what is done to it.

    `acts` are by clock time: who has it from then on, "" for nobody.
    """

    ladder: Sequence[StepSettings | dict[str, Any]]
    acts: dict[str, str]
    clock: Sequence[str]
    steps: list[str]
    hours: str = "24/7"
    opened: str = "9:00"
    due: str = "13:00"
    urgent: bool = False


# Each line is: when, at which place (home: its thread), what it says, who is pinged, and
# "channel" where the channel sees it or "thread" where the thread alone does.
LIVES = {
    "default, nobody has it": Life(
        DEFAULT, {}, ["10:59", "11:00", "11:01", "12:30", "13:00", "13:01", "16:59", "17:01"],
        ["11:00 home warning [on_call] channel", "13:01 home overdue [claimer] channel",
         "17:01 home overdue [claimer, on_call] channel"],
    ),
    "default, somebody has it": Life(
        DEFAULT, {"9:30": "dana"}, ["11:59", "12:00", "12:01", "13:00", "13:01", "17:01"],
        ["12:00 home reminder [claimer] thread", "13:01 home overdue [claimer] channel",
         "17:01 home overdue [claimer, on_call] channel"],
    ),
    "a handover: the reminder comes again": Life(
        DEFAULT, {"9:30": "dana", "12:10": "", "12:20": "omar"},
        ["12:00", "12:19", "12:20", "12:30", "13:01"],
        ["12:00 home reminder [claimer] thread", "12:19 home warning [on_call] channel",
         "12:20 home reminder [claimer] thread, personal", "13:01 home overdue [claimer] channel"],
    ),
    "handed on and back: each is reminded once": Life(
        DEFAULT, {"9:30": "dana", "12:10": "omar", "12:20": "dana"},
        ["12:00", "12:10", "12:20", "12:30"],
        ["12:00 home reminder [claimer] thread",
         "12:10 home reminder [claimer] thread, personal"],
    ),
    "handed over when overdue: the new owner alone hears it": Life(
        DEFAULT, {"9:30": "dana", "14:00": "omar"}, ["12:00", "13:01", "14:00", "14:01", "17:01"],
        ["12:00 home reminder [claimer] thread", "13:01 home overdue [claimer] channel",
         "14:00 home overdue [claimer] thread, personal",
         "17:01 home overdue [claimer, on_call] channel"],
    ),
    "given back when overdue: the channel hears it": Life(
        DEFAULT, {"9:30": "dana", "14:00": ""}, ["13:01", "14:00", "14:01"],
        ["13:01 home overdue [claimer] channel", "14:00 home overdue [claimer] channel"],
    ),
    "claimed because it was overdue: no ping for that": Life(
        DEFAULT, {"13:10": "dana"}, ["13:01", "13:10", "13:30", "17:01"],
        ["13:01 home overdue [claimer] channel",
         "17:01 home overdue [claimer, on_call] channel"],
    ),
    "the daemon was away: the latest step alone": Life(
        DEFAULT, {}, ["18:00", "18:01"],
        ["18:00 home overdue [claimer, on_call] channel"],
    ),
    "a second channel hears each step once, whoever has it": Life(
        [WARN, LEADS], {"14:30": "dana"}, ["11:00", "14:00", "14:01", "14:30", "15:00"],
        ["11:00 home warning [on_call] channel", "14:01 home overdue [] channel",
         "14:01 #support-leads overdue [S0LEADS1] channel"],
    ),
    "an id without a channel is pinged in the thread": Life(
        [{"at": 1, "ping": ["U0BOSS01", "claimer"]}], {}, ["13:01"],
        ["13:01 home overdue [U0BOSS01, claimer] channel"],
    ),
    "no ladder": Life([], {}, ["11:00", "13:01", "20:00"], []),
    "an urgent step is for urgent cases": Life(
        [{"at": 0, "urgent": True, "ping": "on_call", "when": "unclaimed"}], {}, ["9:00"], [],
    ),
    "on call hears of an urgent case at once": Life(
        [{"at": 0, "urgent": True, "ping": "on_call", "when": "unclaimed"}], {}, ["9:00", "9:01"],
        ["9:00 home warning [on_call] channel"], urgent=True,
    ),
    "business time: half of Monday's four hours, an hour past due on Tuesday": Life(
        [WARN, {"after": "1h"}], {}, ["14:59", "15:00", "17:30", "33:59", "34:01"],
        ["15:00 home warning [on_call] channel", "34:01 home overdue [] channel"],
        hours=DAYTIME, opened="13:00", due="17:00",
    ),
    "what fell due at the end of the day waits for the morning": Life(
        [{"at": 1}], {}, ["16:59", "17:01", "20:00", "32:59", "33:00", "33:01"],
        ["33:01 home overdue [] channel"],
        hours=DAYTIME, opened="13:00", due="17:00",
    ),
    "an urgent case waits for no morning once its step has come": Life(
        [WARN], {}, ["17:10"], ["17:10 home overdue [on_call] channel"],
        hours=DAYTIME, opened="13:00", due="17:00", urgent=True,
    ),
}  # fmt: skip


def at(clock: str) -> datetime:
    """Give a time of Monday; hours beyond 24 are of the days after it."""
    hours, minutes = map(int, clock.split(":"))
    return MONDAY + timedelta(hours=hours, minutes=minutes)


def steps_of(settings: Sequence[StepSettings | dict[str, Any]]) -> tuple[Step, ...]:
    checked = [StepSettings.model_validate(one) for one in settings]
    return tuple(
        Step(
            at=one.at, after=one.after or timedelta(0), when=When(one.when), ping=one.ping,
            channel=one.channel, broadcast=one.broadcast, urgent=one.urgent,
        )
        for one in checked
    )  # fmt: skip


def case_of(life: Life, clock: str) -> Case:
    owner = ""
    for moment, who in life.acts.items():
        owner = who if at(moment) <= at(clock) else owner
    return Case(
        id=1, mention_id="shop:1", brand="Acme", due_from=at(life.opened),
        state=CaseState.CLAIMED if owner else CaseState.OPEN, opened_at=at(life.opened),
        due_at=at(life.due), claimed_by=owner or None,
    )  # fmt: skip


def shown(rung: Rung, clock: str) -> str:
    seen = "channel" if rung.place or rung.broadcast else "thread"
    personal = ", personal" if rung.personal else ""
    place = rung.place or "home"
    return f"{clock} {place} {rung.level} [{', '.join(rung.ping)}] {seen}{personal}"


@pytest.mark.parametrize("name", LIVES)
def test_a_ladder_a_history_and_a_clock_make_these_steps(name: str) -> None:
    life = LIVES[name]
    ladder, hours = steps_of(life.ladder), parse(life.hours)
    climbed: list[LadderStep] = []
    steps = []
    for clock in life.clock:
        case = case_of(life, clock)
        for rung in due_rungs(ladder, case, climbed, hours, at(clock), urgent=life.urgent):
            steps.append(shown(rung, clock))
            climbed.append(
                LadderStep(
                    case_id=1, due_at=case.due_at, step=rung.step.name, owner=rung.owner,
                    place=rung.place, at=at(clock), message="m",
                )
            )  # fmt: skip
    assert steps == life.steps


@pytest.mark.parametrize(
    ("ping", "pings"),
    [
        ("nobody", ()),
        ("claimer", ("claimer",)),
        (["on_call", "S0LEADS1"], ("on_call", "S0LEADS1")),
    ],
)
def test_whom_a_step_pings_is_one_or_several_or_nobody(ping: Any, pings: tuple[str, ...]) -> None:
    assert StepSettings(at=1, ping=ping).ping == pings


def test_a_ladder_that_changes_says_nothing_of_the_past() -> None:
    case = case_of(LIVES["no ladder"], "14:00")
    climbed = [
        LadderStep(case_id=1, due_at=case.due_at, step="at 1 any", owner="", place="",
                   at=at("13:01"), message="m"),
    ]  # fmt: skip
    ladder = steps_of([{"at": 0.9}, {"after": "30m"}])
    (rung,) = due_rungs(ladder, case, climbed, parse("24/7"), at("14:00"))
    assert rung.step.name == "after 30m any"
    ladder = steps_of([{"at": 0.9}])
    assert due_rungs(ladder, case, climbed, parse("24/7"), at("14:00")) == []


@pytest.mark.parametrize(("seconds", "due"), [(-1, 0), (0, 1), (1, 1)])
def test_a_warning_comes_at_its_share_to_the_second(seconds: int, due: int) -> None:
    # A third of four hours ends between two seconds; the store keeps whole ones.
    case = case_of(LIVES["no ladder"], "9:00")
    ladder = steps_of([{"at": 1 / 3}])
    now = at("10:20") + timedelta(seconds=seconds)
    rungs = due_rungs(ladder, case, [], parse("24/7"), now)
    assert len(rungs) == due
