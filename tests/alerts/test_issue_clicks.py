"""An issue asked for under a case's message, over a real WebSocket, made over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.destinations.jira_issues import JiraIssues
from alerts.outbox.by_via import ByVia
from alerts.outbox.delivery import deliver
from alerts.outbox.send_queue import Pace
from alerts.slack.client import BotTransport
from config.settings import Settings, parse_settings
from earful.case_issues import settle_issues
from earful.configured_destinations import subscribe
from earful.policies import Policies
from storage.models import AlertKind, CaseState
from storage.store import Store
from tests.alerts.fake_destinations import TOKEN, FakeDestinations
from tests.alerts.fake_slack import FakeSlack, Fault
from tests.alerts.test_buttons import FLUSHES, case_of, open_a_case
from tests.alerts.test_buttons import listening as listening
from tests.alerts.test_buttons import slack as slack
from tests.alerts.test_buttons import store as store
from tests.waiting import PATIENCE_S, wait_for

JIRA = {
    "name": "bugs", "tracker": "jira", "project": "ACME", "user": "ann@example.com",
    "base_url": "https://acme.example",
}  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return parse_settings(
        {
            "store": {"path": str(tmp_path / "earful.db")},
            "brands": [{"name": "Acme Air", "query": "acme"}],
            "destinations": {"issues": [JIRA, JIRA | {"name": "ops"}, JIRA | {"name": "third"}]},
        },
        {},
        where="test",
    )


@pytest.fixture
def there() -> Iterator[FakeDestinations]:
    with FakeDestinations() as fakes:
        yield fakes


def send(store: Store, slack: FakeSlack, there: FakeDestinations) -> None:
    later = datetime.now(UTC) + timedelta(minutes=10 * next(FLUSHES))
    transport = ByVia(
        {
            "slack": BotTransport(
                slack.token, api_url=slack.api_url, timeout=PATIENCE_S, buttons=True
            ),
            "issues:bugs": JiraIssues(
                "bugs", there.base, "ACME", "ann@example.com", TOKEN, lambda: later
            ),
        }
    )
    deliver(
        store.outbox, transport, lambda: later, lambda _: None, pace=Pace(0),
        way_of=transport.way_of,
    )  # fmt: skip


def offers(message: Any) -> list[str]:
    """Give what is offered under a message, buttons and choices alike."""
    elements = [
        one for block in message.blocks if block["type"] == "actions" for one in block["elements"]
    ]
    choices = [choice for one in elements for choice in one.get("options", [])]
    return [one["text"]["text"] for one in (*elements, *choices) if "text" in one]


def test_dana_makes_an_issue_and_its_link_stands_under_the_case(
    slack: FakeSlack,
    settings: Settings,
    store: Store,
    listening: object,
    there: FakeDestinations,
) -> None:
    subscribe(store, settings)
    root = open_a_case(store, settings, slack)
    # A menu of three dots has room for two.
    assert [one for one in offers(root) if "issue" in one] == [
        "Make an issue in bugs", "Make an issue in ops",
    ]  # fmt: skip
    there.fail("jira", Fault.cut(posts=True))

    slack.socket.wait_ack(slack.click(root, "case_more", choice="issue:bugs"))
    wait_for(lambda: [one for one in store.outbox.unsent() if one.kind is AlertKind.ISSUE])
    for _ in range(3):
        send(store, slack, there)
    assert settle_issues(store, Policies(settings), datetime.now(UTC)) == 1
    send(store, slack, there)

    assert [one.id for one in there.taken["jira"]] == ["ACME-1"]
    link = f"<{there.base}/browse/ACME-1|ACME-1>"
    assert slack.thread(root)[-1].text == f"dana made an issue of this case: {link}"
    assert f"Issue {link}" in str(root.blocks)


def test_an_answered_case_offers_it_by_a_button(
    slack: FakeSlack,
    settings: Settings,
    store: Store,
    listening: object,
    there: FakeDestinations,
) -> None:
    subscribe(store, settings)
    root = open_a_case(store, settings, slack)
    slack.socket.wait_ack(slack.click(root, "case_responded"))
    wait_for(slack.views.modals)
    slack.socket.wait_ack(slack.submit(slack.views.modals()[0], {}))
    wait_for(lambda: case_of(store).state is CaseState.RESPONDED)
    send(store, slack, there)

    slack.socket.wait_ack(slack.click(root, "case_issue:bugs"))
    wait_for(lambda: [one for one in store.outbox.unsent() if one.kind is AlertKind.ISSUE])
    send(store, slack, there)

    assert len(there.taken["jira"]) == 1
