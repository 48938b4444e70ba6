"""What is wrong with Earful itself: each problem a sentence with what, where and what to do."""

from __future__ import annotations

from collections.abc import Container, Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from statistics import median
from typing import Any

from alerts.decide.own_health import Problem
from alerts.decide.source_health import is_resting
from alerts.outbox.advice import trouble
from config.errors import StoreReadOnlyError
from config.settings import BrandSettings, Settings, SourceSettings
from earful.app import target_of
from earful.drift_words import drift_problems
from earful.failing import stage_name
from earful.process_locks import daemon_runs
from earful.watched_config import AT_START, changed_sections, mark_of
from storage.models import AlertTrouble, Failure, SourceState
from storage.store import Store
from storage.write_check import probe

STUCK = timedelta(minutes=15)
"""What waits longer than this is stuck, not busy."""

# Two machines that share a store's disk differ by less.
_AHEAD = timedelta(minutes=2)
# A crawl may take minutes after the last answer of its server.
_CLOCK_OFF = timedelta(minutes=15)
_CLOCKS_OF = timedelta(days=1)
_FAILS_IN_A_ROW = 3
_FAILS_FOR = timedelta(minutes=5)
# A source is overdue after so many times its own distance, and a crawl's longest time.
_MISSED_READINGS = 3
_FLOW = ("score", "judge", "deliver")
_SHOWN = 3
# A transaction of the daemon may hold the store for a moment.
_PATIENCE_S = 5.0
_DEAD_S = 120


def find_problems(
    store: Store, settings: Settings, now: datetime, daemon: dict[str, Any] | None = None
) -> list[Problem]:
    """Look through the store for all that is wrong now; the gravest comes first."""
    daemon = daemon if daemon is not None else daemon_state(store, now)
    failures = store.failures.all()
    failing = [one for one in failures if not one.subject and _lasts(one, now)]
    known = {one.stage for one in failing}
    return [
        *_clock_problems(store, settings, now),
        *_daemon_problems(daemon, settings, now),
        *_stage_problems(failing),
        *_silent_stages(store, daemon, known, now),
        *_subject_problems([one for one in failures if one.subject]),
        *_waiting(store, known, now),
        *_alert_problems(store, now),
        *_overdue_sources(store, settings, daemon, now),
        *_source_problems(store),
        *drift_problems(store),
    ]


def store_problems(store: Store, daemon: dict[str, Any]) -> list[Problem]:
    """Try whether the store takes writes now; ops cannot hear of it through the store."""
    trouble = probe(store.database.path, patience_s=_PATIENCE_S)
    beats = daemon.get("heartbeat_age_s", _DEAD_S) < _DEAD_S
    if trouble is None or (beats and isinstance(trouble, StoreReadOnlyError)):
        # Whoever may only read it learns nothing about the daemon, whose heart beats into it.
        return []
    return [Problem("store", "the store", str(trouble), for_ops=False)]


def daemon_state(store: Store, now: datetime) -> dict[str, Any]:
    """Tell whether a daemon works on the store: never started, running, stopped or died."""
    last = store.daemon_runs.last()
    if last is None:
        return {"state": "never started"}
    try:
        if daemon_runs(store.database.path):
            state = "running"
        else:
            state = "stopped" if last.stopped_at else "died"
    except StoreReadOnlyError:
        state = "unknown"  # who may not read the lock's file cannot see whether it is held
    return {
        "state": state,
        "pid": last.pid,
        "version": last.version,
        "started_at": last.started_at.isoformat(),
        "heartbeat_at": last.heartbeat_at.isoformat(),
        "heartbeat_age_s": round((now - last.heartbeat_at).total_seconds()),
        "clock_set_at": last.clock_set_at and last.clock_set_at.isoformat(),
        "clock_step_s": last.clock_step and last.clock_step.total_seconds(),
    }


def _clock_problems(store: Store, settings: Settings, now: datetime) -> Iterator[Problem]:
    """A time of the future was written by a clock that was wrong, or is read by one that is."""
    last = store.daemon_runs.last()
    times = [] if last is None else [(last.heartbeat_at, "the daemon's last heartbeat")]
    for brand in settings.brands:
        for source in brand.sources:
            begun = store.crawls.last_start(target_of(brand, source)) if source.enabled else None
            if begun is not None:
                name = _named(brand.name, source.source, source.target)
                times.append((begun, f"the last reading of {name}"))
    yield from _wrong_clock(store, settings, now)
    latest, what = max(times, default=(now, ""))
    if latest - now > _AHEAD:
        yield Problem(
            "clock:future",
            "the clock",
            f"{what} was at {_clock(latest)}, which is {span(latest - now)} in the future: the "
            "clock of this machine was wrong then, or is now: compare it with `date -u` "
            "elsewhere, and let NTP keep it; Earful waits for no such time",
            # Of a clock that was set under a daemon ops have heard.
            for_ops=last is None or last.clock_set_at is None,
        )


