"""What people do in Slack, read out of Slack's payloads, and what Earful answers to it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from alerts import messages
from alerts.messages.blocks import what_about
from alerts.messages.page_links import message_link
from alerts.slack.slack_text import as_read
from config.texts_within import with_texts
from storage.storable import mended

log = logging.getLogger("alerts.slack.interactions")

Fields = Mapping[str, str | tuple[str, ...]]
"""What stands in the inputs of a modal or a message, by their `action_id`."""

_CHOSEN = (
    "value",
    "selected_user",
    "selected_channel",
    "selected_conversation",
    "selected_date",
    "selected_time",
    "selected_date_time",
)
_CHOSEN_MANY = ("selected_users", "selected_channels", "selected_conversations")


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """A button pressed, or something chosen from a list.

    `key` names it, however often Slack delivers it. `value` is what the button carries, mostly
    the mention's id; of a list what the buttons beside it carry, in a modal its private metadata.
    `channel_id` and `message_ts` are empty in the Home and in a modal. `acted_at` is when it was
    clicked, by Slack's clock.
    """

    key: str
    action: str
    value: str
    user_id: str
    user_name: str
    channel_id: str = ""
    message_ts: str = ""
    choice: str | None = None
    trigger_id: str = ""
    fields: Fields = field(default_factory=dict)
    workspace: str = ""
    acted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A modal sent off. `value` is its private metadata, `callback` its `callback_id`.

    `blocks` names the block of each input: an error is shown under a block. `channel_id` is where
    the modal was opened from.
    """

    key: str
    callback: str
    value: str
    fields: Fields
    user_id: str
    user_name: str
    trigger_id: str = ""
    channel_id: str = ""
    blocks: Mapping[str, str] = field(default_factory=dict)
    workspace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A slash command; `text` is what follows its name."""

    key: str
    text: str
    user_id: str
    user_name: str
    channel_id: str = ""
    trigger_id: str = ""
    workspace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeOpened:
    """Somebody looks at the app's Home."""

    user_id: str
    workspace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortcut:
    """A shortcut of the app; one in a message's menu tells its words, as read, and its link."""

    key: str
    callback: str
    user_id: str
    user_name: str
    trigger_id: str = ""
    channel_id: str = ""
    message_ts: str = ""
    message_text: str = ""
    permalink: str | None = None
    workspace: str = ""


