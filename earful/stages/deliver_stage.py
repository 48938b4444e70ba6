"""Deliver: what waits in the outbox goes to Slack, by one sender a store."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable, Mapping

from filelock import Timeout

from alerts.outbox.by_via import SLACK, ByVia, Observe
from alerts.outbox.delivery import DeliveryResult, deliver
from alerts.outbox.send_queue import Pace
from alerts.outbox.transport import ConsoleTransport, Transport
from config.errors import EarfulError
from config.settings import Secrets, Settings
from earful import configured_destinations
from earful.app import Clock, utc_now
from earful.isolation import Isolation
from earful.process_locks import lock_for_delivery
from storage.models import Alert
from storage.store import Store

_WENT_BACK = (
    "{path} has gone back to an earlier state, as by `earful restore`, or because its -wal file "
    "was damaged; alerts that were sent wait again ({n}): Earful looks for them before it sends "
    "any; if nobody restored it, other rows of the last minutes may be missing: check the disk, "
    "and compare with a backup"
)
# A channel that hangs holds one of them for the ten seconds of a timeout.
_SENDERS = 8


def transport_for(
    settings: Settings,
    secrets: Secrets,
    clock: Clock = utc_now,
    *,
    observe: Observe = lambda way, result, took_s: None,
) -> ByVia:
    """Give the ways that the config knows, each alert by its own."""
    ways, lacking = configured_destinations.ways(settings, clock=clock)
    ways |= {SLACK: _slack(settings, secrets), **_publishers(settings, os.environ)}
    return ByVia(ways, configured_destinations.way_of_channel(settings), lacking, observe=observe)


def _publishers(settings: Settings, environment: Mapping[str, str]) -> Mapping[str, Transport]:
    """Give the ways of replies to the sources that take them over an API."""
    # Late: whoever reads no source loads no client for their APIs.
    if not any(brand.sources for brand in settings.brands):
        return {}
    from alerts.publishing.registry import publishers

    return publishers(settings, environment)


def _slack(settings: Settings, secrets: Secrets) -> Transport:
    """Choose the way to Slack: the bot, else the webhook, else the console."""
    # Late: a console user never loads slack_sdk.
    if secrets.slack_bot_token is not None:
        from alerts.slack.client import BotTransport

        return BotTransport(
            secrets.slack_bot_token.get_secret_value(),
            api_url=settings.slack.api_url,
            buttons=secrets.slack_app_token is not None,
        )
    if secrets.slack_webhook_url is not None:
        from alerts.slack.webhook import WebhookTransport

        return WebhookTransport(secrets.slack_webhook_url.get_secret_value())
    return ConsoleTransport(sys.stdout)


def _own_way(alert: Alert) -> str | None:
    return alert.via


def deliver_waiting(
    store: Store,
    transport: Transport,
    clock: Clock,
    *,
    pace: Pace | None = None,
    sleep: Callable[[float], object] = time.sleep,
    stop: Callable[[], bool] = lambda: False,
    rng: random.Random | None = None,
) -> DeliveryResult | None:
    """Send what the outbox holds; None when another process is sending from this store.

    Two senders at once could each take the other's half-sent alert for a crashed one.
    """
    try:
        with lock_for_delivery(store.database.path):
            result = deliver(
                store.outbox,
                transport,
                clock,
                sleep,
                pace=pace,
                stop=stop,
                rng=rng,
                workers=_SENDERS,
                way_of=transport.way_of if isinstance(transport, ByVia) else _own_way,
            )
    except Timeout:
        return None
    isolation = Isolation(store, "deliver", clock())
    isolation.forget_old("store")
    if result.lost:
        path = store.database.path
        went_back = _WENT_BACK.format(path=path, n=result.lost)
        isolation.failed(f"store {path.name}", EarfulError(went_back))
    for alert_id, error in result.raised.items():
        isolation.failed(f"alert {alert_id}", error)
    unsent = store.outbox.unsent(isolation.unreadable("alert"))
    isolation.forget_gone("alert", [str(alert.id) for alert in unsent])
    return result
