"""What people do in Slack heard through Socket Mode: no public address is needed.

What somebody does is carried out before Slack is told that it arrived, if that is quick; in any
case Slack is told within its three seconds. Whoever sees the message in the channel may act.
"""

from __future__ import annotations

import json
import logging
import re
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from slack_bolt import Ack, App
from slack_bolt.adapter.socket_mode.builtin import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from alerts.slack.answering import Answering, acknowledgement, failure
from alerts.slack.home_publisher import HomePublisher
from alerts.slack.inspection import inspect_buttons
from alerts.slack.interactions import Click, Event, HomeOpened, OnEvent, Submission, read
from alerts.slack.lanes import Lanes
from alerts.slack.sdk import TIMEOUT_S, base_url, quiet_logger
from config.errors import DeliveryError

log = logging.getLogger("alerts.slack.listener")

ACK_WITHIN_S = 1.5
"""Slack allows three seconds between what somebody does and its acknowledgement."""

_UNHEARD = "Earful does not hear Slack's buttons, a click does nothing"
_ANY = re.compile("")
_WORKERS = 4


class Listener:
    """Hears what people do until it is stopped; connects again by itself."""

    def __init__(
        self,
        bot_token: str,
        app_token: str,
        on_event: OnEvent,
        *,
        home: Callable[[str], Mapping[str, Any] | None] | None = None,
        api_url: str = WebClient.BASE_URL,
        ping_interval: float = 10,
    ) -> None:
        """`on_event` runs in threads. `home` makes what a user sees in the app's Home as it is
        now, None for those who never opened it."""
        self._on_event = on_event
        self._app_token = app_token
        self._workspace = ""
        self.started = False
        quiet = quiet_logger()
        self._base_url = url = base_url(api_url)
        client = WebClient(token=bot_token, base_url=url, timeout=TIMEOUT_S, logger=quiet)
        self._app = App(
            client=client,
            logger=quiet,
            # Asked at the first click instead: a daemon starts without Slack too.
            token_verification_enabled=False,
            request_verification_enabled=False,
        )
        self._hear_all()
        self._handler = SocketModeHandler(
            self._app,
            app_token,
            logger=quiet,
            web_client=WebClient(base_url=url, timeout=TIMEOUT_S, logger=quiet),
            ping_interval=ping_interval,
        )
        self._answering = Answering(client)
        self._home = HomePublisher(client, home) if home is not None else None
        self._lanes = Lanes(_WORKERS, "interaction")
        self._handler.client.on_message_listeners.append(self._announce)

    def start(self) -> None:
        """Connect; DeliveryError says why that fails and what to do."""
        try:
            self._handler.connect()  # type: ignore[no-untyped-call]
        except (SlackApiError, OSError) as error:
            raise DeliveryError(f"{_UNHEARD}: {self._reason() or error}") from error
        self.started = True
        self._learn_workspace()

    @property
    def connected(self) -> bool:
        return bool(self._handler.client.is_connected())

    def check(self) -> None:
        """Raise DeliveryError, with the reason, while no click would be heard."""
        if not self.connected:
            reason = self._reason() or "the connection is being made again"
            raise DeliveryError(f"{_UNHEARD}: {reason}")

    def _reason(self) -> str | None:
        """Ask Slack what stands in the way; None where it takes the token."""
        checks = inspect_buttons(self._app_token, api_url=self._base_url)
        return next((sentence for _, good, sentence in checks if not good), None)

    def stop(self) -> None:
        """Hear no more, and let what people did be carried out."""
        client = self._handler.client
        client.auto_reconnect_enabled = False
        session = client.current_session
        if session is not None and (reading := session.sock) is not None:
            # Its reader holds the socket for seconds at a time; the end of the stream wakes it.
            with suppress(OSError):
                reading.shutdown(socket.SHUT_RDWR)
        with suppress(Exception):
            self._handler.close()  # type: ignore[no-untyped-call]
        self._lanes.stop()
        if self._home is not None:
            self._home.stop()

    def _hear_all(self) -> None:
        """Take every kind of thing that Slack sends: what is none of ours is acknowledged too."""
        self._app.action(_ANY)(self._hear)
        self._app.view(_ANY)(self._hear)
        self._app.view_closed(_ANY)(self._pass_over)
        self._app.command(_ANY)(self._hear)
        self._app.shortcut(_ANY)(self._hear)
        self._app.event("app_home_opened")(self._hear)
        self._app.event(_ANY)(self._pass_over)

    def _pass_over(self, ack: Ack) -> None:
        ack()

    def _learn_workspace(self) -> None:
        """Ask for the workspace's own address, to which permalinks belong, until Slack says it."""
        if not self._workspace:
            with suppress(SlackClientError, OSError):
                self._workspace = str(self._app.client.auth_test().get("url") or "")

    def _hear(self, ack: Ack, body: dict[str, Any]) -> None:
        event = read(body, self._workspace)
        if event is None:
            ack()
            return
        once = _Once(ack)
        lane, key, at = _lane_of(event)
        self._lanes.submit(lane, key, partial(self._carry_out, event, body, once), at)
        once.wait(ACK_WITHIN_S)
        once.acknowledge(None)

    def _announce(self, message: str) -> None:
        """Keep the place of what somebody did, in the one thread that receives it."""
        try:
            envelope = json.loads(message) if message.startswith("{") else {}
            body = envelope.get("payload")
            event = read(body) if isinstance(body, dict) else None
        except Exception:  # whatever it is: the thread must go on receiving
            log.exception("something that Slack sent could not be read")
            return
        if event is not None:
            self._lanes.announce(*_lane_of(event))

    def _carry_out(self, event: Event, body: Mapping[str, Any], once: _Once) -> None:
        """Do what was asked, acknowledge it with what Slack takes there, and show the rest."""
        try:
            answer = self._on_event(event)
        except Exception as error:
            log.exception("%s failed", type(event).__name__)
            answer = failure(event, error)
        said, rest = acknowledgement(event, answer)
        late = not once.acknowledge(said)
        shown = answer if late else rest
        if shown is not None:
            try:
                self._answering.show(event, shown, body)
            except (SlackClientError, OSError, ValueError) as error:
                log.warning("the answer to %s could not be shown: %s", type(event).__name__, error)
        if self._home is not None:
            state = ((body.get("event") or {}).get("view") or {}).get("hash")
            opened = isinstance(event, HomeOpened)
            self._home.refresh(event.user_id, opened=opened, state=state)
        self._learn_workspace()


def _lane_of(event: Event) -> tuple[str, str, float | None]:
    """Give the lane of an event, its key, and its moment by Slack's clock.

    What is about one thing has a lane together; anything else has its own.
    """
    if isinstance(event, HomeOpened):
        return f"home {event.user_id}", event.user_id, None
    about = event.value if isinstance(event, Click | Submission) else ""
    at = event.acted_at if isinstance(event, Click) else None
    return about or event.key, event.key, at.timestamp() if at else None


class _Once:
    """Acknowledges one envelope once: with what came of it, or without where that takes long."""

    def __init__(self, ack: Ack) -> None:
        self._ack = ack
        self._lock = threading.Lock()
        self._done = threading.Event()

    def wait(self, seconds: float) -> None:
        self._done.wait(seconds)

    def acknowledge(self, said: Mapping[str, Any] | None) -> bool:
        """Tell Slack that it arrived; False where Slack knows already."""
        with self._lock:
            if self._done.is_set():
                return False
            if said is None:
                self._ack()
            else:
                self._ack(dict(said))
            self._done.set()
            return True
