"""The complaint of a mention with the worst of links, from a file to Slack by the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from earful.cli import cli
from storage.models import AlertKind, Experience, Mention, NewAlert
from storage.store import Store
from storage.tables.verdicts import Scored
from tests.alerts.fake_slack import FakeSlack
from tests.earful.conftest import Earful
from tests.earful.test_isolation import LONG
from tests.storage.fixtures import make_verdict

CONFIG = """
[slack]
api_url = "{api_url}"
[[brands]]
name = "Acme Air"
query = "acme"
"""


def test_a_long_link_stops_no_complaint(
    earful: Earful, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = datetime.now(UTC) - timedelta(minutes=5)
    rows = [
        {
            "native_id": str(number),
            "author": f"Author {number}",
            "text": f"Acme lost my {thing} and nobody answers.",
            "rating": 1,
            "rating_max": 5,
            "url": url,
            "created_at": written.isoformat(),
        }
        for number, (thing, url) in enumerate(
            [("suitcase", LONG), ("coat", "https://shop.example/2"), ("bike", LONG + "&" * 400)]
        )
    ]
    Path("said.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    channels = ["voice-complaints", "voice-wows", "voice-digest", "voice-ops"]
    with FakeSlack(channels=channels) as slack:
        Path("earful.toml").write_text(CONFIG.format(api_url=slack.api_url), encoding="utf-8")
        monkeypatch.setenv("SLACK_BOT_TOKEN", slack.token)
        imported = earful("import", "said.jsonl", "--brand", "Acme Air", "--source", "shop")
        assert imported.code == 0, imported.err
        with Store.open(Path("earful.db")) as store:
            # The model is not what is tested here, and is slow to load.
            verdict = make_verdict(Experience.ANGRY)
            waiting = store.verdicts.waiting(9)
            store.verdicts.save([Scored(mention=one, verdict=verdict) for one in waiting], written)
        ran = earful("process")
        assert ran.code == 0, ran.err
        shown = [str(message.blocks) for message in slack.messages("voice-complaints")]
    assert len(shown) == 3
    assert f"<{LONG.replace('&', '&amp;')}|Read it in the import “shop”>" in shown[0]
    assert "the link is too long for Slack" in shown[2]
    assert "healthy" in earful("status").out


def test_what_cannot_be_scored_keeps_nothing_else_from_slack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One command for all stages: each does what it can, and the exit code tells the failure."""
    now = datetime.now(UTC)
    waits = NewAlert(
        dedupe_key="wow:1", kind=AlertKind.WOW, brand="Acme", channel="#voice-wows",
        payload={"text": "a wow that waits"}, created_at=now,
    )  # fmt: skip
    with Store.open(tmp_path / "earful.db", migrate=True) as store, FakeSlack() as slack:
        store.outbox.add([waits])
        store.mentions.save(
            [
                Mention(
                    brand="Acme", source="shop", native_id="1",
                    text="They lost my bag. Never again.", created_at=now, fetched_at=now,
                )
            ]
        )  # fmt: skip
        config = tmp_path / "earful.toml"
        config.write_text(
            f'[store]\npath = "{tmp_path}/earful.db"\n[slack]\napi_url = "{slack.api_url}"\n'
        )
        monkeypatch.setenv("SLACK_BOT_TOKEN", slack.token)
        monkeypatch.setenv("EARFUL_NUMBERS", "decimal")
        arguments = ["--config", str(config), "process"]
        ran = CliRunner().invoke(cli, arguments, standalone_mode=False)
        assert (ran.exception, ran.return_value) == (None, 2)
        assert "earful: scoring failed: EARFUL_NUMBERS" in ran.stderr
        assert slack.texts("voice-wows") == ["a wow that waits"]
        assert store.failures.of("score")[""].failures == 1
        monkeypatch.delenv("EARFUL_NUMBERS")
        ran = CliRunner().invoke(cli, arguments, standalone_mode=False)
        assert (ran.exception, ran.return_value) == (None, 0)
        assert store.failures.all() == []
        assert len(slack.texts("voice-complaints")) == 1
