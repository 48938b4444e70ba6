"""Each alert goes its own way, and a way that is not there stops no other."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

from alerts.outbox.by_via import ByVia
from alerts.outbox.delivery import deliver
from alerts.outbox.transport import ConsoleTransport, Fate
from storage.models import AlertState
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
