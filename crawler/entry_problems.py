"""What can be wrong with a page or an entry, as values and errors that name it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from config.errors import CrawlError
from config.redaction import mask_url
from storage.models import CrawlOutcome, RefusalReason


class PageError(CrawlError):
    """A response that cannot be read as a page of the source; `reason` has no URL in it.

    `opens_at` tells when a spent quota opens again, where the source says so. A page that is
    `missing` was asked for by a wrong id, or the site has lost it: its past runs tell which.
    """

    def __init__(
        self,
        outcome: CrawlOutcome,
        reason: str,
        opens_at: datetime | None = None,
        *,
        missing: bool = False,
    ) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason
        self.opens_at = opens_at
        self.missing = missing


@dataclass(frozen=True, slots=True)
class Refusal:
    """An entry that was left out: which one, why, and what the ledger counts it under."""

    entry: str
    reason: str
    kind: RefusalReason = RefusalReason.SHAPE


@dataclass(frozen=True, slots=True)
class Gone:
    """A mention that the source says was deleted, by its native id."""

    native_id: str


@dataclass(frozen=True, slots=True)
class Bounded:
    """Paging that ended at the page bound although older entries were wanted."""

    url: str


def blocked(reason: str) -> PageError:
    return PageError(CrawlOutcome.BLOCKED, reason)


def broken(reason: str) -> PageError:
    return PageError(CrawlOutcome.BROKEN, reason)


def failed(reason: str) -> PageError:
    return PageError(CrawlOutcome.FAILED, reason)


def unauthorised(reason: str) -> PageError:
    return PageError(CrawlOutcome.UNAUTHORISED, reason)


def quota_spent(reason: str, opens_at: datetime | None = None) -> PageError:
    """Make the error of a source that answers no more until `opens_at`, as far as it says."""
    return PageError(CrawlOutcome.QUOTA, reason, opens_at)


def place(url: str) -> str:
    """Name a URL without its query, which helps nobody in a sentence, and without secrets."""
    parts = urlsplit(url)
    host = f"{parts.hostname or ''}:{parts.port}" if parts.port else parts.hostname or ""
    return mask_url(f"{parts.scheme}://{host}{parts.path}")


# What entries call their id, the usual ones first.
_NAMES = (
    "id", "objectID", "recommendationid", "guid", "uri", "id_code", "comment_id", "answer_id",
    "question_id", "post_id", "number", "url", "link",
)  # fmt: skip


def name_of(entry: object, number: int) -> str:
    """Name an entry for people: its id where it has one, else its place on the page."""
    if isinstance(entry, Mapping):
        for key in _NAMES:
            value = entry.get(key)
            if isinstance(value, Mapping):
                value = value.get("label")
            if isinstance(value, str | int) and str(value).strip():
                return str(value)[:80]
    return f"entry {number}"
