"""Webhook, Teams, Discord and trackers, over real HTTP against fakes that fail as they can."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts.destinations.discord import DiscordTransport
from alerts.destinations.github_issues import GithubIssues
from alerts.destinations.jira_issues import JiraIssues
from alerts.destinations.linear_issues import LinearIssues
from alerts.destinations.signed_webhook import SignedWebhook
from alerts.destinations.teams import TeamsTransport
from alerts.outbox.by_via import ByVia
from alerts.outbox.delivery import deliver
from alerts.outbox.send_queue import Pace
from alerts.outbox.transport import Fate, Sight
from earful.webhook_intake.signatures import keys_of
from storage.models import Alert, AlertKind, AlertState, NewAlert, Operation
from storage.tables.outbox_word import Choice, OutboxWord
from tests.alerts.fake_destinations import PATHS, SECRET, TOKEN, FakeDestinations
from tests.alerts.fake_slack import Fault
from tests.alerts.kill_destinations import is_there, ways
from tests.alerts.outboxes import NOW, an_alert, open_outbox

TRACKERS = ("issues:github", "issues:jira", "issues:linear")
BY_HTTP = ("webhook:crm", "teams:support", "discord:support", *TRACKERS)


@pytest.fixture
def there() -> Iterator[FakeDestinations]:
    with FakeDestinations() as fakes:
        yield fakes


class Desk:
    """An outbox, and what delivers from it, at a clock that is moved by hand."""

    def __init__(self, folder: Path, there: FakeDestinations) -> None:
        self.database, self.outbox = open_outbox(folder / "earful.db")
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.transport = ways(there.base, 1, lambda: self.now)
        there.clock = lambda: self.now

    def deliver(self, minutes: float = 0):
        self.now += timedelta(minutes=minutes)
        return deliver(
            self.outbox, self.transport, lambda: self.now, lambda _: None,
            pace=Pace(0), way_of=self.transport.way_of,
        )  # fmt: skip

    def row(self, key: str) -> Alert:
        found = self.outbox.find(key)
        assert found is not None
        return found


@pytest.fixture
def desk(tmp_path: Path, there: FakeDestinations) -> Desk:
    return Desk(tmp_path, there)


def one_for(way: str, key: str = "complaint:t:1") -> NewAlert:
    alert = replace(an_alert(key, f"#to-{way.replace(':', '-')}", at=datetime.now(UTC)))
    if way in TRACKERS:
        issue = {"title": "A", "sentences": ["Said @ann #1."], "quote": "q ``` q", "url": None}
        return replace(
            alert, channel=way, via=way, kind=AlertKind.ISSUE,
            payload={"text": key, "issue": issue},
        )  # fmt: skip
    return alert


def name_of(way: str) -> str:
    kind, _, name = way.partition(":")
    return name if kind == "issues" else kind


@pytest.mark.parametrize("way", BY_HTTP)
def test_an_alert_reaches_its_destination_once(way: str, desk: Desk, there: FakeDestinations):
    alert = one_for(way)
    desk.outbox.add([alert])

    assert desk.deliver().sent == 1
    assert desk.deliver(minutes=60).sent == 0

    assert len(there.taken[name_of(way)]) == 1
    assert is_there(alert, way, there)
    assert desk.row(alert.dedupe_key).tried_via == way


UNCLEAR = {
    f"{name}{' after it took it' if taken else ''}": fault
    for taken in (False, True)
    for name, fault in {
        "500": Fault.http(500, posts=taken),
        "cut": Fault.cut(posts=taken),
        "half": Fault.half(posts=taken),
    }.items()
}


@pytest.mark.parametrize("fault", UNCLEAR)
@pytest.mark.parametrize("way", ["webhook:crm", *TRACKERS])
def test_what_can_tell_has_it_once_however_the_answer_was_lost(
    way: str, fault: str, desk: Desk, there: FakeDestinations
):
    desk.outbox.add([one_for(way)])
    there.fail(name_of(way), UNCLEAR[fault])

    desk.deliver()
    for _ in range(3):
        desk.deliver(minutes=20)

    assert len(there.taken[name_of(way)]) == 1
    assert desk.row("complaint:t:1").state is AlertState.SENT


@pytest.mark.parametrize("fault", UNCLEAR)
@pytest.mark.parametrize("way", ["teams:support", "discord:support"])
def test_what_cannot_be_asked_waits_for_a_person(
    way: str, fault: str, desk: Desk, there: FakeDestinations
):
    alert = one_for(way)
    desk.outbox.add([alert])
    there.fail(name_of(way), UNCLEAR[fault])

    desk.deliver()
    desk.deliver(minutes=20)

    row = desk.row(alert.dedupe_key)
    assert (row.state, row.in_doubt) == (AlertState.PARKED, True)
    assert "cannot be asked" in (row.error or "")
    assert is_there(alert, way, there) is UNCLEAR[fault].posts
    # Their word sends it once more.
    OutboxWord(desk.database).retry(Choice(ids=(row.id,)))
    desk.deliver(minutes=1)
    assert desk.row(alert.dedupe_key).state is AlertState.SENT


@pytest.mark.parametrize("way", BY_HTTP)
def test_a_destination_that_asks_to_wait_gets_it_then(
    way: str, desk: Desk, there: FakeDestinations
):
    desk.outbox.add([one_for(way)])
    there.fail(name_of(way), Fault.rate_limited(7))

    result = desk.deliver()

    assert "asked to wait 7 s" in result.problems[0]
    assert result.next_at == desk.now + timedelta(seconds=7)
    assert desk.deliver(minutes=1).sent == 1


@pytest.mark.parametrize("way", BY_HTTP)
def test_no_redirect_is_followed(way: str, desk: Desk, there: FakeDestinations):
    desk.outbox.add([one_for(way)])
    elsewhere = there.base + PATHS["teams"]
    there.fail(name_of(way), Fault("answer", 307, elsewhere))

    result = desk.deliver()

    assert "follows no redirect" in result.problems[0]
    assert there.calls["teams"] == (1 if way.startswith("teams") else 0)
    assert desk.row("complaint:t:1").state is AlertState.PARKED


@pytest.mark.parametrize("way", ["webhook:crm", "issues:github", "issues:jira", "issues:linear"])
def test_one_that_is_down_stops_no_other(way: str, desk: Desk, there: FakeDestinations):
    """Three channels in a row that fail stop their own way, and Slack's account no other way."""
    for number in range(5):
        desk.outbox.add([replace(one_for(way, f"k:{number}"), channel=f"#c{number}", via=way)])
    desk.outbox.add([one_for("discord:support", "goes on")])
    there.fail(name_of(way), *[Fault.cut()] * 3)

    desk.deliver()

    assert desk.row("goes on").state is AlertState.SENT
    assert there.calls[name_of(way)] == 3


