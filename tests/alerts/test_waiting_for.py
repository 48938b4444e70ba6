"""What alerts wait for and what to do about it: as delivery sees it, and true of each error."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.outbox.advice import advice_for, by_eye, trouble
from alerts.outbox.delivery import deliver
from alerts.outbox.transport import ConsoleTransport, Fate, Look, SendResult, Sight
from alerts.outbox.waiting_for import For, Wait, waits
from alerts.slack.slack_errors import meaning
from storage.models import NewAlert, Operation, TroubleKind
from storage.tables.outbox import Outbox
from tests.alerts.outboxes import NOW, an_alert, open_outbox

SOON = NOW + timedelta(minutes=5)
ONE, TWO, THREE = "#one", "#two", "#three"


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    database, outbox = open_outbox(tmp_path / "earful.db")
    yield outbox
    database.close()


def about(root: str, key: str, channel: str, operation: Operation = Operation.REPLY) -> NewAlert:
    return replace(an_alert(key, channel), operation=operation, root_key=root)


def waiting(outbox: Outbox) -> dict[str, Wait]:
    unsent = outbox.unsent()
    found = waits(unsent, NOW)
    return {one.dedupe_key: found[one.id] for one in unsent}


def test_each_alert_says_what_it_waits_for(outbox: Outbox) -> None:
    outbox.add([an_alert("root", ONE), an_alert("doubt", ONE), an_alert("held", TWO)])
    outbox.claim(1, NOW)
    outbox.mark_sent(1, "171.5", NOW)
    outbox.claim(2, NOW)
    outbox.unclear(2, SOON, "timeout.", TroubleKind.PASSING)
    outbox.hold_channel(TWO, SOON, "Slow down.", TroubleKind.PASSING)
    outbox.add(
        [
            an_alert("behind doubt", ONE),
            about("root", "update", ONE, Operation.UPDATE),
            about("doubt", "reply", ONE),
            about("gone", "orphan", ONE),
            an_alert("behind held", TWO),
            an_alert("parked", THREE),
            an_alert("parked in doubt", THREE),
            replace(an_alert("quiet", THREE), not_before=SOON),
            an_alert("free", THREE),
        ]
    )
    numbers = {one.dedupe_key: one.id for one in outbox.unsent()}
    outbox.park(numbers["parked"], "No such channel.", TroubleKind.CHANNEL)
    outbox.park(numbers["parked in doubt"], "blind.", TroubleKind.BY_EYE, may_be_posted=True)
    told = waiting(outbox)
    assert told == {
        "doubt": Wait(For.LOOK, until=SOON),
        "held": Wait(For.MOMENT, until=SOON),
        "behind doubt": Wait(For.LINE, numbers["doubt"], SOON),
        "update:1": Wait(For.NOTHING),
        "reply": Wait(For.MESSAGE, numbers["doubt"]),
        "orphan": Wait(For.MESSAGE),
        "behind held": Wait(For.LINE, numbers["held"], SOON),
        "parked": Wait(For.MENDING),
        "parked in doubt": Wait(For.PERSON),
        "quiet": Wait(For.MOMENT, until=SOON),
        "free": Wait(For.NOTHING),
    }
    # Delivery holds the same view: now it takes up those that wait for nothing, and no other.
    deliver(outbox, ConsoleTransport(io.StringIO()), lambda: NOW, lambda seconds: None)
    free = {key for key, wait in told.items() if wait.what is For.NOTHING}
    left = {one.dedupe_key for one in outbox.unsent()}
    assert left == set(told) - free - {"orphan"}


@pytest.mark.parametrize(
    ("result", "in_doubt", "advised"),
    [
        (meaning("is_archived", ONE, {}), False, f"`earful alerts retry --channel '{ONE}'`"),
        (meaning("not_in_channel", ONE, {}), False, f"move --from '{ONE}' --to"),
        (meaning("restricted_action_new", ONE, {}), False, f"move --from '{ONE}' --to"),
        (meaning("token_revoked", ONE, {}), False, "`earful alerts retry --all`"),
        (meaning("invalid_blocks", ONE, {}), False, "`earful alerts drop ID`"),
        (
            SendResult(Fate.NOT_SENT, "slack.com cannot be reached: no route to host."),
            False,
            "Earful tries again by itself",
        ),
        (
            Look(Sight.BLIND, f"A webhook cannot look: {by_eye(ONE)}"),
            True,
            "`earful alerts retry ID`",
        ),
        (
            SendResult(Fate.UNCLEAR, f"Slack answered 500 for {ONE}."),
            True,
            "looks for it there by itself",
        ),
        (
            Look(Sight.LATER, meaning("token_revoked", ONE, {}).error),
            True,
            "looks for it there by itself",
        ),
    ],
)
def test_advice_is_true_of_its_error(
    result: SendResult | Look, in_doubt: bool, advised: str
) -> None:
    told = trouble(ONE, result.error, result.trouble, in_doubt)
    assert advised in told
    assert told.endswith(advice_for(ONE, result.trouble, in_doubt))
    assert "\n" not in told
    assert ".." not in told


THREAD_TROUBLES = ["is_archived", "channel_not_found", "not_in_channel", "restricted_action_new"]


@pytest.mark.parametrize("code", THREAD_TROUBLES)
def test_a_thread_in_a_dead_channel_concerns_no_new_alert(code: str) -> None:
    result = meaning(code, ONE, {}, in_thread=True)
    told = trouble(ONE, result.error, result.trouble, False, in_thread=True)
    assert told.startswith("the message that this is about stands in ")
    assert f"It holds up no new alert for {ONE}" in told
    assert "`earful alerts move ID --to CHANNEL`" in told
    assert "`earful alerts drop ID`" in told
    # What would touch the living channel of the name is not advised.
    assert "--from" not in told
    assert "configure another" not in told


def test_a_channel_that_the_config_left_needs_nothing_done() -> None:
    told = advice_for(ONE, TroubleKind.CHANNEL, False, left=True)
    assert f"The config names {ONE} no more" in told
    assert "alerts move" not in told
    # Its threads still stand where they stand, and what is in doubt needs its look.
    thread = advice_for(ONE, TroubleKind.CHANNEL, False, left=True, in_thread=True)
    assert thread == advice_for(ONE, TroubleKind.CHANNEL, False, in_thread=True)
    for kind in TroubleKind:
        if kind is not TroubleKind.CHANNEL:
            assert advice_for(ONE, kind, False, left=True) == advice_for(ONE, kind, False)
        assert advice_for(ONE, kind, True, left=True) == advice_for(ONE, kind, True)


def test_what_is_in_doubt_and_was_refused_asks_for_a_word_by_id() -> None:
    for code in ("is_archived", "invalid_blocks"):
        advice = advice_for(ONE, meaning(code, ONE, {}).trouble, True)
        assert "`earful alerts retry ID` looks once more" in advice


def test_only_what_a_person_must_see_to_asks_for_a_word_by_id() -> None:
    assert "ID" not in advice_for(ONE, TroubleKind.CHANNEL, False)
    assert "retry" not in advice_for(ONE, TroubleKind.PASSING, True)


def test_advice_does_not_depend_on_the_words_of_the_error() -> None:
    misleading = "slack.com broke off (is_archived), check it by eye: it refused the message."
    assert trouble(ONE, misleading, TroubleKind.PASSING, False).endswith(
        advice_for(ONE, TroubleKind.PASSING, False)
    )
