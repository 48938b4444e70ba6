"""This machine's clock, beside what the servers of sources say that the time is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from crawler import stat_keys
from storage.models import CrawlReport

AHEAD_S = "earful/clock_ahead_s"
"""Under this the stats of a crawl say by how many seconds our clock is ahead of the server's."""


def with_clock(report: CrawlReport, now: datetime) -> CrawlReport:
    """Write into a crawl's stats by how much our clock differs from the server's.

    The server spoke a little before `now`: what came last may have taken minutes to read.
    """
    said = report.stats.get(stat_keys.SERVER_TIME)
    if not isinstance(said, str):
        return report
    try:
        theirs = parsedate_to_datetime(said)
    except ValueError:
        return report
    theirs = theirs.replace(tzinfo=UTC) if theirs.tzinfo is None else theirs
    ahead_s = round((now - theirs).total_seconds())
    return replace(report, stats=report.stats | {AHEAD_S: ahead_s})
