"""What people do in the fake Slack: clicks, modals sent off, commands, shortcuts, the Home.

Each is an envelope over Socket Mode, shaped as Slack's; what the acknowledgement says is carried
out on the screen of the one who acted.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.alerts.fake_blocks import block_faults, elements_of, view_faults
from tests.alerts.fake_views import View, Views

if TYPE_CHECKING:
    from tests.alerts.fake_slack import FakeSlack, Message

ACK_S = 3.0
_RESPONSES = 5
Given = Mapping[str, str | Sequence[str]]
_KEYS = {
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "multi_users_select": "selected_users",
    "multi_conversations_select": "selected_conversations",
}
_TEXTS = ("plain_text_input", "number_input", "email_text_input", "url_text_input")


@dataclass(eq=False)
class Whisper:
    """An ephemeral message: only one user sees it."""

    channel_id: str
    user_id: str
    text: str
    blocks: list[dict[str, Any]]
    ts: str = ""


@dataclass
class _Response:
    """Where an answer to one interaction may be sent: five times in half an hour."""

    channel_id: str
    user_id: str
    whisper: Whisper | None
    used: int = 0


class Door:
    """The screens of all users: they act, and see what is answered."""

    def __init__(self, slack: FakeSlack) -> None:
        self._slack = slack
        self.views = Views()
        self.late: list[str] = []
        self._responses: dict[str, _Response] = {}
        self._envelopes: dict[str, tuple[float, str, Callable[[dict[str, Any]], None]]] = {}

    # What people do.

    def click(
        self,
        on: Message | Whisper | View,
        action_id: str,
        *,
        user: str = "U0DANA",
        name: str = "dana",
        choice: str | None = None,
        value: str | None = None,
        action_ts: str | None = None,
        fields: Given | None = None,
    ) -> str:
        """Click a button or choose from a list; the id of the envelope.

        `value` tells apart several buttons of one action; `fields` is what was typed meanwhile.
        """
        block_id, element = next(
            (block, one)
            for block, one in elements_of(on.blocks)
            if one["action_id"] == action_id and value in (None, one.get("value"))
        )
        action: dict[str, Any] = {
            "type": element["type"],
            "action_id": action_id,
            "block_id": block_id,
            "action_ts": action_ts or f"{self._slack.clock():.6f}",
        }
        if choice is None:
            action["value"] = element["value"]
        else:
            action |= _typed(element, choice)
        payload: dict[str, Any] = {"type": "block_actions", **_who(user, name)}
        if isinstance(on, View):
            values = _state(on.blocks, fields or {}) if on.kind == "modal" else {}
            shown = {**on.described(), "state": {"values": values}}
            payload |= {"container": {"type": "view", "view_id": on.id}, "view": shown}
            trigger = self.views.trigger(user, on if on.kind == "modal" else None)
        else:
            whisper = on if isinstance(on, Whisper) else None
            container = {"type": "message", "message_ts": on.ts, "channel_id": on.channel_id}
            payload |= {
                "container": {**container, "is_ephemeral": whisper is not None},
                "channel": {"id": on.channel_id, "name": "channel"},
                "response_url": self._way(on.channel_id, user, whisper),
            }
            # Slack sends no message along that it keeps nowhere.
            if whisper is None:
                payload["message"] = {"ts": on.ts, "blocks": on.blocks}
            trigger = self.views.trigger(user)
        payload |= {"trigger_id": trigger, "actions": [action]}
        return self._send("interactive", payload)

    def submit(
        self, view: View, fields: Given, *, user: str | None = None, name: str = "dana"
    ) -> str:
        """Send a modal off with `fields` by `action_id`; what Slack would not let through is an
        AssertionError. Fields that are not named keep what they hold."""
        assert view.open, "this modal is closed"
        assert "submit" in view.shown, "this modal cannot be sent off"
        values = _state(view.blocks, fields)
        _check_as_slack(view.blocks, values)
        shown = {**view.described(), "state": {"values": values}}
        user = user or view.user_id
        payload = {
            "type": "view_submission",
            **_who(user, name),
            "trigger_id": self.views.trigger(user, view),
            "view": shown,
            "response_urls": [],
        }
        return self._send("interactive", payload, lambda said: self._submitted(view, said))

    def command(
        self,
        command: str,
        text: str = "",
        user: str = "U0DANA",
        *,
        name: str = "dana",
        channel: str = "C0ELSE",
    ) -> str:
        """Type a slash command, in a channel where the bot need not be."""
        payload = {
            "token": "verification",
            "team_id": "T0FAKE",
            "team_domain": "fake",
            "channel_id": channel,
            "channel_name": "elsewhere",
            "user_id": user,
            "user_name": name,
            "command": command,
            "text": text,
            "api_app_id": "A0FAKE",
            "response_url": self._way(channel, user, None),
            "trigger_id": self.views.trigger(user),
        }
        return self._send("slash_commands", payload, lambda said: self._said(channel, user, said))

    def shortcut(
        self,
        callback_id: str,
        *,
        text: str = "",
        by: str = "U0ELSE",
        user: str = "U0DANA",
        name: str = "dana",
        channel: str = "C0ELSE",
        ts: str = "1790000000.000100",
        thread_ts: str | None = None,
        message: bool = True,
    ) -> str:
        """Use a shortcut of the app, from a message's menu or a global one."""
        payload: dict[str, Any] = {
            "type": "message_action" if message else "shortcut",
            "callback_id": callback_id,
            "trigger_id": self.views.trigger(user),
            "action_ts": f"{self._slack.clock():.6f}",
            **_who(user, name),
        }
        if message:
            said = {"type": "message", "user": by, "ts": ts, "text": text}
            payload |= {
                "message_ts": ts,
                "response_url": self._way(channel, user, None),
                "channel": {"id": channel, "name": "elsewhere"},
                "message": said | ({"thread_ts": thread_ts} if thread_ts else {}),
            }
        return self._send("interactive", payload)

    def open_home(self, user: str = "U0DANA", *, tab: str = "home") -> str:
        """Open the app's Home, which may hold what was published before."""
        event: dict[str, Any] = {
            "type": "app_home_opened",
            "user": user,
            "channel": "D0FAKE",
            "tab": tab,
            "event_ts": f"{self._slack.clock():.6f}",
        }
        known = self.views.homes.get(user)
        if known is not None and tab == "home":
            event["view"] = known.described()
        payload = {
            "type": "event_callback",
            "event_id": f"Ev{secrets.token_hex(5)}",
            "team_id": "T0FAKE",
            "api_app_id": "A0FAKE",
            "authorizations": [{"team_id": "T0FAKE", "user_id": "U0FAKE", "is_bot": True}],
            "event": event,
        }
        return self._send("events_api", payload)

    # What Slack does.

    def acknowledged(self, envelope_id: str, said: dict[str, Any]) -> None:
        """Carry out what an acknowledgement says; one after three seconds is too late."""
        sent_at, kind, then = self._envelopes.get(envelope_id, (time.monotonic(), "", _nothing))
        if time.monotonic() - sent_at > ACK_S:
            self.late.append(f"{kind} {envelope_id}")
            return
        then(said)

    def respond(self, token: str, said: dict[str, Any]) -> tuple[int, str]:
        """Carry out a post to a response_url: HTTP status and body."""
        place = self._responses.get(token)
        if place is None:
            return 404, "expired_url"
        if place.used >= _RESPONSES:
            return 404, "used_url"
        if block_faults(said.get("blocks") or []):
            return 400, "invalid_blocks"
        place.used += 1
        if said.get("replace_original") and place.whisper is not None:
            place.whisper.text = str(said.get("text") or "")
            place.whisper.blocks = said.get("blocks") or []
        else:
            self._said(place.channel_id, place.user_id, said)
        return 200, "ok"

    def _said(self, channel: str, user: str, said: Mapping[str, Any]) -> None:
        """Show an answer to one user; an empty one shows nothing, as at Slack."""
        text, blocks = str(said.get("text") or ""), said.get("blocks") or []
        assert said.get("response_type", "ephemeral") == "ephemeral", "everybody would see it"
        assert block_faults(blocks) == []
        if text or blocks:
            ts = f"{self._slack.clock():.6f}"
            self._slack.whispers.append(Whisper(channel, user, text, blocks, ts))

    def _submitted(self, view: View, said: Mapping[str, Any]) -> None:
        with self.views.lock:
            match said.get("response_action"):
                case "errors":
                    known = {block.get("block_id") for block in view.blocks}
                    assert set(said["errors"]) <= known, "an error names no block of the modal"
                    view.errors = dict(said["errors"])
                case "update":
                    assert view_faults(said["view"]) == []
                    self.views.show(view, dict(said["view"]))
                case "push":
                    assert view_faults(said["view"]) == []
                    answer = self.views.push_on(view.user_id, dict(said["view"]))
                    assert answer["ok"], answer
                case "clear":
                    self.views.close(view, stack=True)
                case _:
                    assert said == {}, f"Slack takes nothing of {said} here"
                    self.views.close(view)

    def _way(self, channel: str, user: str, whisper: Whisper | None) -> str:
        token = secrets.token_hex(8)
        self._responses[token] = _Response(channel, user, whisper)
        return f"http://127.0.0.1:{self._slack.port}/response/{token}"

    def _send(
        self,
        kind: str,
        payload: dict[str, Any],
        then: Callable[[dict[str, Any]], None] | None = None,
    ) -> str:
        envelope_id = secrets.token_hex(8)
        self._envelopes[envelope_id] = (time.monotonic(), kind, then or _nothing)
        envelope = {
            "type": kind,
            "envelope_id": envelope_id,
            "accepts_response_payload": then is not None,
            "payload": payload,
        }
        self.last_envelope = envelope
        self._slack.socket.send(envelope)
        return envelope_id

    def deliver_again(self) -> str:
        """Deliver the last envelope once more, as Slack does when an acknowledgement was lost."""
        self._slack.socket.send(self.last_envelope)
        return str(self.last_envelope["envelope_id"])


