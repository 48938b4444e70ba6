"""The outbox: every move of an alert, and none that could send it twice."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.models import AlertKind, AlertState, AlertTrouble, NewAlert, TroubleKind
from storage.store import Store
from storage.tables.outbox import Outbox
from storage.tables.outbox_word import Choice

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        yield store


@pytest.fixture
def outbox(store: Store) -> Outbox:
    store.outbox.add([alert("a", "#one"), alert("b", "#two"), alert("c", "#one")])
    return store.outbox


def alert(key: str, channel: str) -> NewAlert:
    return NewAlert(
        dedupe_key=key,
        kind=AlertKind.WOW,
        brand="Acme Air",
        channel=channel,
        payload={"text": f"“{key}” & <you>"},
        created_at=NOW,
    )


def keys(outbox: Outbox, at: datetime = NOW) -> list[str]:
    """Name what may go at a moment, in the order it goes."""
    return [
        one.dedupe_key
        for one in outbox.waiting(at, 100)
        if one.next_attempt_at is None or one.next_attempt_at <= at
    ]


def test_a_key_is_written_once_and_order_is_kept(outbox: Outbox) -> None:
    assert outbox.add([alert("b", "#elsewhere"), alert("d", "#one")]) == 1
    assert keys(outbox) == ["a", "b", "c", "d"]
    assert outbox.waiting(NOW, 1)[0].payload == {"text": "“a” & <you>"}


def test_one_claim_wins(store: Store, outbox: Outbox) -> None:
    first = outbox.waiting(NOW, 1)[0]
    with Store.open(store.database.path) as rival:
        claimed = outbox.claim(first.id, NOW)
        assert rival.outbox.claim(first.id, NOW) is None
    assert claimed is not None
    assert (claimed.state, claimed.attempts, claimed.claimed_at) == (AlertState.SENDING, 1, NOW)
    assert keys(outbox) == ["b", "c"]
    assert [one.dedupe_key for one in outbox.sending()] == ["a"]


def test_sent_is_the_end(outbox: Outbox) -> None:
    first = outbox.waiting(NOW, 1)[0]
    outbox.claim(first.id, NOW)
    outbox.mark_sent(first.id, "171.5", NOW)
    assert outbox.claim(first.id, NOW) is None
    assert outbox.counts()[AlertState.SENT] == 1
    assert [one.dedupe_key for one in outbox.unsent()] == ["b", "c"]


def test_a_retry_waits_for_its_time(outbox: Outbox) -> None:
    first = outbox.waiting(NOW, 1)[0]
    outbox.claim(first.id, NOW)
    outbox.retry(first.id, LATER, "Slack is busy.", TroubleKind.PASSING)
    assert keys(outbox) == ["b", "c"]
    assert keys(outbox, LATER) == ["a", "b", "c"]
    assert outbox.troubles() == [
        AlertTrouble(
            channel="#one",
            error="Slack is busy.",
            trouble=TroubleKind.PASSING,
            may_be_posted=False,
            waiting=1,
            parked=0,
            oldest_at=NOW,
        )
    ]


def test_a_channel_is_held_and_parked_alone(outbox: Outbox) -> None:
    outbox.hold_channel("#one", LATER, "Slow down.", TroubleKind.PASSING)
    assert keys(outbox) == ["b"]
    assert outbox.park_channel("#one", "No such channel.", TroubleKind.CHANNEL) == 2
    assert keys(outbox, LATER) == ["b"]
    assert outbox.counts()[AlertState.PARKED] == 2
    assert outbox.unpark_certain() == 2
    assert keys(outbox) == ["a", "b", "c"]


def test_what_may_be_posted_is_not_put_back_by_itself(outbox: Outbox) -> None:
    first, second, _ = outbox.waiting(NOW, 9)
    outbox.park(first.id, "the webhook hung up.", TroubleKind.BY_EYE, may_be_posted=True)
    outbox.park(second.id, "No such channel.", TroubleKind.CHANNEL)
    assert outbox.unpark_certain() == 1
    assert keys(outbox) == ["b", "c"]


def test_a_doubtful_alert_stays_marked_while_its_channel_is_held(
    store: Store, outbox: Outbox
) -> None:
    first = outbox.waiting(NOW, 1)[0]
    outbox.park(first.id, "the webhook hung up.", TroubleKind.BY_EYE, may_be_posted=True)
    store.outbox_word.retry(Choice(ids=(first.id,)))
    outbox.hold_channel("#one", LATER, "Slow down.", TroubleKind.PASSING)
    outbox.park_channel("#one", "No such channel.", TroubleKind.CHANNEL)
    errors = {one.dedupe_key: (one.error, one.trouble) for one in outbox.unsent()}
    assert errors["a"] == ("the webhook hung up.", TroubleKind.BY_EYE)
    assert errors["c"] == ("No such channel.", TroubleKind.CHANNEL)


def test_a_passing_error_of_a_doubtful_alert_gives_way_when_its_channel_is_parked(
    store: Store, outbox: Outbox
) -> None:
    first = outbox.waiting(NOW, 1)[0]
    outbox.park(first.id, "the webhook hung up.", TroubleKind.BY_EYE, may_be_posted=True)
    store.outbox_word.retry(Choice(ids=(first.id,)))
    outbox.claim(first.id, NOW)
    outbox.retry(first.id, LATER, "Slack cannot be reached.", TroubleKind.PASSING)
    outbox.hold_channel("#one", LATER, "Slow down.", TroubleKind.PASSING)
    held = {one.dedupe_key: one for one in outbox.unsent()}["a"]
    assert (held.error, held.in_doubt) == ("Slow down.", True)
    outbox.park_channel("#one", "No such channel.", TroubleKind.CHANNEL)
    parked = {one.dedupe_key: one for one in outbox.unsent()}["a"]
    assert (parked.trouble, parked.in_doubt) == (TroubleKind.CHANNEL, True)


def test_an_unclear_answer_stays_in_sending(outbox: Outbox) -> None:
    first = outbox.waiting(NOW, 1)[0]
    outbox.claim(first.id, NOW)
    outbox.unclear(first.id, LATER, "timeout.", TroubleKind.PASSING)
    (doubtful,) = outbox.sending()
    assert (doubtful.next_attempt_at, doubtful.dedupe_key) == (LATER, "a")
    assert keys(outbox, LATER) == ["b", "c"]
