"""`/earful`, the Home and “Make this a case”, over a real WebSocket, on a real store."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts.outbox.delivery import deliver
from alerts.outbox.send_queue import Pace
from alerts.slack.client import BotTransport
from alerts.slack.listener import Listener
from config.settings import parse_settings
from earful.interactions.dispatch import Interactions
from earful.stages import judge_stage
from storage.models import CaseState, Experience, Mention, Stance
from storage.store import Store
from storage.tables.verdicts import Scored
from tests.alerts.fake_slack import WORKSPACE, FakeSlack
from tests.storage.fixtures import make_verdict
from tests.waiting import PATIENCE_S, wait_for

DANA, OMAR = "U0DANA", "U0OMAR"
HOSTILE = "<!channel> *loud* :boom: & <@U1|x>"


class World:
    """A store with cases, a fake Slack that has their messages, and what hears it."""

    def __init__(self, tmp_path, slack: FakeSlack) -> None:
        self.slack = slack
        self.path = tmp_path / "earful.db"
        raw = {
            "store": {"path": str(self.path)},
            "serve": {"public_url": "https://earful.example/"},
            "brands": [
                {"name": "Acme Air", "query": "acme"},
                {"name": "Bolt", "query": "bolt"},
                {"name": "Rival", "query": "rival", "competitor": True},
            ],
        }
        self.settings = parse_settings(raw, {}, where="test")
        self.store = Store.open(self.path, migrate=True)
        self.now = datetime.now(UTC)
        self.interactions = Interactions(self.path, self.settings, lambda: self.now)
        self.listener = Listener(
            slack.token,
            slack.app_token,
            self.interactions,
            home=self.interactions.home,
            api_url=slack.api_url,
        )
        self.listener.start()
        slack.socket.wait_connected()

    def close(self) -> None:
        self.listener.stop()
        self.store.close()
        assert self.slack.door.late == []

    def complain(self, *numbers: int, brand: str = "Acme Air", **changes: Any) -> None:
        """Let complaints become cases, and their messages reach Slack."""
        for number in numbers:
            fields: dict[str, Any] = {
                "brand": brand,
                "source": "appstore",
                "native_id": f"{brand}{number}",
                "author": f"Petra {number}",
                "author_native_id": f"{brand}-{number}",
                "text": f"refund number {number} of {brand} never came",
                "rating": 1.0,
                "rating_max": 5.0,
                "created_at": self.now - timedelta(minutes=5),
                "fetched_at": self.now,
            }
            mention = Mention(**(fields | changes))
            self.store.mentions.save([mention])
            verdict = make_verdict(Experience.ANGRY, Stance.NEITHER)
            self.store.verdicts.save([Scored(mention=mention, verdict=verdict)], self.now)
            judge_stage.judge_waiting(self.store, self.settings, lambda: self.now)
        self.deliver()

    def deliver(self) -> None:
        slack = self.slack
        bot = BotTransport(slack.token, api_url=slack.api_url, timeout=PATIENCE_S, buttons=True)
        later = self.now + timedelta(minutes=5)
        deliver(self.store.outbox, bot, lambda: later, lambda s: None, pace=Pace(0))

    def ack(self, envelope: str) -> Any:
        self.slack.socket.wait_ack(envelope)
        return self.slack.socket.answers[envelope]

    def ask(self, text: str, user: str = DANA) -> Any:
        """Type `/earful` and give what that user sees."""
        before = len(self.slack.whispers)
        self.ack(self.slack.command("/earful", text, user))
        assert len(self.slack.whispers) == before + 1
        return self.slack.whispers[-1]

    def states(self) -> dict[int, str]:
        return {case.id: case.state for case in self.store.cases.in_states(tuple(CaseState))}


@pytest.fixture
def slack():
    with FakeSlack() as fake:
        yield fake


@pytest.fixture
def world(tmp_path, slack):
    made = World(tmp_path, slack)
    yield made
    made.close()


def words_of(shown: Any) -> str:
    return json.dumps(shown.blocks, ensure_ascii=False)


def numbers_in(shown: Any) -> list[int]:
    """Give the numbers of the cases that stand in a list, from the top."""
    ids = [block.get("block_id", "") for block in shown.blocks if block["type"] == "section"]
    return [int(one.removeprefix("case_")) for one in ids if one.startswith("case_")]


class TestCommand:
    def test_the_open_cases_come_by_their_due_time_with_links_and_buttons(self, world, slack):
        world.complain(1, 2)
        shown = world.ask("open")
        assert numbers_in(shown) == [1, 2]
        root = slack.roots("voice-complaints")[0]
        asked = {"channel": root.channel_id, "message_ts": root.ts}
        link = slack.answer("chat.getPermalink", slack.token, asked)["permalink"]
        assert f"<{link}|Its message>" in words_of(shown)
        assert "<https://earful.example/case/1|In the dashboards>" in words_of(shown)
        world.ack(slack.click(shown, "work_claim", value=shown.blocks[2]["elements"][0]["value"]))
        wait_for(lambda: "dana has claimed it" in words_of(shown))
        assert world.states() == {1: "claimed", 2: "open"}
        assert numbers_in(world.ask("mine")) == [1]
        assert numbers_in(world.ask("unclaimed")) == [2]
        assert "No case of yours" in world.ask("mine", OMAR).text

    def test_who_is_late_sees_what_was_taken_meanwhile(self, world, slack):
        world.complain(1)
        shown, again = world.ask("open"), world.ask("open", OMAR)
        world.ack(slack.click(shown, "work_claim"))
        wait_for(lambda: world.states() == {1: "claimed"})
        world.ack(slack.click(again, "work_claim", user=OMAR, name="omar"))
        wait_for(lambda: len(slack.whispers) == 3)
        assert "dana has claimed it already" in slack.whispers[-1].text
        assert slack.whispers[-1].user_id == OMAR

    def test_a_long_list_has_pages(self, world, slack):
        world.complain(*range(1, 24))
        shown = world.ask("open")
        assert len(numbers_in(shown)) == 10
        assert "13 more cases" in words_of(shown)
        world.ack(slack.click(shown, "work_page"))
        wait_for(lambda: numbers_in(shown)[0] == 11)
        world.ack(slack.click(shown, "work_page"))
        wait_for(lambda: numbers_in(shown) == [21, 22, 23])
        world.ack(slack.click(shown, "work_page:back"))
        wait_for(lambda: numbers_in(shown)[0] == 11)
        assert len(slack.whispers) == 1, "a page takes the place of the one before"

    def test_overdue_are_those_whose_time_is_over(self, world):
        world.complain(1)
        assert world.ask("overdue").text == "No case is overdue."
        world.now += timedelta(days=9)
        shown = world.ask("OVERDUE")
        assert numbers_in(shown) == [1]
        assert "*Overdue* since" in words_of(shown)

    def test_what_waits_for_the_customer_is_not_late(self, world):
        world.complain(1)
        with world.store.database.transaction() as connection:
            until = (world.now + timedelta(days=20)).isoformat()
            connection.execute("UPDATE cases SET snoozed_until = ?", (until,))
        world.now += timedelta(days=9)
        assert world.ask("overdue").text == "No case is overdue."
        assert "It waits for the customer until" in words_of(world.ask("open"))

    @pytest.mark.parametrize(
        ("named", "numbers"), [("", [1, 2]), ("bolt", [2]), ("Acme", [1]), ('"Acme Air"', [1])]
    )
    def test_a_brand_behind_a_list_keeps_to_it(self, world, named, numbers):
        world.complain(1)
        world.complain(2, brand="Bolt")
        assert numbers_in(world.ask(f"open {named}")) == numbers

    def test_a_brand_that_is_none_says_which_there_are(self, world):
        assert "The brands are: Acme Air, Bolt." in world.ask("open acne").text

    def test_a_case_is_shown_and_worked_on_where_only_one_sees_it(self, world, slack):
        world.complain(1)
        shown = world.ask("case 1")
        world.ack(slack.click(shown, "case_claim:shown"))
        wait_for(lambda: "Claimed by dana" in words_of(shown))
        assert world.states() == {1: "claimed"}
        # Slack sends no message along with a choice in what only one user sees.
        world.ack(slack.click(shown, "case_assign:shown", choice="U01234OMAR"))
        wait_for(lambda: "Claimed by dana" not in words_of(shown))
        (case,) = world.store.cases.in_states([CaseState.CLAIMED])
        assert case.claimed_by_id == "U01234OMAR"
        world.ack(slack.click(shown, "case_relabel:shown", choice="mediocre"))
        wait_for(lambda: "the label was wrong" in words_of(shown))
        assert world.states() == {1: "dismissed"}

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("case 99", "There is no case 99."),
            ("case", "Which case?"),
            ("case ²", "Which case?"),
            ("case 99999999999999999999999", "Which case?"),
            ("search", "What shall be looked for?"),
            ('search "', "No mention holds"),
            ("search xyzzy", "No mention holds “xyzzy”."),
            ("", "/earful answers"),
            ("help", "/earful answers"),
            ("opne", "/earful knows no “opne”"),
        ],
    )
    def test_what_is_not_understood_says_what_to_write(self, world, text, told):
        world.complain(1)
        assert told in world.ask(text).text

    def test_a_search_finds_mentions_and_their_cases(self, world, slack):
        world.complain(*range(1, 13))
        shown = world.ask("search refund")
        assert words_of(shown).count("Nobody has claimed it.") == 10
        world.ack(slack.click(shown, "work_page"))
        wait_for(lambda: words_of(shown).count("Nobody has claimed it.") == 2)
        value = next(b for b in shown.blocks if b["type"] == "actions")["elements"][0]["value"]
        world.ack(slack.click(shown, "work_show", value=value))
        wait_for(lambda: len(slack.whispers) == 2)
        assert "Complaint about Acme Air" in words_of(slack.whispers[-1])

    @pytest.mark.parametrize(
        "text", ["open", "search refund", "case 1", f"open {HOSTILE}", HOSTILE]
    )
    def test_text_from_outside_neither_pings_nor_formats(self, world, text):
        world.complain(1, author=HOSTILE, text=f"refund {HOSTILE}", title=HOSTILE)
        shown = world.ask(text)
        for words in (shown.text, words_of(shown)):
            assert "<!channel>" not in words
            assert "<@U1" not in words
            assert "*loud*" not in words
            assert ":boom:" not in words

    def test_what_fails_is_told_to_the_one_who_asked(self, world, slack):
        world.complain(1)
        with world.store.database.transaction() as connection:
            connection.execute("DROP TABLE slack_homes")
            connection.execute("ALTER TABLE cases RENAME TO gone")
        shown = world.ask("open")
        assert "please click again" in shown.text


class TestHome:
    def home(self, slack, user=DANA):
        return slack.views.homes[user]

    def test_it_shows_mine_and_the_teams_and_follows_what_i_do(self, world, slack):
        world.complain(1, 2)
        world.ack(slack.open_home())
        wait_for(lambda: slack.views.homes)
        view = self.home(slack)
        assert "No case of yours waits" in words_of(view)
        assert numbers_in(view) == [1, 2]
        assert f"<{WORKSPACE}archives/" in words_of(view)
        value = next(b for b in view.blocks if b["type"] == "actions")["elements"][0]["value"]
        world.ack(slack.click(view, "work_claim", value=value))
        wait_for(lambda: "dana has claimed it" in words_of(view))
        assert world.states() == {1: "claimed", 2: "open"}
        # A click under the case's message in the channel counts too, and another's does not yet.
        root = slack.roots("voice-complaints")[1]
        world.ack(slack.click(root, "case_claim"))
        wait_for(lambda: words_of(view).count("dana has claimed it") == 2)
        assert list(slack.views.homes) == [DANA]

    def test_a_case_opens_in_a_window_and_is_worked_on_there(self, world, slack):
        world.complain(1)
        world.ack(slack.open_home())
        wait_for(lambda: slack.views.homes)
        world.ack(slack.click(self.home(slack), "work_show"))
        wait_for(slack.views.modals)
        (window,) = slack.views.modals()
        world.ack(slack.click(window, "case_claim:shown"))
        wait_for(lambda: "Claimed by dana" in words_of(window))
        wait_for(lambda: "dana has claimed it" in words_of(self.home(slack)))
        world.ack(slack.click(window, "case_dismiss:shown"))
        wait_for(lambda: "Dismissed by dana" in words_of(window))
        assert world.states() == {1: "dismissed"}

    def test_many_cases_fit_and_the_rest_is_a_window_away(self, world, slack):
        world.complain(*range(1, 31))
        world.ack(slack.open_home())
        wait_for(lambda: slack.views.homes)
        assert "10 more cases" in words_of(self.home(slack))
        world.ack(slack.click(self.home(slack), "work_page"))
        wait_for(slack.views.modals)
        (window,) = slack.views.modals()
        assert numbers_in(window) == list(range(21, 31))
        world.ack(slack.click(window, "work_page:back"))
        wait_for(lambda: numbers_in(window)[0] == 11)


class TestMakeCase:
    TEXT = "A customer rang: her <https://x.example|bag> is &lt;lost&gt; says <@U0ELSE>"

    def form(self, world, slack, **changes):
        world.ack(slack.shortcut("make_case", text=self.TEXT, **changes))
        wait_for(slack.views.modals)
        return slack.views.modals()[-1]

    def fill(self, **changes):
        return {"brand": "Bolt", "where": "by phone", "author": "Ada", "stars": "1"} | changes

    def test_a_message_becomes_a_mention_a_case_and_an_alert(self, world, slack):
        view = self.form(world, slack)
        world.ack(slack.submit(view, self.fill()))
        wait_for(lambda: slack.direct(DANA))
        assert (
            slack.direct(DANA)[0].text == "Case 1 is open: its message comes to #voice-complaints."
        )
        (case,) = world.store.cases.in_states(tuple(CaseState))
        assert (case.brand, case.state) == ("Bolt", "open")
        mention = world.store.mentions.get(case.mention_id)
        assert mention is not None
        assert (mention.source, mention.native_id) == ("slack", "C0ELSE/1790000000.000100")
        assert mention.url == f"{WORKSPACE}archives/C0ELSE/p1790000000000100"
        assert mention.text == (
            "A customer rang: her bag (https://x.example) is <lost> says somebody"
        )
        assert (mention.title, mention.author, mention.rating) == ("by phone", "Ada", 1.0)
        assert world.store.corrections.of(mention.id) == (Experience.ANGRY, None)
        assert world.store.judgements.count_unjudged() == 0
        world.deliver()
        (root,) = slack.roots("voice-complaints")
        assert "Ada in Slack" in root.text
        fates = [(row["source"], row["new"], row["alerted"]) for row in self.ledger(world)]
        assert fates == [("slack", 1, 1)]

    def ledger(self, world):
        return world.store.ledger.rows(world.now - timedelta(days=1))

    def test_the_same_message_makes_one_case(self, world, slack):
        view = self.form(world, slack)
        world.ack(slack.submit(view, self.fill()))
        wait_for(lambda: slack.direct(DANA))
        world.ack(slack.door.deliver_again())
        again = self.form(world, slack, user=OMAR, name="omar")
        world.ack(slack.submit(again, self.fill(brand="Acme Air"), user=OMAR, name="omar"))
        wait_for(lambda: slack.direct(OMAR))
        assert "made of this message already" in slack.direct(OMAR)[0].text
        assert world.states() == {1: "open"}
        assert world.store.mentions.count() == 1
        assert {one.text for one in slack.direct(DANA)} == {
            "Case 1 is open: its message comes to #voice-complaints."
        }

    def test_no_case_is_made_of_a_competitor(self, world, slack):
        view = self.form(world, slack)
        assert "Bolt" in str(view.shown)
        assert "Rival" not in str(view.shown)
        # It may have become one while the window was open.
        (rival,) = (one for one in world.settings.brands if one.name == "Bolt")
        object.__setattr__(rival, "competitor", True)
        world.ack(slack.submit(view, self.fill()))
        assert view.open
        assert view.errors == {"brand": "Bolt is a competitor: choose a brand of your own."}
        assert world.states() == {}
        assert world.store.mentions.count() == 0

    def test_words_that_hold_nothing_keep_the_modal_open(self, world, slack):
        view = self.form(world, slack)
        world.ack(slack.submit(view, self.fill(words="  ")))
        assert view.open
        assert view.errors == {"words": "Say what the customer said: a case needs words."}
        assert world.states() == {}

    def test_a_store_that_is_held_loses_nothing(self, world, slack):
        view = self.form(world, slack)
        with world.store.database.transaction():
            envelope = slack.submit(view, self.fill())
            slack.socket.wait_ack(envelope)
        wait_for(lambda: slack.direct(DANA))
        assert world.states() == {1: "open"}