def _nothing(said: dict[str, Any]) -> None:
    """Show nothing: Slack takes no payload with this acknowledgement."""


def _who(user: str, name: str) -> dict[str, Any]:
    return {
        "team": {"id": "T0FAKE", "domain": "fake"},
        "user": {"id": user, "username": name, "name": name, "team_id": "T0FAKE"},
        "api_app_id": "A0FAKE",
        "token": "verification",
    }


def _typed(element: Mapping[str, Any], given: str | Sequence[str]) -> dict[str, Any]:
    """Give what Slack says of an element once something was typed or chosen there."""
    kind = element["type"]
    if kind in _TEXTS:
        return {"value": str(given) or None}
    if kind in _KEYS:
        many = kind.startswith("multi_")
        return {_KEYS[kind]: list(given) if many else (given or None)}
    options = element.get("options") or []
    if kind in ("multi_static_select", "checkboxes"):
        return {"selected_options": [one for one in options if one["value"] in given]}
    chosen = [one for one in options if one["value"] == given]
    assert chosen or not given, f"{given} cannot be chosen"
    return {"selected_option": chosen[0] if chosen else None}


def _initial(element: Mapping[str, Any]) -> dict[str, Any]:
    kind = element["type"]
    if kind in _TEXTS:
        return {"value": element.get("initial_value")}
    if kind in _KEYS:
        initial = _KEYS[kind].replace("selected_", "initial_")
        return {_KEYS[kind]: element.get(initial)}
    if kind in ("multi_static_select", "checkboxes"):
        return {"selected_options": element.get("initial_options") or []}
    return {"selected_option": element.get("initial_option")}


def _state(blocks: list[dict[str, Any]], fields: Given) -> dict[str, dict[str, Any]]:
    values: dict[str, dict[str, Any]] = {}
    missing = set(fields)
    for block_id, element in elements_of(blocks):
        if element["type"] in ("button", "overflow"):
            continue
        name = element["action_id"]
        missing.discard(name)
        stands = _typed(element, fields[name]) if name in fields else _initial(element)
        values.setdefault(block_id, {})[name] = {"type": element["type"], **stands}
    assert not missing, f"there is no input named {', '.join(missing)}"
    return values


def _check_as_slack(blocks: list[dict[str, Any]], values: Mapping[str, Mapping[str, Any]]) -> None:
    """Hold to what Slack's clients check themselves before they send a modal off."""
    for block in blocks:
        if block["type"] != "input":
            continue
        element = block["element"]
        stands = values[block["block_id"]][element["action_id"]]
        given = next((one for name, one in stands.items() if name != "type"), None)
        assert given or block.get("optional"), f"{element['action_id']} must be filled in"
        if element["type"] == "plain_text_input" and given:
            longest, shortest = element.get("max_length", 3000), element.get("min_length", 0)
            assert shortest <= len(given) <= longest, f"{element['action_id']} is too long"
