"""`earful process`: score, judge and deliver what is waiting, once."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeVar

import click

from config.errors import InputError, StoreError
from config.extras import extra_missing
from earful.app import App, utc_now

if TYPE_CHECKING:
    from alerts.outbox.transport import Transport
    from config.settings import Settings
    from earful.failing import Failing
    from sentiment.scoring.classifier import Classifier
    from storage.store import Store

T = TypeVar("T")

_A_DAY = timedelta(days=1)


@click.command()
@click.option("--no-deliver", is_flag=True, help="Leave the alerts in the outbox.")
@click.option(
    "--rescore", is_flag=True, help="Also score again what another version of the model scored."
)
@click.option(
    "--engine", type=click.Choice(["here", "ray"]), default="here", show_default=True,
    help="With --rescore: score in this process, or by several with Ray.",
)  # fmt: skip
@click.option(
    "--workers", type=click.IntRange(1, 1024),
    help="With --engine ray: how many processes.  [default: one for each CPU]",
)  # fmt: skip
@click.option(
    "--layout", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
    help="With --engine ray: the Parquet layout that workers read.  [default: a temporary one]",
)  # fmt: skip
@click.pass_obj
def process(
    app: App,
    no_deliver: bool,
    rescore: bool,
    engine: str,
    workers: int | None,
    layout: Path | None,
) -> int:
    """Score, judge and deliver what is waiting, once."""
    if engine == "ray" and not rescore:
        raise click.UsageError("--engine ray goes with --rescore")
    if engine != "ray" and (workers or layout):
        raise click.UsageError("--workers and --layout go with --engine ray")
    if engine == "ray" and (reason := extra_missing("ray", "--engine ray")):
        raise InputError(reason)
    from rich.markup import escape

    from earful import console, telling_ops
    from earful.brand_relevance import BrandRelevance
    from earful.channel_moves import follow_config
    from earful.competitor_changes import follow_competitors
    from earful.configured_destinations import subscribe
    from earful.failing import Failing, describe, stage_name
    from earful.naming_staff import name_staff
    from earful.stages.deliver_stage import transport_for
    from earful.stages.judge_stage import Judged, judge_waiting
    from earful.stages.measure_stage import measure_changed

    again = _Again(engine == "ray", workers or os.cpu_count() or 1, layout) if rescore else None
    app.open_store(migrate=True).close()
    failing = Failing(app.store_path, utc_now, quiet=True)
    code = 0

    def stage(name: str, work: Callable[[], T]) -> T | None:
        """Do a stage for itself: what cannot be scored keeps nothing else from Slack."""
        nonlocal code
        try:
            with failing.watch(name):
                return work()
        except StoreError:
            raise  # no stage goes on without the store
        except Exception as error:
            code = code or getattr(error, "exit_code", 1)
            reason = escape(describe(error))
            console.err.print(f"earful: {stage_name(name)} failed: {reason}")
            return None

    with app.open_store() as store:
        subscribe(store, app.settings)
        if moved := follow_config(store, app.settings, utc_now()):
            console.out.print(f"moved {moved:,} to the channels that the config names now")
        follow_competitors(store, app.settings, utc_now())
        scored = stage("score", lambda: _score_waiting(store, app, failing, again))
        stage("relevance", lambda: BrandRelevance(app.settings).refresh(store, utc_now()))
        judged = stage("judge", lambda: judge_waiting(store, app.settings, utc_now))
        stage("staff", lambda: name_staff(store, app.settings))
        stage("topics", lambda: _sort_waiting(store, app.settings))
        judged = judged or Judged()
        stage("measure", lambda: measure_changed(store, app.settings, utc_now()))
        console.out.print(
            f"scored {scored or 0:,} · judged {judged.mentions:,} ({judged.quiet:,} of them "
            f"too old to alert) · {judged.cases:,} new cases · {judged.alerts:,} new alerts"
        )
        telling_ops.tell_ops(store, app.settings, utc_now())
        if no_deliver:
            return code
        transport = transport_for(app.settings, app.secrets)
        delivered = stage("deliver", lambda: _deliver_waiting(store, app.settings, transport))
    return code or (0 if delivered or delivered is None else 1)


def _deliver_waiting(store: Store, settings: Settings, transport: Transport) -> bool:
    """Send what is due, and then what sent answers and made issues give to say.

    Tells whether nothing keeps the rest from being sent.
    """
    from earful import console
    from earful.case_issues import settle_issues
    from earful.policies import Policies
    from earful.replying.settling import settle_replies
    from earful.routines.report_routine import renew_reports
    from earful.stages.deliver_stage import deliver_waiting

    good, again = True, True
    settle_replies(store, settings, utc_now())
    renew_reports(store, settings, utc_now())
    while again:
        result = deliver_waiting(store, transport, utc_now)
        if result is None:
            console.err.print(
                "another process is sending from this store: it sends these alerts too"
            )
            return good
        console.out.print(
            f"sent {result.sent + result.found:,} · waiting {result.retried + result.unclear:,} "
            f"· parked {result.parked:,}"
        )
        for problem in result.problems:
            console.err.print(f"earful: {problem}")
        good = good and result.good
        news = settle_replies(store, settings, utc_now())
        again = bool(news + settle_issues(store, Policies(settings), utc_now()))
    return good


def _sort_waiting(store: Store, settings: Settings) -> None:
    """Say what mentions are about, find topics anew where that is due, and count them."""
    from earful import console
    from earful.stages.topic_stage import sort_mentions
    from earful.topic_upkeep.period_figures import write_figures
    from earful.topic_upkeep.refitting import refit_due

    def sort() -> None:
        waiting = store.topic_sorting.count_waiting()
        with console.progress_bar("sorting by topic", waiting) as (bar, task):
            sort_mentions(store, settings, utc_now, progress=lambda done: bar.advance(task, done))

    sort()
    # Who runs no daemon has no nights: what is a day old is found anew too.
    if refit_due(store, settings, utc_now(), older_than=_A_DAY):
        sort()
    write_figures(store, settings, utc_now())


@dataclass(frozen=True, slots=True)
class _Again:
    """How to score again what another version of the model scored."""

    by_ray: bool
    workers: int
    layout: Path | None


def _score_waiting(store: Store, app: App, failing: Failing, again: _Again | None) -> int:
    from earful import console
    from earful.brand_relevance import BrandRelevance
    from earful.stages import score_stage
    from sentiment.scoring.classifier import Classifier

    waiting = store.verdicts.count_waiting()
    if not waiting and not again:
        return 0
    if again:
        store.scoring_tries.forget()
    classifier = Classifier.load(models=app.settings.models, tolerant=True)
    failing.count_missing(classifier)
    with console.progress_bar("scoring", waiting) as (bar, task):
        scored = score_stage.score(
            store,
            classifier,
            utc_now,
            lambda done: bar.advance(task, done),
            relevance=BrandRelevance(app.settings),
        )
    if again:
        stale = store.verdicts.count_stale(classifier.models, languages=classifier.foreign)
        with console.progress_bar("scoring again", stale) as (bar, task):
            if again.by_ray:
                scored += _by_ray(store, app, classifier, again, partial(bar.advance, task))
            scored += score_stage.rescore(
                store, classifier, utc_now, lambda done: bar.advance(task, done)
            )
    return scored


def _by_ray(
    store: Store, app: App, classifier: Classifier, again: _Again, progress: Callable[[int], None]
) -> int:
    from earful import ray_engine

    with ExitStack() as until_done:
        folder = again.layout or Path(until_done.enter_context(TemporaryDirectory()))
        return ray_engine.rescore(
            store,
            classifier,
            app.settings.models,
            folder,
            utc_now,
            workers=again.workers,
            progress=progress,
        )
