"""The stages of the flow. The tables are their queues: none calls another.

crawl → mentions → score → verdicts → judge → cases, alerts → deliver → Slack. Each reads once,
computes outside any transaction, writes once; each may die anywhere and run again.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import Timeout

from alerts.delivery import DeliveryResult, deliver
from alerts.lines import Pace
from alerts.rules import backlog
from alerts.transports import ConsoleTransport, Transport
from config.settings import Secrets, Settings
from earful import casework
from earful.policies import policy_for
from storage.copies import WINDOW
from storage.judgements import Backlog
from storage.locks import StoreLock
from storage.models import Mention, NewAlert
from storage.store import Store
from storage.verdicts import Scored

if TYPE_CHECKING:
    from sentiment.classifier import Classifier

Clock = Callable[[], datetime]
Progress = Callable[[int], None]

# The first batch is small, so that today's complaints are out while a long history is scored;
# the last ones hold enough texts to sort by length into dense batches.
_FIRST_BATCH, _SCORE_BATCH = 128, 2048
_JUDGE_BATCH = 500
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
    done = 0
    size = _FIRST_BATCH
    while not stop() and (batch := store.verdicts.waiting(size)):
        _score_batch(store, classifier, batch, clock, progress)
        done += len(batch)
        size = min(2 * size, _SCORE_BATCH)
        after_batch()
    return done


def rescore(
    store: Store, classifier: Classifier, clock: Clock, progress: Progress | None = None
) -> int:
    """Move mentions scored by another model version to this one; old verdicts stay."""
    done = after = 0
    while True:
        batch, after = store.verdicts.stale(
            classifier.models, _SCORE_BATCH, languages=[*classifier.others], after=after
        )
        if not batch:
            return done
        _score_batch(store, classifier, batch, clock, progress)
        done += len(batch)


def _score_batch(
    store: Store,
    classifier: Classifier,
    batch: list[Mention],
    clock: Clock,
    progress: Progress | None,
) -> None:
    from sentiment.classifier import Text
    from sentiment.language import detect_language

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

    Then see to the cases: what was answered in public, who must be reminded, what is overdue.
    """
    fresh = judge_fresh(store, settings, clock)
    while store.copies.link():
        pass
    now = clock()
    cutoff = now - settings.alerts.max_age

    def summarise(old: Backlog) -> NewAlert:
        policy = policy_for(settings, old.brand)
        return backlog(old.brand, old.source, old.counts, old.oldest, old.newest, policy, now)

    quiet = sum(
        sum(old.counts.values()) for old in store.judgements.judge_backlog(cutoff, now, summarise)
    )
    casework.tend(store, settings, now)
    return Judged(fresh.mentions + quiet, quiet, fresh.cases, fresh.alerts)


def judge_fresh(store: Store, settings: Settings, clock: Clock) -> Judged:
    """Let the rules see the verdicts of mentions young enough to alert one by one.

    Copies are found first: they alert no second time.
    """
    now = clock()
    cutoff = now - settings.alerts.max_age
    while store.copies.link(since=cutoff - WINDOW):
        pass
    mentions = cases = alerts = 0
    while voices := store.judgements.unjudged(cutoff, _JUDGE_BATCH):
        for brand, group in groupby(
            sorted(voices, key=lambda voice: voice.mention.brand),
            key=lambda voice: voice.mention.brand,
        ):
            judged = list(group)
            decision = casework.judge_brand(store, settings, brand, judged, now)
            mentions += len(judged)
            cases += len(decision.cases)
            alerts += len(decision.alerts)
    return Judged(mentions, 0, cases, alerts)


def transport_for(settings: Settings, secrets: Secrets) -> Transport:
    """Choose the way to Slack: the bot, else the webhook, else the console."""
    # Late: a console user never loads slack_sdk.
    if secrets.slack_bot_token is not None:
        from alerts.slack import BotTransport

        return BotTransport(
            secrets.slack_bot_token.get_secret_value(),
            api_url=settings.slack.api_url,
            buttons=secrets.slack_app_token is not None,
        )
    if secrets.slack_webhook_url is not None:
        from alerts.slack import WebhookTransport

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
            return deliver(
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


def lock_for_delivery(store_path: Path) -> StoreLock:
    """Make the lock that whoever sends from a store holds: see decision 0004."""
    return StoreLock(f"{store_path}.deliver.lock", blocking=False)


def lock_for_daemon(store_path: Path) -> StoreLock:
    """Make the lock that only one daemon on a store can hold."""
    return StoreLock(f"{store_path}.lock", blocking=False)
