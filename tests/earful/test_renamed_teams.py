"""A channel under a new name, and colleagues whom Earful knows by the id: both stay the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alerts.messages import plain
from alerts.messages.case_rows import standing
from alerts.messages.safe_text import colleague
from alerts.slack.interactions import Click
from config.settings import parse_settings
from earful.interactions.desk import Desk
from earful.interactions.team_clicks import CLICKS
from earful.people import person
from earful.policies import Policies
from storage.models import Case, Mention
from tests.earful.test_cases import HOUR, MINUTE, NOW, World

LEA = "U0LEA0001"


def sections(channel: str) -> dict[str, Any]:
    step = {"at": 1.0, "ping": LEA, "channel": "#support-leads"}
    rota = {"people": [{"name": "Kim", "slack": "U0KIM0001"}], "starts": "2026-11-23 09:00"}
    return {
        "slack": {"complaints": channel},
        "alerts": {"channels": [{"channel": channel, "ladder": [step]}]},
        "on_call": [{"channel": channel, **rota}],
    }


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "earful.db", **sections("#old"))
    yield made
    made.store.close()


def rename(world: World) -> None:
    raw = {
        "store": {"path": str(world.settings.store.path)},
        "brands": [{"name": "Acme", "query": "acme"}],
        **sections("#new"),
    }
    world.settings = parse_settings(raw, {}, where="test")


def escalations(world: World) -> list[tuple[str, str]]:
    rows = world.rows("SELECT channel, payload FROM alerts WHERE kind = 'overdue' ORDER BY id")
    return [(row["channel"], json.loads(row["payload"])["text"]) for row in rows]


def test_a_case_climbs_the_ladder_of_its_channel_under_the_name_that_it_has_now(
    world: World,
) -> None:
    world.say("They lost my bag.")
    world.sent()
    rename(world)
    world.now = NOW + 4 * HOUR + MINUTE
    world.judge()
    (in_thread, _), (elsewhere, text) = escalations(world)
    assert (in_thread, elsewhere) == ("#new", "#support-leads")
    assert text.startswith(f"<@{LEA}> Overdue: case 1 has had no answer since ")
    # The default ladder would tell once more, at twice the time.
    world.now = NOW + 9 * HOUR
    world.judge()
    assert len(escalations(world)) == 2


def assign(world: World, said: Mention, to: str, by: str) -> Case:
    click = Click(
        key="k1", action="case_assign", value=said.id, user_id=by, user_name="lea",
        channel_id="C1", message_ts="1.1", choice=to, trigger_id="t",
    )  # fmt: skip
    desk = Desk(world.store, Policies(world.settings), world.settings, lambda: world.now)
    assert CLICKS["case_assign"](desk, click) is None
    return world.case(said)


def test_who_takes_a_case_of_somebody_else_has_it_by_name(world: World) -> None:
    said = world.say("They lost my bag.")
    world.act(said, "claim")
    assert assign(world, said, LEA, LEA).claimed_by == "lea"


def test_who_is_on_call_is_known_by_name(world: World) -> None:
    said = world.say("They lost my bag.")
    assert assign(world, said, "U0KIM0001", LEA).claimed_by == "Kim"
    assert person(world.store, world.settings, "Kim").id == "U0KIM0001"


def test_whom_earful_knows_by_the_id_alone_slack_names(world: World) -> None:
    said = world.say("They lost my bag.")
    case = assign(world, said, "U0MAX0001", LEA)
    assert standing(case, world.now).endswith("<@U0MAX0001> has claimed it.")
    assert plain({"text": standing(case, world.now)}).endswith("@U0MAX0001 has claimed it.")
    assert [colleague(name) for name in ("WALTRAUD", "U <!here>", None)] == [
        "WALTRAUD", "U &lt;!here&gt;", "",
    ]  # fmt: skip
