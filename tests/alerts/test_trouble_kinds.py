"""Each way in which an alert does not reach Slack is written down as its kind, not as words."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts.outbox.delivery import MAX_ATTEMPTS, deliver
from alerts.outbox.send_queue import Pace
from alerts.outbox.transport import Fate, Look, SendResult, Sight, Transport
from alerts.slack.client import BotTransport
from alerts.slack.webhook import WebhookTransport
from storage.database import Database
from storage.models import Alert, AlertState, TroubleKind
from storage.tables.outbox import Outbox
from tests.alerts.fake_slack import FakeSlack, Fault
from tests.alerts.outboxes import an_alert, open_outbox
from tests.waiting import PATIENCE_S

POST = "chat.postMessage"


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as fake:
        yield fake


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database, _ = open_outbox(tmp_path / "earful.db")
    yield database
    database.close()


@pytest.fixture
def outbox(database: Database) -> Outbox:
    return Outbox(database)


def bot(slack: FakeSlack) -> BotTransport:
    return BotTransport(slack.token, api_url=slack.api_url, timeout=PATIENCE_S)


class Scripted:
    """A transport whose tries and looks all come to the same, or raise."""

    def __init__(self, came: SendResult | Exception, look: Sight = Sight.ABSENT) -> None:
        self._came = came
        self._look = look

    def send(self, alert: Alert, *, text_only: bool = False) -> SendResult:
        if isinstance(self._came, Exception):
            raise self._came
        return self._came

    def find(self, alert: Alert) -> Look:
        return Look(self._look, "The look came to nothing.")

    def lane(self, alert: Alert) -> str | None:
        return None


def passes(outbox: Outbox, transport: Transport, number: int = 1) -> list[Alert]:
    """Deliver so often, each time when the next try is due; gives the alerts that are left."""
    moments = [datetime.now(UTC)]

    def now() -> datetime:
        return moments[-1]

    for _ in range(number):
        rng = random.Random(1)
        result = deliver(outbox, transport, now, lambda _: None, pace=Pace(0), rng=rng)
        moments.append((result.next_at or now()) + timedelta(seconds=1))
    return outbox.unsent()


def kind_of(alert: Alert) -> tuple[AlertState, TroubleKind | None, bool]:
    return alert.state, alert.trouble, alert.in_doubt


@pytest.mark.parametrize(
    ("fault", "state", "kind", "holds"),
    [
        (Fault.says("is_archived"), AlertState.PARKED, TroubleKind.CHANNEL, True),
        (Fault.says("restricted_action_new"), AlertState.PARKED, TroubleKind.CHANNEL, True),
        (Fault.says("token_revoked"), AlertState.PENDING, TroubleKind.ACCOUNT, True),
        (Fault.http(404), AlertState.PENDING, TroubleKind.ACCOUNT, True),
        (Fault.says("invalid_blocks"), AlertState.PARKED, TroubleKind.MESSAGE, False),
        (Fault.rate_limited(5), AlertState.PENDING, TroubleKind.PASSING, True),
        (Fault.http(500), AlertState.SENDING, TroubleKind.PASSING, False),
        (Fault.cut(), AlertState.SENDING, TroubleKind.PASSING, False),
    ],
)
def test_what_slack_responds_is_written_as_its_kind(
    slack: FakeSlack,
    outbox: Outbox,
    fault: Fault,
    state: AlertState,
    kind: TroubleKind,
    holds: bool,
) -> None:
    """`holds`: the alerts behind it wait for the same, and not only for their turn."""
    slack.fail(POST, fault, fault)  # a refused message is sent once more as bare text
    outbox.add([an_alert("a:1"), an_alert("a:2")])
    first, *behind = passes(outbox, bot(slack))
    assert kind_of(first) == (state, kind, state is AlertState.SENDING)
    assert [one.trouble is kind for one in behind if one.trouble] == ([True] if holds else [])


def test_what_a_person_must_look_for_is_written_as_that(slack: FakeSlack, outbox: Outbox) -> None:
    outbox.add([an_alert("a:1")])
    slack.fail("webhook", Fault.http(500))
    (blind,) = passes(outbox, WebhookTransport(slack.webhook_url), 2)
    assert kind_of(blind) == (AlertState.PARKED, TroubleKind.BY_EYE, True)


def test_a_look_that_slack_refuses_for_the_token_is_made_again(
    slack: FakeSlack, outbox: Outbox
) -> None:
    outbox.add([an_alert("a:1")])
    slack.fail(POST, Fault.http(500))
    slack.fail("conversations.list", Fault.says("token_revoked"))
    (later,) = passes(outbox, bot(slack), 2)
    assert "token_revoked" in str(later.error)
    assert kind_of(later) == (AlertState.SENDING, TroubleKind.PASSING, True)


def test_what_is_set_aside_for_itself_does_not_promise_another_try(
    database: Database, outbox: Outbox
) -> None:
    outbox.add([an_alert("a:1")])
    with database.transaction() as connection:
        connection.execute("UPDATE alerts SET payload = 'damaged'")
    (damaged,) = passes(outbox, Scripted(SendResult(Fate.SENT)))
    assert kind_of(damaged) == (AlertState.PARKED, TroubleKind.MESSAGE, False)


def test_what_earful_fails_over_is_set_aside_in_doubt(outbox: Outbox) -> None:
    outbox.add([an_alert("a:1")])
    failing = Scripted(KeyError("blocks"))
    (tried,) = passes(outbox, failing)
    assert kind_of(tried) == (AlertState.SENDING, TroubleKind.PASSING, True)
    (set_aside,) = passes(outbox, failing, 9)
    assert kind_of(set_aside) == (AlertState.PARKED, TroubleKind.MESSAGE, True)


def test_what_earful_gives_up_is_set_aside(outbox: Outbox, database: Database) -> None:
    outbox.add([an_alert("a:1")])
    with database.transaction() as connection:
        connection.execute("UPDATE alerts SET attempts = ?", (MAX_ATTEMPTS - 1,))
    (hopeless,) = passes(outbox, Scripted(SendResult(Fate.UNCLEAR, "no answer.")), 2)
    assert kind_of(hopeless) == (AlertState.PARKED, TroubleKind.MESSAGE, False)


def test_what_slack_took_has_no_trouble_any_more(
    slack: FakeSlack, outbox: Outbox, database: Database
) -> None:
    outbox.add([an_alert("a:1"), an_alert("a:2", "#voice-wows")])
    slack.fail(POST, Fault.rate_limited(5))
    assert [one.trouble for one in passes(outbox, bot(slack))] == [TroubleKind.PASSING]
    clock = datetime.now(UTC) + timedelta(minutes=1)
    deliver(outbox, bot(slack), lambda: clock, lambda _: None, pace=Pace(0))
    sent = database.connection.execute("SELECT state, error, trouble FROM alerts")
    assert [tuple(row) for row in sent] == [("sent", None, None)] * 2
