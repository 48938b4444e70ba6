"""How Earful is doing: gathered from the store, judged, said in plain sentences."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from alerts.decide.own_health import Problem
from alerts.outbox.by_via import ByVia
from config.settings import Settings
from earful.configured_destinations import way_of_channel
from earful.problems import config_problem, daemon_state, find_problems, store_problems
from earful.unusual_entries import entries_of_late
from sentiment.scoring.number_choice import last_choice
from storage.store import Store


@dataclass(frozen=True, slots=True)
class Status:
    """`problems` are sentences; none means healthy."""

    store: str
    daemon: dict[str, Any]
    mentions: int
    unscored: int
    unsorted: int
    unjudged: int
    cases: dict[str, int]
    alerts: dict[str, int]
    # Gathered and judged, and never told of.
    competitors: list[str]
    languages: dict[str, int]
    unread: int
    # What scoring last computed in on this machine; None before it ever scored.
    numbers: dict[str, Any] | None
    sources: list[dict[str, Any]]
    # What came of late of each source, by what each entry came to.
    ledger: list[dict[str, Any]]
    # Shares of a source's mentions that are not what they were.
    drift: list[dict[str, Any]]
    webhook: list[dict[str, Any]]
    # The destinations beside Slack: what went there, and what waits.
    destinations: list[dict[str, Any]]
    stages: dict[str, dict[str, Any]]
    routines: list[dict[str, Any]]
    problems: list[str]

    @property
    def healthy(self) -> bool:
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        return {"healthy": self.healthy, **asdict(self)}


def status(store: Store, settings: Settings, now: datetime) -> Status:
    """Gather the state of a store and say what is wrong with it."""
    daemon = daemon_state(store, now)
    problems: list[Problem] = [
        *store_problems(store, daemon),
        *find_problems(store, settings, now, daemon),
    ]
    # Who names a store and no config wants none.
    if settings.brands and (changed := config_problem(daemon, store, settings)):
        problems.append(changed)
    alerts = store.outbox.counts()
    return Status(
        store=str(store.database.path),
        daemon=daemon,
        mentions=store.mentions.count(),
        unscored=store.verdicts.count_waiting(),
        unsorted=store.topic_sorting.count_waiting() if settings.topics.enabled else 0,
        unjudged=store.judgements.count_unjudged(),
        cases=store.cases.counts(now),
        alerts={state.value: number for state, number in alerts.items()},
        competitors=list(settings.competitors),
        languages=store.insight.languages(),
        unread=store.verdicts.count_unread(),
        numbers=last_choice(),
        sources=[
            row | {"competitor": row["brand"] in settings.competitors}
            for row in store.insight.source_health()
        ],
        ledger=[one.as_dict() for one in entries_of_late(store, now)],
        drift=[
            {
                "brand": one.brand,
                "source": one.source,
                "share": one.share,
                "usual": round(one.usual, 4),
                "now": round(one.part / one.whole, 4),
                "mentions": one.whole,
                "since": one.since.isoformat(),
            }
            for one in store.source_shares.drifting()
        ],
        webhook=_doors(store, settings),
        destinations=_destinations(store, settings),
        stages=_stages(store),
        routines=[
            {
                "name": one.name,
                "next_at": one.next_at.isoformat() if one.next_at else None,
                "last_at": one.last_at.isoformat() if one.last_at else None,
            }
            for one in store.daemon_runs.routines()
        ],
        problems=[problem.sentence for problem in problems],
    )


def _doors(store: Store, settings: Settings) -> list[dict[str, Any]]:
    """Tell what came through each door of the webhook in the last 90 days."""
    traffic = {one.door: one for one in store.webhook_receipts.by_door()}
    return [
        {
            "door": door.name,
            "brand": door.brand,
            "deliveries": one.deliveries if one else 0,
            "new": one.new if one else 0,
            "edited": one.edited if one else 0,
            "refused": one.refused if one else 0,
            "last_at": one.last_at.isoformat() if one else None,
        }
        for door in settings.webhook.doors
        for one in (traffic.get(door.name),)
    ]


def _destinations(store: Store, settings: Settings) -> list[dict[str, Any]]:
    """Tell of each destination what was sent there, and what waits for it or is set aside."""
    known = sorted(settings.destinations.ways())
    if not known:
        return []
    transport = ByVia({}, way_of_channel(settings))
    unsent = [(transport.way_of(one), one.state) for one in store.outbox.unsent()]
    sent = store.outbox.sent_by_way()
    return [
        {
            "via": way,
            "sent": sent[way][0] if way in sent else 0,
            "last_at": sent[way][1].isoformat() if way in sent else None,
            "waiting": sum(one == way and state != "parked" for one, state in unsent),
            "parked": sum(one == way and state == "parked" for one, state in unsent),
        }
        for way in known
    ]


def _stages(store: Store) -> dict[str, dict[str, Any]]:
    """Tell of each stage when it last worked, and how often it failed: in a row, and ever."""
    worked, ever = store.failures.worked_at(), store.failures.counts()
    now = {one.stage: one for one in store.failures.all() if not one.subject}
    return {
        stage: {
            "worked_at": worked[stage].isoformat() if stage in worked else None,
            "failures_in_a_row": now[stage].failures if stage in now else 0,
            "failures": ever.get(stage, 0),
            "error": now[stage].error if stage in now else None,
        }
        for stage in sorted(worked.keys() | ever.keys())
    }
