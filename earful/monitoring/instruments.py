"""What the daemon counts and measures of its own work, since it started.

Names follow Prometheus's conventions. No label holds a text, an author or a secret: brands,
sources and targets stand as the store has them, in which secrets are masked.
"""

from __future__ import annotations

import time
from collections import Counter as Tally
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

from alerts.outbox.transport import SendResult
from earful import __version__
from storage.models import CrawlReport, CrawlTarget, Verdict

_STAGE_S = (0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 900)
_CRAWL_S = (1, 5, 15, 30, 60, 120, 300, 600)
_MODEL_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1)
_SEND_S = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30)


class Instruments:
    """Counters and histograms of one daemon; any thread may use them."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        Gauge(
            "earful_build_info", "1; which version runs.", ["version"], registry=registry
        ).labels(__version__).set(1)
        self._stages = Histogram(
            "earful_stage_duration_seconds",
            "How long a stage or a routine of the calendar worked.",
            ["stage"], registry=registry, buckets=_STAGE_S,
        )  # fmt: skip
        self._failures = Counter(
            "earful_stage_failures_total",
            "How often a stage or a routine failed.",
            ["stage"], registry=registry,
        )  # fmt: skip
        self._crawls = Counter(
            "earful_crawls_total",
            "Crawls that ended, by what they came to.",
            ["brand", "source", "target", "outcome"], registry=registry,
        )  # fmt: skip
        self._entries = Counter(
            "earful_crawl_entries_total",
            "Entries that crawls saw, by what they came to; `seen` are all of them.",
            ["brand", "source", "fate"], registry=registry,
        )  # fmt: skip
        self._crawl_time = Histogram(
            "earful_crawl_duration_seconds",
            "How long a crawl took.",
            ["source"], registry=registry, buckets=_CRAWL_S,
        )  # fmt: skip
        self._verdicts = Counter(
            "earful_verdicts_total",
            "Verdicts given, by experience and stance.",
            ["experience", "stance", "sure"], registry=registry,
        )  # fmt: skip
        self._model = Histogram(
            "earful_model_text_duration_seconds",
            "How long the model took for a text, as a mean of each batch.",
            registry=registry, buckets=_MODEL_S,
        )  # fmt: skip
        self._deliveries = Counter(
            "earful_deliveries_total",
            "Tries to deliver an alert, by way (`slack`, `mail:support`) and what came of it.",
            ["via", "fate"], registry=registry,
        )  # fmt: skip
        self._send_time = Histogram(
            "earful_delivery_duration_seconds",
            "How long a try to deliver took.",
            ["via"], registry=registry, buckets=_SEND_S,
        )  # fmt: skip

    @contextmanager
    def stage(self, stage: str) -> Iterator[None]:
        """Measure a piece of a stage's work; what it raises is counted as a failure."""
        began = time.perf_counter()
        # A counter that begins with its first failure would not be seen to rise by it.
        self._failures.labels(stage).inc(0)
        try:
            yield
        except Exception:
            self._failures.labels(stage).inc()
            raise
        finally:
            self._stages.labels(stage).observe(time.perf_counter() - began)

    def failed(self, stage: str) -> None:
        """Count a failure that no `stage` saw, such as one of another process."""
        self._failures.labels(stage).inc()

    def crawled(self, target: CrawlTarget, report: CrawlReport, took_s: float) -> None:
        """Count a crawl and its entries."""
        named = (target.brand, target.source, target.target)
        self._crawls.labels(*named, report.outcome.value).inc()
        for fate in ("seen", "new", "edited", "known", "irrelevant", "refused"):
            self._entries.labels(target.brand, target.source, fate).inc(getattr(report, fate))
        self._crawl_time.labels(target.source).observe(took_s)

    def classified(self, verdicts: Iterable[Verdict], took_s: float) -> None:
        """Count a batch of verdicts, and how long the model took for each."""
        kinds = Tally(
            (one.experience.value, one.stance.value, "yes" if one.sure else "no")
            for one in verdicts
        )
        for kind, number in kinds.items():
            self._verdicts.labels(*kind).inc(number)
        if texts := kinds.total():
            self._model.observe(took_s / texts)

    def sent(self, via: str, result: SendResult, took_s: float) -> None:
        """Count a try to deliver."""
        self._deliveries.labels(via, result.fate.value).inc()
        self._send_time.labels(via).observe(took_s)
