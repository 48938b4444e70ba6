"""A person's word on the outbox: what it changes, and what it never does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.errors import InputError
from storage.models import (
    Alert,
    AlertKind,
    AlertState,
    Incident,
    NewAlert,
    Operation,
    TroubleKind,
)
from storage.store import Store
from storage.tables.outbox_word import Choice, OutboxWord

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
ONE = Choice(channel="#one")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with `a` and `b` for #one and `c` for #two; their ids are 1, 2, 3."""
    store = Store.open(tmp_path / "earful.db", migrate=True)
    store.outbox.add([alert("a", "#one"), alert("b", "#one"), alert("c", "#two")])
    return store


@pytest.fixture
def word(store: Store) -> OutboxWord:
    return store.outbox_word


def alert(key: str, channel: str) -> NewAlert:
    return NewAlert(
        dedupe_key=key,
        kind=AlertKind.WOW,
        brand="Acme Air",
        channel=channel,
        payload={"text": key},
        created_at=NOW,
    )


def about(root: str, key: str, operation: Operation = Operation.REPLY) -> NewAlert:
    return replace(alert(key, "#one"), operation=operation, root_key=root)


def rows(store: Store) -> dict[str, Alert]:
    return {one.dedupe_key: one for one in store.outbox_word.listed(tuple(AlertState))}


def keys(alerts: tuple[Alert, ...]) -> list[str]:
    return [one.dedupe_key for one in alerts]


def test_a_retry_clears_what_was_wrong_unless_slack_may_have_it(
    store: Store, word: OutboxWord
) -> None:
    store.outbox.park(1, "No such channel.", TroubleKind.CHANNEL)
    store.outbox.park(2, "the webhook hung up.", TroubleKind.BY_EYE, may_be_posted=True)
    done = word.retry(ONE)
    assert (keys(done.back), keys(done.left), done.doubtful) == (["a"], ["b"], ())
    assert rows(store)["a"].error is None
    done = word.retry(ONE, in_doubt=True)
    assert (done.back, keys(done.doubtful), done.left) == ((), ["b"], ())
    after = rows(store)["b"]
    assert (after.state, after.in_doubt) == (AlertState.PENDING, True)
    assert word.retry(Choice(), in_doubt=True) == word.retry(Choice(ids=(1, 2, 3)))


def test_a_retry_frees_the_line_of_what_it_names_and_no_other(
    store: Store, word: OutboxWord
) -> None:
    store.outbox.hold_channel("#one", LATER, "Slow down.", TroubleKind.PASSING)
    store.outbox.hold_channel("#two", LATER, "Slow down.", TroubleKind.PASSING)
    assert keys(word.retry(Choice(ids=(2,))).sooner) == ["a", "b"]
    due = {one.dedupe_key: one.next_attempt_at for one in rows(store).values()}
    assert due == {"a": None, "b": None, "c": LATER}
    # A line in which one is left in doubt goes on with the rest.
    store.outbox.hold_channel("#one", LATER, "Slow down.", TroubleKind.PASSING)
    store.outbox.park(1, "the webhook hung up.", TroubleKind.BY_EYE, may_be_posted=True)
    done = word.retry(ONE)
    assert (keys(done.sooner), keys(done.left)) == (["b"], ["a"])


def test_a_retry_leaves_what_is_being_sent_to_its_sender(store: Store, word: OutboxWord) -> None:
    store.outbox.claim(1, NOW)
    before = rows(store)["a"]
    assert word.retry(Choice(ids=(1,))).sooner == ()
    assert rows(store)["a"] == before
    # One whose look is put off is looked for sooner, and stays in doubt.
    store.outbox.unclear(1, LATER, "timeout.", TroubleKind.PASSING)
    assert keys(word.retry(Choice(ids=(1,))).sooner) == ["a"]
    after = rows(store)["a"]
    assert (after.state, after.next_attempt_at) == (AlertState.SENDING, None)
    assert (after.error, after.may_be_posted) == ("timeout.", True)


def test_a_drop_takes_all_that_waits_about_it(store: Store, word: OutboxWord) -> None:
    store.outbox.add([about("a", "r"), about("b", "s")])
    store.outbox.add([about("b", "u", Operation.UPLOAD)])
    store.outbox.park(rows(store)["r"].id, "No such channel.", TroubleKind.CHANNEL)
    planned = word.dropping((1,))
    assert word.drop((1,), "Dropped by dana.") == planned
    assert (keys(planned.named), keys(planned.about)) == (["a"], ["r"])
    states = {key: (one.state, one.error) for key, one in rows(store).items()}
    assert states["a"] == states["r"] == (AlertState.DROPPED, "Dropped by dana.")
    assert {states[key][0] for key in "bcsu"} == {AlertState.PENDING}
    assert word.drop((1,), "Again.").named == ()
    assert rows(store)["a"].error == "Dropped by dana."


def test_what_is_sent_or_being_sent_is_not_dropped(store: Store, word: OutboxWord) -> None:
    store.outbox.claim(1, NOW)
    with pytest.raises(InputError, match="alert 1: being sent"):
        word.drop((1, 3), "x")
    store.outbox.mark_sent(1, "171.5", NOW)
    with pytest.raises(InputError, match="alert 1: sent already"):
        word.drop((1, 3), "x")
    assert rows(store)["c"].state is AlertState.PENDING


def test_a_move_takes_replies_along_and_leaves_those_of_a_sent_message(
    store: Store, word: OutboxWord
) -> None:
    store.outbox.add([about("a", "r"), about("b", "s"), about("a", "t")])
    store.outbox.claim(1, NOW)
    store.outbox.mark_sent(1, "171.5", NOW)
    store.outbox.park(2, "No such channel.", TroubleKind.CHANNEL)
    with pytest.raises(InputError, match="about a message of another channel"):
        word.move(Choice(ids=(2, rows(store)["r"].id)), "#two")
    done = word.move(Choice(ids=(2,)), "#two")
    assert (keys(done.moved), keys(done.about)) == (["b"], ["s"])
    done = word.move(ONE, "#two")
    assert (done.moved, keys(done.bound)) == ((), ["r", "t"])
    moved = rows(store)["b"]
    assert (moved.state, moved.channel, moved.error) == (AlertState.PENDING, "#two", None)
    assert word.move(Choice(ids=(2,)), "#two") == word.move(Choice(channel="#none"), "#two")


def test_an_incident_that_moves_is_told_further_in_its_new_channel(
    store: Store, word: OutboxWord
) -> None:
    incident = Incident(brand="Acme Air", channel="#one", opened_at=NOW, last_at=NOW, complaints=9)
    other = replace(incident, opened_at=LATER)
    for one in (incident, other):
        store.incidents.write(one)
        store.outbox.add([alert(one.root_key, "#one")])
    word.move(Choice(ids=(4,)), "#two")
    assert [one.channel for one in store.incidents.open()] == ["#two", "#one"]
