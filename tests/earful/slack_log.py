"""What changes in the fake Slack, in the order of time, in the words that people see there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from alerts.messages import plain
from tests.alerts.fake_slack import Channel, FakeSlack, Message
from tests.alerts.view_text import as_text

_DATE = re.compile(r"<!date\^(\d+)\^([^|<>]*)\|[^<>]*>")
_LINK = re.compile(r"<https?://[^|<>]+\|([^<>]*)>")
_USER = re.compile(r"<@([UW][A-Z0-9]+)>")
_GROUP = re.compile(r"<!subteam\^([A-Z0-9]+)>")
_CHANNEL = re.compile(r"<#(C[A-Z0-9]+)>")
_CASE = re.compile(r"^\s*Case (\d+)\b", re.MULTILINE)
_WIDTH = 95
_NAMES = ("Ana", "Ben", "Lea", "Max", "Nobody")


@dataclass(frozen=True)
class Seen:
    """One thing that somebody sees: when, where, and its lines."""

    at: datetime
    where: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class _Known:
    """A message as it was at the last look."""

    message: Message
    text: str
    blocks: list[dict[str, Any]]


class SlackLog:
    """Compares Slack with how it was at the last look."""

    def __init__(self, slack: FakeSlack, zone: ZoneInfo, clock: Callable[[], datetime]) -> None:
        self._slack = slack
        self._zone = zone
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._kinds: set[tuple[str, ...]] = set()
        self._hidden: set[str] = set()
        self._whispers = 0
        self._windows: dict[str, str] = {}
        self._names: dict[str, str] = {}

    def look(self) -> list[Seen]:
        """Give what is new, changed or gone since the last look, by channel and time."""
        seen = [*self._channels(), *self._messages(), *self._screens()]
        # Channels are delivered to side by side: of what comes in a minute each has its place.
        return sorted(seen, key=lambda one: one.at.replace(second=0, microsecond=0))

    def hide(self, *channels: str) -> None:
        """Leave out what is new in these channels from now on, and in no others."""
        self._hidden = set(channels)

    def text_of(self, message: Message) -> str:
        """Give a message as people see it, with its buttons."""
        return self._read({"text": message.text, "blocks": message.blocks})

    def name_of(self, message: Message) -> str:
        """Name what a message is about: its case, or its first words."""
        found = _CASE.search(self.text_of(message))
        return f"case {found[1]}" if found else self.text_of(message).splitlines()[0]

    def _channels(self) -> list[Seen]:
        seen = []
        for channel in self._slack.channels.values():
            before = self._names.setdefault(channel.id, channel.name)
            if channel.name != before:
                self._names[channel.id] = channel.name
                lines = (f"#{before} is #{channel.name} now.",)
                seen.append(Seen(self._clock(), f"#{channel.name}", lines))
        return seen

    def _messages(self) -> list[Seen]:
        seen = []
        messages = [
            message
            for channel in self._slack.channels.values()
            for message in self._slack.messages(channel.name)
        ]
        for message in messages:
            before = self._known.get(message.ts)
            self._known[message.ts] = now = _Known(message, message.text, message.blocks)
            if self._channel(message).name in self._hidden:
                continue
            if before is None:
                at = datetime.fromtimestamp(float(message.ts), UTC)
                seen.append(Seen(at, self._where(message), self._first_sight(message)))
            elif (before.text, before.blocks) != (now.text, now.blocks):
                seen += self._changed(before, now)
        gone = self._known.keys() - {message.ts for message in messages}
        for ts in sorted(gone):
            message = self._known.pop(ts).message
            where = f"{self._where(message)}, {self.name_of(message)}"
            seen.append(Seen(self._clock(), where, ("(somebody deletes this message)",)))
        return seen

    def _first_sight(self, message: Message) -> tuple[str, ...]:
        """Give the first message of a kind whole, later ones as their notification."""
        if message.files:
            return ("(a picture)",)
        whole = self._is_new((message.alert_id or "").partition(":")[0], _kind(message.text))
        blocks = message.blocks if whole else []
        return tuple(self._read({"text": message.text, "blocks": blocks}).splitlines())

    def _is_new(self, *kind: str) -> bool:
        is_new = kind not in self._kinds
        self._kinds.add(kind)
        return is_new

    def _changed(self, before: _Known, now: _Known) -> list[Seen]:
        """Give the new lines of a message; nothing where they repeat what its thread says."""
        old, new = (
            self._read({"text": one.text, "blocks": one.blocks}).splitlines()
            for one in (before, now)
        )
        known = {" ".join(line.split()) for line in old}
        lines = [line for line in new if " ".join(line.split()) not in known]
        lines = [line for line in lines if line.strip("= ")]
        root = now.message.thread_ts is None
        if not lines or (root and not self._is_new("change", _kind(lines[0]))):
            return []
        name = self.name_of(now.message) if root else "a message"
        where = f"{self._where(now.message)}, {name} changes"
        return [Seen(self._clock(), where, tuple(lines))]

    def _channel(self, message: Message) -> Channel:
        return next(c for c in self._slack.channels.values() if c.id == message.channel_id)

    def _where(self, message: Message) -> str:
        name = f"#{self._channel(message).name}"
        if message.thread_ts is None:
            return name
        root = self._known.get(message.thread_ts)
        thread = f"thread of {self.name_of(root.message)}" if root else "thread"
        return f"{name}, {thread}{', shown in the channel too' if message.broadcast else ''}"

    def _screens(self) -> list[Seen]:
        seen = []
        for whisper in self._slack.whispers[self._whispers :]:
            shown = self._read({"text": whisper.text, "blocks": whisper.blocks})
            who = self._slack.people[whisper.user_id]
            seen.append(Seen(self._clock(), f"only {who} sees", tuple(shown.splitlines())))
        self._whispers = len(self._slack.whispers)
        return seen

    def view(self, shown: Mapping[str, Any], who: str) -> Seen:
        """Give a window or a Home as somebody sees it now."""
        text = as_text(self._deep(dict(shown)))
        where = "Home" if shown["type"] == "home" else "window"
        lines = tuple(line for line in text.splitlines() if line.strip())
        return Seen(self._clock(), f"{who}'s {where}", lines)

    def _read(self, payload: dict[str, Any]) -> str:
        """Write a message as people see it, with its buttons where they stand."""
        payload = self._deep(payload)
        lines: list[str] = []
        for block in payload.get("blocks") or []:
            if block["type"] == "actions":
                lines.append(" ".join(f"[{_label(one)}]" for one in block["elements"]))
                continue
            part = plain({"blocks": [block]}, _WIDTH).splitlines()
            lines += ["", *part] if lines and part and block["type"] != "context" else part
        return "\n".join(lines or plain(payload, _WIDTH).splitlines())

    def _deep(self, value: Any) -> Any:
        if isinstance(value, str):
            text = _DATE.sub(lambda found: self._date(int(found[1]), found[2]), value)
            text = _LINK.sub(r"\1", text)
            people = self._slack.people
            text = _USER.sub(lambda found: f"@{people.get(found[1], found[1])}", text)
            text = _GROUP.sub(lambda found: f"@{people.get(found[1], found[1])}", text)
            names = {channel.id: channel.name for channel in self._slack.channels.values()}
            return _CHANNEL.sub(lambda found: f"#{names.get(found[1], found[1])}", text)
        if isinstance(value, dict):
            return {key: self._deep(one) for key, one in value.items()}
        return [self._deep(one) for one in value] if isinstance(value, list) else value

    def _date(self, stamp: int, form: str) -> str:
        """Write a moment as Slack shows it to people of the zone today."""
        at = datetime.fromtimestamp(stamp, UTC).astimezone(self._zone)
        today = self._clock().astimezone(self._zone).date()
        day = {0: "today", 1: "tomorrow", -1: "yesterday"}.get((at.date() - today).days)
        written = day or f"{at:%b} {at.day}"
        for name in re.findall(r"\{[a-z_]+\}", form):
            form = form.replace(name, f"{at:%H:%M}" if "time" in name else written)
        return form


def _label(element: Mapping[str, Any]) -> str:
    if "text" in element:
        return str(element["text"]["text"])
    if element["type"] == "overflow":
        return "…"
    return str(element.get("placeholder", {}).get("text", element["type"]))


def _kind(text: str) -> str:
    """Tell messages of a kind by their first word that names nobody."""
    words = (word.strip("*:,.") for word in text.split())
    return next((word for word in words if word.isalpha() and word not in _NAMES), text)


def write(seen: list[Seen], zone: ZoneInfo) -> list[str]:
    """Write what was seen as lines, each thing under when and where; what is short beside it."""
    lines: list[str] = []
    before = None
    for one in seen:
        head = f"{one.at.astimezone(zone):%H:%M}  {one.where}"
        if len(one.lines) == 1 and len(head) + len(one.lines[0]) <= _WIDTH:
            lines.append(f"{head}: {one.lines[0]}")
            before = None
            continue
        if head != before:
            lines.append(head)
        before = head
        lines.extend(f"    {line}" for line in one.lines if line.strip("="))
    return lines
