"""Fakes over real HTTP of what alerts go to beside Slack: a receiver of signed webhooks, Teams,
Discord, GitHub, Jira and Linear.

They take and refuse as the real ones do (`webhook-id` once, embed limits, Jira's late search,
Linear's conflict over an id that it has) and fail in the ways of the fake Slack: see `Fault`.

    with FakeDestinations() as there:
        there.fail("discord", Fault.http(500, posts=True))
        ... DiscordTransport("support", there.url("discord"), {}) ...
        assert len(there.taken["discord"]) == 1
"""

from __future__ import annotations

import contextlib
import json
import re
import select
import socket
import struct
import threading
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from alerts.messages.safe_text import units
from earful.webhook_intake.signatures import SignatureError, keys_of, verify_standard
from tests.alerts.fake_slack import Fault

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TOKEN = "token-of-the-fakes"
PATHS = {
    "webhook": "/hook",
    "teams": "/workflows/1/triggers/manual/paths/invoke",
    "discord": "/api/webhooks/101/discord-token",
    "github": "/repos/acme/app",
    "jira": "/rest/api/3",
    "linear": "/graphql",
}
Answer = tuple[int, Any, dict[str, str]]


@dataclass
class Taken:
    """Something that a destination has: a message, an event or an issue."""

    id: str
    body: dict[str, Any]
    at: float = field(default_factory=time.time)
    edits: int = 0
    first: str = ""
    """Of a message of Discord, what it said before it was changed."""


