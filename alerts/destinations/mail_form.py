"""An alert as a mail: its headers, its text and its HTML. Pure: the same alert, the same bytes."""

from __future__ import annotations

import hashlib
import mimetypes
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from alerts.destinations.message_forms import as_html, as_text
from alerts.messages.message_parts import parts_of
from alerts.messages.mrkdwn import line_text, spans
from alerts.messages.safe_text import clean
from storage.models import Alert

_SUBJECT = 150
_POLICY = SMTP.clone(cte_type="7bit")


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as SMTP takes it; `content` ends in a line break, with dots doubled."""

    sender: str
    to: tuple[str, ...]
    message_id: str
    content: bytes


def letter_of(
    alert: Alert,
    sender: str,
    to: Sequence[str],
    zone: tzinfo,
    names: Mapping[str, str],
    *,
    text_only: bool = False,
    attached: bytes | None = None,
) -> Letter:
    """Write an alert as a mail; what is about another alert's mail stands in its thread.

    `attached` is the content of the file that the alert names.
    """
    address = parseaddr(sender)[1]
    domain = address.rpartition("@")[2]
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = _address(sender)
    mail["To"] = [_address(one) for one in to]
    mail["Date"] = format_datetime(alert.created_at)
    mail["Message-ID"] = message_id(alert.dedupe_key, domain)
    if alert.root_key is not None:
        root = message_id(alert.root_key, domain)
        mail["In-Reply-To"] = root
        mail["References"] = root
        about = subject(alert.root_text or alert.payload["text"])
        mail["Subject"] = f"Re: {about}"
    else:
        mail["Subject"] = subject(alert.payload["text"])
    # Nobody's holiday notice may answer it, and no list may take it for a person's.
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    if alert.urgent:
        mail["X-Priority"] = "1"
    payload = {"text": alert.payload["text"]} if text_only else alert.payload
    parts = parts_of(payload, names)
    mail.set_content(as_text(parts, zone))
    if not text_only:
        mail.add_alternative(as_html(parts, zone), subtype="html")
        # A boundary of chance would make other bytes of the same mail.
        mail.set_boundary(f"earful-{_digest(alert.dedupe_key)}")
    if attached is not None:
        _attach(mail, attached, alert)
    content = re.sub(rb"(?m)^\.", b"..", mail.as_bytes())
    content = content if content.endswith(b"\r\n") else content + b"\r\n"
    return Letter(
        address, tuple(parseaddr(one)[1] for one in to), str(mail["Message-ID"]), content
    )


def _attach(mail: EmailMessage, content: bytes, alert: Alert) -> None:
    name = str(alert.payload["filename"])
    kind, _, subtype = (mimetypes.guess_type(name)[0] or "application/octet-stream").partition("/")
    # As bytes, a page too: no mail program shows it in place of the message.
    mail.add_attachment(content, maintype=kind, subtype=subtype, filename=name)
    mail.set_boundary(f"earful-{_digest(alert.dedupe_key)}-file")


def message_id(key: str, domain: str) -> str:
    """Name the mail of an alert, always alike."""
    return f"<earful.{_digest(key)}@{domain}>"


def subject(summary: str) -> str:
    """Make one line of what sums a message up; the same of its mail and of what follows it."""
    words = line_text(spans(summary.replace("\n", " ")))
    line = clean(words, lines=False)
    return line if len(line) <= _SUBJECT else f"{line[: _SUBJECT - 1].rstrip()}…"


def _address(text: str) -> Address:
    name, address = parseaddr(text)
    return Address(display_name=name, addr_spec=address)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
