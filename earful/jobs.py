"""The stages of the flow. The tables are their queues: none calls another.

crawl → mentions → score → verdicts → judge → cases, alerts → deliver → Slack. Each reads once,
computes outside any transaction, writes once; each may die anywhere and run again.
"""

from __future__ import annotations

import logging
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import Timeout

from alerts.decide.brand_alerts import backlog
from alerts.outbox.delivery import DeliveryResult, deliver
from alerts.outbox.send_queue import Pace
from alerts.outbox.transport import ConsoleTransport, Transport
from config.settings import Secrets, Settings
from earful import case_handling
from earful.failing import describe
from earful.isolation import Isolation, mention_subject
from earful.policies import policy_for
from storage.locks import StoreLock
from storage.models import Mention, Voice
from storage.store import Store
from storage.tables.copies import WINDOW
from storage.tables.verdicts import Scored

if TYPE_CHECKING:
    from sentiment.scoring.classifier import Classifier

log = logging.getLogger("earful.jobs")

Clock = Callable[[], datetime]
Progress = Callable[[int], None]

# The first batch is small, so that today's complaints are out while a long history is scored;
# the last ones hold enough texts to sort by length into dense batches.
_FIRST_BATCH, _SCORE_BATCH = 128, 2048
_JUDGE_BATCH = 500
_COPIES = "copies"
# A channel that hangs holds one of them for the ten seconds of a timeout.
_SENDERS = 8


@dataclass(frozen=True, slots=True)
class Judged:
    """What one pass of the rules came to; `quiet` were too old to alert one by one."""

    mentions: int = 0
    quiet: int = 0
    cases: int = 0
    alerts: int = 0


def score(
    store: Store,
    classifier: Classifier,
    clock: Clock,
    progress: Progress | None = None,
    *,
    after_batch: Callable[[], object] = lambda: None,
    stop: Callable[[], bool] = lambda: False,
) -> int:
    """Give every mention that waits its verdict, the newest first; returns how many were scored.

    `stop` is asked between batches; `progress` is told how many more are done.
    """
    isolation = Isolation(store, "score", clock())
    done = 0
    size = _FIRST_BATCH
    while not stop() and (
        batch := store.verdicts.waiting(
            size,
            without=isolation.waiting("mention"),
            unreadable=isolation.unreadable("mention"),
        )
    ):
        done += _score_apart(store, classifier, isolation, batch, clock, progress)
        size = min(2 * size, _SCORE_BATCH)
        try:
            after_batch()
        except Exception as error:
            # It comes again after the next batch; what is scored meanwhile loses nothing.
            log.warning("after a scored batch: %s", describe(error))
    isolation.forget_gone("mention", store.verdicts.still_waiting(isolation.failing("mention")))
    return done


def rescore(
    store: Store, classifier: Classifier, clock: Clock, progress: Progress | None = None
) -> int:
    """Move mentions scored by another model version to this one; old verdicts stay.

    A mention that the classifier fails with keeps the verdict that it has.
    """
    isolation = Isolation(store, "score", clock())
    done = after = 0
    while True:
        batch, after = store.verdicts.stale(
            classifier.models, _SCORE_BATCH, languages=[*classifier.others], after=after
        )
        if not batch:
            return done
        done += _score_apart(store, classifier, isolation, batch, clock, progress)


def _score_apart(
    store: Store,
    classifier: Classifier,
    isolation: Isolation,
    batch: Sequence[Mention],
    clock: Clock,
    progress: Progress | None,
) -> int:
    """Score a batch; a text that the classifier fails with stops only itself."""
    from sentiment.scoring.classifier import Text

    def work(part: Sequence[Mention]) -> int:
        _score_batch(store, classifier, part, clock, progress)
        return len(part)

    scored = isolation.each(
        batch,
        work,
        lambda mention: mention_subject(mention.id),
        sound=lambda: classifier.classify([Text(text="It works.")]),
    )
    return sum(scored)


def _score_batch(
    store: Store,
    classifier: Classifier,
    batch: Sequence[Mention],
    clock: Clock,
    progress: Progress | None,
) -> None:
    from sentiment.scoring.classifier import Text
    from sentiment.scoring.detect_language import detect_language

    texts = [
        Text(
            text=mention.text,
            title=mention.title,
            rating=mention.rating,
            rating_max=mention.rating_max,
            language=mention.language,
        )
        for mention in batch
    ]
    verdicts = classifier.classify(texts, progress=progress)
    store.verdicts.save(
        [
            Scored(
                mention=mention,
                verdict=verdict,
                language=mention.language or detect_language(mention.text),
            )
            for mention, verdict in zip(batch, verdicts, strict=True)
        ],
        clock(),
    )


def judge_waiting(store: Store, settings: Settings, clock: Clock) -> Judged:
    """Let the rules see every verdict they have not seen; old mentions make one summary each.

    Then see to the cases, whatever became of the rest: what was answered in public, who must be
    reminded, what is overdue.
    """
    now = clock()
    isolation = Isolation(store, "judge", now)
    try:
        fresh = _judge_fresh(store, settings, isolation, now)
        if not isolation.waits(_COPIES):
            with isolation.subject(_COPIES):
                while store.copies.link():
                    pass
        store.judgements.judge_copies(now)
        quiet = _judge_backlogs(store, settings, isolation, now)
    finally:
        case_handling.tend(store, settings, now)
    _forget_gone(store, isolation)
    return Judged(fresh.mentions + quiet, quiet, fresh.cases, fresh.alerts)


