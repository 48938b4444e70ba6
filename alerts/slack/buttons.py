"""Slack's buttons heard through Socket Mode: no public address is needed.

A click is carried out before Slack is told that it arrived, if that is quick; in any case Slack
is told within its three seconds. Whoever sees the message in the channel may act.
"""

from __future__ import annotations

import logging
import re
import socket
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from slack_bolt import Ack, App
from slack_bolt.adapter.socket_mode.builtin import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from alerts import messages
from alerts.slack.inspection import inspect_buttons
from alerts.slack.sdk import TIMEOUT_S, base_url, quiet_logger
from config.errors import DeliveryError

log = logging.getLogger("alerts.slack.buttons")

ACK_WITHIN_S = 1.5
"""Slack allows three seconds between a click and its acknowledgement."""

_UNHEARD = "Earful does not hear Slack's buttons, a click does nothing"
_OURS = re.compile(r"^(case|wow)_")
_WORKERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """One click. `key` names it, however often Slack delivers it; `value` is the mention's id,
    `choice` what was chosen from a list."""

    key: str
    action: str
    value: str
    user_id: str
    user_name: str
    channel_id: str
    choice: str | None = None


@dataclass(frozen=True, slots=True)
class ClickReply:
    """What only the one who clicked sees: a message as one of `alerts.messages` built it."""

    payload: Mapping[str, Any]

    @classmethod
    def of(cls, sentence: str) -> Self:
        """Make a reply of plain words, which may hold names and ids from outside."""
        return cls(messages.note(sentence))


OnClick = Callable[[Click], ClickReply | None]


class Listener:
    """Hears clicks until it is stopped; connects again by itself. `on_click` runs in threads."""

    def __init__(
        self,
        bot_token: str,
        app_token: str,
        on_click: OnClick,
        *,
        api_url: str = WebClient.BASE_URL,
        ping_interval: float = 10,
    ) -> None:
        self._on_click = on_click
        self._app_token = app_token
        self.started = False
        quiet = quiet_logger()
        self._base_url = url = base_url(api_url)
        self._client = WebClient(token=bot_token, base_url=url, timeout=TIMEOUT_S, logger=quiet)
        self._app = App(
            client=self._client,
            logger=quiet,
            # Asked at the first click instead: a daemon starts without Slack too.
            token_verification_enabled=False,
            request_verification_enabled=False,
        )
        self._app.action(_OURS)(self._hear)
        self._handler = SocketModeHandler(
            self._app,
            app_token,
            logger=quiet,
            web_client=WebClient(base_url=url, timeout=TIMEOUT_S, logger=quiet),
            ping_interval=ping_interval,
        )
        self._pool = ThreadPoolExecutor(_WORKERS, "click")

    def start(self) -> None:
        """Connect; DeliveryError says why that fails and what to do."""
        try:
            self._handler.connect()  # type: ignore[no-untyped-call]
        except (SlackApiError, OSError) as error:
            raise DeliveryError(f"{_UNHEARD}: {self._reason() or error}") from error
        self.started = True

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
        """Hear no more, and let what was clicked be done."""
        client = self._handler.client
        client.auto_reconnect_enabled = False
        session = client.current_session
        if session is not None and (reading := session.sock) is not None:
            # Its reader holds the socket for seconds at a time; the end of the stream wakes it.
            with suppress(OSError):
                reading.shutdown(socket.SHUT_RDWR)
        with suppress(Exception):
            self._handler.close()  # type: ignore[no-untyped-call]
        self._pool.shutdown(wait=True)

    def _hear(self, ack: Ack, body: dict[str, Any]) -> None:
        click = read_click(body)
        if click is not None:
            done: Future[None] = self._pool.submit(self._carry_out, click)
            with suppress(NotYet):
                done.result(ACK_WITHIN_S)
        ack()

    def _carry_out(self, click: Click) -> None:
        try:
            reply = self._on_click(click)
        except Exception as error:
            log.exception("a click on %s failed", click.action)
            reply = ClickReply.of(f"That could not be recorded, please click again: {error}")
        if reply is None:
            return
        try:
            self._client.chat_postEphemeral(
                channel=click.channel_id,
                user=click.user_id,
                text=reply.payload["text"],
                blocks=reply.payload["blocks"],
                link_names=False,
            )
        except (SlackApiError, OSError, ValueError) as error:
            log.warning("the reply to a click could not be shown: %s", error)


def read_click(body: dict[str, Any]) -> Click | None:
    """Read a `block_actions` payload; None for what is none of ours."""
    actions, user = body.get("actions") or [], body.get("user") or {}
    if not actions or not user.get("id"):
        return None
    action = actions[0]
    name = str(action.get("action_id") or "")
    value = action.get("value") or _value_beside(body)
    if not _OURS.match(name) or not value:
        return None
    message = body.get("message") or body.get("container") or {}
    place = body.get("channel") or body.get("container") or {}
    channel = str(place.get("id") or place.get("channel_id") or "")
    ts = message.get("ts") or message.get("message_ts") or ""
    chosen = action.get("selected_option") or {}
    return Click(
        key=f"{channel}:{ts}:{name}:{user['id']}:{action.get('action_ts')}",
        action=name,
        value=str(value),
        choice=chosen.get("value"),
        user_id=str(user["id"]),
        user_name=str(user.get("name") or user.get("username") or user["id"]),
        channel_id=channel,
    )


def _value_beside(body: dict[str, Any]) -> str | None:
    """Take the mention from the buttons that stand beside a list."""
    for block in (body.get("message") or {}).get("blocks") or []:
        for element in block.get("elements") or []:
            if _OURS.match(str(element.get("action_id") or "")) and element.get("value"):
                return str(element["value"])
    return None
