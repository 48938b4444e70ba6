"""Messages about a source's health: that it is in trouble, that it healed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from alerts.messages.blocks import context, facts, header, payload, section
from alerts.messages.catalogue import _, later, n_
from alerts.messages.places import Places
from alerts.messages.plainly import plainly
from alerts.messages.safe_text import line, moment
from storage.models import CrawlReport, CrawlTarget, SourceStanding, SourceState

_IS = {
    SourceState.OK: later("{place} is well"),
    SourceState.STALE: later("{place} is silent"),
    SourceState.EMPTY: later("{place} is empty"),
    SourceState.BLOCKED: later("{place} is blocked"),
    SourceState.QUOTA: later("{place} is out of quota"),
    SourceState.UNAUTHORISED: later("{place} is without valid credentials"),
    SourceState.BROKEN: later("{place} is unreadable"),
    SourceState.FAILED: later("{place} is unreachable"),
}
_WAS = {
    SourceState.OK: later("it was well"),
    SourceState.STALE: later("it was silent"),
    SourceState.EMPTY: later("it was empty"),
    SourceState.BLOCKED: later("it was blocked"),
    SourceState.QUOTA: later("it was out of quota"),
    SourceState.UNAUTHORISED: later("it was without valid credentials"),
    SourceState.BROKEN: later("it was unreadable"),
    SourceState.FAILED: later("it was unreachable"),
}
# What happened at `what` (a place, with its target), and what to do.
_HAPPENED = {
    SourceState.STALE: (
        later("{what} for {brand} has been silent for longer than ever."),
        later("*{what} has been silent for longer than ever.*"),
        later("It may have moved or changed its form: look at it in a browser."),
    ),
    SourceState.EMPTY: (
        later("{what} for {brand} gave nothing, although it always gave something before."),
        later("*{what} gave nothing, although it always gave something before.*"),
        later("The page or feed may have changed its form: look at it in a browser."),
    ),
    SourceState.BLOCKED: (
        later("{what} for {brand} turned Earful away."),
        later("*{what} turned Earful away.*"),
        later("Crawl it less often (`every`), or check that its rules allow crawling."),
    ),
    SourceState.QUOTA: (
        later(
            "{what} for {brand} gives no more for now: the agreed number of requests is used up."
        ),
        later("*{what} gives no more for now: the agreed number of requests is used up.*"),
        later(
            "Earful goes on by itself when the quota is renewed; crawl it less often (`every`), "
            "or ask the source for more."
        ),
    ),
    SourceState.UNAUTHORISED: (
        later("{what} for {brand} refused the credentials."),
        later("*{what} refused the credentials.*"),
        later("Renew the key or token of this source in the environment."),
    ),
    SourceState.BROKEN: (
        later("{what} for {brand} answered in a form that Earful cannot read."),
        later("*{what} answered in a form that Earful cannot read.*"),
        later("The source may have changed: update Earful or report it."),
    ),
    SourceState.FAILED: (
        later("{what} for {brand} could not be read."),
        later("*{what} could not be read.*"),
        later("It may be down for a while; Earful keeps trying."),
    ),
}


def how_it_is(place: str, state: SourceState) -> str:
    """Say how a source's place does: `The App Store is blocked`."""
    return _(_IS[state], place=place)


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
    what, brand = places.title(target.source), line(target.brand, 80)
    part = line(target.target, 120)
    if part and part != target.source:
        what = f"{what} ({part})"
    if after.state.good:
        return payload(
            _("Source healed: {what} for {brand} can be read again.", what=what, brand=brand),
            [
                header(_("Source healed: {brand}", brand=target.brand)),
                section(
                    " ".join([_("*{what} can be read again.*", what=what), _found(report)]), "lead"
                ),
                context([_("Seen {moment}", moment=moment(at))], "small_print"),
            ],
        )
    sentence, lead, to_do = _HAPPENED[after.state]
    reason = line(after.reason, 300)
    summary = _("Source in trouble: {sentence}", sentence=_(sentence, what=what, brand=brand))
    lead = _(lead, what=what)
    earlier = _(_WAS[before.state]) if before else _("this was its first crawl")
    small = [
        _("State `{state}`, seen {moment}", state=after.state, moment=moment(at)),
        _("Earful leaves it alone until {moment}", moment=moment(after.opens_at))
        if after.opens_at
        else _("Earful tries again as usual"),
        _("You hear of it once, and again when it heals"),
    ]
    return payload(
        f"{summary} {reason}".rstrip(),
        [
            header(_("Source in trouble: {brand}", brand=target.brand)),
            section(f"{lead}\n> {reason}" if reason else lead, "lead"),
            facts(
                [
                    (_("What to do"), _(to_do)),
                    (_("Before"), earlier),
                ]
            ),
            context(small, "small_print"),
        ],
    )


def fallen_coverage(field: str, share: float, before: float, entries: int) -> str:
    """Say, as a reason, that few entries have a field that most had; shares are of 1."""
    return (
        f"only {share:.0%} of {entries} entries have {field}, {before:.0%} had it before: the "
        "source may have changed: look at the crawl's log and its spider"
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
        return n_(
            "This crawl brought {n} new mention.",
            "This crawl brought {n} new mentions.",
            report.new,
        )
    return _("This crawl brought nothing new.")