Event = Click | Submission | Command | HomeOpened | Shortcut


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the one who acted sees.

    `payload` is a message for them alone, as one of `alerts.messages` built it; with `replace` it
    takes the place of such a message in which they clicked. `modal` is a view: it opens, takes the
    place of the modal in which they acted, or with `push` lies on top of it. `errors` keeps a
    modal that was sent off open: a sentence by the id of the block it is about.
    """

    payload: Mapping[str, Any] | None = None
    modal: Mapping[str, Any] | None = None
    errors: Mapping[str, str] | None = None
    replace: bool = False
    push: bool = False

    @classmethod
    def of(cls, sentence: str) -> Self:
        """Answer in plain words, which may hold names and ids from outside."""
        return cls(payload=messages.note(sentence))


OnEvent = Callable[[Event], Answer | None]


def read(body: Mapping[str, Any], workspace: str = "") -> Event | None:
    """Read one payload; None for what nobody here asked for, and for what Slack does not send.

    `workspace` is the workspace's own address. Halves of characters, which no store can hold, are
    replaced.
    """
    try:
        return _read(with_texts(body, mended), workspace)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        # A part of it is not of the kind that it is at Slack: nobody has done anything.
        log.warning("something that Slack sent could not be read, and is passed over")
        return None


def _read(body: Mapping[str, Any], workspace: str) -> Event | None:
    match body.get("type"):
        case "block_actions":
            return read_click(body, workspace)
        case "view_submission":
            return _read_submission(body, workspace)
        case "message_action" | "shortcut":
            return _read_shortcut(body, workspace)
        case "event_callback":
            return _read_home(body.get("event") or {}, workspace)
    return _read_command(body, workspace) if body.get("command") else None


def read_click(body: Mapping[str, Any], workspace: str = "") -> Click | None:
    """Read a `block_actions` payload; None where nothing says what it is about."""
    actions, user = body.get("actions") or [], body.get("user") or {}
    if not actions or not user.get("id"):
        return None
    action, view = actions[0], body.get("view") or {}
    name = str(action.get("action_id") or "")
    chosen = _chosen(action) if "value" not in action else None
    value = action.get("value") if chosen is None else None
    value = value or _value_beside(body, action) or unwrap(view.get("private_metadata"))[0]
    if not name or not value:
        return None
    message = body.get("message") or body.get("container") or {}
    place = body.get("channel") or body.get("container") or {}
    channel = str(place.get("id") or place.get("channel_id") or "")
    ts = str(message.get("ts") or message.get("message_ts") or "")
    state = (body.get("state") or view.get("state") or {}).get("values") or {}
    return Click(
        key=f"{channel or view.get('id')}:{ts}:{name}:{user['id']}:{action.get('action_ts')}",
        action=name,
        value=str(value),
        choice=chosen if isinstance(chosen, str) else None,
        user_id=str(user["id"]),
        user_name=_name(user),
        channel_id=channel,
        message_ts=ts,
        trigger_id=str(body.get("trigger_id") or ""),
        fields=_fields(state)[0],
        workspace=workspace,
        acted_at=_moment(action.get("action_ts")),
    )


def _read_submission(body: Mapping[str, Any], workspace: str) -> Submission | None:
    view, user = body.get("view") or {}, body.get("user") or {}
    if not user.get("id"):
        return None
    value, channel = unwrap(view.get("private_metadata"))
    fields, blocks = _fields((view.get("state") or {}).get("values") or {})
    trigger = str(body.get("trigger_id") or "")
    return Submission(
        key=f"{view.get('id')}:{user['id']}:{trigger}",
        callback=str(view.get("callback_id") or ""),
        value=value,
        fields=fields,
        blocks=blocks,
        user_id=str(user["id"]),
        user_name=_name(user),
        trigger_id=trigger,
        channel_id=channel,
        workspace=workspace,
    )


def _read_shortcut(body: Mapping[str, Any], workspace: str) -> Shortcut | None:
    user, message = body.get("user") or {}, body.get("message") or {}
    if not user.get("id"):
        return None
    channel = str((body.get("channel") or {}).get("id") or "")
    ts = str(body.get("message_ts") or message.get("ts") or "")
    trigger = str(body.get("trigger_id") or "")
    return Shortcut(
        key=f"{channel}:{ts}:{user['id']}:{body.get('action_ts') or trigger}",
        callback=str(body.get("callback_id") or ""),
        user_id=str(user["id"]),
        user_name=_name(user),
        trigger_id=trigger,
        channel_id=channel,
        message_ts=ts,
        message_text=as_read(str(message.get("text") or "")),
        permalink=message_link(workspace, channel, ts, str(message.get("thread_ts") or "")),
        workspace=workspace,
    )


def _read_home(event: Mapping[str, Any], workspace: str) -> HomeOpened | None:
    user = event.get("user")
    if event.get("type") != "app_home_opened" or event.get("tab") != "home" or not user:
        return None
    return HomeOpened(user_id=str(user), workspace=workspace)


def _read_command(body: Mapping[str, Any], workspace: str) -> Command | None:
    user = str(body.get("user_id") or "")
    if not user:
        return None
    trigger = str(body.get("trigger_id") or "")
    return Command(
        key=f"{body.get('command')}:{user}:{trigger}",
        text=str(body.get("text") or "").strip(),
        user_id=user,
        user_name=str(body.get("user_name") or user),
        channel_id=str(body.get("channel_id") or ""),
        trigger_id=trigger,
        workspace=workspace,
    )


def wrap(value: str, channel_id: str) -> str:
    """Put into a view's private metadata, beside its own, where it was opened from."""
    return json.dumps({"in": channel_id, "value": value}, ensure_ascii=False)


def unwrap(metadata: object) -> tuple[str, str]:
    """Give a view's own private metadata, and the channel that it was opened from."""
    try:
        read = json.loads(str(metadata or ""))
    except ValueError:
        return str(metadata or ""), ""
    if not isinstance(read, dict) or read.keys() != {"in", "value"}:
        return str(metadata or ""), ""
    return mended(str(read["value"])), mended(str(read["in"]))


def _moment(ts: object) -> datetime | None:
    """Read one of Slack's times, such as `1790000000.000100`; None for anything else."""
    try:
        return datetime.fromtimestamp(float(str(ts)), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _name(user: Mapping[str, Any]) -> str:
    return str(user.get("name") or user.get("username") or user["id"])


def _value_beside(body: Mapping[str, Any], action: Mapping[str, Any]) -> str | None:
    """Take what a list is about from its block, or from the buttons beside it: of its own row
    before others."""
    if (about := what_about(action.get("block_id"))) is not None:
        return about
    shown = (body.get("message") or body.get("view") or {}).get("blocks") or []
    own = [block for block in shown if block.get("block_id") == action.get("block_id")]
    for block in [*own, *((body.get("message") or {}).get("blocks") or [])]:
        for element in block.get("elements") or []:
            if element.get("action_id") and element.get("value"):
                return str(element["value"])
    return None


def _fields(
    values: Mapping[str, Mapping[str, Any]],
) -> tuple[dict[str, str | tuple[str, ...]], dict[str, str]]:
    fields: dict[str, str | tuple[str, ...]] = {}
    blocks: dict[str, str] = {}
    for block, inputs in values.items():
        for name, given in inputs.items():
            fields[name] = _chosen(given) or ""
            blocks[name] = block
    return fields, blocks


def _chosen(given: Mapping[str, Any]) -> str | tuple[str, ...] | None:
    """Give what stands in an input; None where it is empty."""
    if (option := given.get("selected_option")) is not None:
        return str(option.get("value") or "")
    if (options := given.get("selected_options")) is not None:
        return tuple(str(one.get("value") or "") for one in options)
    for name in _CHOSEN_MANY:
        if given.get(name) is not None:
            return tuple(map(str, given[name]))
    found = next((given[name] for name in _CHOSEN if given.get(name) is not None), None)
    return str(found) if found is not None else None
