"""A channel renamed in the config: what waited for the old one reaches the new one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts.decide.new_channels import new_channel
from config.settings import parse_settings
from config.settings.channel_roles import channel_roles
from storage.models import Alert, AlertKind, AlertState, NewAlert, Operation
from storage.store import Store
from tests.alerts.fake_slack import FakeSlack, Fault
from tests.alerts.outboxes import an_alert
from tests.earful.conftest import Earful
from tests.earful.running import running

BRAND = """
[[brands]]
name = "Acme Air"
query = "acme"

  [[brands.sources]]
  source = "hackernews"
  enabled = false
"""
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as fake:
        yield fake


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        yield store


@pytest.fixture
def process(
    earful: Earful, slack: FakeSlack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], str]:
    """Run `earful process` with a config whose `[slack]` section has these further lines."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", slack.token)

    def run(lines: str = "") -> str:
        write_config(tmp_path, slack, lines)
        return earful("process").out

    return run


def write_config(folder: Path, slack: FakeSlack, lines: str = "") -> Path:
    path = folder / "earful.toml"
    path.write_text(f'[slack]\napi_url = "{slack.api_url}"\n{lines}\n{BRAND}')
    return path


def alert(key: str, channel: str, kind: AlertKind = AlertKind.COMPLAINT) -> NewAlert:
    made = an_alert(key, channel, at=datetime.now(UTC) - timedelta(hours=3))
    return replace(made, kind=kind)


def states(store: Store) -> dict[str, tuple[str, str]]:
    return {
        one.dedupe_key: (one.channel, one.state.value)
        for one in store.outbox_word.listed(tuple(AlertState))
    }


def test_what_waits_for_a_renamed_channel_reaches_the_one_that_took_its_role(
    process: Callable[[str], str], store: Store, slack: FakeSlack
) -> None:
    process("")
    slack.rename("voice-complaints", "support")
    store.outbox.add([alert("a", "#voice-complaints"), alert("b", "#voice-complaints")])
    assert "parked 2" in process("")
    store.outbox.add([alert("c", "#voice-complaints")])  # written by a daemon of the old config
    out = process('complaints = "#support"')
    assert "moved 3 to the channels that the config names now" in out
    assert "sent 3" in out
    assert slack.texts("support") == ["a", "b", "c"]
    assert store.outbox.unsent() == []


def test_a_reply_waits_with_its_message_and_goes_with_it(
    process: Callable[[str], str], store: Store, slack: FakeSlack
) -> None:
    process("")
    slack.rename("voice-complaints", "support")
    reply = replace(alert("r", "#voice-complaints"), operation=Operation.REPLY, root_key="a")
    store.outbox.add([alert("a", "#voice-complaints"), reply])
    process("")
    assert "moved 2" in process('complaints = "#support"')
    (root,) = slack.roots("support")
    assert [one.text for one in slack.thread(root)] == ["r"]


def test_what_slack_may_have_moves_once_it_was_looked_for(
    process: Callable[[str], str], store: Store, slack: FakeSlack
) -> None:
    process("")
    store.outbox.add([alert("a", "#voice-complaints")])
    slack.fail("chat.postMessage", Fault.http(500, posts=True))
    assert "waiting 1" in process("")
    assert "moved" not in process('complaints = "#voice-wows"')
    assert states(store)["a"] == ("#voice-complaints", "sending")


def test_what_a_person_moved_elsewhere_stays_there(
    earful: Earful, process: Callable[[str], str], store: Store, slack: FakeSlack
) -> None:
    process("")
    slack.fail("chat.postMessage", Fault.says("is_archived"))
    store.outbox.add([alert("a", "#voice-complaints")])
    process("")
    earful("alerts", "move", "1", "--to", "#elsewhere")
    slack.add_channel("elsewhere")
    assert "moved" not in process('complaints = "#voice-wows"')
    process('complaints = "#voice-wows"')
    assert slack.texts("elsewhere") == ["a"]


def test_nothing_is_moved_to_a_channel_that_the_config_has_left(
    earful: Earful, process: Callable[[str], str], store: Store
) -> None:
    process("")
    process('complaints = "#voice-wows"')
    store.outbox.add([alert("a", "#voice-wows")])
    refused = earful("alerts", "move", "1", "--to", "#voice-complaints")
    assert refused.code == 2
    assert "the config names #voice-complaints no more" in refused.err
    assert states(store)["a"] == ("#voice-wows", "pending")


