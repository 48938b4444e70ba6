"""A team at work on cases in Slack: over a real WebSocket, each in its order, nobody overrun."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from alerts.slack.listener import Listener
from earful.interactions.dispatch import Interactions
from storage.models import CaseState
from storage.store import Store
from tests.alerts.fake_slack import FakeSlack
from tests.alerts.test_buttons import case_of, flush, open_a_case
from tests.alerts.test_buttons import listening as listening
from tests.alerts.test_buttons import settings as settings
from tests.alerts.test_buttons import slack as slack
from tests.alerts.test_buttons import store as store
from tests.storage.erasure import ERASURE
from tests.waiting import PATIENCE_S, wait_for

OMAR = {"user": "U0OMAR", "name": "omar"}


class Held:
    """Holds the store's write lock as another process may, until the block ends."""

    def __init__(self, path) -> None:
        self._path = path
        self._locked, self._free = threading.Event(), threading.Event()
        self._holder = threading.Thread(target=self._hold)

    def _hold(self) -> None:
        with Store.open(self._path) as other, other.database.transaction():
            self._locked.set()
            self._free.wait(PATIENCE_S)

    def __enter__(self) -> None:
        self._holder.start()
        assert self._locked.wait(PATIENCE_S)

    def __exit__(self, *details: object) -> None:
        self._free.set()
        self._holder.join()


def stamp(offset: float = 0.0) -> str:
    return f"{time.time() + offset:.6f}"


def buttons(message) -> list[str]:
    return [
        one["action_id"]
        for block in message.blocks
        if block["type"] == "actions"
        for one in block["elements"]
    ]


def modal_of(slack: FakeSlack):
    wait_for(slack.views.modals)
    return slack.views.modals()[-1]


def test_clicks_on_one_case_are_carried_out_in_their_order(slack, settings, store, listening):
    cases = 6
    roots = [
        open_a_case(store, settings, slack, native_id=str(n), author_native_id=f"u-{n}",
                    text=f"Grief number {n}: wholly unlike the others.")
        for n in range(cases)
    ]  # fmt: skip
    envelopes = []
    with Held(settings.store.path):
        for root in roots:
            envelopes.append(slack.click(root, "case_dismiss"))
            envelopes.append(slack.click(root, "case_claim", **OMAR))
        time.sleep(0.3)  # all of them are waiting for the store
    for envelope in envelopes:
        slack.socket.wait_ack(envelope)
    wait_for(lambda: len(slack.whispers) == cases)
    states = [case.state for case in store.cases.in_states(tuple(CaseState))]
    assert states == [CaseState.DISMISSED] * cases
    assert {one.user_id for one in slack.whispers} == {"U0OMAR"}


def test_of_clicks_that_arrive_in_reverse_the_earlier_goes_first(
    slack, settings, store, listening
):
    root = open_a_case(store, settings, slack)
    with Held(settings.store.path):
        slack.click(root, "case_claim")
        time.sleep(0.1)
        slack.click(root, "case_claim", action_ts=stamp(2), **OMAR)
        slack.click(root, "case_dismiss", action_ts=stamp(1))
        time.sleep(0.2)
    wait_for(lambda: slack.whispers)
    assert case_of(store).state is CaseState.DISMISSED
    events = [event.event for event in store.cases.events(case_of(store).id)]
    assert events == ["opened", "claimed", "dismissed"]


def test_what_a_colleague_has_dismissed_meanwhile_is_not_answered(
    slack, settings, store, listening
):
    root = open_a_case(store, settings, slack)
    slack.socket.wait_ack(slack.click(root, "case_responded"))
    window = modal_of(slack)
    slack.socket.wait_ack(slack.click(root, "case_dismiss", **OMAR))
    wait_for(lambda: case_of(store).state is CaseState.DISMISSED)
    slack.socket.wait_ack(slack.submit(window, {"words": "I called her."}))
    wait_for(lambda: window.errors)
    assert "is dismissed and cannot become responded" in str(window.errors)
    assert window.open  # the words are not lost


def test_a_click_made_before_a_colleagues_act_undoes_nothing(slack, settings, store, listening):
    root = open_a_case(store, settings, slack)
    before = stamp(-5)
    slack.socket.wait_ack(slack.click(root, "case_claim"))
    wait_for(lambda: case_of(store).state is CaseState.CLAIMED)
    slack.socket.wait_ack(slack.click(root, "case_dismiss", action_ts=before, **OMAR))
    wait_for(lambda: slack.whispers)
    assert "dana has claimed it meanwhile." in slack.whispers[0].text
    assert case_of(store).state is CaseState.CLAIMED
    slack.socket.wait_ack(slack.click(root, "case_dismiss", action_ts=stamp(), **OMAR))
    wait_for(lambda: case_of(store).state is CaseState.DISMISSED)


def test_assigning_pings_the_assignee_once_in_the_thread(slack, settings, store, listening):
    root = open_a_case(store, settings, slack)
    slack.socket.wait_ack(slack.click(root, "case_assign", choice="U0NINA77"))
    wait_for(lambda: case_of(store).state is CaseState.CLAIMED)
    flush(store, slack)
    assert [one.text for one in slack.thread(root)] == ["dana assigned this case to <@U0NINA77>."]
    assert "Claimed by <@U0NINA77>" in str(root.blocks)
    # Once she has acted herself, she is known by name.
    slack.socket.wait_ack(slack.click(root, "case_release", user="U0NINA77", name="nina"))
    wait_for(lambda: case_of(store).state is CaseState.OPEN)
    flush(store, slack)
    slack.socket.wait_ack(slack.click(root, "case_assign", choice="U0NINA77"))
    wait_for(lambda: case_of(store).claimed_by == "nina")


