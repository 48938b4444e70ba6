"""Messages in the languages of the config, and translations in them, through real commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from earful.app import utc_now
from tests.alerts.fake_slack import FakeSlack, Message
from tests.alerts.test_catalogues import LONG, literals
from tests.earful.conftest import Earful
from tests.earful.running import command, running
from tests.earful.test_cases import World

CONFIG = """
[store]
path = "earful.db"

[slack]
api_url = "{api_url}"

[alerts]
language = "de"

[translate]
command = {command}
name = "upper"

[[brands]]
name = "Acme"
query = "acme"

[[brands]]
name = "Bolt"
query = "bolt"
language = "fr"
"""
UPPER = "import sys; sys.stdout.write('[{from}>{to}] ' + sys.stdin.read().upper())"


def shown(message: Message) -> str:
    return message.text + json.dumps(message.blocks, ensure_ascii=False)


@pytest.mark.slow("starts a daemon and a command")
def test_each_brand_is_told_of_in_its_language(tmp_path: Path) -> None:
    config = tmp_path / "earful.toml"
    world = World(tmp_path / "earful.db")
    world.now = utc_now()
    world.say("They lost my bag again.", author="Sam", language="en", judge=False)
    world.say("They lost my bag as well.", brand="Bolt", author="Ute", language="en", judge=False)
    world.store.close()
    channels = ("voice-complaints", "voice-wows", "voice-digest", "voice-ops")
    with FakeSlack(channels=channels) as slack:
        config.write_text(
            CONFIG.format(api_url=slack.api_url, command=json.dumps([sys.executable, "-c", UPPER]))
        )
        with running(config, slack, "--no-serve") as run:
            run.wait_for(lambda: len(slack.roots("voice-complaints")) == 2)
            claimed = subprocess.run(
                command(config, 0, 60, "case", "claim", "1", "--as", "dana"),
                env={**os.environ, "SLACK_BOT_TOKEN": slack.token},
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert claimed.returncode == 0, claimed.stderr
            roots = slack.roots("voice-complaints")
            run.wait_for(lambda: all(root.edited or "Bolt" in root.text for root in roots))
        german = next(one for one in slack.roots("voice-complaints") if "Acme" in one.text)
        french = next(one for one in slack.roots("voice-complaints") if "Bolt" in one.text)
        assert german.text.startswith("Beschwerde über Acme von Sam im Import „shop“")
        assert "Übernommen von dana" in shown(german)
        assert "übersetzt: Englisch, von upper" in shown(german)
        assert "[en&gt;de] THEY LOST MY BAG AGAIN." in shown(german)
        assert french.text.startswith("Réclamation sur Bolt de Ute dans l’import « shop »")
        assert "[en&gt;fr] THEY LOST MY BAG AS WELL." in shown(french)
        everything = " ".join(shown(one) for name in channels for one in slack.messages(name))
    assert [one for one in LONG if literals(one) in everything] == []


def test_the_command_line_stays_english(earful: Earful, tmp_path: Path) -> None:
    with FakeSlack(channels=("voice-complaints",)) as slack:
        text = CONFIG.format(api_url=slack.api_url, command='["true"]')
        (tmp_path / "earful.toml").write_text(
            text + '\n[[on_call]]\npeople = [{ name = "Kim", slack = "U0KIM000" }]\n'
            'every = "1w"\nstarts = "2036-01-05 09:00"\ntimezone = "UTC"\n'
        )
        ran = earful("check", "--offline")
    assert "nobody until Sat 5 Jan 2036, 09:00 UTC" in ran.out
