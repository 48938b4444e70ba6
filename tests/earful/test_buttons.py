"""The daemon with buttons: a complaint to Slack, a click back, the message changed."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alerts.outbox.send_queue import Pace
from alerts.slack.client import BotTransport
from alerts.slack.listener import Listener
from config.settings import parse_settings
from earful.daemon import Daemon
from storage.models import CaseState, Mention
from storage.store import Store
from tests.alerts.fake_slack import FakeSlack
from tests.earful.test_stages import WordClassifier
from tests.waiting import PATIENCE_S, wait_for


def test_a_click_comes_back_as_a_changed_message(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    raw = {"store": {"path": str(path)}, "brands": [{"name": "Acme", "query": "acme"}]}
    settings = parse_settings(raw, {}, where="test")
    with FakeSlack() as slack, Store.open(path, migrate=True) as store:
        # Slack refuses at first: the daemon starts all the same and tries again.
        bot = BotTransport(slack.token, api_url=slack.api_url, buttons=True)
        daemon = Daemon(
            settings,
            bot,
            lambda: datetime.now(UTC),
            load_classifier=WordClassifier,  # type: ignore[arg-type]
            pace=Pace(0),
            idle=timedelta(seconds=0.3),
            listen=lambda clicks: Listener(
                slack.token, slack.app_token, clicks, api_url=slack.api_url
            ),
        )
        thread = threading.Thread(target=daemon.run)
        thread.start()
        try:
            now = datetime.now(UTC)
            store.mentions.save(
                [
                    Mention(
                        brand="Acme", source="shop", native_id="1", text="angry about my bag",
                        author="Sam", created_at=now, fetched_at=now,
                    )
                ]
            )  # fmt: skip
            slack.socket.wait_connected()
            wait_for(lambda: slack.roots("voice-complaints"))
            (root,) = slack.roots("voice-complaints")
            slack.socket.wait_ack(slack.click(root, "case_claim"))
            wait_for(lambda: root.edits)
            assert "Claimed by dana" in str(root.blocks)
            wait_for(lambda: slack.thread(root))
            assert [one.text for one in slack.thread(root)] == ["dana claimed this case."]
            assert store.cases.unanswered()[0].state is CaseState.CLAIMED
        finally:
            daemon.stop()
            thread.join(PATIENCE_S)
        assert not thread.is_alive()