@pytest.mark.slow("starts the daemon, a process of its own")
def test_a_running_daemon_does_the_same(
    process: Callable[[str], str], tmp_path: Path, store: Store, slack: FakeSlack
) -> None:
    process("")
    slack.rename("voice-complaints", "support")
    store.outbox.add([alert("a", "#voice-complaints")])
    config = write_config(tmp_path, slack, 'complaints = "#support"')
    with running(config, slack) as run:
        run.wait_for(lambda: slack.texts("support") == ["a"])
        assert "moved alerts" in run.log.read_text()


ROLES = {
    "slack.complaints": "#voice-complaints",
    "slack.wows": "#voice-wows",
    "slack.digest": "#voice-digest",
    "slack.ops": "#voice-ops",
}

CONFIG = {
    "brands": [
        {
            "name": "Acme Air",
            "query": "acme",
            "sources": [
                {"source": "hackernews", "channel": "#hn"},
                {"source": "github", "repositories": ["acme/app"]},
            ],
        }
    ],
    "alerts": {
        "routes": [
            {"stars": "1", "channel": "#one-star"},
            {"source": "hackernews", "urgent": True},
        ],
        "channels": [
            {
                "channel": "#hn",
                "per_hour": 3,
                "ladder": [{"at": 1.0}, {"after": "1h", "channel": "#leads"}],
            }
        ],
    },
    "on_call": [
        {
            "channel": "#hn",
            "people": [{"name": "Kim", "slack": "U0123ABCD"}],
            "starts": "2026-11-30 09:00",
        }
    ],
}


def test_every_channel_where_something_goes_has_a_role_but_limits_and_rotas_name_none() -> None:
    from crawler.catalog import options_models

    settings = parse_settings(CONFIG, options_models(), where="earful.toml")
    assert channel_roles(settings) == ROLES | {
        "brands[Acme Air].sources[hackernews].channel": "#hn",
        'alerts.routes[{"stars": "1"}].channel': "#one-star",
        'alerts.channels[#hn].ladder[{"after": "PT1H"}].channel': "#leads",
    }


def waiting(kind: AlertKind, channel: str = "#old", brand: str = "Acme Air") -> Alert:
    return Alert(
        id=1, dedupe_key="k", kind=kind, brand=brand, channel=channel, payload={},
        state=AlertState.PENDING, attempts=0, created_at=NOW,
    )  # fmt: skip


ROUTE = 'alerts.routes[{"stars": "1"}].channel'


@pytest.mark.parametrize(
    ("kind", "was", "to"),
    [
        (AlertKind.COMPLAINT, {"slack.complaints"}, "#voice-complaints"),
        (AlertKind.WOW, {"slack.complaints"}, "#voice-complaints"),
        (AlertKind.WOW, {"slack.complaints", "slack.wows"}, "#voice-wows"),
        (AlertKind.OVERDUE, {"slack.complaints", "slack.wows"}, "#voice-complaints"),
        (AlertKind.OPS, {"slack.ops", "slack.digest"}, "#voice-ops"),
        (AlertKind.DIGEST, {"slack.ops", "slack.digest"}, "#voice-digest"),
        (AlertKind.COMPLAINT, {ROUTE}, "#one-star"),
        (AlertKind.COMPLAINT, {"a route that is gone"}, "#voice-complaints"),
        (AlertKind.KUDOS, {"a route that is gone"}, "#voice-wows"),
        (AlertKind.OPS, {ROUTE, "brands[Acme Air].sources[x].channel"}, "#acme"),
    ],
)
def test_the_roles_decide_then_the_kind_then_the_brand(
    kind: AlertKind, was: set[str], to: str
) -> None:
    now = ROLES | {ROUTE: "#one-star", "brands[Acme Air].sources[x].channel": "#acme"}
    assert new_channel(waiting(kind), was, now) == to


def test_a_name_that_comes_back_is_named_again(store: Store) -> None:
    roles = store.channel_roles
    assert roles.note({"slack.ops": "#a"}, NOW)
    assert not roles.note({"slack.ops": "#a"}, NOW)
    assert roles.note({"slack.ops": "#b"}, NOW)
    assert roles.left() == {"#a": frozenset(["slack.ops"])}
    roles.note({"slack.ops": "#a"}, NOW)
    assert roles.left() == {"#b": frozenset(["slack.ops"])}
