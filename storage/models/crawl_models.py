"""What a crawl reads and how it went, and how its source is doing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class CrawlOutcome(StrEnum):
    """What a crawl came to; only the first three are good."""

    OK = "ok"
    UNCHANGED = "unchanged"
    QUIET = "quiet"
    EMPTY = "empty"
    BLOCKED = "blocked"
    UNAUTHORISED = "unauthorised"
    QUOTA = "quota"
    BROKEN = "broken"
    FAILED = "failed"
    TIMEOUT = "timeout"

    @property
    def good(self) -> bool:
        return self in (CrawlOutcome.OK, CrawlOutcome.UNCHANGED, CrawlOutcome.QUIET)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlTarget:
    """What one crawl job reads: a brand, a source, and which part of the source."""

    brand: str
    source: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlReport:
    """How a finished crawl went; counts are of mentions unless named otherwise.

    `run` is the row that it was written to, if it was.
    """

    outcome: CrawlOutcome
    reason: str | None = None
    seen: int = 0
    new: int = 0
    edited: int = 0
    known: int = 0
    irrelevant: int = 0
    refused: int = 0
    requests: int = 0
    stats: dict[str, Any] = field(default_factory=dict)
    run: int | None = None


class SourceState(StrEnum):
    """How a source is doing, compared with its own history; only `ok` is good."""

    OK = "ok"
    STALE = "stale"
    EMPTY = "empty"
    BLOCKED = "blocked"
    BROKEN = "broken"
    UNAUTHORISED = "unauthorised"
    QUOTA = "quota"
    FAILED = "failed"

    @property
    def good(self) -> bool:
        return self is SourceState.OK


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStanding:
    """The present state of a target; it is left alone until `opens_at`.

    `failures` are those in a row.
    """

    state: SourceState
    since: datetime
    reason: str | None = None
    failures: int = 0
    opens_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """A finished crawl as history: `filled` counts the entries that had each field."""

    started_at: datetime
    outcome: CrawlOutcome
    seen: int = 0
    new: int = 0
    filled: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRun:
    """A finished crawl of a source, as people look back at it."""

    brand: str
    target: str
    started_at: datetime
    outcome: CrawlOutcome
    reason: str | None
    seen: int
    new: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What a server gave to ask "changed since?" with: see RFC 9110, 13.1."""

    url: str
    etag: str | None
    last_modified: str | None
