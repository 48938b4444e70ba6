"""Cases beside Slack: their events on a webhook, issues made of them, and what the config says."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from alerts.messages import plain
from alerts.outbox.send_queue import Pace
from alerts.slack.interactions import Answer, Click
from config.errors import ConfigError
from config.settings import Secrets, parse_settings
from earful import case_acts
from earful.case_issues import settle_issues
from earful.configured_destinations import subscribe, unmet, way_of_channel, ways
from earful.forgetting import forget_author
from earful.interactions.dispatch import Interactions
from earful.policies import Policies
from earful.stages.deliver_stage import deliver_waiting, transport_for
from storage.models import Alert, AlertKind, Mention
from storage.tables.outbox_word import OutboxWord
from tests.alerts.fake_destinations import SECRET, TOKEN, FakeDestinations, Taken
from tests.alerts.fake_slack import Fault
from tests.docs.modules import modules
from tests.earful.conftest import Earful
from tests.earful.test_cases import DANA, MINUTE, World

PAGE = Path(__file__).parents[2] / "docs" / "destinations.md"


@pytest.fixture
def there() -> Iterator[FakeDestinations]:
    with FakeDestinations() as fakes:
        yield fakes


@pytest.fixture
def world(tmp_path: Path, there: FakeDestinations, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("EARFUL_EVENTS_SECRET_CRM", SECRET)
    monkeypatch.setenv("EARFUL_ISSUES_TOKEN", TOKEN)
    crm = {"name": "crm", "url": there.url("webhook"), "case_events": True, "brands": ["Acme"]}
    bugs = {"name": "bugs", "tracker": "github", "project": "acme/app", "base_url": there.base}
    made = World(
        tmp_path / "earful.db",
        destinations={"webhook": [crm], "issues": [bugs]},
    )
    there.clock = lambda: made.now
    subscribe(made.store, made.settings)
    return made


def deliver(world: World) -> None:
    transport = transport_for(world.settings, Secrets(), lambda: world.now)
    deliver_waiting(world.store, transport, lambda: world.now, pace=Pace(0))


def press(world: World, mention: Mention, tracker: str = "bugs", key: str = "c1") -> str:
    click = Click(
        key=key, action=f"case_issue:{tracker}", value=mention.id, user_id="U0DANA",
        user_name="dana", channel_id="C1", message_ts="1.1", trigger_id="t",
    )  # fmt: skip
    answer = Interactions(world.store.database.path, world.settings, lambda: world.now)(click)
    assert isinstance(answer, Answer)
    assert answer.payload is not None
    return plain({"text": answer.payload["text"]}, 400)


def issue_rows(world: World) -> list[Alert]:
    return [one for one in world.store.outbox.unsent() if one.kind is AlertKind.ISSUE]


class TestEventsOfCases:
    def test_each_is_sent_once_with_what_the_case_is_then(
        self, world: World, there: FakeDestinations, capsys: pytest.CaptureFixture[str]
    ) -> None:
        mention = world.say("Lost my bag")
        world.now += MINUTE
        world.act(mention, "claim", note="calling")
        world.act(mention, "respond")
        world.act(mention, "close")
        there.fail("webhook", Fault.cut(posts=True))

        deliver(world)
        world.now += MINUTE
        deliver(world)

        events = [one.body for one in there.taken["webhook"]]
        assert [one["type"] for one in events] == [
            "case.opened", "case.claimed", "case.responded", "case.closed",
        ]  # fmt: skip
        assert there.repeats["webhook"] == 1
        claimed = events[1]["data"]
        assert (claimed["actor"], claimed["note"]) == ("dana", "calling")
        assert (claimed["case"]["state"], claimed["case"]["claimed_by"]) == ("claimed", "dana")
        assert claimed["mention"]["text"] == "Lost my bag"
        assert events[3]["data"]["case"]["outcome"] == "done"

    def test_one_that_was_rolled_back_never_was(self, world: World) -> None:
        mention = world.say("Lost my bag")
        before = len(world.store.outbox.unsent())
        with suppress(RuntimeError), world.store.write() as unit:
            case_acts.act(unit, Policies(world.settings), mention.id, "claim", DANA, world.now)
            raise RuntimeError
        assert len(world.store.outbox.unsent()) == before

    def test_other_brands_are_not_told(self, world: World) -> None:
        world.say("Lost my bag", brand="Other")
        assert not [one for one in world.store.outbox.unsent() if one.via == "webhook:crm"]

    def test_a_config_without_it_tells_nobody(self, world: World) -> None:
        subscribe(world.store, parse_settings({}, {}, where="test"))
        world.say("Lost my bag")
        assert not [one for one in world.store.outbox.unsent() if one.via]

    def test_who_is_forgotten_is_told_to_the_receiver_without_their_words(
        self, world: World, there: FakeDestinations
    ) -> None:
        mention = world.say("Lost my bag")
        deliver(world)
        forget_author(world.store, str(mention.author_id))
        world.now += MINUTE
        deliver(world)

        last = there.taken["webhook"][-1].body
        assert last["type"] == "alert.updated"
        assert last["data"]["about"] == there.taken["webhook"][0].id
        assert "Lost my bag" not in json.dumps(last)

    def test_only_one_place_writes_events(self) -> None:
        """Whatever wrote one elsewhere would tell no receiver."""
        writers = {
            module.path
            for module in modules()
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Constant) and "INSERT INTO case_events" in str(node.value)
            if not module.path.startswith("storage/migrations/")
        }
        assert writers == {"storage/tables/case_events.py"}

    def test_what_is_sent_is_what_the_page_says(
        self, world: World, there: FakeDestinations
    ) -> None:
        schema = json.loads(
            re.search(r"```json\n(.*?)\n```", PAGE.read_text(), re.S)[1]  # type: ignore[index]
        )
        world.say("Lost my bag")
        deliver(world)
        with world.store.database.transaction() as connection:
            connection.execute(
                "UPDATE alerts SET via = 'webhook:crm', state = 'pending' WHERE kind = 'complaint'"
            )
        world.now += MINUTE
        deliver(world)

        by_type: dict[str, Taken] = {one.body["type"]: one for one in there.taken["webhook"]}
        event, alert = by_type["case.opened"].body, by_type["alert.posted"].body
        parts = schema["$defs"]
        assert all(re.match(schema["properties"]["type"]["pattern"], kind) for kind in by_type)
        assert sorted(event) == sorted(alert) == sorted(schema["required"])
        assert set(event["data"]) == set(parts["case_event"]["required"])
        assert set(alert["data"]) == set(parts["alert"]["required"])
        for name in ("case", "mention"):
            known = parts["case_event"]["properties"][name]["properties"]
            assert set(event["data"][name]) == set(known)


class TestIssues:
    def test_one_press_makes_one_issue_whose_link_comes_back(
        self, world: World, there: FakeDestinations
    ) -> None:
        mention = world.say("The app *crashes* @everyone", title="Crash")
        world.sent()
        there.fail("github", Fault.cut(posts=True))

        answer = press(world, mention)
        deliver(world)
        for _ in range(2):
            world.now += 20 * MINUTE
            deliver(world)
        policies = Policies(world.settings)
        assert settle_issues(world.store, policies, world.now) == 1
        assert settle_issues(world.store, policies, world.now) == 0

        assert answer.startswith("Earful makes an issue in bugs.")
        (issue,) = there.taken["github"]
        assert issue.body["title"] == "Acme: Crash"
        assert "```text\nCrash\nThe app *crashes* @everyone\n```" in issue.body["body"]
        assert world.events(mention)[-1] == "issue_made"
        waiting = [one for one in world.store.outbox.unsent() if one.root_key]
        shown = json.dumps([one.payload for one in waiting])
        link = "<https://github.example/acme/app/issues/1|#1>"
        assert f"dana made an issue of this case: {link}" in shown
        assert f"Issue {link}" in shown
        assert press(world, mention, key="c2") == (
            "This case has an issue in bugs already: https://github.example/acme/app/issues/1"
        )

    def test_a_second_press_asks_for_no_second_issue(self, world: World) -> None:
        mention = world.say("The app crashes")
        press(world, mention)
        assert press(world, mention, key="c2") == (
            "An issue in bugs was asked for already: its link will come."
        )
        assert len(issue_rows(world)) == 1

    def test_what_cannot_be_is_said(self, world: World) -> None:
        mention = world.say("The app crashes")
        assert press(world, mention, "none") == (
            "No tracker named none takes issues of Acme: see [destinations]."
        )
        gone = Mention(brand="Acme", source="shop", native_id="99", text="x", fetched_at=world.now)
        assert press(world, gone) == "shop:99: there is no such case any more"
        press(world, mention)
        OutboxWord(world.store.database).drop([issue_rows(world)[0].id], "no")
        assert press(world, mention, key="c3") == (
            "Somebody gave the issue in bugs up with `earful alerts drop`."
        )

    def test_the_terminal_does_what_the_button_does(
        self, world: World, earful: Earful, there: FakeDestinations, tmp_path: Path
    ) -> None:
        subscribe(world.store, parse_settings({}, {}, where="test"))
        mention = world.say("The app crashes")
        case = world.case(mention)
        (tmp_path / "earful.toml").write_text(
            '[[brands]]\nname = "Acme"\nquery = "acme"\n'
            '[[destinations.issues]]\nname = "bugs"\ntracker = "github"\nproject = "acme/app"\n'
            f'base_url = "{there.base}"\n'
        )
        ran = earful("case", "issue", str(case.id), "bugs", "--as", "rita")
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.startswith("Earful makes an issue in bugs.")
        ran = earful("process")
        assert ran.code == 0, ran.err
        assert len(there.taken["github"]) == 1
        assert "rita made this issue of it." in there.taken["github"][0].body["body"]
        assert world.events(mention)[-1] == "issue_made"
        ran = earful("case", "issue", str(case.id), "none")
        assert ran.code == 2
        assert ran.err == (
            "earful: No tracker named none takes issues of Acme: see [destinations].\n"
        )


MAIL = {"name": "m", "server": "s", "sender": "a@example.com", "to": ["b@example.com"]}
WRONG: list[tuple[dict[str, Any], str]] = [
    (
        {"alerts": {"channels": [{"channel": "#a", "via": "mail:x"}]}},
        "alerts.channels[0].via: no destination is 'mail:x'; known: slack",
    ),
    (
        {"alerts": {"channels": [{"channel": "#a", "via": "issues:x"}]}},
        "alerts.channels[0].via: String should match",
    ),
    (
        {"destinations": {"mail": [MAIL, MAIL]}},
        "destinations: two destinations are 'mail:m': give each its own name",
    ),
    (
        {"destinations": {"mail": [MAIL | {"to": ["nobody"]}]}},
        "destinations.mail[0].to[0]: not an e-mail address",
    ),
    (
        {"destinations": {"mail": [MAIL | {"username": "u", "security": "none"}]}},
        "destinations.mail[0]: a password is not sent in the clear",
    ),
    (
        {"destinations": {"mail": [MAIL | {"servr": "x"}]}},
        "destinations.mail[0].servr: unknown key; did you mean 'server'?",
    ),
    (
        {"destinations": {"issues": [{"name": "j", "tracker": "jira", "project": "ACME"}]}},
        "destinations.issues[0]: jira needs base_url",
    ),
    (
        {"destinations": {"issues": [{"name": "g", "tracker": "github", "project": "app"}]}},
        'destinations.issues[0]: project: for github write "owner/repository"',
    ),
    (
        {"destinations": {"webhook": [{"name": "w", "url": "ftp://x"}]}},
        "destinations.webhook[0].url: not an http(s) address",
    ),
    (
        {
            "destinations": {
                "webhook": [{"name": "w", "url": "https://x.example", "brands": ["B"]}]
            }
        },
        "destinations.webhook[0].brands: 'B' is none of [[brands]]: there are none",
    ),
]


@pytest.mark.parametrize(("raw", "said"), WRONG)
def test_a_wrong_destination_is_refused_with_its_place(raw: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_settings(raw, {}, where="earful.toml")
    assert f"earful.toml: {said}" in str(refused.value)


def test_each_destination_says_which_secret_it_needs() -> None:
    settings = parse_settings(
        {
            "destinations": {
                "webhook": [{"name": "crm", "url": "https://crm.example"}],
                "mail": [MAIL | {"username": "earful"}, MAIL | {"name": "open"}],
                "teams": [{"name": "support"}],
                "discord": [{"name": "players"}],
                "issues": [{"name": "bugs", "tracker": "github", "project": "a/b"}],
            }
        },
        {},
        where="test",
    )
    needs = list(unmet(settings, {}))
    assert [need.split(" in ")[0] for need in needs] == [
        "destinations.webhook[0]: needs EARFUL_EVENTS_SECRET_CRM or EARFUL_EVENTS_SECRET",
        "destinations.mail[0]: needs EARFUL_MAIL_PASSWORD_M or EARFUL_MAIL_PASSWORD",
        "destinations.teams[0]: needs EARFUL_TEAMS_URL_SUPPORT or EARFUL_TEAMS_URL",
        "destinations.discord[0]: needs EARFUL_DISCORD_URL_PLAYERS or EARFUL_DISCORD_URL",
        "destinations.issues[0]: needs EARFUL_ISSUES_TOKEN_BUGS or EARFUL_ISSUES_TOKEN",
    ]
    environ = {
        "EARFUL_EVENTS_SECRET": "short",
        "EARFUL_MAIL_PASSWORD_M": "p",
        "EARFUL_TEAMS_URL": "not an address",
        "EARFUL_DISCORD_URL": "https://discord.example/api/webhooks/1/x",
        "EARFUL_ISSUES_TOKEN": "t",
    }
    assert list(unmet(settings, environ)) == [
        "destinations.webhook[0]: EARFUL_EVENTS_SECRET in the environment: it has fewer than 16 "
        "bytes: make one with `openssl rand -hex 32`",
        "destinations.teams[0]: EARFUL_TEAMS_URL in the environment must be an address: https://…",
    ]
    made, lacking = ways(settings, environ)
    assert sorted(made) == ["discord:players", "issues:bugs", "mail:m", "mail:open"]
    assert sorted(lacking) == ["teams:support", "webhook:crm"]


def test_a_channel_is_where_the_config_says() -> None:
    settings = parse_settings(
        {
            "alerts": {"channels": [{"channel": "#mail", "via": "mail:m"}, {"channel": "#other"}]},
            "destinations": {"mail": [MAIL]},
        },
        {},
        where="test",
    )
    way = way_of_channel(settings)
    assert [way(one) for one in ("#mail", "#other", "mail:m", "#none")] == [
        "mail:m", "slack", "mail:m", "slack",
    ]  # fmt: skip
