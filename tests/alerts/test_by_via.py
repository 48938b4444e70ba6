"""Each alert goes its own way, and a way that is not there stops no other."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

from alerts.outbox.by_via import ByVia
from alerts.outbox.delivery import deliver
from alerts.outbox.transport import ConsoleTransport, Fate, SendResult
from storage.models import Alert, AlertState, TroubleKind
from tests.alerts.outboxes import NOW, an_alert, open_outbox


def test_each_alert_goes_by_the_way_that_it_or_its_channel_names(tmp_path: Path) -> None:
    _, outbox = open_outbox(tmp_path / "earful.db")
    slack, mail, source = io.StringIO(), io.StringIO(), io.StringIO()
    ways = {
        "slack": ConsoleTransport(slack),
        "mail": ConsoleTransport(mail),
        "source:appstore": ConsoleTransport(source),
    }
    by_channel = {"#mails": "mail"}
    transport = ByVia(ways, lambda channel: by_channel.get(channel, "slack"))
    outbox.add(
        [
            an_alert("one"),
            replace(an_alert("two"), channel="#mails"),
            replace(an_alert("three"), via="source:appstore"),
        ]
    )

    result = deliver(outbox, transport, lambda: NOW, lambda _: None)

    assert result.sent == 3
    assert ["one" in slack.getvalue(), "two" in mail.getvalue()] == [True, True]
    assert "three" in source.getvalue()
    assert "three" not in slack.getvalue()


def test_a_way_that_is_not_there_parks_its_own_alerts_and_says_so(tmp_path: Path) -> None:
    _, outbox = open_outbox(tmp_path / "earful.db")
    written = io.StringIO()
    transport = ByVia({"slack": ConsoleTransport(written)})
    lost = replace(an_alert("lost"), via="teams", channel="teams")
    outbox.add([lost, an_alert("goes on")])

    result = deliver(outbox, transport, lambda: NOW, lambda _: None)

    assert "goes on" in written.getvalue()
    parked = outbox.find(lost.dedupe_key)
    assert parked is not None
    assert parked.state is AlertState.PARKED
    assert result.problems == (
        "teams: nothing in the config says how to reach teams: add it again, or drop what waits "
        "for it.",
    )
    assert transport.send(parked).fate is Fate.CHANNEL_DEAD


class Refusing(ConsoleTransport):
    """Answers every alert with one fate."""

    def __init__(self, fate: Fate) -> None:
        super().__init__(io.StringIO())
        self.result = SendResult(fate, "The source does not take it.")
        self.tried: list[str] = []

    def send(self, alert: Alert, *, text_only: bool = False) -> SendResult:
        self.tried.append(alert.dedupe_key)
        return self.result


def test_a_way_whose_token_is_refused_holds_its_own_alerts_only(tmp_path: Path) -> None:
    _, outbox = open_outbox(tmp_path / "earful.db")
    slack, source = io.StringIO(), Refusing(Fate.ACCOUNT_DEAD)
    transport = ByVia({"slack": ConsoleTransport(slack), "source:github": source})
    replies = [
        replace(an_alert(f"reply {n}"), via="source:github", channel=f"source:github:{n}")
        for n in range(3)
    ]
    outbox.add([*replies, an_alert("goes on")])

    result = deliver(outbox, transport, lambda: NOW, lambda _: None)

    assert "goes on" in slack.getvalue()
    assert source.tried == ["reply 0"]
    held = [outbox.find(reply.dedupe_key) for reply in replies]
    assert [alert and alert.trouble for alert in held] == [TroubleKind.ACCOUNT] * 3
    assert result.sent == 1


def test_a_way_that_is_down_stops_its_own_alerts_only(tmp_path: Path) -> None:
    _, outbox = open_outbox(tmp_path / "earful.db")
    slack, source = io.StringIO(), Refusing(Fate.NOT_SENT)
    transport = ByVia({"slack": ConsoleTransport(slack), "source:github": source})
    outbox.add(
        replace(an_alert(f"reply {n}"), via="source:github", channel=f"source:github:{n}")
        for n in range(5)
    )
    outbox.add([an_alert("goes on")])

    result = deliver(outbox, transport, lambda: NOW, lambda _: None)

    assert "goes on" in slack.getvalue()
    assert len(source.tried) == 3
    assert result.sent == 1


def test_what_has_no_blocks_is_not_tried_again_as_bare_text(tmp_path: Path) -> None:
    _, outbox = open_outbox(tmp_path / "earful.db")
    source = Refusing(Fate.BAD_MESSAGE)
    reply = replace(an_alert("reply"), via="source:github", payload={"text": "Thank you."})
    outbox.add([reply])

    result = deliver(outbox, ByVia({"source:github": source}), lambda: NOW, lambda _: None)

    assert source.tried == ["reply"]
    assert result.problems == ("The source does not take it.",)
