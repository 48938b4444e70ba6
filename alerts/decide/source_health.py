"""How a source is doing, from its own history alone: its state, its rest, what ops are told.

Pure: a finished crawl and the runs before it in, a standing and at most one alert out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from alerts import messages
from alerts.decide.policy import Policy
from storage.models import (
    AlertKind,
    CrawlOutcome,
    CrawlReport,
    CrawlTarget,
    NewAlert,
    PastRun,
    SourceStanding,
    SourceState,
    from_iso,
)
from storage.models.dedupe_keys import source_key

RESTS_AFTER = 3
"""So many failures in a row, and the source is left alone for longer each time."""

_LONGEST_REST = timedelta(hours=24)
_LONGEST_SILENT_REST = timedelta(hours=1)
_UNREACHED = "earful/unreached"
_SHORTEST_REST = timedelta(minutes=5)
# Silence counts from here on, and only after so many gaps to know the usual ones by.
_LEAST_SILENCE = timedelta(hours=12)
_GAPS = 8
# Fewer entries, or runs, than this say nothing about shares.
_ENOUGH_ENTRIES = 5
_ENOUGH_RUNS = 3
_USUAL, _FALLEN = 0.8, 0.4
# A shape that stayed changed for so long is the source's own now.
_NEW_USUAL = timedelta(days=14)
# What a source gives of itself; the others depend on who writes and who answers.
_FIELDS = ("url", "author", "author_native_id", "title", "rating", "language", "reach")
_OF_OUTCOME = {
    CrawlOutcome.EMPTY: SourceState.EMPTY,
    CrawlOutcome.BLOCKED: SourceState.BLOCKED,
    CrawlOutcome.UNAUTHORISED: SourceState.UNAUTHORISED,
    CrawlOutcome.QUOTA: SourceState.QUOTA,
    CrawlOutcome.BROKEN: SourceState.BROKEN,
    CrawlOutcome.FAILED: SourceState.FAILED,
    CrawlOutcome.TIMEOUT: SourceState.FAILED,
}
# What a mere failure to answer does not end: the key is still bad when the network is too.
_LASTING = (
    SourceState.EMPTY,
    SourceState.BLOCKED,
    SourceState.UNAUTHORISED,
    SourceState.QUOTA,
    SourceState.BROKEN,
)


def stand(
    report: CrawlReport,
    past: Sequence[PastRun],
    before: SourceStanding | None,
    every: timedelta,
    now: datetime,
) -> SourceStanding:
    """Judge a finished crawl against its target's finished runs before it, the newest first."""
    state, reason = _state(report, past, before, now)
    if state is SourceState.FAILED and before is not None and before.state in _LASTING:
        state = before.state
    failures = _failures(report.outcome, before.failures if before else 0)
    return SourceStanding(
        state=state,
        reason=reason,
        since=before.since if before is not None and before.state is state else now,
        failures=failures,
        opens_at=_opens_at(report, failures, every, now),
    )


def source_health(
    target: CrawlTarget,
    before: SourceStanding | None,
    after: SourceStanding,
    report: CrawlReport,
    policy: Policy,
    now: datetime,
) -> NewAlert | None:
    """Tell ops once when a source's state changes, begins badly, or heals."""
    was = before.state if before is not None else SourceState.OK
    if was is after.state:
        return None
    trouble = None if after.state.good else after.state
    return NewAlert(
        dedupe_key=source_key(target.brand, target.source, target.target, now, trouble=trouble),
        kind=AlertKind.OPS,
        brand=target.brand,
        channel=policy.channels.ops,
        payload=messages.ops(target, policy.places, before, after, report, now),
        created_at=now,
    )


def is_resting(standing: SourceStanding | None, now: datetime) -> bool:
    """Tell whether a source is to be left alone for now."""
    return standing is not None and standing.opens_at is not None and now < standing.opens_at


def needs_probe(standing: SourceStanding | None) -> bool:
    """Tell whether one page must answer before the whole source is read again."""
    return standing is not None and standing.failures >= RESTS_AFTER


def _state(
    report: CrawlReport, past: Sequence[PastRun], before: SourceStanding | None, now: datetime
) -> tuple[SourceState, str | None]:
    if not report.outcome.good:
        return _OF_OUTCOME[report.outcome], report.reason
    if fallen := _fallen_coverage(report, past, before, now):
        return SourceState.BROKEN, fallen
    if silent := _unusual_silence(report, past, now):
        return SourceState.STALE, silent
    return SourceState.OK, report.reason


def _fallen_coverage(
    report: CrawlReport, past: Sequence[PastRun], before: SourceStanding | None, now: datetime
) -> str | None:
    """Name a field that most entries had before this and few have now."""
    if report.seen < _ENOUGH_ENTRIES:
        return None
    usual = [run for run in past if run.outcome.good and run.seen >= _ENOUGH_ENTRIES]
    if (
        before is not None
        and before.state is SourceState.BROKEN
        and now - before.since < _NEW_USUAL
    ):
        # The shape it had before, or the change would soon count as usual.
        usual = [run for run in usual if run.started_at < before.since]
    if len(usual) < _ENOUGH_RUNS:
        return None
    for field in _FIELDS:
        share = int(report.stats.get(f"earful/field/{field}") or 0) / report.seen
        was = median(run.filled.get(field, 0) / run.seen for run in usual)
        if was >= _USUAL and share <= _FALLEN:
            return messages.fallen_coverage(field, share, was, report.seen)
    return None


def _unusual_silence(report: CrawlReport, past: Sequence[PastRun], now: datetime) -> str | None:
    """Tell when nothing new came for twice the longest of its own recent gaps."""
    if report.new:
        return None
    gave = [run.started_at for run in past if run.new]
    silent_runs = next((place for place, run in enumerate(past) if run.new), 0)
    if len(gave) <= _GAPS or silent_runs < _ENOUGH_RUNS:
        return None
    longest = max(later - earlier for later, earlier in pairwise(gave))
    silence = now - gave[0]
    if silence < max(2 * longest, _LEAST_SILENCE):
        return None
    return messages.unusual_silence(silence, longest)


def _failures(outcome: CrawlOutcome, before: int) -> int:
    if outcome is CrawlOutcome.QUOTA:
        return before  # it says itself when to come back
    return 0 if outcome.good or outcome is CrawlOutcome.EMPTY else before + 1


def _opens_at(
    report: CrawlReport, failures: int, every: timedelta, now: datetime
) -> datetime | None:
    if report.outcome.good:
        return None
    opens_at = report.stats.get("earful/opens_at")
    asked = from_iso(opens_at) if isinstance(opens_at, str) else None
    rest = None
    if failures >= RESTS_AFTER:
        doubled = max(every, _SHORTEST_REST) * 2 ** min(failures - RESTS_AFTER + 1, 20)
        # Who gives no answer at all is asked for nothing by another try.
        longest = _LONGEST_SILENT_REST if report.stats.get(_UNREACHED) else _LONGEST_REST
        rest = now + min(doubled, max(every, longest))
    return max((moment for moment in (asked, rest) if moment), default=None)
