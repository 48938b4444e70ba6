"""`Not about us`: one act for Slack's buttons and the terminal, on a case and on a wow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.messages import plain
from alerts.outbox.send_queue import Pace
from alerts.slack.client import BotTransport
from alerts.slack.listener import Listener
from config.errors import InputError
from earful.case_acts import Acted, say_about
from earful.interactions.dispatch import Interactions
from earful.policies import Policies
from earful.stages.deliver_stage import deliver_waiting
from storage.models import CaseOutcome, CaseState, Mention
from storage.reports import Filter
from storage.store import Store
from tests.alerts.fake_slack import FakeSlack, Message
from tests.earful.test_cases import ANGRY, DANA, DELIGHTED, MINUTE, World
from tests.waiting import wait_for

ALL = Filter(brand="Acme")
PRAISE = "Rita found my lost bag within the hour and brought it to my hotel herself. Thank you!"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path / "earful.db")
    yield world
    world.store.close()


def say(world: World, mention: Mention, about: bool) -> Acted:
    world.now += MINUTE
    return say_about(world.store, Policies(world.settings), mention.id, about, DANA, world.now)


def latest(store: Store, mention: Mention) -> str:
    """Give the newest message about a mention, as a console shows it."""
    (row,) = store.database.connection.execute(
        "SELECT max(id) AS id FROM alerts WHERE mention_id = ? AND operation <> 'reply'",
        (mention.id,),
    )
    (alert,) = store.outbox_word.named([row["id"]])
    return plain(alert.payload)


def test_a_case_ends_and_counts_nowhere_and_opens_again_after_all(world: World) -> None:
    mention = world.say("The delta flooded again, a disgrace.")
    assert world.store.insight.answers(ALL)["cases"] == 1
    acted = say(world, mention, False)
    assert acted.changed
    case = world.case(mention)
    assert (case.state, case.outcome) == (CaseState.DISMISSED, CaseOutcome.NOT_ABOUT_US)
    assert world.events(mention)[-1] == "not_about_us"
    assert world.store.insight.answers(ALL)["cases"] == 0
    assert world.store.insight.totals(ALL)["angry"] == 0
    assert "not about us" in latest(world.store, mention)
    assert not say(world, mention, False).changed
    assert say(world, mention, True).changed
    case = world.case(mention)
    assert (case.state, case.outcome) == (CaseState.OPEN, None)
    assert case.due_from == world.now
    assert world.store.insight.totals(ALL)["angry"] == 1
    assert "Open again" in latest(world.store, mention)


def test_to_reopen_such_a_case_says_that_it_is_about_us(world: World) -> None:
    mention = world.say("The delta flooded again, a disgrace.")
    say(world, mention, False)
    assert world.act(mention, "reopen").changed
    assert world.store.relevance.last_word(mention.id) is True
    assert world.case(mention).state is CaseState.OPEN
    assert world.store.insight.totals(ALL)["angry"] == 1


@pytest.mark.parametrize("what", ["respond", "close"])
def test_a_case_that_was_answered_counts_nowhere_either(world: World, what: str) -> None:
    mention = world.say("The delta flooded again, a disgrace.")
    world.act(mention, what)
    say(world, mention, False)
    assert world.case(mention).outcome is CaseOutcome.NOT_ABOUT_US
    assert world.store.insight.answers(ALL)["cases"] == 0


def test_the_same_author_is_heard_of_the_next_time(world: World) -> None:
    say(world, world.say("The delta flooded again, a disgrace.", author="Ana"), False)
    later = world.say("Acme lost my bag and will not answer.", author="Ana")
    assert world.case(later).state is CaseState.OPEN


def test_a_joined_complaint_leaves_the_case_of_the_first_as_it_is(world: World) -> None:
    first = world.say("Acme lost my bag.", author="Ana")
    joined = world.say("The other delta is bad too.", author="Ana")
    assert world.case(joined).id == world.case(first).id
    assert say(world, joined, False).changed
    assert world.case(first).state is CaseState.OPEN
    assert world.store.insight.totals(ALL)["angry"] == 1


def test_a_mention_without_case_or_message_is_taken_out_quietly(world: World) -> None:
    mention = world.say("The delta flooded again, a disgrace.", judge=False)
    before = world.rows("SELECT count(*) AS n FROM alerts")
    say(world, mention, False)
    world.judge()
    assert world.rows("SELECT count(*) AS n FROM alerts") == before
    say(world, mention, True)
    world.judge()
    assert world.rows("SELECT kind FROM alerts") != []


def test_an_unknown_mention_is_named(world: World) -> None:
    with pytest.raises(InputError, match="shop:99: there is no such mention"):
        say_about(world.store, Policies(world.settings), "shop:99", False, DANA, world.now)


def test_a_click_in_slack_takes_out_a_case_and_a_wow(world: World) -> None:
    complaint = world.say("The delta flooded again, a disgrace.", ANGRY)
    praise = world.say(PRAISE, DELIGHTED)
    path = world.settings.store.path
    with FakeSlack() as slack:
        bot = BotTransport(slack.token, api_url=slack.api_url, buttons=True)
        clicks = Interactions(path, world.settings, lambda: world.now)
        listener = Listener(slack.token, slack.app_token, clicks, api_url=slack.api_url)

        def deliver() -> None:
            world.now += MINUTE
            deliver_waiting(world.store, bot, lambda: world.now, pace=Pace(0))

        def click(message: Message, action: str) -> None:
            slack.socket.wait_ack(slack.click(message, action))
            deliver()

        deliver()
        listener.start()
        try:
            slack.socket.wait_connected()
            (case,) = slack.roots("voice-complaints")
            (wow,) = slack.roots("voice-wows")
            click(case, "case_not_about")
            click(wow, "wow_not_about")
            wait_for(lambda: case.edits and wow.edits)
            assert world.case(complaint).outcome is CaseOutcome.NOT_ABOUT_US
            assert "Dismissed by dana" in str(case.blocks)
            assert "Not about us, says dana" in str(wow.blocks)
            assert world.store.insight.totals(ALL)["mentions"] == 0
            (told,) = slack.thread(case)
            assert told.text == "dana says that this is not about us: it counts nowhere."
            click(wow, "wow_about")
            wait_for(lambda: wow.edits == 2)
            assert "Not about us, says" not in str(wow.blocks)
            assert world.store.insight.totals(ALL)["delighted"] == 1
            assert world.store.relevance.last_word(praise.id) is True
        finally:
            listener.stop()
