"""`earful process`: score, judge and deliver what is waiting, once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import click

from config.errors import StoreError
from earful.app import App, utc_now

if TYPE_CHECKING:
    from alerts.outbox.transport import Transport
    from config.settings import Settings
    from earful.failing import Failing
    from storage.store import Store

T = TypeVar("T")


@click.command()
@click.option("--no-deliver", is_flag=True, help="Leave the alerts in the outbox.")
@click.option(
    "--rescore", is_flag=True, help="Also score again what another version of the model scored."
)
@click.pass_obj
def process(app: App, no_deliver: bool, rescore: bool) -> int:
    """Score, judge and deliver what is waiting, once."""
    from earful import console, telling_ops
    from earful.brand_relevance import BrandRelevance
    from earful.channel_moves import follow_config
    from earful.competitor_changes import follow_competitors
    from earful.configured_destinations import subscribe
    from earful.failing import Failing, describe, stage_name
    from earful.naming_staff import name_staff
    from earful.stages.deliver_stage import transport_for
    from earful.stages.judge_stage import Judged, judge_waiting

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
            console.err.print(f"earful: {stage_name(name)} failed: {describe(error)}")
            return None

    with app.open_store() as store:
        subscribe(store, app.settings)
        if moved := follow_config(store, app.settings, utc_now()):
            console.out.print(f"moved {moved:,} to the channels that the config names now")
        follow_competitors(store, app.settings, utc_now())
        scored = stage("score", lambda: _score_waiting(store, app, failing, rescore=rescore))
        stage("relevance", lambda: BrandRelevance(app.settings).refresh(store, utc_now()))
        judged = stage("judge", lambda: judge_waiting(store, app.settings, utc_now))
        stage("staff", lambda: name_staff(store, app.settings))
        judged = judged or Judged()
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
    from earful.stages.deliver_stage import deliver_waiting

    good, again = True, True
    settle_replies(store, settings, utc_now())
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


def _score_waiting(store: Store, app: App, failing: Failing, *, rescore: bool) -> int:
    from earful import console
    from earful.brand_relevance import BrandRelevance
    from earful.stages import score_stage
    from sentiment.scoring.classifier import Classifier

    waiting = store.verdicts.count_waiting()
    if not waiting and not rescore:
        return 0
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
    if rescore:
        stale = store.verdicts.count_stale(classifier.models, languages=[*classifier.others])
        with console.progress_bar("scoring again", stale) as (bar, task):
            scored += score_stage.rescore(
                store, classifier, utc_now, lambda done: bar.advance(task, done)
            )
    return scored
