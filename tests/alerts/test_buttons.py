"""Clicks over a real WebSocket: acknowledged, counted once, after a cut and under a lock too."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from alerts.outbox.delivery import DeliveryResult, deliver
from alerts.outbox.send_queue import Pace
from alerts.slack.client import BotTransport
from alerts.slack.interactions import Answer, Event, Submission, read, read_click
from alerts.slack.listener import ACK_WITHIN_S, Listener
from config.settings import parse_settings
from earful.interactions.dispatch import Interactions
from storage.models import CaseState, Experience, Stance
from storage.store import Store
from tests.alerts.examples import DUE, PLACES, a_mention, a_verdict, new_complaint
from tests.alerts.fake_slack import FakeSlack
from tests.storage.fixtures import make_verdict
from tests.waiting import PATIENCE_S, wait_for

FLUSHES = count(1)


@pytest.fixture
def slack():
    with FakeSlack() as fake:
        yield fake


@pytest.fixture
def settings(tmp_path):
    raw = {
        "store": {"path": str(tmp_path / "earful.db")},
        "brands": [{"name": "Acme Air", "query": "acme", "staff": ["Rita"]}],
    }
    return parse_settings(raw, {}, where="test")


@pytest.fixture
def store(settings):
    with Store.open(settings.store.path, migrate=True) as store:
        yield store


def open_a_case(store, settings, slack, **changes):
    """Let a complaint go all the way to Slack; its message there."""
    from earful.stages import judge_stage
    from storage.tables.verdicts import Scored

    now = datetime.now(UTC)
    mention = a_mention(created_at=now - timedelta(minutes=5), fetched_at=now, **changes)
    store.mentions.save([mention])
    store.verdicts.save(
        [Scored(mention=mention, verdict=make_verdict(Experience.ANGRY, Stance.HATER))], now
    )
    judge_stage.judge_waiting(store, settings, lambda: now)
    flush(store, slack)
    return slack.roots("voice-complaints")[-1]


def flush(store: Store, slack: FakeSlack) -> DeliveryResult:
    bot = BotTransport(slack.token, api_url=slack.api_url, timeout=PATIENCE_S, buttons=True)
    # Later each time, so that no update waits for its distance from the last one.
    later = datetime.now(UTC) + timedelta(minutes=next(FLUSHES))
    return deliver(store.outbox, bot, lambda: later, lambda s: None, pace=Pace(0))


@pytest.fixture
def listening(slack, settings, store):
    """Start a listener whose clicks work on the store."""
    listener = Listener(
        slack.token,
        slack.app_token,
        Interactions(settings.store.path, settings, lambda: datetime.now(UTC)),
        api_url=slack.api_url,
        ping_interval=0.5,
    )
    listener.start()
    slack.socket.wait_connected()
    yield listener
    listener.stop()


def clicks_seen(store):
    return store.database.connection.execute("SELECT count(*) FROM clicks").fetchone()[0]


def case_of(store):
    (case,) = store.cases.in_states(tuple(CaseState))
    return case


def test_claim_and_responded_move_the_case_and_change_the_message(
    slack, settings, store, listening
):
    root = open_a_case(store, settings, slack)
    slack.socket.wait_ack(slack.click(root, "case_claim"))
    wait_for(lambda: case_of(store).state is CaseState.CLAIMED)
    case = case_of(store)
    assert (case.state, case.claimed_by, case.claimed_by_id) == ("claimed", "dana", "U0DANA")
    flush(store, slack)
    assert "Claimed by dana" in str(root.blocks)
    assert [one.text for one in slack.thread(root)] == ["dana claimed this case."]
    slack.socket.wait_ack(slack.click(root, "case_responded", user="U0OMAR", name="omar"))
    wait_for(slack.views.modals)
    assert case_of(store).state is CaseState.CLAIMED
    slack.socket.wait_ack(slack.submit(slack.views.modals()[-1], {}, name="omar"))
    wait_for(lambda: case_of(store).state is CaseState.RESPONDED)
    flush(store, slack)
    assert "Answered by omar" in str(root.blocks)
    events = [(e.event, e.actor, e.actor_id) for e in store.cases.file(case.mention_id).events]
    assert events[1:] == [("claimed", "dana", "U0DANA"), ("responded", "omar", "U0OMAR")]
    assert len(slack.roots("voice-complaints")) == 1


def test_a_double_click_and_a_redelivered_click_count_once(slack, settings, store, listening):
    root = open_a_case(store, settings, slack)
    first = slack.click(root, "case_claim", action_ts="1.1")
    second = slack.click(root, "case_claim", action_ts="1.2")
    for envelope in (first, second, slack.click(root, "case_claim", action_ts="1.1")):
        slack.socket.wait_ack(envelope)
    wait_for(lambda: case_of(store).state is CaseState.CLAIMED and clicks_seen(store) == 2)
    file = store.cases.file(case_of(store).mention_id)
    assert [event.event for event in file.events] == ["opened", "claimed"]
    flush(store, slack)
    # Delivered again after the case was given back, the old click still changes nothing.
    slack.socket.wait_ack(slack.click(root, "case_release"))
    wait_for(lambda: case_of(store).state is CaseState.OPEN)
    flush(store, slack)
    for again in ("1.1", "1.2"):
        slack.socket.wait_ack(slack.click(root, "case_claim", action_ts=again))
    listening.stop()  # what was clicked is done by then
    assert case_of(store).state is CaseState.OPEN


def test_of_two_who_claim_the_second_hears_who_was_first(slack, settings, store, listening):
    root = open_a_case(store, settings, slack)
    slack.socket.wait_ack(slack.click(root, "case_claim"))
    wait_for(lambda: case_of(store).state is CaseState.CLAIMED)
    slack.socket.wait_ack(slack.click(root, "case_claim", user="U0OMAR", name="omar"))
    wait_for(lambda: slack.whispers)
    assert slack.whispers[0].user_id == "U0OMAR"
    assert "dana has claimed it already" in slack.whispers[0].text
    assert case_of(store).claimed_by == "dana"


@pytest.mark.parametrize("rudely", [False, True])
def test_after_a_cut_it_connects_again(slack, settings, store, listening, rudely):
    root = open_a_case(store, settings, slack)
    slack.socket.drop(rudely=rudely)
    slack.socket.wait_connected(2)
    slack.socket.wait_ack(slack.click(root, "case_dismiss"))
    wait_for(lambda: case_of(store).state is CaseState.DISMISSED)


def test_a_restarted_listener_hears_old_messages(slack, settings, store, listening):
    root = open_a_case(store, settings, slack)
    listening.stop()
    clicks = Interactions(settings.store.path, settings, lambda: datetime.now(UTC))
    again = Listener(slack.token, slack.app_token, clicks, api_url=slack.api_url)
    again.start()
    slack.socket.wait_connected(2)
    slack.socket.wait_ack(slack.click(root, "case_claim"))
    wait_for(lambda: case_of(store).state is CaseState.CLAIMED)
    again.stop()


def test_a_click_while_the_store_is_locked_is_acknowledged_and_done_later(
    slack, settings, store, listening
):
    root = open_a_case(store, settings, slack)
    free = threading.Event()

    def hold():
        with Store.open(settings.store.path) as other, other.database.transaction():
            locked.set()
            free.wait(PATIENCE_S)

    locked = threading.Event()
    holder = threading.Thread(target=hold)
    holder.start()
    assert locked.wait(PATIENCE_S)
    slack.socket.wait_ack(slack.click(root, "case_claim"))
    assert case_of(store).state is CaseState.OPEN, "Slack did not wait for the store"
    assert ACK_WITHIN_S < 3
    free.set()
    holder.join()
    wait_for(lambda: case_of(store).state is CaseState.CLAIMED)


def test_wrong_label_corrects_and_dismisses(slack, settings, store, listening):
    root = open_a_case(store, settings, slack)
    slack.socket.wait_ack(slack.click(root, "case_relabel", choice="mediocre"))
    wait_for(lambda: case_of(store).state is CaseState.DISMISSED)
    case = case_of(store)
    assert (case.state, case.outcome) == ("dismissed", "wrong_label")
    row = store.database.connection.execute("SELECT * FROM corrections").fetchone()
    assert (row["experience"], row["corrected_by"]) == ("mediocre", "dana")
    flush(store, slack)
    assert "the label was wrong" in str(root.blocks)


def test_mute_silences_the_author(slack, settings, store, listening):
    root = open_a_case(store, settings, slack)
    slack.socket.wait_ack(slack.click(root, "case_mute"))
    wait_for(lambda: case_of(store).state is CaseState.DISMISSED)
    assert case_of(store).outcome == "muted"
    before = len(slack.roots())
    open_a_case(store, settings, slack, native_id="10047", text="Once more: a wholly new grief.")
    assert len(slack.roots()) == before
    assert len(store.cases.in_states(tuple(CaseState))) == 1


def test_share_shows_the_quote_to_whoever_asked(slack, settings, store, listening):
    root = open_a_case(store, settings, slack)
    mention = store.cases.file(case_of(store).mention_id).mention
    root.blocks = [
        {
            "type": "actions",
            "block_id": "actions",
            "elements": [{"type": "button", "action_id": "wow_share", "value": mention.id}],
        }
    ]
    slack.socket.wait_ack(slack.click(root, "wow_share"))
    wait_for(lambda: slack.whispers)
    assert "Petra N. on the App Store" in slack.whispers[0].text
    assert len(slack.roots()) == 1


def test_a_click_that_fails_tells_the_one_who_clicked(slack, settings, store):
    def fail(event: Event) -> Answer | None:
        raise RuntimeError("no luck")

    listener = Listener(slack.token, slack.app_token, fail, api_url=slack.api_url)
    listener.start()
    slack.socket.wait_connected()
    root = open_a_case(store, settings, slack)
    slack.socket.wait_ack(slack.click(root, "case_claim"))
    wait_for(lambda: slack.whispers)
    assert "please click again: no luck" in slack.whispers[0].text
    listener.stop()


HOSTILE = "appstore:<!channel> <@U1|x> *loud* & :boom:"


def assert_harmless(whisper):
    """See that nothing in an answer pings, links, formats or is drawn."""
    for text in (whisper.text, *(block["text"]["text"] for block in whisper.blocks)):
        assert "<" not in text
        assert ">" not in text
        assert "*loud*" not in text
        assert ":boom:" not in text
        assert "&lt;!channel&gt;" in text


@pytest.mark.parametrize(
    ("action", "told"),
    [
        ("case_claim", "there is no such case any more"),
        ("case_mute", "its author is not known"),
        ("case_relabel", "no such mention"),
    ],
)
def test_an_answer_that_names_a_hostile_id_is_harmless(
    slack, settings, store, listening, action, told
):
    root = open_a_case(store, settings, slack)
    root.blocks = [
        {
            "type": "actions",
            "block_id": "actions",
            "elements": [
                {"type": "button", "action_id": "case_claim", "value": HOSTILE},
                {"type": "button", "action_id": "case_mute", "value": HOSTILE},
                {
                    "type": "static_select",
                    "action_id": "case_relabel",
                    "options": [{"text": {"type": "plain_text", "text": "It"}, "value": "angry"}],
                },
            ],
        }
    ]
    choice = "angry" if action == "case_relabel" else None
    slack.socket.wait_ack(slack.click(root, action, choice=choice))
    wait_for(lambda: slack.whispers)
    assert told in slack.whispers[0].text
    assert_harmless(slack.whispers[0])


def test_an_answer_that_names_a_hostile_person_is_harmless(slack, settings, store, listening):
    root = open_a_case(store, settings, slack)
    slack.socket.wait_ack(slack.click(root, "case_claim", name=HOSTILE))
    wait_for(lambda: case_of(store).state is CaseState.CLAIMED)
    slack.socket.wait_ack(slack.click(root, "case_claim", user="U0OMAR", name="omar"))
    wait_for(lambda: slack.whispers)
    assert "has claimed it already" in slack.whispers[0].text
    assert_harmless(slack.whispers[0])


def test_an_answer_that_quotes_an_error_is_harmless(slack, settings, store):
    def fail(event: Event) -> Answer | None:
        raise RuntimeError(HOSTILE)

    listener = Listener(slack.token, slack.app_token, fail, api_url=slack.api_url)
    listener.start()
    slack.socket.wait_connected()
    slack.socket.wait_ack(slack.click(open_a_case(store, settings, slack), "case_claim"))
    wait_for(lambda: slack.whispers)
    assert_harmless(slack.whispers[0])
    listener.stop()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"actions": []},
        {"actions": [{"action_id": "case_claim"}], "user": {"id": "U1"}},
        {"actions": [{"action_id": "case_claim", "value": "x"}], "user": {}},
    ],
)
def test_what_is_no_click_of_ours_is_passed_over(body):
    assert read_click(body) is None


def test_buttons_carry_the_mention():
    from storage.models import Voice

    payload = new_complaint(Voice(mention=a_mention(), verdict=a_verdict()), PLACES, DUE)
    rows = [block["elements"] for block in payload["blocks"] if block["type"] == "actions"]
    assert [[one["action_id"] for one in row] for row in rows] == [
        ["case_claim", "case_answer", "case_responded", "case_assign", "case_more"],
        ["case_dismiss", "case_not_about", "case_relabel", "case_mute"],
    ]
    elements = [one for row in rows for one in row]
    assert {one.get("value") for one in elements} == {"appstore:10045", None}


def test_halves_of_characters_are_replaced_wherever_they_stand() -> None:
    """JSON can escape them; SQLite, and whoever writes UTF-8, cannot hold them."""
    half = json.loads('"a\\ud800b"')
    event = read(
        {
            "type": "view_submission",
            "user": {"id": f"U{half}", "name": half},
            "view": {
                "id": half,
                "callback_id": "note",
                "private_metadata": json.dumps({"in": half, "value": half}),
                "state": {"values": {"b": {"text": {"value": half}, "user": {"value": [half]}}}},
            },
        }
    )
    assert isinstance(event, Submission)

    assert "\\ud800" not in ascii(event)
    assert event.value == "a�b"
