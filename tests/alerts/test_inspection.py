"""What `earful check` asks Slack, and the manifest that grants what it finds missing."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from slack_sdk import WebClient

from alerts.slack.inspection import inspect, inspect_buttons
from alerts.slack.manifest import SCOPES, manifest
from earful.interactions.dispatch import COMMANDS, SHORTCUTS
from tests.alerts.fake_slack import NEEDED, FakeSlack, Fault

CHANNELS = ["#voice-complaints", "#voice-wows"]


@pytest.fixture
def slack():
    with FakeSlack(scopes=SCOPES, page_size=2) as fake:
        yield fake


def findings(slack, channels=CHANNELS):
    found = list(inspect(slack.token, channels, api_url=slack.api_url))
    return {subject: (good, told) for subject, good, told in found}


def test_all_is_well(slack):
    found = findings(slack)
    assert all(good for good, _ in found.values())
    assert set(found) == {"slack token", "slack scopes", *CHANNELS}
    assert slack.messages() == []  # a check changes nothing


def called_methods() -> set[str]:
    """Name the methods of Slack's Web API that the code calls, by the SDK's names for them."""
    code = "".join(path.read_text("utf-8") for path in Path("alerts/slack").glob("*.py"))
    names = re.findall(r"client\.([a-z]+_[a-zA-Z_]+)\b", code)
    known = {name for name in names if callable(getattr(WebClient, name, None))}
    return {name.replace("_", ".", 1) for name in known}


def test_the_manifest_asks_for_all_that_is_used_and_no_more():
    called = called_methods()
    assert {"chat.postMessage", "views.open", "views.publish"} <= called
    # Private channels need scopes of their own for the same methods; a command is no method.
    private = {"groups:read", "groups:history"}
    used = {NEEDED[method] for method in called if method in NEEDED} | private | {"commands"}
    assert used == set(manifest()["oauth_config"]["scopes"]["bot"])


def test_a_missing_scope_is_named(slack):
    slack.scopes.discard("channels:history")
    good, told = findings(slack)["slack scopes"]
    assert not good
    assert "channels:history" in told


def test_who_hears_nothing_needs_no_commands(slack):
    slack.scopes.discard("commands")
    good, told = findings(slack)["slack scopes"]
    assert not good
    assert "commands (answer /earful" in told
    found = inspect(slack.token, CHANNELS, api_url=slack.api_url, heard=False)
    assert ("slack scopes", True, "all there") in list(found)


def test_the_manifest_offers_what_is_heard():
    """Each handler that Slack must know by name stands in the manifest, and no other."""
    made = manifest()
    assert {one["callback_id"] for one in made["features"]["shortcuts"]} == set(SHORTCUTS)
    assert [one["command"] for one in made["features"]["slash_commands"]] == ["/earful"]
    hint = made["features"]["slash_commands"][0]["usage_hint"]
    assert {one.split()[0] for one in hint.split(" | ")} <= set(COMMANDS)
    assert made["features"]["app_home"]["home_tab_enabled"]
    # Direct messages tell what has no channel to be told in.
    assert made["features"]["app_home"]["messages_tab_enabled"]
    assert made["settings"]["event_subscriptions"]["bot_events"] == ["app_home_opened"]
    assert made["settings"]["interactivity"]["is_enabled"]
    assert made["settings"]["socket_mode_enabled"]
    assert "http" not in json.dumps(made), "no public address is needed"


def test_without_groups_read_public_channels_are_still_checked(slack):
    slack.scopes.discard("groups:read")
    assert findings(slack)["#voice-wows"][0]


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (lambda slack: slack.channels.pop("voice-wows"), "not found"),
        (lambda slack: setattr(slack.channels["voice-wows"], "archived", True), "archived"),
        (lambda slack: setattr(slack.channels["voice-wows"], "member", False), "invite it"),
    ],
)
def test_each_channel_says_what_to_do(slack, trouble, told):
    trouble(slack)
    found = findings(slack)
    assert found["#voice-complaints"][0]
    assert not found["#voice-wows"][0]
    assert told in found["#voice-wows"][1]


def test_a_revoked_token_says_so(slack):
    slack.revoke()
    good, told = findings(slack)["slack token"]
    assert not good
    assert "token_revoked" in told


def test_a_list_that_cannot_be_had_says_so(slack):
    slack.fail("conversations.list", Fault.says("internal_error"))
    good, told = findings(slack)["slack channels"]
    assert not good
    assert "internal_error" in told


def test_a_slack_out_of_reach_says_so():
    dead = FakeSlack()
    dead._server.server_close()
    assert "cannot be reached" in findings(dead)["slack"][1]


class TestButtons:
    def said(self, slack, token):
        ((subject, good, told),) = inspect_buttons(token, api_url=slack.api_url)
        assert subject == "slack buttons"
        return good, told

    def test_a_good_token(self, slack):
        assert self.said(slack, slack.app_token)[0]

    @pytest.mark.parametrize(
        ("token", "told"), [("xapp-old", "not valid"), ("xoxb-fake", "no app-level token")]
    )
    def test_a_wrong_token_says_where_to_get_one(self, slack, token, told):
        good, sentence = self.said(slack, token)
        assert not good
        assert told in sentence
        assert "app-level token" in sentence

    @pytest.mark.parametrize(
        ("code", "told"),
        [
            ("missing_scope", "connections:write"),
            ("socket_mode_not_enabled", "Socket Mode is off"),
            ("forbidden_for_interactive", "interactivity is off"),
        ],
    )
    def test_what_is_missing_is_named(self, slack, code, told):
        slack.fail("apps.connections.open", Fault.says(code))
        assert told in self.said(slack, slack.app_token)[1]

    def test_the_manifest_turns_both_on(self):
        settings = manifest()["settings"]
        assert settings["socket_mode_enabled"]
        assert settings["interactivity"] == {"is_enabled": True}
