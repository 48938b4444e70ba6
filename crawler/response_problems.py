"""What a response with a bad status means, and what no response at all does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from scrapy.http import Response

from crawler.entry_problems import PageError, blocked, failed, quota_spent
from crawler.private_addresses import refusal_of
from crawler.request_details import meta_of
from crawler.waits import limit_resets_in, retry_after
from storage.models import CrawlOutcome

# Parts of the names of what Twisted and Scrapy raise, and what each means.
_UNREACHABLE = {
    "CannotResolveHost": "DNS does not know its name",
    "DNSLookup": "DNS does not know its name",
    "ConnectionRefused": "it refused the connection",
    "Timeout": "it took too long",
    "MaxSize": "the response is larger than 32 MB",
    "Cancelled": "the response is larger than 32 MB",
}


def response_problem(response: Response, rest: timedelta | None = None) -> PageError | None:
    """Judge a final response by its status and by how long it asks to be left alone.

    `rest` is for how long after a 429 that does not say so.
    """
    now = datetime.now(UTC)
    wait, resets = retry_after(response, now), limit_resets_in(response, now)
    meta = meta_of(response)
    if response.status in meta.get("doubtful", ()):
        return _doubtful_problem(response.status, int(meta.get("retry_times", 0)) + 1)
    problem = status_problem(
        response.status, "" if wait is None else f" and asked to wait {wait:.0f} s"
    )
    if problem is None or problem.outcome is not CrawlOutcome.BLOCKED:
        return problem
    if resets is not None:
        opens_at = now + timedelta(seconds=resets)
        return quota_spent(
            f"answered {response.status}: its rate limit is spent until {opens_at:%H:%M} UTC",
            opens_at,
        )
    if wait is not None:
        problem.opens_at = now + timedelta(seconds=wait)
    elif response.status == 429 and rest is not None:
        opens_at = now + rest
        reason = f"answered 429: Earful leaves it alone until {opens_at:%H:%M} UTC"
        return PageError(CrawlOutcome.BLOCKED, reason, opens_at)
    return problem


def _doubtful_problem(status: int, times: int) -> PageError:
    """Judge a status that the source gives at random, and gave each time it was asked."""
    return failed(
        f"answered {status} all of the {times} times that Earful asked: this source does so at "
        "random, at times for hours; if it stays so for days, check the id or address in "
        "earful.toml"
    )


def status_problem(status: int, waits: str = "") -> PageError | None:
    """Judge a final HTTP status; None for one that carries a page."""
    if 200 <= status < 300:
        return None
    answered = f"answered {status}{waits}"
    if status in (401, 407):
        return PageError(CrawlOutcome.UNAUTHORISED, answered)
    if status in (403, 429, 451, 999):
        return blocked(answered)
    if status in (404, 410):
        reason = f"{answered}: there is no such page"
        return PageError(CrawlOutcome.FAILED, reason, missing=True)
    return failed(answered)


def refusal(response: Response, words: str = "") -> PageError:
    """Make the error of a response that refuses, with the server's own words behind it."""
    problem = response_problem(response) or failed("answered with an error of its own")
    if not words:
        return problem
    reason = f"{problem.reason} ({words})"
    return PageError(problem.outcome, reason, problem.opens_at, missing=problem.missing)


def connection_problem(url: str, error: Exception) -> PageError:
    """Make the error of a request that got no response."""
    if reason := refusal_of(url):
        return failed(reason)
    name = type(error).__name__
    known = next((why for part, why in _UNREACHABLE.items() if part in name), None)
    return failed(f"did not answer: {known or f'the connection failed ({shown_error(error)})'}")


def shown_error(error: Exception) -> str:
    """Show an exception on one line: its type, and the beginning of what it says."""
    text = " ".join(str(error).split())[:160]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
