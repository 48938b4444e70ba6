"""What the commands say of replies, and that delivery posts them beside Slack's alerts."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from alerts.publishing.registry import PUBLISHERS
from config.settings import Secrets
from crawler.catalog import sources
from earful.cli import cli
from earful.reply_readiness import readiness
from earful.stages.deliver_stage import deliver_waiting, transport_for
from storage.models import AlertState
from storage.store import Store
from tests.alerts.fake_publishing.all_sources import settings_for
from tests.alerts.fake_publishing.talk import FakeDiscourse, FakeGitHub
from tests.alerts.outboxes import an_alert

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def test_delivery_posts_replies_at_their_source_beside_other_alerts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with FakeGitHub() as fake, Store.open(tmp_path / "earful.db", migrate=True) as store:
        for name, value in fake.environment.items():
            monkeypatch.setenv(name, value)
        reply = fake.reply(1)
        store.outbox.add([reply, an_alert("a complaint", at=NOW)])

        result = deliver_waiting(store, transport_for(settings_for(fake), Secrets()), lambda: NOW)

        assert result is not None
        assert result.sent == 2
        row = store.outbox.find(reply.dedupe_key)
        assert row is not None
        assert row.state is AlertState.SENT
        assert row.slack_channel == "https://github.com/acme/air/issues/1#issuecomment-700000"
        assert fake.standing() == Counter([reply.payload["text"]])
    assert "a complaint" in capsys.readouterr().out


@pytest.mark.parametrize("name", sorted(sources()))
def test_a_sources_page_says_whether_replies_can_be_posted_there(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for known in PUBLISHERS.values():
        for secret in known.secrets:
            monkeypatch.delenv(secret, raising=False)
    config = tmp_path / "earful.toml"
    config.write_text("")
    asked = ["--config", str(config), "sources", name]
    page = " ".join(CliRunner().invoke(cli, asked).output.split())
    data = json.loads(CliRunner().invoke(cli, [*asked, "--json"]).output)
    publisher = PUBLISHERS.get(name)
    if publisher is None:
        assert "no replies over an API" in page
        assert data["replies"] is None
        return
    for secret, use in publisher.secrets.items():
        assert f"{secret} (needed; not set now) {' '.join(use.split())}" in page
    assert publisher.permission in page
    assert data["replies"]["secrets"] == dict(publisher.secrets)


def test_check_says_of_each_source_whether_replies_can_be_posted() -> None:
    with FakeDiscourse() as forum, FakeGitHub() as github:
        settings = settings_for(forum, github)
    nothing = list(readiness(settings, {}))
    half, _ = readiness(settings, {"DISCOURSE_REPLY_KEY": "k"})
    all_of_it = list(readiness(settings, {**forum.environment, **github.environment}))

    assert nothing == [
        (
            "Discourse",
            True,
            "replies are not posted: they need DISCOURSE_REPLY_KEY, DISCOURSE_REPLY_USERNAME in "
            "the environment",
        ),
        (
            "GitHub",
            True,
            "replies are not posted: they need GITHUB_REPLY_TOKEN in the environment",
        ),
    ]
    assert half == ("Discourse", False, "replies need DISCOURSE_REPLY_USERNAME too")
    assert [good for _, good, _ in all_of_it] == [True, True]
    assert {sentence for *_, sentence in all_of_it} == {"replies can be posted"}