def _forget_gone(store: Store, isolation: Isolation) -> None:
    """Clear what failed and was judged, erased or edited since."""
    failing = isolation.failing("mention")
    isolation.forget_gone("mention", store.judgements.still_unjudged(failing))
    for kind in ("brand", "backlog of"):
        if isolation.failing(kind) and not store.judgements.count_unjudged():
            isolation.forget_gone(kind, ())
    isolation.forget_old("incident of")


def judge_fresh(store: Store, settings: Settings, clock: Clock) -> Judged:
    """Let the rules see the verdicts of mentions young enough to alert one by one.

    Copies are linked first: they alert no second time.
    """
    now = clock()
    return _judge_fresh(store, settings, Isolation(store, "judge", now), now)


def _judge_fresh(store: Store, settings: Settings, isolation: Isolation, now: datetime) -> Judged:
    max_age = settings.alerts.max_age
    first = store.judgements.oldest_fresh(max_age)
    if first is None:
        return Judged()
    if not isolation.waits(_COPIES):
        with isolation.subject(_COPIES):
            while store.copies.link(since=first - WINDOW):
                pass
    mentions = cases = alerts = 0
    # Where a whole batch fails, the rules may be at fault: the rest comes in the next passes.
    given_up: list[str] = []
    while voices := store.judgements.unjudged(
        max_age,
        _JUDGE_BATCH,
        without=isolation.waiting("mention"),
        without_brands=[*isolation.waiting("brand"), *given_up],
        unreadable=isolation.unreadable("mention"),
    ):
        for brand, group in groupby(
            sorted(voices, key=lambda voice: voice.mention.brand),
            key=lambda voice: voice.mention.brand,
        ):
            with isolation.subject(f"brand {brand}"):
                parts = _judge_apart(store, settings, isolation, brand, [*group], now)
                if not parts:
                    given_up.append(brand)
                mentions += sum(part.mentions for part in parts)
                cases += sum(part.cases for part in parts)
                alerts += sum(part.alerts for part in parts)
    return Judged(mentions, 0, cases, alerts)


def _judge_apart(
    store: Store,
    settings: Settings,
    isolation: Isolation,
    brand: str,
    voices: Sequence[Voice],
    now: datetime,
) -> list[Judged]:
    """Judge a brand's voices; one that the rules fail with stops only itself."""

    def work(part: Sequence[Voice]) -> Judged:
        decision = case_handling.judge_brand(store, settings, brand, part, now)
        return Judged(len(part), 0, len(decision.cases), len(decision.alerts))

    return isolation.each(
        voices,
        work,
        lambda voice: mention_subject(voice.mention.id),
        # A brand that cannot even be judged without voices is itself at fault.
        sound=lambda: work([]),
    )


def _judge_backlogs(store: Store, settings: Settings, isolation: Isolation, now: datetime) -> int:
    """Judge what is too old to alert, quietly: one summary for each brand and source."""
    max_age = settings.alerts.max_age
    quiet = 0
    for old in store.judgements.backlogs(max_age, now):
        name = f"backlog of {old.brand}, {old.source}"
        if isolation.waits(name):
            continue
        with isolation.subject(name):
            policy = policy_for(settings, old.brand)
            summary = backlog(
                old.brand, old.source, old.counts, old.oldest, old.newest, policy, now
            )
            with store.write() as unit:
                quiet += unit.judgements.judge_backlog(old, max_age, now)
                unit.outbox.add([summary])
    return quiet


def transport_for(settings: Settings, secrets: Secrets) -> Transport:
    """Choose the way to Slack: the bot, else the webhook, else the console."""
    # Late: a console user never loads slack_sdk.
    if secrets.slack_bot_token is not None:
        from alerts.slack.client import BotTransport

        return BotTransport(
            secrets.slack_bot_token.get_secret_value(),
            api_url=settings.slack.api_url,
            buttons=secrets.slack_app_token is not None,
        )
    if secrets.slack_webhook_url is not None:
        from alerts.slack.webhook import WebhookTransport

        return WebhookTransport(secrets.slack_webhook_url.get_secret_value())
    return ConsoleTransport(sys.stdout)


def deliver_waiting(
    store: Store,
    transport: Transport,
    clock: Clock,
    *,
    pace: Pace | None = None,
    sleep: Callable[[float], object] = time.sleep,
    stop: Callable[[], bool] = lambda: False,
    rng: random.Random | None = None,
) -> DeliveryResult | None:
    """Send what the outbox holds; None when another process is sending from this store.

    Two senders at once could each take the other's half-sent alert for a crashed one.
    """
    try:
        with lock_for_delivery(store.database.path):
            result = deliver(
                store.outbox,
                transport,
                clock,
                sleep,
                pace=pace,
                stop=stop,
                rng=rng,
                workers=_SENDERS,
            )
    except Timeout:
        return None
    isolation = Isolation(store, "deliver", clock())
    for alert_id, error in result.raised.items():
        isolation.failed(f"alert {alert_id}", error)
    unsent = store.outbox.unsent(isolation.unreadable("alert"))
    isolation.forget_gone("alert", [str(alert.id) for alert in unsent])
    return result


def lock_for_delivery(store_path: Path) -> StoreLock:
    """Make the lock that whoever sends from a store holds: see decision 0004."""
    return StoreLock(f"{store_path}.deliver.lock", blocking=False)


def lock_for_daemon(store_path: Path) -> StoreLock:
    """Make the lock that only one daemon on a store can hold."""
    return StoreLock(f"{store_path}.lock", blocking=False)
