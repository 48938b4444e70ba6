"""A mail server over real SMTP that takes, refuses and breaks off as real ones do.

with FakeMail() as server:
    server.fail("cut after the text")
    ... MailTransport("support", "127.0.0.1", server.port, "none", None, ...) ...
    assert server.message_ids() == [...]
"""

from __future__ import annotations

import ssl
import threading
from asyncio import Server, WriteTransport
from collections import deque
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

PASSWORD = "mail-password"
FAULTS = (
    "greylisted",
    "later",
    "cut before the text",
    "cut at the text",
    "cut after the text",
    "hang after the text",
)
"""The ways to fail that pass; all but the last two take no mail for certain."""

TAKEN_FAULTS = ("cut after the text", "hang after the text")


class FakeMail:
    """Keeps what it took in `mails`, repeats of a Message-ID too."""

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
        login: bool = False,
        refused: frozenset[str] = frozenset(),
    ) -> None:
        """Of `refused` addresses it knows none."""
        self.mails: list[EmailMessage] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.encrypted: list[bool] = []
        self.refused = refused
        self.choose: Callable[[], str | None] | None = None
        self._faults: deque[str] = deque()
        self._now: str | None = None
        self._released = threading.Event()
        more: dict[str, Any] = {}
        if login:
            more = {
                "authenticator": self._authenticate,
                "auth_required": True,
                "auth_require_tls": starttls is not None,
            }
        if starttls is not None:
            more |= {"tls_context": starttls, "require_starttls": True}
        self._controller = _AnyPort(
            self, hostname="127.0.0.1", port=0, ssl_context=tls, enable_SMTPUTF8=False, **more
        )

    def __enter__(self) -> FakeMail:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        self._controller.stop()

    @property
    def port(self) -> int:
        return self._controller.port

    def fail(self, *faults: str) -> None:
        self._faults.extend(faults)

    def message_ids(self) -> list[str]:
        return [str(mail["Message-ID"]) for mail in self.mails]

    async def handle_MAIL(  # noqa: N802 - the name aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self._now = None
        if self._faults:
            self._now = self._faults.popleft()
        elif self.choose is not None:
            self._now = self.choose()
        if self._now == "cut before the text":
            return _abort(server)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - the name aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return "550 5.1.1 no such user here"
        if self._now == "greylisted":
            return "450 4.2.0 greylisted, come again in a minute"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the name aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        match self._now:
            case "later":
                return "451 4.3.0 out of space, try again later"
            case "refused":
                return "554 5.6.0 the text is not welcome"
            case "cut at the text":
                return _abort(server)
        self._take(session, envelope)
        if self._now == "cut after the text":
            return _abort(server)
        if self._now == "hang after the text":
            await server.loop.run_in_executor(None, self._released.wait, 3.0)
            return _abort(server)
        return "250 2.0.0 OK: queued"

    def _take(self, session: Session, envelope: Envelope) -> None:
        content = envelope.original_content or b""
        mail = message_from_bytes(content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.envelopes.append((str(envelope.mail_from), list(envelope.rcpt_tos)))
        self.encrypted.append(session.ssl is not None)

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        good = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
        return AuthResult(success=good, handled=False)


def _abort(server: SMTP) -> str:
    assert isinstance(server.transport, WriteTransport)
    server.transport.abort()
    return "421 gone"


class _AnyPort(Controller):
    """Listens at a free port, and asks which one it got."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()