class FakeDestinations:
    """All of them at one port, each under its own path."""

    def __init__(self, *, search_lag_s: float = 0.0) -> None:
        """Jira's search knows an issue so long after it was made."""
        self.taken: dict[str, list[Taken]] = defaultdict(list)
        self.repeats: dict[str, int] = defaultdict(int)
        self.calls: dict[str, int] = defaultdict(int)
        self.search_lag_s = search_lag_s
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self._chaos: Callable[[str, Mapping[str, Any]], Fault | None] | None = None
        self._lock = threading.RLock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )

    def __enter__(self) -> FakeDestinations:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def url(self, name: str) -> str:
        """Give the address of one of them; of a tracker what its `base_url` is."""
        return self.base if name in ("github", "jira") else self.base + PATHS[name]

    def fail(self, name: str, *faults: Fault) -> None:
        self._faults[name].extend(faults)

    def chaos(self, chaos: Callable[[str, Mapping[str, Any]], Fault | None] | None) -> None:
        self._chaos = chaos

    def fault(self, name: str) -> Fault | None:
        with self._lock:
            self.calls[name] += 1
            if self._faults[name]:
                return self._faults[name].popleft()
            return self._chaos(name, {}) if self._chaos else None

    def answer(self, name: str, method: str, path: str, headers: Any, body: bytes) -> Answer:
        with self._lock:
            answered: Answer = getattr(self, f"_{name}")(method, path, headers, body)
            return answered

    def _webhook(self, method: str, path: str, headers: Any, body: bytes) -> Answer:
        lower = {name.lower(): value for name, value in headers.items()}
        try:
            key = verify_standard(lower, body, keys_of(SECRET), self.clock())
        except SignatureError as error:
            return 401, {"error": str(error)}, {}
        if any(one.id == key for one in self.taken["webhook"]):
            self.repeats["webhook"] += 1  # dropped by its id, and thanked for all the same
        else:
            self.taken["webhook"].append(Taken(key, json.loads(body)))
        return 200, {}, {}

    def _teams(self, method: str, path: str, headers: Any, body: bytes) -> Answer:
        said = json.loads(body)
        cards = [one["content"] for one in said.get("attachments") or []]
        if said.get("type") != "message" or not cards or cards[0].get("type") != "AdaptiveCard":
            return 400, {"error": {"code": "InvalidRequestContent"}}, {}
        if len(body) > 28 * 1024:
            return 413, {"error": {"code": "RequestEntityTooLarge"}}, {}
        self.taken["teams"].append(Taken(str(len(self.taken["teams"])), cards[0]))
        return 202, b"", {}

    def _discord(self, method: str, path: str, headers: Any, body: bytes) -> Answer:
        address = urlsplit(path)
        rest = address.path.removeprefix(PATHS["discord"])
        said = json.loads(body) if body else {}
        if faults := discord_faults(said):
            return 400, {"message": "Invalid Form Body", "code": 50035, "errors": faults}, {}
        if method == "PATCH":
            wanted = rest.removeprefix("/messages/")
            for one in self.taken["discord"]:
                if one.id == wanted:
                    one.body, one.edits = said, one.edits + 1
                    return 200, {"id": one.id}, {}
            return 404, {"message": "Unknown Message", "code": 10008}, {}
        made = Taken(str(1_400_000_000_000_000_000 + len(self.taken["discord"])), said)
        made.first = said["embeds"][0]["description"] if said.get("embeds") else said["content"]
        self.taken["discord"].append(made)
        if parse_qs(address.query).get("wait") != ["true"]:
            return 204, b"", {}
        return 200, {"id": made.id, "channel_id": "77"}, {}

    def _github(self, method: str, path: str, headers: Any, body: bytes) -> Answer:
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, {"message": "Bad credentials"}, {}
        address = urlsplit(path)
        rest = address.path.removeprefix(PATHS["github"])
        if method == "GET" and not rest:
            return 200, {"full_name": "acme/app", "has_issues": True}, {}
        said = json.loads(body) if body else {}
        if method == "POST":
            if not said.get("title"):
                return 422, {"message": "Validation Failed"}, {}
            made = Taken(str(len(self.taken["github"]) + 1), said)
            self.taken["github"].append(made)
            return 201, self._github_issue(made), {}
        if method == "PATCH":
            for one in self.taken["github"]:
                if rest == f"/issues/{one.id}":
                    one.body |= said
                    one.edits += 1
                    return 200, self._github_issue(one), {}
            return 404, {"message": "Not Found"}, {}
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        since = datetime.fromisoformat(query["since"].replace("Z", "+00:00")).timestamp()
        size, page = int(query["per_page"]), int(query["page"])
        found = [one for one in reversed(self.taken["github"]) if one.at >= since]
        shown = found[size * (page - 1) : size * page]
        return 200, [self._github_issue(one) for one in shown], {}

    def _github_issue(self, one: Taken) -> dict[str, Any]:
        url = f"https://github.example/acme/app/issues/{one.id}"
        return {"number": int(one.id), "html_url": url, **one.body}

    def _jira(self, method: str, path: str, headers: Any, body: bytes) -> Answer:
        if not str(headers.get("Authorization") or "").startswith("Basic "):
            return 401, {"errorMessages": ["Client must be authenticated"]}, {}
        rest = urlsplit(path).path.removeprefix(PATHS["jira"])
        said = json.loads(body) if body else {}
        if rest == "/project/ACME":
            return 200, {"key": "ACME", "issueTypes": [{"name": "Task"}, {"name": "Bug"}]}, {}
        if rest == "/search/jql":
            label = re.search(r'labels = "([^"]+)"', said["jql"])
            assert label is not None
            known = time.time() - self.search_lag_s
            found = [
                {"key": one.id}
                for one in self.taken["jira"]
                if label[1] in one.body["labels"] and one.at <= known
            ]
            return 200, {"issues": found[: said["maxResults"]]}, {}
        fields = said.get("fields") or {}
        if not 0 < len(fields.get("summary") or "") <= 255 or "\n" in fields["summary"]:
            return 400, {"errors": {"summary": "must be one line of at most 255 characters"}}, {}
        if method == "PUT":
            for one in self.taken["jira"]:
                if rest == f"/issue/{one.id}":
                    one.body |= fields
                    one.edits += 1
                    return 204, b"", {}
            return 404, {"errorMessages": ["Issue does not exist"]}, {}
        if fields["issuetype"]["name"] not in ("Task", "Bug"):
            return 400, {"errors": {"issuetype": "Specify a valid issue type"}}, {}
        made = Taken(f"ACME-{len(self.taken['jira']) + 1}", fields)
        self.taken["jira"].append(made)
        return 201, {"id": made.id, "key": made.id}, {}

    def _linear(self, method: str, path: str, headers: Any, body: bytes) -> Answer:
        if headers.get("Authorization") != TOKEN:
            code = {"code": "AUTHENTICATION_ERROR"}
            return 401, {"errors": [{"message": "Not authenticated", "extensions": code}]}, {}
        said = json.loads(body)
        variables = said["variables"]
        if "issues(" in said["query"]:
            found = [one for one in self.taken["linear"] if one.id == variables["id"]]
            nodes = [{"url": self._linear_url(one)} for one in found]
            return 200, {"data": {"issues": {"nodes": nodes}}}, {}
        if "team(" in said["query"]:
            return 200, {"data": {"team": {"name": "Acme"}}}, {}
        given = variables["input"]
        if "issueUpdate" in said["query"]:
            for one in self.taken["linear"]:
                if one.id == variables["id"]:
                    one.body |= given
                    one.edits += 1
                    issue = {"url": self._linear_url(one)}
                    return 200, {"data": {"issueUpdate": {"success": True, "issue": issue}}}, {}
            return _invalid("Entity not found: Issue")
        if uuid.UUID(given["id"]).version != 4:
            return _invalid("id must be a UUID v4")
        if any(one.id == given["id"] for one in self.taken["linear"]):
            return _invalid("conflict on insert of Issue")
        made = Taken(given["id"], given)
        self.taken["linear"].append(made)
        issue = {"url": self._linear_url(made)}
        return 200, {"data": {"issueCreate": {"success": True, "issue": issue}}}, {}

    def _linear_url(self, one: Taken) -> str:
        number = self.taken["linear"].index(one) + 1
        return f"https://linear.example/acme/issue/ACME-{number}/some-title"


