"""The sections `[[destinations.…]]`: where alerts go beside Slack, and where issues are made."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from email.headerregistry import Address
from email.utils import parseaddr
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from config.settings.value_types import HttpUrl, Section, TimeZone

SLACK = "slack"
"""The way of every channel that names no other."""


def _mailbox(value: str) -> str:
    """Refuse what is no single e-mail address in ASCII; a name may stand before it."""
    address = parseaddr(value)[1]
    try:
        parsed = Address(addr_spec=address)
    except (ValueError, IndexError):
        parsed = None
    whole = re.fullmatch(r"[^\s<>,]+@[^\s<>,]+|[^<>\n]*<[^\s<>,]+@[^\s<>,]+>", value.strip())
    if parsed is None or not parsed.domain or not address.isascii() or not whole:
        raise ValueError(
            'not an e-mail address: write "ann@example.com" or "Ann <ann@example.com>"'
        )
    return value.strip()


Mailbox = Annotated[str, AfterValidator(_mailbox)]
Unclear = Literal["ask", "again"]


class DestinationSettings(Section):
    """What each destination has: a name, which stands after its kind in `via`."""

    name: str = Field(pattern=r"^[a-z0-9_]{1,40}$")


class WebhookDestination(DestinationSettings):
    """One `[[destinations.webhook]]`: signed JSON to an address of yours."""

    url: HttpUrl
    case_events: bool = False
    brands: tuple[str, ...] = ()


class MailDestination(DestinationSettings):
    """One `[[destinations.mail]]`: a mail to each of a few people, by one server."""

    server: str = Field(pattern=r"^[^\s/]+$")
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str | None = None
    sender: Mailbox
    to: tuple[Mailbox, ...] = Field(min_length=1, max_length=50)
    unclear: Unclear = "again"
    timezone: TimeZone | None = None

    @model_validator(mode="after")
    def _no_password_in_the_clear(self) -> Self:
        if self.username is not None and self.security == "none":
            raise ValueError(
                'a password is not sent in the clear: security = "starttls" or "tls", or leave '
                "out username"
            )
        return self


class TeamsDestination(DestinationSettings):
    """One `[[destinations.teams]]`: a channel of Microsoft Teams, by a workflow's webhook."""

    unclear: Unclear = "ask"
    timezone: TimeZone | None = None


class DiscordDestination(DestinationSettings):
    """One `[[destinations.discord]]`: a channel of Discord, by its webhook."""

    unclear: Unclear = "ask"


class IssuesDestination(DestinationSettings):
    """One `[[destinations.issues]]`: a tracker in which people make issues of cases."""

    tracker: Literal["github", "jira", "linear"]
    project: str = Field(min_length=1, max_length=200)
    label: str | None = Field(default=None, pattern=r"^\S{1,50}$")
    type: str = "Task"
    user: str | None = None
    base_url: HttpUrl | None = None
    brands: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _fits_the_tracker(self) -> Self:
        patterns = {
            "github": (r"[\w.-]+/[\w.-]+", '"owner/repository"'),
            "jira": (r"[A-Z][A-Z0-9_]+", 'a project\'s key, such as "ACME"'),
            "linear": (r"[0-9a-fA-F-]{36}", "a team's id (UUID)"),
        }
        pattern, example = patterns[self.tracker]
        if not re.fullmatch(pattern, self.project):
            raise ValueError(f"project: for {self.tracker} write {example}")
        if self.tracker == "jira" and self.base_url is None:
            raise ValueError('jira needs base_url, such as "https://acme.atlassian.net"')
        if self.tracker == "linear" and self.label is not None:
            raise ValueError("linear knows labels by id: leave out label")
        return self


class DestinationsSettings(Section):
    webhook: tuple[WebhookDestination, ...] = ()
    mail: tuple[MailDestination, ...] = ()
    teams: tuple[TeamsDestination, ...] = ()
    discord: tuple[DiscordDestination, ...] = ()
    issues: tuple[IssuesDestination, ...] = ()

    def each(self) -> Iterator[tuple[str, int, DestinationSettings]]:
        """Give every destination with its kind and its place among those of its kind."""
        kinds: dict[str, Sequence[DestinationSettings]] = {
            "webhook": self.webhook,
            "mail": self.mail,
            "teams": self.teams,
            "discord": self.discord,
            "issues": self.issues,
        }
        for kind, members in kinds.items():
            for place, one in enumerate(members):
                yield kind, place, one

    def ways(self) -> set[str]:
        """Name each destination as `via` does: `mail:support`."""
        return {f"{kind}:{one.name}" for kind, _, one in self.each()}

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [f"{kind}:{one.name}" for kind, _, one in self.each()]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two destinations are {name!r}: give each its own name")
        return self
