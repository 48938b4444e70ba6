"""A fake Slack over real HTTP: the Web API methods Earful uses, and an incoming webhook.

It behaves as Slack does (`ok: false` comes with HTTP 200, ids and not names in history, unique
growing `ts`, metadata only when asked for, Block Kit limits) and fails as Slack can: see `Fault`.

    with FakeSlack(channels=["voice-ops"]) as slack:
        slack.fail("chat.postMessage", Fault.http(500, posts=True))
        ... WebClient(token=slack.token, base_url=slack.api_url) ...
        assert slack.texts("voice-ops") == ["hello"]

`python -m tests.alerts.fake_slack --port 8090` serves one by itself and prints what arrives.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import select
import socket
import struct
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from tests.alerts.fake_blocks import block_faults as block_faults
from tests.alerts.fake_door import Door, Whisper
from tests.alerts.fake_socket import Socket, accept_key
from tests.waiting import wait_for

WORKSPACE = "https://fake.slack.example/"
SCOPES = (
    "chat:write",
    "channels:read",
    "channels:history",
    "channels:join",
    "groups:read",
    "groups:history",
    "files:write",
    "commands",
)
NEEDED = {
    "chat.postMessage": "chat:write",
    "chat.postEphemeral": "chat:write",
    "chat.update": "chat:write",
    "chat.delete": "chat:write",
    "files.getUploadURLExternal": "files:write",
    "files.completeUploadExternal": "files:write",
    "conversations.history": "channels:history",
    "conversations.replies": "channels:history",
    "conversations.list": "channels:read",
    "conversations.join": "channels:join",
    "users.info": "users:read",
}


@dataclass(frozen=True)
class Fault:
    """One way to fail. `posts`: the message is posted all the same, before the failure shows."""

    kind: str
    status: int = 200
    error: str = ""
    posts: bool = False
    delay: float = 0.0
    retry_after: float | None = None
    until: threading.Event | None = None

    @classmethod
    def rate_limited(cls, retry_after: float = 1) -> Fault:
        return cls("answer", 429, "ratelimited", retry_after=retry_after)

    @classmethod
    def http(cls, status: int, *, posts: bool = False) -> Fault:
        return cls("page", status, posts=posts)

    @classmethod
    def says(cls, error: str, *, posts: bool = False) -> Fault:
        """Answer `ok: false` with HTTP 200, or the bare word from a webhook."""
        return cls("answer", 200, error, posts=posts)

    @classmethod
    def hang(
        cls, seconds: float, *, posts: bool = False, until: threading.Event | None = None
    ) -> Fault:
        """Answer nothing until the client gives up or `seconds` are over, then post or not.

        With `until` it is the event that is waited for, whatever the client does.
        """
        return cls("hang", posts=posts, delay=seconds, until=until)

    @classmethod
    def cut(cls, *, posts: bool = False) -> Fault:
        """Reset the connection without an answer."""
        return cls("cut", posts=posts)

    @classmethod
    def half(cls, *, posts: bool = True) -> Fault:
        """Break off in the middle of the answer."""
        return cls("half", posts=posts)


@dataclass
class Message:
    channel_id: str
    ts: str
    text: str
    blocks: list[dict[str, Any]]
    metadata: dict[str, Any] | None
    thread_ts: str | None = None
    edited: bool = False
    by_webhook: bool = False
    broadcast: bool = False
    edits: int = 0
    deleted: bool = False
    files: list[dict[str, Any]] = field(default_factory=list)

    @property
    def alert_id(self) -> str | None:
        """The dedupe key that the sender put into the metadata."""
        found: str | None = (self.metadata or {}).get("event_payload", {}).get("id")
        return found


@dataclass
class Channel:
    id: str
    name: str
    private: bool = False
    archived: bool = False
    member: bool = True
    messages: list[Message] = field(default_factory=list)


@dataclass(frozen=True)
class Call:
    method: str
    arguments: Mapping[str, Any]
    at: float


class FakeSlack:
    """A workspace with one bot and one webhook; use as a context manager, from any thread."""

    def __init__(
        self,
        channels: Iterable[str] = ("voice-complaints", "voice-wows", "voice-digest", "voice-ops"),
        *,
        token: str = "xoxb-fake",
        app_token: str = "xapp-fake",
        scopes: Iterable[str] = SCOPES,
        webhook_channel: str | None = None,
        port: int = 0,
        page_size: int = 200,
        on_message: Callable[[str, Message], object] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`clock` gives the seconds by which messages and clicks are stamped."""
        self.token = token
        self.clock = clock
        self.app_token = app_token
        self.door = Door(self)
        self.socket = Socket(self.door.acknowledged)
        # What people do, and the windows that they see.
        self.click = self.door.click
        self.submit = self.door.submit
        self.command = self.door.command
        self.shortcut = self.door.shortcut
        self.open_home = self.door.open_home
        self.views = self.door.views
        self.people = {"U0DANA": "dana", "U0OMAR": "omar"}
        self.whispers: list[Whisper] = []
        self.uploads: dict[str, bytes] = {}
        self._files: dict[str, dict[str, Any]] = {}
        self.scopes = set(scopes)
        self.page_size = page_size
        self.calls: list[Call] = []
        self.revoked: str | None = None
        self._lock = threading.RLock()
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self._chaos: Callable[[str, Mapping[str, Any]], Fault | None] | None = None
        self._last_ts = 0.0
        self._on_message = on_message
        self.channels: dict[str, Channel] = {}
        self._last_id = 0
        for name in channels:
            self.add_channel(name)
        self._webhook_channel = webhook_channel or next(iter(self.channels))
        self._server = _Server(("127.0.0.1", port), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.daemon = True

    def __enter__(self) -> FakeSlack:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.drop()
        self._server.shutdown()
        self._server.server_close()

    def wait_idle(self) -> None:
        """Wait until all that was asked is carried out, for clients that gave up too."""
        wait_for(self._server.idle)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/"

    @property
    def webhook_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/services/T0FAKE/B0FAKE/secret"

    # What a test arranges.

    def add_channel(self, name: str, **how: Any) -> Channel:
        self._last_id += 1
        channel = Channel(id=f"C{self._last_id:08d}", name=name, **how)
        self.channels[name] = channel
        return channel

    def rename(self, old: str, new: str) -> Channel:
        """Give a channel another name; its id and its messages stay."""
        with self._lock:
            channel = self.channels[new] = self.channels.pop(old)
            channel.name = new
            return channel

    def delete(self, message: Message) -> None:
        """Let a person delete a message; where it has replies, a tombstone stays in its place."""
        with self._lock:
            channel = next(one for one in self.channels.values() if one.id == message.channel_id)
            if any(one.thread_ts == message.ts for one in channel.messages):
                message.text, message.blocks, message.metadata = (
                    "This message was deleted.",
                    [],
                    None,
                )
                message.deleted = True
            else:
                channel.messages.remove(message)

    def fail(self, method: str, *faults: Fault, times: int = 1) -> None:
        """Let the next calls of `method` (`webhook` for the webhook) fail, in this order."""
        with self._lock:
            self._faults[method].extend(faults * times)

    def chaos(self, choose: Callable[[str, Mapping[str, Any]], Fault | None] | None) -> None:
        """Ask `choose(method, arguments)` at each call whether and how it fails; None ends it."""
        self._chaos = choose

    def revoke(self, error: str = "token_revoked") -> None:
        self.revoked = error

    def restore(self) -> None:
        self.revoked = None

    # What a test looks at.

    def messages(self, channel: str | None = None) -> list[Message]:
        """Give what was posted, in order; of one channel or of all."""
        with self._lock:
            if channel is not None:
                return list(self.channels[channel.removeprefix("#")].messages)
            every = [m for found in self.channels.values() for m in found.messages]
            return sorted(every, key=lambda message: message.ts)

    def roots(self, channel: str | None = None) -> list[Message]:
        """Give what stands in the channel itself and not in a thread."""
        return [message for message in self.messages(channel) if message.thread_ts is None]

    def thread(self, root: Message) -> list[Message]:
        return [message for message in self.messages() if message.thread_ts == root.ts]

    def direct(self, user: str) -> list[Message]:
        """Give the direct messages from the bot to a user."""
        return self.messages(user) if user in self.channels else []

    def texts(self, channel: str | None = None) -> list[str]:
        return [message.text for message in self.messages(channel)]

    def alert_ids(self, channel: str | None = None) -> list[str | None]:
        return [message.alert_id for message in self.messages(channel)]

    def called(self, method: str) -> list[Call]:
        with self._lock:
            return [call for call in self.calls if call.method == method]

    # What Slack does.

    def answer(self, method: str, token: str | None, said: dict[str, Any]) -> dict[str, Any]:
        """Carry out one Web API call; the body of the answer."""
        with self._lock:
            if method == "apps.connections.open":
                return self._open_connection(token)
            if self.revoked:
                return _no(self.revoked)
            if token is None:
                return _no("not_authed")
            if token != self.token:
                return _no("invalid_auth")
            needed = NEEDED.get(method)
            if needed and needed not in self.scopes:
                provided = ",".join(sorted(self.scopes))
                return _no("missing_scope", needed=needed, provided=provided)
            handlers: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
                "auth.test": self._auth_test,
                "chat.postMessage": self._post,
                "chat.update": self._update,
                "chat.delete": self._delete,
                "chat.postEphemeral": self._whisper,
                "conversations.history": self._history,
                "conversations.replies": self._replies,
                "files.getUploadURLExternal": self._upload_place,
                "files.completeUploadExternal": self._share_file,
                "views.open": self.views.open,
                "views.push": self.views.push,
                "views.update": self.views.update,
                "views.publish": self.views.publish,
                "chat.getPermalink": self._permalink,
                "users.info": self._user,
                "conversations.list": self._list,
                "conversations.join": self._join,
                "conversations.info": self._info,
            }
            handler = handlers.get(method)
            return handler(said) if handler else _no("unknown_method")

    def hook(self, said: dict[str, Any]) -> tuple[int, str]:
        """Carry out a post to the webhook: HTTP status and the word that is the body."""
        with self._lock:
            if self.revoked:
                return 404, "no_service"
            channel = self.channels[self._webhook_channel]
            if channel.archived:
                return 410, "channel_is_archived"
            error = _wrong_message(said)
            if error:
                return 400, error
            self._store(channel, said, by_webhook=True)
            return 200, "ok"

    def fault(self, method: str, said: Mapping[str, Any]) -> Fault | None:
        with self._lock:
            self.calls.append(Call(method, said, time.time()))
            if self._faults[method]:
                return self._faults[method].popleft()
            return self._chaos(method, said) if self._chaos else None

    def _auth_test(self, said: dict[str, Any]) -> dict[str, Any]:
        return _yes(
            url=WORKSPACE, team="Fake", user="earful", team_id="T0FAKE",
            user_id="U0FAKE", bot_id="B0FAKE",
        )  # fmt: skip

    def _post(self, said: dict[str, Any]) -> dict[str, Any]:
        if str(said.get("channel")).startswith("U"):
            self._open_direct(str(said["channel"]))
        channel = self._find(said.get("channel"))
        if channel is None or (channel.private and not channel.member):
            return _no("channel_not_found")
        if channel.archived:
            return _no("is_archived")
        if not channel.member:
            return _no("not_in_channel")
        error = _wrong_message(said)
        if error:
            return _no(error)
        thread = said.get("thread_ts")
        if thread and all(message.ts != thread for message in channel.messages):
            # As the real one does: a reply to a message that is gone stands in the channel.
            said = {name: value for name, value in said.items() if name != "thread_ts"}
        message = self._store(channel, said)
        return _yes(channel=channel.id, ts=message.ts, message=_shown(message, True))

    def _open_connection(self, token: str | None) -> dict[str, Any]:
        if token != self.app_token:
            return _no(
                "invalid_auth" if (token or "").startswith("xapp-") else "not_allowed_token_type"
            )
        return _yes(url=f"ws://127.0.0.1:{self.port}/link/{self.socket.ticket()}")

    def _whisper(self, said: dict[str, Any]) -> dict[str, Any]:
        channel = self._find(said.get("channel"))
        if channel is None:
            return _no("channel_not_found")
        error = _wrong_message(said)
        if error:
            return _no(error)
        if not channel.member:
            return _no("not_in_channel")
        ts = f"{self.clock():.6f}"
        blocks = said.get("blocks") or []
        self.whispers.append(
            Whisper(channel.id, str(said.get("user")), str(said["text"]), blocks, ts)
        )
        return _yes(message_ts=ts)

    def _open_direct(self, user: str) -> None:
        """Let a user's id stand for the direct messages with the bot, as Slack does."""
        if user not in self.channels:
            self.channels[user] = Channel(id=user, name=f"dm-{user}", private=True)

    def _permalink(self, said: dict[str, Any]) -> dict[str, Any]:
        channel = self._find(said.get("channel"), by_name=False)
        if channel is None:
            return _no("channel_not_found")
        message = next((m for m in channel.messages if m.ts == said.get("message_ts")), None)
        if message is None:
            return _no("message_not_found")
        link = f"{WORKSPACE}archives/{channel.id}/p{message.ts.replace('.', '')}"
        if message.thread_ts:
            link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
        return _yes(channel=channel.id, permalink=link)

    def _user(self, said: dict[str, Any]) -> dict[str, Any]:
        name = self.people.get(str(said.get("user")))
        if name is None:
            return _no("user_not_found")
        profile = {"display_name": name, "real_name": name.title()}
        return _yes(user={"id": said["user"], "name": name, "profile": profile})

    def _upload_place(self, said: dict[str, Any]) -> dict[str, Any]:
        file_id = f"F{len(self._files) + 1:08d}"
        self._files[file_id] = {"id": file_id, "name": said.get("filename")}
        return _yes(file_id=file_id, upload_url=f"http://127.0.0.1:{self.port}/upload/{file_id}")

    def _share_file(self, said: dict[str, Any]) -> dict[str, Any]:
        channel = self._find(said.get("channel_id"), by_name=False)
        if channel is None:
            return _no("channel_not_found")
        files = said.get("files")
        named = json.loads(files) if isinstance(files, str) else files or []
        missing = [one["id"] for one in named if one["id"] not in self.uploads]
        if missing:
            return _no("file_not_found")
        if channel.archived:
            return _no("is_archived")
        message = self._store(channel, {"text": "", "thread_ts": said.get("thread_ts")})
        message.files = [self._files[one["id"]] for one in named]
        return _yes(files=named)

    def _replies(self, said: dict[str, Any]) -> dict[str, Any]:
        channel = self._find(said.get("channel"), by_name=False)
        if channel is None:
            return _no("channel_not_found")
        root = next((m for m in channel.messages if m.ts == said.get("ts")), None)
        if root is None:
            return _no("thread_not_found")
        oldest = float(said.get("oldest") or 0)
        with_metadata = _true(said.get("include_all_metadata"))
        found = [
            message
            for message in channel.messages
            if message is root or (message.thread_ts == root.ts and float(message.ts) > oldest)
        ]
        size = min(int(said.get("limit") or 100), self.page_size)
        start = int(said.get("cursor") or 0)
        more = start + size < len(found)
        return _yes(
            messages=[_shown(one, with_metadata) for one in found[start : start + size]],
            has_more=more,
            response_metadata={"next_cursor": str(start + size) if more else ""},
        )

    def _update(self, said: dict[str, Any]) -> dict[str, Any]:
        channel = self._find(said.get("channel"), by_name=False)
        if channel is None:
            return _no("channel_not_found")
        if channel.archived:
            return _no("is_archived")
        message = next((m for m in channel.messages if m.ts == said.get("ts")), None)
        if message is None or message.deleted:
            return _no("message_not_found")
        error = _wrong_message(said)
        if error:
            return _no(error)
        message.text = str(said.get("text") or "")
        message.blocks = said.get("blocks") or []
        message.edited = True
        message.edits += 1
        return _yes(channel=channel.id, ts=message.ts, text=message.text)

    def _delete(self, said: dict[str, Any]) -> dict[str, Any]:
        channel = self._find(said.get("channel"), by_name=False)
        if channel is None:
            return _no("channel_not_found")
        message = next((m for m in channel.messages if m.ts == said.get("ts")), None)
        if message is None or message.deleted:
            return _no("message_not_found")
        if message.by_webhook:
            return _no("cant_delete_message")
        self.delete(message)
        return _yes(channel=channel.id, ts=message.ts)

    def _history(self, said: dict[str, Any]) -> dict[str, Any]:
        channel = self._find(said.get("channel"), by_name=False)
        if channel is None:
            return _no("channel_not_found")
        if not channel.member:
            return _no("not_in_channel")
        oldest = float(said.get("oldest") or 0)
        latest = float(said.get("latest") or "inf")
        inclusive = _true(said.get("inclusive"))
        with_metadata = _true(said.get("include_all_metadata"))
        found = [
            message
            for message in reversed(channel.messages)
            if message.thread_ts is None
            and (
                oldest < float(message.ts) < latest
                or (inclusive and float(message.ts) in (oldest, latest))
            )
        ]
        size = min(int(said.get("limit") or 100), self.page_size)
        start = int(said.get("cursor") or 0)
        answered = {message.thread_ts for message in channel.messages}
        shown = [
            _shown(message, with_metadata)
            | ({"thread_ts": message.ts, "reply_count": 1} if message.ts in answered else {})
            for message in found[start : start + size]
        ]
        more = start + size < len(found)
        cursor = str(start + size) if more else ""
        return _yes(messages=shown, has_more=more, response_metadata={"next_cursor": cursor})

    def _list(self, said: dict[str, Any]) -> dict[str, Any]:
        types = str(said.get("types") or "public_channel").split(",")
        if "private_channel" in types and "groups:read" not in self.scopes:
            return _no("missing_scope", needed="groups:read", provided=",".join(self.scopes))
        skip_archived = _true(said.get("exclude_archived"))
        known = [
            channel
            for channel in self.channels.values()
            if ("private_channel" if channel.private else "public_channel") in types
            and not (channel.private and not channel.member)
            and not (skip_archived and channel.archived)
        ]
        size = min(int(said.get("limit") or 100), self.page_size)
        start = int(said.get("cursor") or 0)
        more = start + size < len(known)
        return _yes(
            channels=[_described(channel) for channel in known[start : start + size]],
            response_metadata={"next_cursor": str(start + size) if more else ""},
        )

    def _join(self, said: dict[str, Any]) -> dict[str, Any]:
        channel = self._find(said.get("channel"), by_name=False)
        if channel is None or channel.private:
            return _no("channel_not_found")
        if channel.archived:
            return _no("is_archived")
        channel.member = True
        return _yes(channel=_described(channel))

    def _info(self, said: dict[str, Any]) -> dict[str, Any]:
        channel = self._find(said.get("channel"), by_name=False)
        return _yes(channel=_described(channel)) if channel else _no("channel_not_found")

    def _find(self, wanted: object, *, by_name: bool = True) -> Channel | None:
        for channel in self.channels.values():
            names = {channel.id, *([channel.name, f"#{channel.name}"] if by_name else [])}
            if wanted in names:
                return channel
        return None

    def _store(
        self, channel: Channel, said: dict[str, Any], *, by_webhook: bool = False
    ) -> Message:
        self._last_ts = max(self.clock(), self._last_ts + 0.000001)
        message = Message(
            channel_id=channel.id,
            ts=f"{self._last_ts:.6f}",
            text=str(said.get("text") or ""),
            blocks=said.get("blocks") or [],
            metadata=said.get("metadata"),
            thread_ts=said.get("thread_ts"),
            broadcast=_true(said.get("reply_broadcast")),
            by_webhook=by_webhook,
        )
        channel.messages.append(message)
        if self._on_message is not None:
            self._on_message(channel.name, message)
        return message


