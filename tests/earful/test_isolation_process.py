"""The complaint of a mention with the worst of links, from a file to Slack by the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.models import Experience
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
    assert f"<{LONG.replace('&', '&amp;')}|Read it at shop>" in shown[0]
    assert "the link is too long for Slack" in shown[2]
    assert "healthy" in earful("status").out
