"""Messages about a source's health: that it is in trouble, that it healed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from alerts.messages.blocks import context, facts, header, payload, section
from alerts.messages.places import Places
from alerts.messages.plainly import plainly
from alerts.messages.safe_text import count, line, moment
from storage.models import CrawlReport, CrawlTarget, SourceStanding, SourceState

STATE_WORDS = {
    SourceState.OK: "well",
    SourceState.STALE: "silent",
    SourceState.EMPTY: "empty",
    SourceState.BLOCKED: "blocked",
    SourceState.QUOTA: "out of quota",
    SourceState.UNAUTHORISED: "without valid credentials",
    SourceState.BROKEN: "unreadable",
    SourceState.FAILED: "unreachable",
}
"""States of a source in words, to follow "it is"."""

_STATES = {
    SourceState.STALE: (
        "has been silent for longer than ever",
        "It may have moved or changed its form: look at it in a browser.",
    ),
    SourceState.EMPTY: (
        "gave nothing, although it always gave something before",
        "The page or feed may have changed its form: look at it in a browser.",
    ),
    SourceState.BLOCKED: (
        "turned Earful away",
        "Crawl it less often (`every`), or check that its rules allow crawling.",
    ),
    SourceState.QUOTA: (
        "gives no more for now: the agreed number of requests is used up",
        "Earful goes on by itself when the quota is renewed; crawl it less often (`every`), or "
        "ask the source for more.",
    ),
    SourceState.UNAUTHORISED: (
        "refused the credentials",
        "Renew the key or token of this source in the environment.",
    ),
    SourceState.BROKEN: (
        "answered in a form that Earful cannot read",
        "The source may have changed: update Earful or report it.",
    ),
    SourceState.FAILED: (
        "could not be read",
        "It may be down for a while; Earful keeps trying.",
    ),
}


@plainly("The state of a source changed")
def ops(
    target: CrawlTarget,
    places: Places,
    before: SourceStanding | None,
    after: SourceStanding,
    report: CrawlReport,
    at: datetime,
) -> dict[str, Any]:
    """Tell that a source's state changed or healed: what, where, what to do."""
    where = places.title(target.source)
    what = line(target.target, 120)
    begin = f"{where} ({what})" if what and what != target.source else where
    brand = line(target.brand, 80)
    if after.state.good:
        summary = f"Source healed: {begin} for {brand} can be read again."
        return payload(
            summary,
            [
                header(f"Source healed: {target.brand}"),
                section(f"*{begin} can be read again.* {_found(report)}", "lead"),
                context([f"Seen {moment(at)}"], "small_print"),
            ],
        )
    trouble, to_do = _STATES[after.state]
    reason = line(after.reason, 300)
    summary = f"Source in trouble: {begin} for {brand} {trouble}."
    small = [
        f"State `{after.state}`, seen {moment(at)}",
        f"Earful leaves it alone until {moment(after.opens_at)}"
        if after.opens_at
        else "Earful tries again as usual",
        "You hear of it once, and again when it heals",
    ]
    earlier = f"it was {STATE_WORDS[before.state]}" if before else "this was its first crawl"
    return payload(
        summary + (f" {reason}" if reason else ""),
        [
            header(f"Source in trouble: {target.brand}"),
            section(f"*{begin} {trouble}.*" + (f"\n> {reason}" if reason else ""), "lead"),
            facts(
                [
                    ("What to do", to_do),
                    ("Before", earlier),
                ]
            ),
            context(small, "small_print"),
        ],
    )


def fallen_coverage(field: str, share: float, before: float, entries: int) -> str:
    """Say, as a reason, that few entries have a field that most had; shares are of 1."""
    return (
        f"only {share:.0%} of {entries} entries have {field}, {before:.0%} had it before: the "
        "source may have changed, see the log and its spider"
    )


def unusual_silence(silence: timedelta, longest: timedelta) -> str:
    """Say, as a reason, that a source gives nothing for longer than it ever did."""
    return (
        f"it gave nothing new for {_spoken(silence)}, although it never paused for more than "
        f"{_spoken(longest)}: look at it in a browser, and check the id or address"
    )


def _spoken(length: timedelta) -> str:
    hours = length / timedelta(hours=1)
    return f"{hours / 24:.0f} days" if hours >= 72 else f"{max(hours, 1):.0f} h"


def _found(report: CrawlReport) -> str:
    if report.new:
        return f"This crawl brought {count(report.new, 'new mention')}."
    return "This crawl brought nothing new."