def test_a_case_waits_until_the_moment_that_somebody_chose(slack, settings, store, listening):
    root = open_a_case(store, settings, slack)
    slack.socket.wait_ack(slack.click(root, "case_claim"))
    wait_for(lambda: case_of(store).state is CaseState.CLAIMED)
    flush(store, slack)
    slack.socket.wait_ack(slack.click(root, "case_more", choice="snooze"))
    view = modal_of(slack)
    past = str(int(time.time()) - 60)
    slack.socket.wait_ack(slack.submit(view, {"snooze_until": past}))
    wait_for(lambda: view.errors)
    assert "has passed: name a later one" in view.errors["snooze_until"]
    moment = int(time.time()) + 2 * 86_400
    slack.socket.wait_ack(
        slack.submit(view, {"snooze_until": str(moment), "note": "her booking number"})
    )
    wait_for(lambda: case_of(store).is_snoozed)
    assert case_of(store).snoozed_until == datetime.fromtimestamp(moment, UTC)
    flush(store, slack)
    assert "Waiting for the customer until" in str(root.blocks)
    assert "her booking number" in slack.thread(root)[-1].text
    slack.socket.wait_ack(slack.click(root, "case_more", choice="wake"))
    wait_for(lambda: not case_of(store).is_snoozed)


def test_a_preset_ends_so_many_days_from_now(slack, settings, store, listening):
    root = open_a_case(store, settings, slack)
    slack.socket.wait_ack(slack.click(root, "case_more", choice="snooze"))
    slack.socket.wait_ack(slack.submit(modal_of(slack), {"snooze_for": "7d"}))
    wait_for(lambda: case_of(store).is_snoozed)
    until = case_of(store).snoozed_until
    assert until is not None
    left = until - datetime.now(UTC)
    assert timedelta(days=6, hours=23) < left < timedelta(days=7)


def test_a_note_is_typed_once_and_stands_in_the_thread(slack, settings, store, listening):
    root = open_a_case(store, settings, slack)
    slack.socket.wait_ack(slack.click(root, "case_more", choice="note"))
    view = modal_of(slack)
    slack.socket.wait_ack(slack.submit(view, {"note": "Booking *K7TQ2*\n<!here>"}))
    slack.socket.wait_ack(slack.door.deliver_again())
    wait_for(lambda: len(store.cases.events(case_of(store).id)) == 2)
    listening.stop()
    flush(store, slack)
    assert [one.text for one in slack.thread(root)] == [
        "dana noted:\n> Booking ∗K7TQ2∗\n> &lt;!here&gt;"
    ]


def test_what_is_hard_to_undo_asks_once_more_and_a_mute_is_taken_back(
    slack, settings, store, listening
):
    root = open_a_case(store, settings, slack)
    asking = {
        one["action_id"]: one["confirm"]["text"]["text"]
        for block in root.blocks
        if block["type"] == "actions"
        for one in block["elements"]
        if "confirm" in one
    }
    assert asking.keys() == {"case_mute", "case_relabel", "case_not_about"}
    assert all(text.endswith(".") for text in asking.values())
    slack.socket.wait_ack(slack.click(root, "case_mute"))
    wait_for(lambda: case_of(store).state is CaseState.DISMISSED)
    flush(store, slack)
    assert buttons(root) == ["case_reopen", "case_unmute", "case_note"]
    slack.socket.wait_ack(slack.click(root, "case_unmute"))
    wait_for(lambda: store.cases.muted("Acme Air") == frozenset())
    flush(store, slack)
    assert buttons(root) == ["case_reopen", "case_note"]
    assert "dana unmuted Petra N." in slack.thread(root)[-1].text


def test_a_menus_choice_of_another_version_is_told(slack, settings, store):
    clicks = Interactions(settings.store.path, settings, lambda: datetime.now(UTC))
    listener = Listener(slack.token, slack.app_token, clicks, api_url=slack.api_url)
    listener.start()
    slack.socket.wait_connected()
    root = open_a_case(store, settings, slack)
    menu = next(
        one
        for block in root.blocks
        if block["type"] == "actions"
        for one in block["elements"]
        if one["type"] == "overflow"
    )
    menu["options"][0]["value"] = "elsewhere"
    slack.socket.wait_ack(slack.click(root, "case_more", choice="elsewhere"))
    wait_for(lambda: slack.whispers)
    assert "belongs to another version" in slack.whispers[0].text
    listener.stop()


@pytest.mark.parametrize("action", ["case_assign", "case_more"])
def test_a_list_of_a_case_that_is_gone_is_told(slack, settings, store, listening, action):
    root = open_a_case(store, settings, slack)
    store.upkeep.forget_author("appstore:u-77", ERASURE)
    choice = {"case_assign": "U0NINA77", "case_more": "note"}[action]
    slack.socket.wait_ack(slack.click(root, action, choice=choice))
    wait_for(lambda: slack.whispers)
    assert "there is no such case any more" in slack.whispers[0].text