def _wrong_clock(store: Store, settings: Settings, now: datetime) -> Iterator[Problem]:
    """The servers of sources say what time it is: one may be wrong, most are not."""
    names = sorted({one.source for brand in settings.brands for one in brand.sources})
    ahead = {
        name: seconds
        for name in names
        for seconds in store.crawls.clocks_ahead(name, now - _CLOCKS_OF)
    }
    middle = timedelta(seconds=median(ahead.values())) if ahead else timedelta(0)
    if abs(middle) >= _CLOCK_OFF:
        way = "ahead of" if middle > timedelta(0) else "behind"
        yield Problem(
            "clock:wrong",
            "the clock",
            f"the clock of this machine is {span(abs(middle))} {way} the clock of "
            f"{', '.join(list(ahead)[:_SHOWN])}: set it right, and let NTP keep it; until then "
            "mentions look older or newer than they are",
        )


def config_problem(
    daemon: dict[str, Any], store: Store, wanted: Settings, where: str = "the config"
) -> Problem | None:
    """Compare what is wanted now with what a running daemon goes by."""
    last = store.daemon_runs.last()
    if daemon["state"] != "running" or last is None or not last.config_mark:
        return None
    changed = changed_sections(last.config_mark, mark_of(wanted))
    if not changed:
        return None
    read_at = _clock(last.config_read_at or last.started_at)
    if set(changed) <= AT_START:
        to_do = f"restart the daemon (pid {last.pid}): a running one cannot take that"
    else:
        to_do = f"`kill -HUP {last.pid}` applies it"
    return Problem(
        "config:changed",
        "the config",
        f"{where} has changed in {', '.join(changed)}, and the daemon (pid {last.pid}) goes by "
        f"what it read at {read_at}: {to_do}",
    )


def _daemon_problems(
    daemon: dict[str, Any], settings: Settings, now: datetime
) -> Iterator[Problem]:
    """Who hears Slack cannot be the daemon that does not run: no word to ops."""
    if daemon["state"] == "never started":
        return
    age_s, pid = daemon["heartbeat_age_s"], daemon["pid"]
    if daemon["state"] == "died":
        yield Problem(
            "daemon:died",
            "the daemon",
            f"the daemon (pid {pid}) died; its last heartbeat was at "
            f"{_clock(datetime.fromisoformat(daemon['heartbeat_at']))}: start `earful run` again",
            for_ops=False,
        )
    elif age_s > STUCK.total_seconds() and daemon["state"] == "running":
        yield Problem(
            "daemon:hangs",
            "the daemon",
            f"the daemon (pid {pid}) hangs; its last heartbeat was {age_s} s ago: restart it",
            for_ops=False,
        )
    elif age_s > STUCK.total_seconds() and _listens(settings):
        yield Problem(
            "daemon:stopped",
            "the daemon",
            f"the daemon has been stopped since {_clock(now - timedelta(seconds=age_s))}: "
            "nothing is crawled, scored or delivered: start `earful run`",
            for_ops=False,
        )


def _listens(settings: Settings) -> bool:
    return any(source.enabled for brand in settings.brands for source in brand.sources)


def _lasts(failure: Failure, now: datetime) -> bool:
    """One failure may pass; several in a row, or for minutes, are a problem."""
    return failure.failures >= _FAILS_IN_A_ROW or (
        failure.failures > 1 and failure.last_at - failure.first_at >= _FAILS_FOR
    )


def _stage_problems(failing: list[Failure]) -> Iterator[Problem]:
    for one in failing:
        yield Problem(
            f"stage:{one.stage}",
            stage_name(one.stage),
            f"{stage_name(one.stage)} has failed since {_clock(one.first_at)} "
            f"({one.failures:,} times in a row): {one.error}",
        )


def _silent_stages(
    store: Store, daemon: dict[str, Any], known: set[str], now: datetime
) -> Iterator[Problem]:
    """A running daemon whose stage neither works nor fails: it hangs."""
    if daemon["state"] != "running":
        return
    worked = store.failures.worked_at()
    started = datetime.fromisoformat(daemon["started_at"])
    for stage in _FLOW:
        last = max(worked.get(stage, started), started)
        if stage not in known and now - last > STUCK:
            yield Problem(
                f"silent:{stage}",
                stage_name(stage),
                f"{stage_name(stage)} has not finished since {_clock(last)}: see the "
                "daemon's log, and restart it",
            )


def _subject_problems(failures: list[Failure]) -> Iterator[Problem]:
    """One problem a stage: a hundred bad rows must not make a hundred messages."""
    by_stage = sorted(failures, key=lambda one: one.stage)
    for stage, group in groupby(by_stage, key=lambda one: one.stage):
        failing = list(group)
        shown = "; ".join(f"{one.subject}: {one.error}" for one in failing[:_SHOWN])
        items = "1 item" if len(failing) == 1 else f"{len(failing):,} items"
        more = f"; and {len(failing) - _SHOWN:,} more" if len(failing) > _SHOWN else ""
        yield Problem(
            f"subjects:{stage}",
            f"what {stage_name(stage)} failed for",
            f"{stage_name(stage)} fails for {items} and goes on with the others: {shown}{more}",
        )


