"""`earful run` itself measures answers and tells of the week: nothing here calls a routine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from earful import case_acts
from earful.case_acts import Actor
from earful.policies import Policies
from tests.alerts.fake_slack import FakeSlack
from tests.earful.running import running
from tests.earful.test_cases import World

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CONFIG = """
[store]
path = "{path}"
[slack]
api_url = "{api_url}"
[alerts]
timezone = "Europe/Berlin"
digest_at = "09:00"
[cases]
business_hours = "Mon-Fri 08:00-12:00,13:30-18:00 Europe/Berlin"
holidays = ["DE-BY"]
[[brands]]
name = "Acme"
query = "acme"
"""


@pytest.mark.slow("starts the daemon as a process")
def test_the_week_is_told_with_who_answered_in_its_thread(tmp_path: Path) -> None:
    path, now = tmp_path / "earful.db", datetime.now(UTC)
    today = now.replace(hour=12, minute=0, second=0, microsecond=0)
    monday = today + (7 - today.weekday()) * DAY
    world = World(path)
    # On the Thursday before.
    world.now = monday - 4 * DAY
    said = world.say("Acme lost my bag.")
    actor, policies = Actor("Ana", "U0ANA"), Policies(world.settings)
    for what in ("claim", "respond"):
        world.now += HOUR
        case_acts.act(world.store, policies, said.id, what, actor, world.now)
    assert world.rows("SELECT * FROM answer_times") == []
    world.store.close()

    config = tmp_path / "earful.toml"
    with FakeSlack() as slack:
        config.write_text(CONFIG.format(path=path, api_url=slack.api_url))
        with running(config, slack, "--no-serve", days=(monday - now) / DAY) as run:
            run.wait_for(lambda: [one for one in slack.messages("voice-digest") if one.thread_ts])
            run.wait_for(lambda: len(slack.messages("voice-digest")) >= 3)
        week = next(one for one in slack.roots("voice-digest") if " to " in one.text)
        (told,) = [one.text for one in slack.thread(week) if one.text.startswith("Who answered")]
    assert "Acme: 1 case taken, 1 answered" in told
