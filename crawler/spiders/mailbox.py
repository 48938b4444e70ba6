"""Mentions that services send by mail: alerts of keywords, notices of reviews."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, StringConstraints, model_validator
from scrapy.http import Request, Response

from crawler.base import MentionSpider, Yielded
from crawler.entry_problems import Bounded
from crawler.imap import Login, Security, folder_url
from crawler.mail_senders import SENDERS, Passage, is_from, passages_in, sender_of
from crawler.mails import Mail, read_digest, read_mail
from crawler.request_details import is_loopback, meta_of, page_of, real_url
from crawler.source_options import SourceOptions
from storage import fields
from storage.models import Mention
from storage.native_ids import origin_of

_PER_PAGE = 50
_EVERYBODY = "*"
_KNOWN = ", ".join(dict.fromkeys(sender.label for sender in SENDERS))

_Sender = Annotated[str, StringConstraints(pattern=r"^(?:\*|[A-Za-z0-9_.@+-]+)$")]


class MailboxSpider(MentionSpider):
    """Read alert and review mails of a mailbox over IMAP; nothing in it is marked or changed.

    robots.txt does not apply: the mailbox is your own. A mention whose link says which one it is
    gets the id that the site's own spider gives it, and that source: it is stored once, however
    many ways lead to it. Any other is one of the source `mailbox`, by its link or its mail.
    """

    name = "mailbox"
    label = "Mailbox"
    place = "in the mailbox"
    default_base_url = "imaps://localhost"
    robots = False
    needs = "a mailbox with IMAP that alerts and notices reach: its host, user and password"
    limits = "50 mails a page; the first 256 KB of a mail, without attachments"
    terms = "your own mailbox; what each service lets you do with its mails is in its terms"
    secrets: ClassVar[Mapping[str, str]] = {
        "MAILBOX_PASSWORD": "password of the mailbox; at Gmail, Yahoo and iCloud an app password. "
        "Microsoft 365 takes none: let it forward the mails to another mailbox"
    }

    class Options(SourceOptions):
        """Which mailbox, and which of its mails."""

        host: str = Field(
            pattern=r"^[\w.-]+$", description='The IMAP server, such as "imap.gmail.com".'
        )
        user: str = Field(min_length=1, description="The user's name there, often the address.")
        folder: str = Field(
            default="INBOX", min_length=1, description="The folder, or label at Gmail."
        )
        senders: list[_Sender] = Field(
            default=[],
            description="Addresses or domains whose mails are read, instead of those that are "
            f'known ({_KNOWN}); ["*"] for everybody\'s. What an unknown one sends is read as '
            "plain text.",
        )
        match: bool = Field(
            default=True,
            description="Whether mentions must match the brand's query; false where the mailbox "
            "is for one brand alone.",
        )
        security: Security = Field(
            default="tls",
            description='"tls" from the start, "starttls", or "none" on this machine alone.',
        )
        port: int | None = Field(
            default=None, ge=1, le=65535, description="993, or 143 without TLS from the start."
        )
        days: int = Field(
            default=30, ge=1, le=3650, description="How far back the first crawl reads."
        )
        pages: int = Field(
            default=20, ge=1, le=200, description="Pages of 50 mails a crawl, at most."
        )

        @model_validator(mode="after")
        def _no_open_password(self) -> Self:
            if self.security == "none" and not is_loopback(f"imap://{self.host}"):
                raise ValueError('security = "none" would send the password for all to read')
            return self

        @property
        def target(self) -> str:
            return f"{self.user} {self.folder}"

    options: Options

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        # Reviews with the words of their mail, by id: those name what was reviewed.
        self._with_mail: dict[str, Mention] = {}

    @property
    def wants_match(self) -> bool:
        return self.options.match

    @property
    def asked_since(self) -> bool:
        """A folder that opens and has no new mail is as it should be."""
        return True

    def queried(self, mention: Mention) -> Mention:
        return self._with_mail.get(mention.id, mention)

    def requests(self) -> Iterable[Request]:
        yield self._page()

    def parse(self, response: Response) -> Iterator[Yielded]:
        digest = read_digest(response)
        yield from self.each(self._entries(digest.parts), self._entry)
        if digest.problem:
            raise digest.problem
        # Not `more`: the search ends at `since`, and a page may hold mails without mentions alone.
        older, before = digest.older_than, meta_of(response).get("before")
        if older is None or (before is not None and older >= before):
            return
        if page_of(response) >= self.options.pages:
            yield Bounded(real_url(response))
        else:
            yield self._page(older, page_of(response) + 1)

    def _page(self, before: int | None = None, page: int = 1) -> Request:
        options = self.options
        since = self.since or self.now - timedelta(days=options.days)
        params: dict[str, object] = {
            # The server goes by the day at its own place.
            "since": (since - timedelta(days=1)).date().isoformat(),
            "mails": _PER_PAGE,
        }
        if senders := self._senders():
            params["senders"] = ",".join(senders)
        if before is not None:
            params["before"] = before
        return self.ask(
            folder_url(options.host, options.port, options.security, options.folder),
            params,
            page=page,
            before=before,
            login=Login(options.user, self.secret("MAILBOX_PASSWORD") or "", options.security),
        )

    def _senders(self) -> list[str]:
        """Name whose mails are read; nobody in particular where everybody's are."""
        if _EVERYBODY in self.options.senders:
            return []
        return self.options.senders or [sender.address for sender in SENDERS]

    def _entries(self, parts: Iterable[Any]) -> Iterator[dict[str, Any]]:
        """Give what each mail tells, one by one; a mail that cannot be read is an entry too."""
        wanted = self._senders()
        for number, part in enumerate(parts, 1):
            named = f"mail {number}"
            try:
                mail = read_mail(part)
                named = f"mail {mail.message_id}"
                # Servers find an address in a name, too.
                if wanted and not any(is_from(mail.sender, sender) for sender in wanted):
                    continue
                passages = passages_in(mail)
            except Exception as error:
                yield {"id": named, "error": error}
                continue
            for place, passage in enumerate(passages, 1):
                yield {"id": named, "mail": mail, "passage": passage, "place": place}

    def _entry(self, entry: dict[str, Any]) -> Mention:
        if "error" in entry:
            raise entry["error"]
        mail, passage = entry["mail"], entry["passage"]
        mention = self._mention(mail, passage, entry["place"])
        sender = sender_of(mail)
        if sender and sender.reviews:
            self._with_mail[mention.id] = replace(mention, title=mail.subject, text=mail.text)
        return mention

    def _mention(self, mail: Mail, passage: Passage, place: int) -> Mention:
        origin = origin_of(passage.url)
        named = origin.native_id if origin else passage.native_id
        mention = self.mention(
            native_id=fields.identity(named or f"{mail.message_id}#{place}", "Message-ID"),
            text=passage.text,
            title=passage.title,
            created_at=self._date(mail),
            url=fields.link(passage.url),
            author=passage.author,
            author_native_id=passage.author_id,
            rating=passage.rating,
            rating_max=5.0,
            excerpt=passage.excerpt,
        )
        if origin is None:
            return mention
        parent = f"{origin.source}:{origin.parent}" if origin.parent else None
        return replace(mention, source=origin.source, parent_id=parent)

    def _date(self, mail: Mail) -> datetime | None:
        """Give the time of a mail: its own, or the server's where that is no believable one."""
        read = (fields.later(date, self.now, "Date") for date in mail.dates)
        return next(filter(None, read), None)
