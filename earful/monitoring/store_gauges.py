"""What the store tells at the moment of a scrape, as gauges: read from it, kept nowhere."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from config.errors import EarfulError
from storage.models import SourceState
from storage.store import Store

# A scrape waits for nobody: what holds the store for longer shows as a store that cannot be read.
_PATIENCE_S = 0.5


class StoreGauges(Collector):
    """Reads the store anew for each scrape, without its locks; in whatever thread asks."""

    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        self._path = path
        self._clock = clock

    def register(self, registry: CollectorRegistry) -> None:
        registry.register(self)

    def describe(self) -> list[Metric]:
        # Else it would be read once at the start, before there is a store.
        return []

    def collect(self) -> Iterator[Metric]:
        yield from self._files()
        readable = 0
        try:
            with Store.open(self._path, readonly=True, patience_s=_PATIENCE_S) as store:
                yield from self._told_by(store)
                readable = 1
        except EarfulError:
            # The rest of the metrics, and this one, are what an alert is made of then.
            pass
        yield _gauge("earful_store_readable", "1 where the store could be read.", readable)

    def _files(self) -> Iterator[Metric]:
        """Tell sizes in bytes, as the file system has them."""
        for name, suffix, what in (
            ("earful_store_size_bytes", "", "Size of the store's file."),
            ("earful_store_wal_size_bytes", "-wal", "Size of the store's write-ahead log."),
        ):
            size = 0
            with suppress(OSError):
                size = self._path.with_name(self._path.name + suffix).stat().st_size
            yield _gauge(name, what, size)
        with suppress(OSError):
            free = shutil.disk_usage(self._path.parent).free
            yield _gauge("earful_store_disk_free_bytes", "Room left on the store's disk.", free)

    def _told_by(self, store: Store) -> Iterator[Metric]:
        now = self._clock()
        yield from _queues(store, now)
        yield from _alerts(store, now)
        yield from _cases(store, now)
        yield from _mentions(store)
        yield from _sources(store)
        yield from _drift(store)
        yield from _stages(store)
        yield from _upkeep(store, now)


def _queues(store: Store, now: datetime) -> Iterator[Metric]:
    length = GaugeMetricFamily("earful_queue_length", "What waits for a stage.", labels=["stage"])
    age = GaugeMetricFamily(
        "earful_queue_oldest_age_seconds",
        "For how long the oldest has waited for a stage; 0 where nothing waits.",
        labels=["stage"],
    )
    for stage, number, since in (
        ("score", store.verdicts.count_waiting(), store.verdicts.waiting_since()),
        ("judge", store.judgements.count_unjudged(), store.judgements.waiting_since()),
    ):
        length.add_metric([stage], number)
        age.add_metric([stage], _age(since, now))
    ready = store.outbox.ready_since(now)
    length.add_metric(["deliver"], sum(store.monitored.unsent().values()))
    age.add_metric(["deliver"], _age(ready[1] if ready else None, now))
    yield from (length, age)


def _alerts(store: Store, now: datetime) -> Iterator[Metric]:
    unsent = GaugeMetricFamily(
        "earful_alerts_unsent", "Alerts that did not reach anybody yet.", labels=["state"]
    )
    for state, number in store.monitored.unsent().items():
        unsent.add_metric([state], number)
    yield unsent


def _cases(store: Store, now: datetime) -> Iterator[Metric]:
    cases = store.monitored.cases()
    family = GaugeMetricFamily("earful_cases", "Cases that are not over.", labels=["state"])
    for state, number in cases.by_state.items():
        family.add_metric([state], number)
    yield family
    yield _gauge(
        "earful_case_oldest_unanswered_age_seconds",
        "Age of the oldest case that nobody has answered; 0 where there is none.",
        _age(cases.oldest_opened_at, now),
    )
    yield _gauge(
        "earful_case_overdue_seconds",
        "For how long the most overdue case is overdue; 0 where none is.",
        _age(cases.first_due_at, now),
    )


def _mentions(store: Store) -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "earful_mentions",
        "Mentions in the store; those that wait for their verdict are `waiting`.",
        labels=["brand", "source", "experience"],
    )
    for brand, source, experience, number in store.monitored.mentions():
        family.add_metric([brand, source, experience], number)
    yield family


def _sources(store: Store) -> Iterator[Metric]:
    state = GaugeMetricFamily(
        "earful_source_state",
        "1 for the state that a source is in, 0 for the others.",
        labels=["brand", "source", "target", "state"],
    )
    failures = GaugeMetricFamily(
        "earful_source_failures",
        "How many crawls of a target failed in a row.",
        labels=["brand", "source", "target"],
    )
    for row in store.monitored.sources():
        named = [row["brand"], row["source"], row["target"]]
        for one in SourceState:
            state.add_metric([*named, one.value], float(row["state"] == one.value))
        failures.add_metric(named, row["failures"])
    yield from (state, failures)


def _drift(store: Store) -> Iterator[Metric]:
    signal = GaugeMetricFamily(
        "earful_drift_signal",
        "1 for each share of a source's mentions that has left its limits; absent otherwise.",
        labels=["brand", "source", "share"],
    )
    for one in store.source_shares.drifting():
        signal.add_metric([one.brand, one.source, one.share], 1)
    yield signal


def _stages(store: Store) -> Iterator[Metric]:
    failing = GaugeMetricFamily(
        "earful_stage_failing",
        "How often in a row a stage or a routine has failed; 0 where it works.",
        labels=["stage"],
    )
    subjects = GaugeMetricFamily(
        "earful_stage_failing_subjects",
        "How many single things a stage fails for, while it goes on with the others.",
        labels=["stage"],
    )
    worked = GaugeMetricFamily(
        "earful_stage_last_success_timestamp_seconds",
        "When a stage or a routine last worked, to a minute.",
        labels=["stage"],
    )
    worked_at = store.failures.worked_at()
    in_a_row = dict.fromkeys(worked_at, 0)
    single = dict.fromkeys(worked_at, 0)
    for one in store.failures.all():
        if one.subject:
            single[one.stage] = single.get(one.stage, 0) + 1
        else:
            in_a_row[one.stage] = one.failures
    for stage, number in sorted(in_a_row.items()):
        failing.add_metric([stage], number)
    for stage, number in sorted(single.items()):
        subjects.add_metric([stage], number)
    for stage, at in sorted(worked_at.items()):
        worked.add_metric([stage], at.timestamp())
    yield from (failing, subjects, worked)


def _upkeep(store: Store, now: datetime) -> Iterator[Metric]:
    problems = GaugeMetricFamily(
        "earful_problems",
        "What `earful status` calls a problem, by its kind, at the last look a minute ago.",
        labels=["kind"],
    )
    kinds = dict.fromkeys(("stage", "silent", "subjects", "waiting", "alerts", "overdue"), 0)
    for key in store.problems.known():
        kind = key.partition(":")[0]
        kinds[kind] = kinds.get(kind, 0) + 1
    for kind, number in kinds.items():
        problems.add_metric([kind], number)
    yield problems
    last = store.daemon_runs.last()
    if last is not None:
        yield _gauge(
            "earful_heartbeat_timestamp_seconds",
            "When the daemon last wrote that it lives.",
            last.heartbeat_at.timestamp(),
        )
    if (backup := store.monitored.last_backup()) is not None:
        yield _gauge(
            "earful_backup_last_timestamp_seconds",
            "When `earful backup` last copied the store; absent where it never did.",
            backup.timestamp(),
        )


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())


def _gauge(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, what, value=value)