def test_a_receiver_checks_the_signature_and_knows_a_repeat(desk: Desk, there: FakeDestinations):
    desk.outbox.add([one_for("webhook:crm", "complaint:t:1"), one_for("webhook:crm", "wow:t:ü")])
    there.fail("webhook", Fault.cut(posts=True))

    desk.deliver()
    desk.deliver(minutes=1)

    assert [len(there.taken["webhook"]), there.repeats["webhook"]] == [2, 1]
    event = there.taken["webhook"][0].body
    assert event["type"] == "alert.posted"
    assert event["data"]["id"] == "complaint:t:1"
    assert event["data"]["text"] == "complaint:t:1\n"


def test_a_wrong_secret_sets_its_alerts_aside_and_says_what_to_check(
    desk: Desk, there: FakeDestinations
):
    def now() -> datetime:
        return datetime.now(UTC)

    other = SignedWebhook("crm", there.url("webhook"), keys_of("x" * 32), now, UTC)
    both = SignedWebhook("crm", there.url("webhook"), keys_of(f"{'x' * 32} {SECRET}"), now, UTC)
    desk.outbox.add([one_for("webhook:crm")])
    row = desk.row("complaint:t:1")

    refused = other.send(row)

    assert refused.fate is Fate.CHANNEL_DEAD
    assert refused.error.startswith("webhook:crm answered HTTP 401 (")
    assert refused.error.endswith(": check its url and its secret.")
    assert both.send(row).fate is Fate.SENT


def test_a_message_of_discord_is_brought_up_to_date(desk: Desk, there: FakeDestinations):
    alert = one_for("discord:support")
    desk.outbox.add([alert])
    desk.deliver()
    change = replace(
        an_alert("update:1", alert.channel, text="answered"),
        operation=Operation.UPDATE, root_key=alert.dedupe_key,
    )  # fmt: skip
    desk.outbox.add([change])
    there.fail("discord", Fault.cut(posts=True))

    desk.deliver(minutes=1)
    desk.deliver(minutes=20)

    assert len(there.taken["discord"]) == 1
    assert there.taken["discord"][0].body["embeds"][0]["description"] == "answered"
    assert there.taken["discord"][0].edits == 2  # changing it twice does no harm


def test_a_message_that_somebody_deleted_is_known_to_be_gone(desk: Desk, there: FakeDestinations):
    transport = DiscordTransport("support", there.url("discord"), {})
    desk.outbox.add([one_for("discord:support")])
    gone = replace(desk.row("complaint:t:1"), operation=Operation.UPDATE, root_ts="1")
    assert transport.send(gone).fate is Fate.MESSAGE_GONE


@pytest.mark.parametrize("kind", ["teams", "discord"])
def test_an_address_that_is_gone_says_what_to_make(kind: str, there: FakeDestinations, desk: Desk):
    gone = f"{there.base}/api/webhooks/999/none"
    transport = (
        TeamsTransport("support", gone, UTC, {})
        if kind == "teams"
        else DiscordTransport("support", gone, {})
    )
    desk.outbox.add([one_for(f"{kind}:support")])
    result = transport.send(desk.row("complaint:t:1"))
    assert result.fate is Fate.CHANNEL_DEAD
    assert "make a new" in result.error
    assert "none" not in result.error  # the address is a secret