class Chaos:
    """Fail at random, seeded, in every way that a post or a look can fail."""

    def __init__(self, seed: int, share: float = 0.5, *, hang: float = 0.3) -> None:
        self._rng = random.Random(seed)
        self._share = share
        self._hang = hang
        self.counts: dict[str, int] = defaultdict(int)

    def __call__(self, method: str, said: Mapping[str, Any]) -> Fault | None:
        if self._rng.random() >= self._share:
            return None
        posts = self._rng.random() < 0.5
        ways = {
            "429": Fault.rate_limited(1),
            "500": Fault.http(500, posts=posts),
            "fatal_error": Fault.says("fatal_error", posts=posts),
            "hang": Fault.hang(self._hang, posts=posts),
            "cut": Fault.cut(posts=posts),
            "half an answer": Fault.half(posts=posts),
        }
        name = self._rng.choice(list(ways))
        self.counts[f"{name}{' after posting' if ways[name].posts else ''}"] += 1
        return ways[name]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._taking = threading.Lock()
        self._under_way = 0

    def get_request(self) -> tuple[Any, Any]:
        with self._taking:
            taken = super().get_request()
            self._under_way += 1
        return taken

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._taking:
            self._under_way -= 1

    def idle(self) -> bool:
        """Whether no request is under way, and none waits to be taken."""
        with self._taking:
            return not self._under_way and not select.select([self.socket], [], [], 0)[0]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away: killing them is what the tests do."""


def _handler(slack: FakeSlack) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Upgrade", "").lower() == "websocket":
                self._upgrade()
                return
            if self.path.startswith("/upload/"):
                slack.uploads[self.path.removeprefix("/upload/")] = body
                self._send(200, b"OK", "text/plain")
                return
            said = _arguments(self.headers.get("Content-Type") or "", body)
            if self.path.startswith("/response/"):
                status, word = slack.door.respond(self.path.removeprefix("/response/"), said)
                self._send(status, word.encode(), "text/plain")
                return
            hook = self.path.startswith("/services/")
            method = "webhook" if hook else self.path.removeprefix("/api/").partition("?")[0]
            bearer = self.headers.get("Authorization") or ""
            token = bearer.removeprefix("Bearer ") or said.pop("token", None)
            fault = slack.fault(method, said)
            if fault is None:
                self._carry_out(method, token, said)
            else:
                self._fail(fault, method, token, said)

        do_GET = do_POST  # noqa: N815 - the name http.server calls

        def _upgrade(self) -> None:
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.send_header("Sec-WebSocket-Accept", accept_key(self.headers["Sec-WebSocket-Key"]))
            self.end_headers()
            self.wfile.flush()
            self.close_connection = True
            ticket = self.path.rsplit("/", 1)[1].partition("?")[0]
            slack.socket.serve(self.connection, ticket)

        def _carry_out(self, method: str, token: str | None, said: dict[str, Any]) -> None:
            if method == "webhook":
                status, word = slack.hook(said)
                self._send(status, word.encode(), "text/plain")
                return
            answer = slack.answer(method, token, said)
            headers = {}
            if answer["ok"]:
                headers["x-oauth-scopes"] = ",".join(sorted(slack.scopes))
            self._send(200, json.dumps(answer).encode(), "application/json", headers)

        def _fail(
            self, fault: Fault, method: str, token: str | None, said: dict[str, Any]
        ) -> None:
            if fault.until is not None:
                fault.until.wait(fault.delay)
            elif fault.delay:
                # A client that gives up closes its end, which can then be read.
                select.select([self.connection], [], [], fault.delay)
            answer: dict[str, Any] = {"ok": True}
            if fault.posts and method == "webhook":
                slack.hook(said)
            elif fault.posts:
                answer = slack.answer(method, token, said)
            if fault.kind == "answer":
                extra = (
                    {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
                )
                body = json.dumps(_no(fault.error)).encode()
                kind = "application/json"
                status = fault.status
                if method == "webhook":
                    body, kind = fault.error.encode(), "text/plain"
                    status = 400 if status == 200 else status
                self._send(status, body, kind, extra)
            elif fault.kind == "page":
                page = b"<html><body>Something went wrong</body></html>"
                self._send(fault.status, page, "text/html")
            elif fault.kind == "half":
                body = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body) + 100))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2])
                self._reset()
            else:
                self._reset()

        def _send(
            self, status: int, body: bytes, kind: str, more: Mapping[str, str] | None = None
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            for name, value in (more or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def _reset(self) -> None:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.wfile.flush()
                linger = struct.pack("ii", 1, 0)  # close with RST, as a dying proxy does
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.connection.shutdown(socket.SHUT_RDWR)

        def log_message(self, *_: object) -> None:
            """Write no log."""

    return Handler


def _arguments(kind: str, body: bytes) -> dict[str, Any]:
    if kind.startswith("application/json"):
        return dict(json.loads(body or b"{}"))
    said: dict[str, Any] = dict(parse_qsl(body.decode()))
    for name in ("blocks", "metadata"):
        if isinstance(said.get(name), str):
            said[name] = json.loads(said[name])
    return said


def _wrong_message(said: Mapping[str, Any]) -> str | None:
    """Give Slack's error code for a message it would not take."""
    text, blocks = str(said.get("text") or ""), said.get("blocks") or []
    if not text and not blocks:
        return "no_text"
    if len(text) > 40_000:
        return "msg_too_long"
    if block_faults(blocks):
        return "invalid_blocks"
    metadata = said.get("metadata")
    if metadata is not None and not (
        isinstance(metadata, dict) and {"event_type", "event_payload"} <= metadata.keys()
    ):
        return "invalid_metadata_format"
    return None


