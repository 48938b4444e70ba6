"""A competitor is gathered and judged, and never told of, by whatever door an alert comes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from config.errors import ConfigError, InputError
from config.settings import parse_settings
from earful import case_acts
from earful.case_acts import Actor
from earful.making_cases import make_case
from earful.policies import Policies
from earful.routines.calendar import calendar
from storage.models import AlertKind, CaseOutcome, CaseState, Experience, Stance
from tests.earful.conftest import Earful
from tests.earful.test_cases import ANGRY, DAY, DELIGHTED, HOUR, MEDIOCRE, World

DANA = Actor("dana", "U0DANA")
RIVAL = "Rival Air"
WOW = "The crew ran after us with the toy that my son had lost, wonderful people"


def brands(*, competitor: bool) -> list[dict[str, Any]]:
    rival: dict[str, Any] = {"name": RIVAL, "query": "rival"}
    if competitor:
        rival["competitor"] = True
    else:
        rival |= {
            "staff": ["Rita"],
            "checkpoints": [{"metric": "wow_rate", "target": 0.01, "window": "30d"}],
        }
    return [{"name": "Acme", "query": "acme"}, rival]


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Callable[..., World]]:
    worlds: list[World] = []

    def build(**sections: Any) -> World:
        worlds.append(World(tmp_path / f"{len(worlds)}.db", **sections))
        return worlds[-1]

    yield build
    for world in worlds:
        world.store.close()


def by_the_calendar(world: World) -> None:
    routines = calendar(world.settings, heartbeat=lambda *_: None, health=lambda *_: None)
    for routine in routines:
        routine.work(world.store, world.settings, world.now)


def a_month(world: World) -> None:
    """Let a brand have all that can be told of one: anger, wows, history, a storm, time."""
    start = world.now
    for weeks in (4, 3, 2, 1):
        world.now = start - weeks * 7 * DAY
        for number in range(6):
            world.say(f"It was okay, {weeks} {number}", MEDIOCRE, brand=RIVAL, judge=False)
    world.now = start
    world.judge()
    friend: dict[str, Any] = {"author": "Ana", "brand": RIVAL}
    world.say("Old news", ANGRY, brand=RIVAL, created_at=world.now - 90 * DAY)
    for number in range(30):
        world.say(f"{WOW}, and Rita most of all {number}", DELIGHTED, brand=RIVAL)
    world.say("Fly with them, all of you!", DELIGHTED, Stance.ADVOCATE, **friend)
    world.say("Never again.", ANGRY, brand=RIVAL)
    world.now += HOUR
    world.say("Stranded without a word.", ANGRY, **friend)
    for number in range(40):
        world.say(f"Nobody can log in since noon {number}", ANGRY, brand=RIVAL, judge=False)
    world.judge()
    by_the_calendar(world)
    for hours in (1, 4, 24, 24 * 7, 24 * 14):
        world.now += timedelta(hours=hours)
        world.judge()
        by_the_calendar(world)


def told(world: World) -> set[str]:
    return {row["kind"] for row in world.rows(f"SELECT kind FROM alerts WHERE brand = '{RIVAL}'")}


def test_whatever_is_told_of_a_brand_is_not_told_of_a_competitor(
    build: Callable[..., World],
) -> None:
    own = build(brands=brands(competitor=False))
    a_month(own)
    # Else this test would see nothing. A checkpoint takes longer than a month, and the config lets
    # no competitor have one.
    assert told(own) >= {
        AlertKind.COMPLAINT, AlertKind.WOW, AlertKind.LOST_ADVOCATE, AlertKind.BACKLOG,
        AlertKind.DIGEST, AlertKind.INCIDENT, AlertKind.SPIKE,
        AlertKind.KUDOS, AlertKind.OPS, AlertKind.OVERDUE,
    }  # fmt: skip
    rival = build(brands=brands(competitor=True))
    a_month(rival)
    assert told(rival) == set()
    assert rival.rows("SELECT * FROM cases") == []
    assert rival.rows("SELECT * FROM incidents") == []
    # It is judged all the same, and counted.
    (counted,) = rival.rows("SELECT sum(mentions) AS n FROM daily_counts")
    assert counted["n"] == own.rows("SELECT sum(mentions) AS n FROM daily_counts")[0]["n"] == 98
    assert rival.rows("SELECT * FROM verdicts WHERE judged_at IS NULL") == []
    assert {row["fate"] for row in rival.rows("SELECT fate FROM verdicts")} == {"quiet"}


def test_what_is_said_of_the_own_brand_is_told_as_before(build: Callable[..., World]) -> None:
    world = build(brands=brands(competitor=True))
    world.say("They lost my bag.")
    assert [row["kind"] for row in world.posts()] == [AlertKind.COMPLAINT]


def test_nobody_makes_a_case_of_a_competitor(build: Callable[..., World]) -> None:
    world = build(brands=brands(competitor=True))
    said = world.say("They lost my bag.", MEDIOCRE, brand=RIVAL)
    policies = Policies(world.settings)
    # A person's label counts, and makes no case.
    case_acts.relabel(world.store, policies, said.id, Experience.ANGRY, DANA, world.now)
    with pytest.raises(InputError, match="Rival Air is a competitor: no case is made"):
        make_case(world.store, policies, said, DANA, world.now, click="c1")
    assert world.rows("SELECT * FROM cases") == []
    assert world.posts() == []


def test_what_is_open_of_a_brand_ends_when_it_becomes_a_competitor(
    build: Callable[..., World],
) -> None:
    world = build(brands=brands(competitor=False))
    shown = world.say("They lost my bag.", brand=RIVAL)
    world.sent()
    waits = world.say("They lost mine too.", brand=RIVAL)
    other = world.say("They lost my bag.")
    answered = world.say("They lost my hat.", brand=RIVAL)
    world.act(answered, "respond")
    world.settings = parse_settings(
        {"store": {"path": "x"}, "brands": brands(competitor=True)}, {}, where="test"
    )
    world.now += HOUR
    world.judge()

    for mention in (shown, waits):
        case = world.case(mention)
        assert (case.state, case.outcome) == (CaseState.DISMISSED, CaseOutcome.COMPETITOR)
    assert world.case(other).state is CaseState.OPEN
    assert world.case(answered).state is CaseState.RESPONDED
    # The message that Slack has says so; the one that waited never goes out.
    assert "Dismissed by Earful: about a competitor." in world.card(shown)
    assert world.thread(shown)[-1].endswith("“Rival Air is a competitor now”")
    (kept,) = world.rows(f"SELECT * FROM alerts WHERE dedupe_key = 'complaint:{waits.id}'")
    assert (kept["state"], kept["error"]) == ("dropped", "Rival Air is a competitor now")
    (ops,) = world.posts(AlertKind.OPS)
    words = json.loads(ops["payload"])["text"]
    assert words == "Rival Air is a competitor now: Earful tells nothing of it."
    assert "2 cases that waited were dismissed." in ops["payload"]
    # Neither a person nor its source opens one again.
    refused = world.act(shown, "reopen").refused
    assert refused is not None
    assert "Rival Air is a competitor" in refused
    of_rival = f"SELECT id FROM alerts WHERE brand = '{RIVAL}'"
    before = world.rows(of_rival)
    world.now += 30 * DAY
    world.say("And again.", brand=RIVAL)
    by_the_calendar(world)
    assert world.rows(of_rival) == before


def test_what_is_a_competitor_no_more_is_told_of_from_then_on(
    build: Callable[..., World],
) -> None:
    world = build(brands=brands(competitor=True))
    world.say("Nobody answers the phone there.", brand=RIVAL)
    world.settings = parse_settings(
        {"store": {"path": "x"}, "brands": brands(competitor=False)}, {}, where="test"
    )
    world.now += HOUR
    world.judge()
    assert [row["kind"] for row in world.posts()] == [AlertKind.OPS]
    assert "is a competitor no more" in world.posts()[0]["payload"]
    new = world.say("They lost my bag on the way to Rome.", brand=RIVAL)
    assert world.case(new).state is CaseState.OPEN
    assert len(world.posts(AlertKind.COMPLAINT)) == 1


@pytest.mark.parametrize("key", ["staff", "checkpoints"])
def test_the_config_of_a_competitor_celebrates_nothing(key: str) -> None:
    rival = brands(competitor=False)[1]
    raw = {"brands": [{"name": RIVAL, "query": "rival", "competitor": True, key: rival[key]}]}
    with pytest.raises(ConfigError, match=f"Rival Air.*is a competitor.*take out its {key}"):
        parse_settings(raw, {}, where="test")


def test_status_and_sources_name_the_competitors(earful: Earful, tmp_path: Path) -> None:
    (tmp_path / "earful.toml").write_text(
        '[[brands]]\nname = "Acme"\nquery = "acme"\n'
        '[[brands]]\nname = "Rival Air"\nquery = "rival"\ncompetitor = true\n'
        '[[brands.sources]]\nsource = "hackernews"\n'
    )
    (tmp_path / "said.csv").write_text("id,text\n1,Rival lost my bag\n")
    assert earful("import", "said.csv", "--brand", "Rival Air", "--source", "shop").code == 0
    shown = earful("status").out
    assert "compared" in shown
    assert "with Rival Air: gathered and judged, never told of" in " ".join(shown.split())
    assert json.loads(earful("status", "--json").out)["competitors"] == ["Rival Air"]
    assert "Rival Air (competitor) was not read yet" in earful("sources", "hackernews").out