def _invalid(message: str) -> Answer:
    extensions = {"code": "INVALID_INPUT", "userPresentableMessage": message}
    return (
        400,
        {"errors": [{"message": "Argument Validation Error", "extensions": extensions}]},
        {},
    )


def discord_faults(said: Mapping[str, Any]) -> list[str]:
    """Check a message against Discord's limits; each fault as a sentence."""
    embeds = said.get("embeds") or []
    faults = []
    if not said.get("content") and not embeds:
        faults.append("an empty message")
    if units(said.get("content") or "") > 2000:
        faults.append("content: more than 2000 characters")
    if len(embeds) > 10:
        faults.append("more than 10 embeds")
    total = 0
    for embed in embeds:
        for name, limit in (("title", 256), ("description", 4096)):
            length = units(embed.get(name) or "")
            total += length
            if length > limit:
                faults.append(f"{name}: {length} characters, at most {limit} are taken")
        if not embed.get("title") and not embed.get("description"):
            faults.append("an embed without words")
    if total > 6000:
        faults.append(f"{total} characters in all embeds, at most 6000 are taken")
    if said.get("allowed_mentions") != {"parse": []}:
        faults.append("it may ping")
    return faults


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away: killing them is what the tests do."""


def _handler(there: FakeDestinations) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            name = next((n for n, path in PATHS.items() if self.path.startswith(path)), None)
            if name is None:
                self._send(404, {"message": "Unknown Webhook", "code": 10015}, {})
                return
            fault = there.fault(name)
            if fault is None:
                self._send(*there.answer(name, self.command, self.path, self.headers, body))
                return
            if fault.delay:
                # A client that gives up closes its end, which can then be read.
                select.select([self.connection], [], [], fault.delay)
            answer: Answer = (200, {}, {})
            if fault.posts:
                answer = there.answer(name, self.command, self.path, self.headers, body)
            self._fail(fault, answer)

        do_POST = do_GET = do_PATCH = do_PUT = _any  # noqa: N815 - the names http.server calls

        def _fail(self, fault: Fault, answer: Answer) -> None:
            if fault.kind == "answer" and fault.status == 429:
                wait = fault.retry_after or 1
                told = {"message": "You are being rate limited.", "retry_after": wait}
                self._send(429, told, {"Retry-After": f"{wait:g}"})
            elif fault.kind == "answer" and fault.status >= 300:
                self._send(fault.status, {}, {"Location": fault.error} if fault.error else {})
            elif fault.kind in ("answer", "page"):
                status = fault.status if fault.status >= 300 else 500
                self._send(status, b"<html>Something went wrong</html>", {})
            elif fault.kind == "half":
                body = json.dumps(answer[1]).encode() if not isinstance(answer[1], bytes) else b""
                self.send_response(200)
                self.send_header("Content-Length", str(len(body) + 100))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2])
                self._reset()
            else:
                self._reset()

        def _send(self, status: int, body: Any, headers: Mapping[str, str]) -> None:
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

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
