"""How Earful is doing: gathered from the store, judged, told in plain sentences."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from filelock import Timeout

from config.settings import Settings
from earful import jobs
from sentiment.number_choice import last_choice
from storage.models import SourceState
from storage.store import Store

# Alerts and mentions that wait longer than this are stuck, not busy.
_STUCK = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Status:
    """`problems` are sentences; none means healthy."""

    store: str
    daemon: dict[str, Any]
    mentions: int
    unscored: int
    unjudged: int
    cases: dict[str, int]
    alerts: dict[str, int]
    languages: dict[str, int]
    unread: int
    # What scoring last computed in on this machine; None before it ever scored.
    numbers: dict[str, Any] | None
    sources: list[dict[str, Any]]
    problems: list[str]

    @property
    def healthy(self) -> bool:
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        return {"healthy": self.healthy, **asdict(self)}


def status(store: Store, settings: Settings, now: datetime) -> Status:
    """Gather the state of a store and say what is wrong with it."""
    daemon = _daemon(store, now)
    sources = store.insight.source_health()
    alerts = store.outbox.counts()
    problems = [*_daemon_problems(daemon), *_source_problems(sources)]
    problems += [
        f"{channel}: {number} alert{'s' if number > 1 else ''} waiting: {error}"
        for channel, error, number in store.outbox.troubles()
    ]
    oldest = next((one for one in store.outbox.unsent() if one.error is None), None)
    if oldest is not None and now - oldest.created_at > _STUCK:
        problems.append(
            f"{oldest.channel}: an alert has waited since {oldest.created_at:%Y-%m-%d %H:%M} UTC: "
            "run `earful process`, or start the daemon"
        )
    return Status(
        store=str(store.database.path),
        daemon=daemon,
        mentions=store.mentions.count(),
        unscored=store.verdicts.count_waiting(),
        unjudged=store.judgements.count_unjudged(),
        cases=store.cases.counts(now),
        alerts={state.value: number for state, number in alerts.items()},
        languages=store.insight.languages(),
        unread=store.verdicts.count_unread(),
        numbers=last_choice(),
        sources=sources,
        problems=problems,
    )


def _daemon(store: Store, now: datetime) -> dict[str, Any]:
    last = store.daemon_runs.last()
    if last is None:
        return {"state": "never started"}
    lock = jobs.lock_for_daemon(store.database.path)
    try:
        with lock:
            state = "stopped" if last.stopped_at else "died"
    except Timeout:
        state = "running"
    return {
        "state": state,
        "pid": last.pid,
        "version": last.version,
        "started_at": last.started_at.isoformat(),
        "heartbeat_at": last.heartbeat_at.isoformat(),
        "heartbeat_age_s": round((now - last.heartbeat_at).total_seconds()),
    }


def _daemon_problems(daemon: dict[str, Any]) -> list[str]:
    if daemon["state"] == "died":
        return [
            f"the daemon (pid {daemon['pid']}) ended without being stopped, last seen "
            f"{daemon['heartbeat_at']}: start `earful run` again"
        ]
    if daemon["state"] == "running" and daemon["heartbeat_age_s"] > _STUCK.total_seconds():
        return [f"the daemon (pid {daemon['pid']}) hangs: its heart last beat "
                f"{daemon['heartbeat_age_s']} s ago: restart it"]  # fmt: skip
    return []


def _source_problems(sources: list[dict[str, Any]]) -> list[str]:
    return [
        f"{row['brand']}, {row['source']} {row['target']}".rstrip()
        + f" is {row['state']}: {row['reason'] or 'no reason recorded'}"
        + _rest(row["opens_at"])
        for row in sources
        if not SourceState(row["state"]).good
    ]


def _rest(opens_at: str | None) -> str:
    if opens_at is None:
        return ""
    return f" (left alone until {opens_at[:16].replace('T', ' ')} UTC)"
