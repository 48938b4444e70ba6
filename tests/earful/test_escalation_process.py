"""The ladder through the real commands: `earful process`, `earful run` and `earful check`."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from earful.app import utc_now
from tests.alerts.fake_slack import FakeSlack
from tests.earful.conftest import Earful
from tests.earful.running import command, running
from tests.earful.test_cases import World

CONFIG = """
[store]
path = "earful.db"

[slack]
api_url = "{api_url}"

[[alerts.channels]]
channel = "#voice-complaints"

  [[alerts.channels.ladder]]
  at = 0.5
  when = "unclaimed"
  ping = "on_call"

  [[alerts.channels.ladder]]
  at = 0.75
  when = "claimed"
  ping = "claimer"
  broadcast = false

  [[alerts.channels.ladder]]
  at = 1.0
  ping = ["claimer", "S0LEADS1"]
  channel = "#voice-leads"

[[on_call]]
channel = "#voice-complaints"
people = [{{ name = "Kim", slack = "U0KIM000" }}, {{ name = "Lee", slack = "U0LEE000" }}]
every = "1w"
starts = "2026-01-05 09:00"
timezone = "Europe/Berlin"
swaps = [{{ from = "2026-02-02 09:00", to = "2026-02-03 09:00", who = "Lee" }}]

[[brands]]
name = "Acme"
query = "acme"
"""


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    channels = ("voice-complaints", "voice-wows", "voice-digest", "voice-ops", "voice-leads")
    with FakeSlack(channels=channels) as slack:
        yield slack


@pytest.fixture
def config(tmp_path: Path, slack: FakeSlack) -> Path:
    path = tmp_path / "earful.toml"
    path.write_text(CONFIG.format(api_url=slack.api_url))
    return path


@pytest.mark.slow("starts five processes, one of them a daemon")
def test_a_case_climbs_in_slack_as_time_passes(
    tmp_path: Path, config: Path, slack: FakeSlack
) -> None:
    world = World(tmp_path / "earful.db")
    world.now = utc_now()
    world.say("They lost my bag.", author="Sam", url="https://shop.example/r/1")
    world.store.close()
    environment = {**os.environ, "SLACK_BOT_TOKEN": slack.token}

    def earful(hours: float, *arguments: str) -> None:
        ran = subprocess.run(
            command(config, hours / 24, 60, *arguments),
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stdout + ran.stderr

    earful(0, "process")
    earful(2.05, "process")
    (root,) = slack.roots("voice-complaints")
    (warning,) = slack.thread(root)
    assert re.match("<@U0(KIM|LEE)000> Nobody has claimed case 1 yet", warning.text)
    assert warning.broadcast
    earful(2.5, "case", "claim", "1", "--as", "dana")
    earful(3.05, "process")
    reminder = slack.thread(root)[-1]
    assert reminder.text.startswith("dana: this case is yours. It is due ")
    assert not reminder.broadcast
    with running(config, slack, "--no-serve", days=4.05 / 24) as run:
        run.wait_for(lambda: slack.messages("voice-leads"))
        run.wait_for(lambda: len(slack.thread(root)) == 4)
    (leads,) = slack.messages("voice-leads")
    assert leads.text.startswith("<!subteam^S0LEADS1> Overdue: case 1 has had no answer since ")
    assert "https://shop.example/r/1" in str(leads.blocks)
    assert slack.thread(root)[-1].text.startswith("Overdue: case 1 has had no answer since ")
    assert slack.thread(root)[-1].broadcast


def test_check_says_who_is_on_call_until_when(earful: Earful, config: Path) -> None:
    ran = earful("--config", str(config), "check", "--offline")
    (line,) = [line for line in ran.out.splitlines() if "on call" in line]
    assert re.fullmatch(
        r"ok    on call for #voice-complaints: (Kim|Lee) until \w{3} \d+ \w{3} \d{4}, \d\d:\d\d "
        r"UTC, then (Kim|Lee)",
        line,
    )


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ('at = 0.5', 'at = 0.5\n  after = "1h"', "a step needs one of at (0.5: when half of"),
        ('"S0LEADS1"]', '"#leads"]', 'nobody that can be pinged: write "claimer", "on_call"'),
        ('who = "Lee"', 'who = "Max"', "'Max' has a swap and is none of the people: Kim, Lee"),
        ('from = "2026-02-02 09:00"', 'from = "2026-02-02T09:00Z"', "not a local time: write"),
        ('from = ', 'form = ', "on_call[0].swaps[0].form: unknown key; did you mean 'from'?"),
        ('channel = "#voice-complaints"\npeople', 'brand = "Bolt"\npeople',
         "a rota of [[on_call]] is for the brand 'Bolt', which is none of [[brands]]: Acme"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_what_to_write(
    earful: Earful, config: Path, wrong: str, right: str, said: str
) -> None:
    config.write_text(config.read_text().replace(wrong, right, 1))
    ran = earful("--config", str(config), "check", "--offline")
    assert ran.code == 2
    assert said in ran.err


def test_a_ladder_that_pings_nobody_on_call_is_refused(earful: Earful, config: Path) -> None:
    text = config.read_text()
    start, end = text.index("[[on_call]]"), text.index("[[brands]]")
    config.write_text(text[:start] + text[end:])
    ran = earful("--config", str(config), "check", "--offline")
    assert ran.code == 2
    assert "pings who is on call, and there is no [[on_call]]" in ran.err


def test_the_day_of_a_rota_that_has_not_begun(earful: Earful, config: Path) -> None:
    text = config.read_text().replace("2026-01-05", f"{utc_now() + timedelta(days=3):%Y-%m-%d}")
    config.write_text(text)
    ran = earful("--config", str(config), "check", "--offline")
    assert "ok    on call for #voice-complaints: nobody until " in ran.out