def _waiting(store: Store, known: set[str], now: datetime) -> Iterator[Problem]:
    """What nobody works on, although nothing is known to fail."""
    worked = store.failures.worked_at()
    queues = {
        "score": ("mention", store.verdicts.count_waiting, store.verdicts.waiting_since),
        "judge": ("verdict", store.judgements.count_unjudged, store.judgements.waiting_since),
    }
    for stage, (what, count, waiting_since) in queues.items():
        since = waiting_since()
        is_busy = stage in worked and now - worked[stage] <= STUCK
        if since is None or stage in known or is_busy or now - since <= STUCK:
            continue
        number = count()
        waits = f"1 {what} has waited" if number == 1 else f"{number:,} {what}s have waited"
        yield Problem(
            f"waiting:{stage}",
            f"what waits for {stage_name(stage)}",
            f"{waits} for {stage_name(stage)} since {_clock(since)}: run `earful process`, or "
            "start the daemon",
        )


def _alert_problems(store: Store, now: datetime) -> Iterator[Problem]:
    left = store.channel_roles.left()
    for channel, group in groupby(store.outbox.troubles(), key=lambda one: one.channel):
        troubles = list(group)
        shown = "; ".join(
            f"{one.waiting} alert{' is' if one.waiting == 1 else 's are'} waiting: "
            f"{_told(one, left)}"
            for one in troubles[:_SHOWN]
        )
        # A pause that Slack asked for passes by itself.
        lasts = any(one.parked or now - one.oldest_at > STUCK for one in troubles)
        yield Problem(
            f"alerts:{channel}", f"the alerts for {channel}", f"{channel}: {shown}", for_ops=lasts
        )
    # What quiet hours hold back is late for nobody.
    ready = store.outbox.ready_since(now)
    if ready is not None and now - ready[1] > STUCK:
        yield Problem(
            "waiting:deliver",
            "what waits for delivery",
            f"{ready[0]}: an alert has waited since {_clock(ready[1])}: "
            "run `earful process`, or start the daemon",
        )


def _told(one: AlertTrouble, left: Container[str]) -> str:
    return trouble(
        one.channel,
        one.error,
        one.trouble,
        one.may_be_posted,
        in_thread=one.in_thread,
        left=one.channel in left,
    )


def _overdue_sources(
    store: Store, settings: Settings, daemon: dict[str, Any], now: datetime
) -> Iterator[Problem]:
    since = _caught_up_from(store, daemon)
    for brand in settings.brands:
        for source in brand.sources:
            last = store.crawls.last_start(target_of(brand, source)) if source.enabled else None
            if last is None or _rests(store, brand, source, now):
                continue
            allowed = _MISSED_READINGS * source.every + settings.crawl.time_limit
            if now - max(last, since) > max(allowed, STUCK):
                name = _named(brand.name, source.source, source.target)
                yield Problem(
                    f"overdue:{name}",
                    name,
                    f"{name} was last read at {_clock(last)}, but should be read "
                    f"every {span(source.every)}: start `earful run`, or see its log",
                )


def _caught_up_from(store: Store, daemon: dict[str, Any]) -> datetime:
    """Tell since when a running daemon could read what is due: its start, or a clock set ahead."""
    last = store.daemon_runs.last()
    if last is None or daemon["state"] != "running":
        return datetime.min.replace(tzinfo=UTC)
    return max(last.started_at, last.clock_set_at or last.started_at)


def _rests(store: Store, brand: BrandSettings, source: SourceSettings, now: datetime) -> bool:
    return is_resting(store.crawls.standing(target_of(brand, source)), now)


def _source_problems(store: Store) -> Iterator[Problem]:
    """Ops hear of these as they happen, from `alerts.decide.source_health`."""
    for row in store.insight.source_health():
        if not SourceState(row["state"]).good:
            name, rest = _named(row["brand"], row["source"], row["target"]), row["opens_at"]
            yield Problem(
                f"source:{name}",
                name,
                f"{name} is {row['state']}: {row['reason'] or 'no reason is recorded'}"
                + (
                    f" (Earful leaves it alone until {_clock(datetime.fromisoformat(rest))})"
                    if rest
                    else ""
                ),
                for_ops=False,
            )


def _named(brand: str, source: str, target: str) -> str:
    return f"{brand}, {source} {target}".rstrip()


def _clock(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC"


def span(length: timedelta) -> str:
    """Write a length of time for people, short: `40 s`, `5 min`, `1.5 h`, `30 days`."""
    seconds = round(length.total_seconds())
    for size, least, name in ((86400, 172800, "days"), (3600, 3600, "h"), (60, 60, "min")):
        if seconds >= least:
            return f"{round(seconds / size, 1):g} {name}"
    return f"{seconds} s"
