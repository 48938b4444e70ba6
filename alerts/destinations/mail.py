"""E-mail by SMTP: each alert a mail, what happens to a case a reply in its thread.

A mail cannot be looked for, and none can be changed. Its Message-ID is made of the alert's dedupe
key: sent again it has the same one, by which many mailboxes show the repeat once.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import tzinfo
from typing import Literal

from alerts.destinations.certainty import Unclear, blind, settled
from alerts.destinations.http_call import reason_of
from alerts.destinations.mail_form import Letter, letter_of
from alerts.outbox.sent_files import content_of, has_file
from alerts.outbox.transport import Fate, Look, SendResult
from storage.models import Alert, Operation

TIMEOUT_S = 8.0
"""For each step; all before the text is handed over may be repeated without harm."""

_QUIT_S = 1.0

Security = Literal["starttls", "tls", "none"]


class MailTransport:
    """Send mails from one address to a few, by one server."""

    def __init__(
        self,
        name: str,
        server: str,
        port: int,
        security: Security,
        login: tuple[str, str] | None,
        sender: str,
        to: Sequence[str],
        zone: tzinfo,
        names: Mapping[str, str],
        *,
        unclear: Unclear = "again",
        timeout: float = TIMEOUT_S,
    ) -> None:
        self._name = name
        self._server = server
        self._port = port
        self._security = security
        self._login = login
        self._sender = sender
        self._to = tuple(to)
        self._zone = zone
        self._names = names
        self._unclear = unclear
        self._timeout = timeout

    def send(self, alert: Alert, *, text_only: bool = False) -> SendResult:
        if alert.operation in (Operation.UPDATE, Operation.UPLOAD):
            # What is in a mailbox stays: the reply that comes with an update tells the change.
            return SendResult(Fate.POINTLESS)
        content = content_of(alert) if has_file(alert) else None
        if isinstance(content, SendResult):
            return content
        letter = letter_of(
            alert, self._sender, self._to, self._zone, self._names, text_only=text_only,
            attached=content,
        )  # fmt: skip
        connection = self._connect()
        if isinstance(connection, SendResult):
            return connection
        try:
            return settled(self._hand_over(connection, letter), self._unclear)
        finally:
            _leave(connection)

    def find(self, alert: Alert) -> Look:
        return blind(alert, f"The mail server {self._server}", self._unclear)

    def lane(self, alert: Alert) -> str | None:
        return ""

    def inspect(self) -> tuple[bool, str]:
        """Log in and go away again: nothing is sent; says what came of it."""
        connection = self._connect()
        if isinstance(connection, SendResult):
            return False, connection.error
        _leave(connection)
        how = "logged in" if self._login else "connected without a login"
        return True, f"{self._server}:{self._port}, {how}; nothing was sent"

    def _connect(self) -> smtplib.SMTP | SendResult:
        """Connect, encrypt and log in; what fails here was certainly not sent."""
        try:
            if self._security == "tls":
                connection: smtplib.SMTP = smtplib.SMTP_SSL(
                    self._server,
                    self._port,
                    timeout=self._timeout,
                    context=ssl.create_default_context(),
                )
            else:
                connection = smtplib.SMTP(self._server, self._port, timeout=self._timeout)
        except (OSError, smtplib.SMTPException) as error:
            return self._not_sent(error)
        try:
            if self._security == "starttls":
                connection.starttls(context=ssl.create_default_context())
            if self._login is not None:
                connection.login(*self._login)
        except smtplib.SMTPAuthenticationError as error:
            connection.close()
            return self._answered(error.smtp_code, error.smtp_error, "the login")
        except smtplib.SMTPNotSupportedError as error:
            connection.close()
            return SendResult(
                Fate.CHANNEL_DEAD, f"{self._where}: {reason_of(error)}: check security and port."
            )
        except (OSError, smtplib.SMTPException) as error:
            connection.close()
            return self._not_sent(error)
        return connection

    def _hand_over(self, connection: smtplib.SMTP, letter: Letter) -> SendResult:
        """Name sender and recipients, all or none, and hand the text over."""
        try:
            connection.ehlo_or_helo_if_needed()
            code, said = connection.mail(letter.sender)
            if code != 250:
                return self._answered(code, said, f"the sender {letter.sender}")
            for address in letter.to:
                code, said = connection.rcpt(address)
                if code not in (250, 251):
                    return self._answered(code, said, address)
            code, said = connection.docmd("DATA")
            if code != 354:
                return self._refused_text(code, said)
            connection.send(letter.content)
        except (OSError, smtplib.SMTPException) as error:
            # Without the dot at its end no server takes a text.
            return self._not_sent(error)
        try:
            connection.send(b".\r\n")
            code, said = connection.getreply()
        except (OSError, smtplib.SMTPException) as error:
            return SendResult(
                Fate.UNCLEAR,
                f"{self._where} broke off after the text ({reason_of(error)}); it may have sent "
                "it all the same.",
            )
        if code == 250:
            return SendResult(Fate.SENT, slack_ts=letter.message_id)
        return self._refused_text(code, said)

    def _refused_text(self, code: int, said: bytes) -> SendResult:
        if code >= 500:
            return SendResult(Fate.BAD_MESSAGE, f"{self._where} refused the text{_quote(said)}.")
        return self._answered(code, said, "the text")

    def _answered(self, code: int, said: bytes | str, what: str) -> SendResult:
        """Say what an answer means that came before the text: nothing was sent."""
        sentence = f"{self._where} refused {what} with {code}{_quote(said)}"
        if code >= 500:
            return SendResult(Fate.CHANNEL_DEAD, f"{sentence}: mend it there or in the config.")
        return SendResult(Fate.NOT_SENT, f"{sentence}: it asks to try again later.")

    def _not_sent(self, error: Exception) -> SendResult:
        return SendResult(Fate.NOT_SENT, f"{self._where} cannot be reached: {reason_of(error)}.")

    @property
    def _where(self) -> str:
        return f"mail:{self._name} ({self._server})"


def _leave(connection: smtplib.SMTP) -> None:
    with suppress(OSError, smtplib.SMTPException):
        if connection.sock is not None:
            connection.sock.settimeout(_QUIT_S)
            connection.quit()
    connection.close()


def _quote(said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    line = re.sub(r"\s+", " ", text).strip()
    return f" ({line[:160]})" if line else ""