def test_a_config_that_changes_moves_nothing_that_is_in_doubt(desk: Desk, there: FakeDestinations):
    """What may be at Discord is not posted into Teams because the channel is there now."""
    alert = one_for("discord:support")
    desk.outbox.add([alert, one_for("discord:support", "second")])
    there.fail("discord", Fault.cut(posts=True))
    desk.deliver()
    desk.transport = ByVia(desk.transport._ways, lambda _: "teams:support")

    desk.deliver(minutes=20)
    OutboxWord(desk.database).retry(Choice(), in_doubt=True)
    desk.deliver(minutes=20)

    assert desk.row(alert.dedupe_key).tried_via == "discord:support"
    assert desk.row("second").tried_via == "teams:support"
    assert not is_there(alert, "teams:support", there)


def test_what_is_about_a_message_goes_where_that_is(desk: Desk, there: FakeDestinations):
    alert = one_for("discord:support")
    desk.outbox.add([alert])
    desk.deliver()
    desk.transport = ByVia(desk.transport._ways, lambda _: "teams:support")
    desk.outbox.add(
        [
            replace(
                an_alert("update:1", alert.channel, text="answered"),
                operation=Operation.UPDATE, root_key=alert.dedupe_key,
            )
        ]
    )  # fmt: skip

    desk.deliver(minutes=1)

    assert there.taken["discord"][0].edits == 1
    assert there.taken["teams"] == []


def test_what_a_person_moves_goes_by_the_way_of_its_new_channel(
    desk: Desk, there: FakeDestinations
):
    alert = one_for("discord:support")
    desk.outbox.add([alert])
    there.fail("discord", Fault.cut(posts=True))
    desk.deliver()
    desk.deliver(minutes=20)
    row = desk.row(alert.dedupe_key)

    OutboxWord(desk.database).move(
        Choice(ids=(row.id,)), "#to-teams-support", in_doubt=True, locked=True
    )
    OutboxWord(desk.database).retry(Choice(ids=(row.id,)))
    desk.deliver(minutes=1)
    desk.deliver(minutes=20)

    assert desk.row(alert.dedupe_key).tried_via == "teams:support"


@pytest.mark.parametrize("way", TRACKERS)
def test_an_issue_pings_nobody_and_is_emptied_when_its_author_is_forgotten(
    way: str, desk: Desk, there: FakeDestinations
):
    alert = one_for(way)
    desk.outbox.add([alert])
    desk.deliver()
    made = there.taken[name_of(way)][0]
    body = json.dumps(made.body)
    assert "q ``` q" in body
    if way != "issues:jira":  # whose text nodes hold text alone
        assert "@ann" not in body
        assert "\\n````text\\nq ``` q\\n````" in body
    assert str(desk.row(alert.dedupe_key).slack_ts).startswith("http")

    forgotten = replace(
        an_alert("forgotten:1", alert.channel, text="(forgotten)"),
        operation=Operation.UPDATE, root_key=alert.dedupe_key,
    )  # fmt: skip
    desk.outbox.add([forgotten])
    desk.deliver(minutes=1)

    assert made.edits == 1
    assert "q ``` q" not in json.dumps(made.body)
    assert "(forgotten)" in json.dumps(made.body)


def test_jira_is_not_believed_before_its_search_may_know(desk: Desk, there: FakeDestinations):
    """Its search lags: what it does not find just after the try may be there all the same."""
    there.search_lag_s = 3600
    jira = JiraIssues("j", there.base, "ACME", "ann@example.com", TOKEN, lambda: desk.now)
    desk.outbox.add([one_for("issues:jira")])
    row = desk.outbox.claim(desk.row("complaint:t:1").id, desk.now, "issues:jira")
    assert row is not None
    assert jira.send(row).fate is Fate.SENT

    desk.now += timedelta(seconds=60)
    early = jira.find(row)
    desk.now += timedelta(minutes=5)

    assert early.sight is Sight.LATER
    assert early.retry_after == pytest.approx(240, abs=2)
    assert jira.find(row).sight is Sight.ABSENT
    there.search_lag_s = 0
    assert jira.find(row).slack_ts == f"{there.base}/browse/ACME-1"


def test_each_tracker_says_whether_it_would_work(there: FakeDestinations) -> None:
    good = ways(there.base, 1)._ways
    for way in TRACKERS:
        tracker = good[way]
        assert isinstance(tracker, GithubIssues | JiraIssues | LinearIssues)
        assert tracker.inspect()[0], way
    wrong = JiraIssues(
        "j", there.base, "ACME", "ann@example.com", TOKEN, lambda: NOW, kind="Epic"
    ).inspect()
    assert wrong == (False, "type: 'Epic' is none of its issue types: Task, Bug")
    assert sum(map(len, there.taken.values())) == 0