def _shown(message: Message, with_metadata: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "type": "message",
        "ts": message.ts,
        "text": message.text,
        "blocks": message.blocks,
        "bot_id": "B0FAKE",
        "files": message.files,
    }
    if message.thread_ts is not None:
        shown["thread_ts"] = message.thread_ts
    if message.deleted:
        shown["subtype"] = "tombstone"
    if with_metadata and message.metadata is not None:
        shown["metadata"] = message.metadata
    return shown


def _described(channel: Channel) -> dict[str, Any]:
    return {
        "id": channel.id,
        "name": channel.name,
        "is_channel": True,
        "is_private": channel.private,
        "is_archived": channel.archived,
        "is_member": channel.member,
    }


def _true(value: object) -> bool:
    return value in (True, 1, "1", "true", "True")


def _yes(**more: Any) -> dict[str, Any]:
    return {"ok": True, **more}


def _no(error: str, **more: Any) -> dict[str, Any]:
    return {"ok": False, "error": error, **more}


def main() -> None:
    parser = argparse.ArgumentParser(description="A fake Slack that prints what arrives.")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--chaos", type=int, metavar="SEED", help="fail at random")
    options = parser.parse_args()
    slack = FakeSlack(
        port=options.port, on_message=lambda name, said: print(f"#{name}: {said.text}", flush=True)
    )
    if options.chaos is not None:
        slack.chaos(Chaos(options.chaos))
    with slack:
        print(f'SLACK_BOT_TOKEN={slack.token}, slack.api_url = "{slack.api_url}"', flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
