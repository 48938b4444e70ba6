"""Mails out of a digest: whose they are, their words and links, whatever is broken in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parseaddr
from hashlib import sha256
from typing import Any

from parsel import Selector
from scrapy.http import Response

from crawler.entry_problems import PageError, broken
from crawler.web_pages import html_page
from storage import fields
from storage.fields import EntryError

_LINK = re.compile(r"https?://[^\s<>\"]+")
_AUTOMATIC = re.compile(
    r"\b(?:no|not|non|donot|do-not)[._-]?reply|notif|alert|mailer|automat|daemon|robot|digest",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail: `plain` and `html` are its parts as they came, "" where it has none.

    `dates` are the sender's and the server's, either of which may be missing or nonsense.
    `automatic` tells that no person wrote it.
    """

    message_id: str
    sender: str
    sender_name: str | None
    subject: str
    dates: tuple[str, ...]
    automatic: bool
    plain: str
    html: str

    @property
    def text(self) -> str:
        """Give the words, of the plain part where there is one, else of the HTML."""
        return fields.plain(self.plain) or fields.from_html(self.html)

    @property
    def page(self) -> Selector:
        """Give the HTML to be searched; an empty page where the mail has none."""
        return Selector(text=self.html if self.html.strip() else "<html></html>")

    def links(self) -> Iterator[str]:
        """Give the links of the plain part, then of the HTML, in their order."""
        yield from (link.rstrip(".,;)") for link in _LINK.findall(self.plain))
        yield from (link.strip() for link in self.page.xpath("//a/@href").getall())


@dataclass(frozen=True)
class Digest:
    """The mails of a page, each in its part; `older_than` is where the next page begins."""

    parts: Sequence[Any]
    older_than: int | None
    problem: PageError | None


def read_digest(response: Response) -> Digest:
    """Take a page of mails apart; a cut one keeps its whole mails and carries the problem."""
    body = response.body
    if not body.strip():
        raise broken("answered with an empty body")
    if page := html_page(body):
        raise page
    try:
        whole = BytesParser(policy=policy.default).parsebytes(body)
        kind, mark = whole.get_content_type(), whole.get_boundary()
        parts: list[Any] = list(whole.iter_parts()) if whole.is_multipart() else []
        older = str(whole["Older-Than"] or "")
    except Exception as error:
        # The email package raises what it likes over headers that are damaged enough.
        raise broken(f"answered with mails that crash their parser ({error})") from error
    if kind != "multipart/digest" or not mark:
        raise broken("answered with something that is no digest of mails")
    problem = None
    if f"\n--{mark}--".encode("utf-8", "replace") not in body:
        parts = parts[:-1]
        whole_ones = f"{len(parts)} {'mail' if len(parts) == 1 else 'mails'}"
        problem = broken(f"answered with a digest that is cut off after {whole_ones}")
    return Digest(parts, int(older) if older.isdecimal() else None, problem)


def read_mail(part: Any) -> Mail:
    """Read one part of a digest; EntryError where no mail is in it."""
    inner = part.get_payload() if part.get_content_type() == "message/rfc822" else None
    if not isinstance(inner, list) or not inner or not isinstance(inner[0], EmailMessage):
        raise EntryError("it is no mail")
    mail = inner[0]
    plain, html = _texts(mail)
    name, address = _from(mail)
    subject, date = _header(mail, "Subject"), _header(mail, "Date")
    message_id = _header(mail, "Message-ID").strip("<> \t")
    if not message_id:
        content = "\n".join((address, date, subject, plain, html))
        message_id = f"unnamed-{sha256(content.encode('utf-8', 'replace')).hexdigest()[:32]}"
    return Mail(
        message_id=message_id,
        sender=address,
        sender_name=fields.line(name, "From"),
        subject=fields.line(subject, "Subject") or "",
        dates=tuple(given for given in (date, _header(part, "Arrived")) if given),
        automatic=_is_automatic(mail, address),
        plain=plain,
        html=html,
    )


def _header(mail: Any, name: str) -> str:
    """Give a header decoded, "" where it is missing or too damaged for its parser."""
    try:
        return " ".join(str(mail[name] or "").split())
    except Exception:
        return ""


def _from(mail: EmailMessage) -> tuple[str, str]:
    """Give the sender's name and address."""
    try:
        first = mail["From"].addresses[0]
        return str(first.display_name), str(first.addr_spec).casefold()
    except Exception:
        name, address = parseaddr(_header(mail, "From"))
        return name, address.casefold()


def _is_automatic(mail: EmailMessage, address: str) -> bool:
    """Tell by RFC 3834, by the marks of lists and by the address that a program wrote."""
    declared = _header(mail, "Auto-Submitted").casefold()
    return (
        declared not in ("", "no")
        or any(_header(mail, name) for name in ("List-Id", "List-Unsubscribe", "Precedence"))
        or bool(_AUTOMATIC.search(address.partition("@")[0]))
    )


def _texts(mail: EmailMessage) -> tuple[str, str]:
    """Give the first plain and the first HTML text that are no attachments."""
    plain = html = ""
    waiting: list[Any] = [mail]
    while waiting:
        part = waiting.pop(0)
        kind = part.get_content_type()
        if kind.startswith("multipart/"):
            below = part.get_payload()
            waiting[:0] = below if isinstance(below, list) else []
        elif part.get_filename() or part.get_content_disposition() == "attachment":
            continue
        elif kind == "text/plain":
            plain = plain or _unwrapped(part, _decoded(part))
        elif kind == "text/html":
            html = html or _decoded(part)
    return plain, html


def _decoded(part: Any) -> str:
    """Decode a text by its charset; by the likely ones where that is missing or wrong."""
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        return ""
    for charset in (part.get_content_charset(), "utf-8"):
        try:
            return raw.decode(charset or "utf-8").replace("\r\n", "\n")
        except (LookupError, ValueError):
            continue
    return raw.decode("cp1252", "replace").replace("\r\n", "\n")


def _unwrapped(part: Any, text: str) -> str:
    """Join the lines that `format=flowed` broke: RFC 3676."""
    if str(part.get_param("format", "")).casefold() != "flowed":
        return text
    cut = 1 if str(part.get_param("delsp", "")).casefold() == "yes" else 0
    lines: list[str] = []
    goes_on = False
    for line in text.split("\n"):
        given = line.removeprefix(" ")
        if goes_on:
            lines[-1] = lines[-1][: len(lines[-1]) - cut] + given
        else:
            lines.append(given)
        goes_on = given.endswith(" ") and given != "-- "
    return "\n".join(lines)
