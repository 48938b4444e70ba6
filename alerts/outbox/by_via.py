"""Each alert by its own way: Slack, the console, or another that the config or the alert names."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from alerts.messages.catalogue import in_its_language
from alerts.outbox.transport import Fate, Look, SendResult, Sight, TakesBack, Transport
from storage.models import Alert

SLACK = "slack"
"""The way of what names no other, whichever of bot, webhook and console it is."""
Observe = Callable[[str, SendResult, float], None]


class ByVia:
    """Hand each alert to the transport of its way; no way stops another.

    `ways` are transports by name, `of_channel` names the way by which a channel is reached;
    `lacking` says of a way that cannot be used what it needs. `observe` is told each try: its
    way, what came of it, and how many seconds it took.
    """

    def __init__(
        self,
        ways: Mapping[str, Transport],
        of_channel: Callable[[str], str] = lambda _: SLACK,
        lacking: Mapping[str, str] | None = None,
        *,
        observe: Observe = lambda way, result, took_s: None,
    ) -> None:
        self._ways = ways
        self._of_channel = of_channel
        self._lacking = lacking or {}
        self._observe = observe

    @in_its_language
    def send(self, alert: Alert, *, text_only: bool = False) -> SendResult:
        way = self._way(alert)
        if way is None:
            return SendResult(Fate.CHANNEL_DEAD, self._missing(alert))
        began = time.perf_counter()
        result = way.send(alert, text_only=text_only)
        self._observe(self.way_of(alert), result, time.perf_counter() - began)
        return result

    def find(self, alert: Alert) -> Look:
        way = self._way(alert)
        return Look(Sight.BLIND, self._missing(alert)) if way is None else way.find(alert)

    def remove_doubles(self, alert: Alert) -> Look:
        way = self._way(alert)
        if isinstance(way, TakesBack):
            return way.remove_doubles(alert)
        return Look(Sight.BLIND, f"{self.way_of(alert)} cannot take messages back.")

    def lane(self, alert: Alert) -> str | None:
        way = self._way(alert)
        lane = way.lane(alert) if way is not None else None
        return None if lane is None else f"{self.way_of(alert)} {lane}"

    def way_of(self, alert: Alert) -> str:
        """Name the way that an alert goes.

        What is in doubt is looked for where it was tried, and what is about a message goes where
        that is: a changed config moves neither.
        """
        if alert.in_doubt and alert.tried_via:
            return alert.tried_via
        return alert.via or alert.root_via or self._of_channel(alert.channel)

    def _way(self, alert: Alert) -> Transport | None:
        return self._ways.get(self.way_of(alert))

    def _missing(self, alert: Alert) -> str:
        if needed := self._lacking.get(self.way_of(alert)):
            return f"{alert.channel}: {self.way_of(alert)} {needed}."
        return (
            f"{alert.channel}: nothing in the config says how to reach {self.way_of(alert)}: add "
            "it again, or drop what waits for it."
        )
