"""What stands before every page: which names are answered, whom, and with which headers."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Collection
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, quote, urlsplit

from config.errors import EarfulError
from config.settings.serve_section import is_loopback
from earful.http_serving import App, Message, Receive, Send
from earful.pages.access import SCOPE_KEY, Visitor
from earful.pages.gate import Gate
from storage.tables.audit import Act

COOKIE = "earful_session"
GATE_KEY = "earful.gate"
SIGN_IN = "/-/sign-in"
# The pages are ours alone: what a customer wrote can neither load nor send anything. Vega compiles
# its expressions, hence 'unsafe-eval'; Datasette's own pages carry scripts inline.
_HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
        b"style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; "
        b"base-uri 'none'; form-action 'self'; frame-ancestors 'self'",
    ),
    (b"x-content-type-options", b"nosniff"),
    # Other sites are told nothing; with `no-referrer` our own forms would have no origin either.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
# What a page needs before anybody has signed in; none of it holds a word of the store.
_OPEN = re.compile(r"/-/sign-in|/-/static/.*|/assets/.*|/favicon\.ico")
# Parameters whose values are no words of people, so that they may stand in the audit.
_PLAIN = ("brand", "source", "period", "until", "language")


class Hosts:
    """The names that pages are served under."""

    def __init__(self, host: str, allowed: Collection[str]) -> None:
        """Beyond loopback an address of numbers will do: no name can be bound to another by it."""
        self._names = _LOOPBACK_NAMES | {host.lower()} | {name.lower() for name in allowed}
        self._is_public = not is_loopback(host)

    def answer(self, host: str) -> bool:
        """Tell whether a `Host` header names us; another name may be a stranger's, bound to us."""
        name = re.sub(r":\d+$", "", host.lower())
        if name in self._names:
            return True
        if not self._is_public:
            return False
        try:
            ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return False
        return True


def guarded(app: App, gate: Gate, hosts: Hosts, public_url: str | None = None) -> App:
    """Let only those requests through to `app` that one of our pages, or a program, has made."""
    public = urlsplit(public_url) if public_url else None

    async def guarded_app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        host = headers.get("host", "")
        is_safe = scope.get("scheme") == "https" or (
            public is not None and public.scheme == "https" and _hostname(host) == public.hostname
        )
        answer = _with_headers(send, is_safe)
        if not hosts.answer(host):
            await _refuse(
                answer, 421, "this address is not served under that name: [serve] hosts lists more"
            )
            return
        if not _is_from_here(scope["method"], headers, host, public_url):
            await _refuse(answer, 403, "another site asked for this: open the page by itself")
            return
        cookie = _cookie(headers.get("cookie", ""))
        try:
            visitor = await gate.visitor(cookie, headers.get("authorization"))
        except EarfulError:
            await _refuse(answer, 503, "the store cannot be read: see `earful status`")
            return
        path = scope["path"]
        if visitor is None and not _OPEN.fullmatch(path):
            await _ask_to_sign_in(answer, scope, headers)
            return
        if visitor is not None and path.endswith(".csv"):
            await gate.note(visitor, Act.EXPORTED, _file(path, scope["query_string"]))
        scope = {**scope, GATE_KEY: gate, SCOPE_KEY: visitor}
        if visitor is not None and visitor.signed_in:
            scope["actor"] = {"id": visitor.name, "role": visitor.role.word}
        await app(scope, receive, answer)

    return guarded_app


def _is_from_here(method: str, headers: dict[str, str], host: str, public: str | None) -> bool:
    """Tell whether no other site made a browser ask; links from elsewhere may be followed."""
    site = headers.get("sec-fetch-site")
    if site in ("cross-site", "same-site"):
        return (
            method in ("GET", "HEAD")
            and headers.get("sec-fetch-mode") == "navigate"
            and headers.get("sec-fetch-dest") == "document"
        )
    origin = headers.get("origin")
    if origin is None or site in ("same-origin", "none"):
        return True
    ours = {host.lower(), urlsplit(public).netloc.lower() if public else host.lower()}
    return urlsplit(origin).netloc.lower() in ours


async def _ask_to_sign_in(send: Send, scope: Message, headers: dict[str, str]) -> None:
    path, query = scope["path"], scope["query_string"].decode("latin-1")
    is_page = "text/html" in headers.get("accept", "") and not path.endswith((".json", ".csv"))
    if scope["method"] == "GET" and is_page and "authorization" not in headers:
        back = quote(f"{path}?{query}" if query else path, safe="/")
        await _send(send, 303, b"", [(b"location", f"{SIGN_IN}?next={back}".encode("latin-1"))])
        return
    body = {"ok": False, "error": "sign in, or send `Authorization: Bearer TOKEN`"}
    await _send(
        send,
        401,
        json.dumps(body).encode() + b"\n",
        [(b"content-type", b"application/json"), (b"www-authenticate", b'Bearer realm="Earful"')],
    )


async def _refuse(send: Send, status: int, why: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await _send(send, status, f"Earful: {why}.\n".encode(), headers)


async def _send(
    send: Send, status: int, body: bytes, headers: Collection[tuple[bytes, bytes]]
) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})


def _with_headers(send: Send, is_safe: bool) -> Send:
    """Let each answer carry our headers, and its cookies be for our pages alone."""

    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [
                (name, _kept(value, is_safe) if name.lower() == b"set-cookie" else value)
                for name, value in message.get("headers", ())
            ]
            message = {**message, "headers": [*headers, *_HEADERS]}
        await send(message)

    return with_headers


def _kept(cookie: bytes, is_safe: bool) -> bytes:
    """Add what a cookie lacks: no script reads it, no other site sends it, no line shows it."""
    has = cookie.lower()
    for mark in (b"HttpOnly", b"SameSite=Lax", *([b"Secure"] if is_safe else [])):
        if mark.split(b"=")[0].lower() not in has:
            cookie += b"; " + mark
    return cookie


def _cookie(header: str) -> str | None:
    cookies: SimpleCookie = SimpleCookie()
    try:
        cookies.load(header)
    except CookieError:
        return None
    found = cookies.get(COOKIE)
    return found.value if found else None


def _hostname(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _file(path: str, query: bytes) -> str:
    """Name a file that was asked for, without the words that were searched."""
    asked = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    said = [
        f"{name}={value}" if name in _PLAIN and value else name
        for name, value in asked
        if not name.startswith(("_size", "_stream", "_dl"))
    ]
    return path.lstrip("/") + (f" ({', '.join(said)})" if said else "")


def is_local(path: str) -> bool:
    """Tell whether a path leads to one of our own pages, whatever a link says."""
    return path.startswith("/") and not path.startswith(("//", "/\\"))


def session_cookie(visitor: Visitor | None, header: str) -> str | None:
    """Give the cookie of a request whose visitor signed in with it."""
    return _cookie(header) if visitor is not None and visitor.signed_in else None
