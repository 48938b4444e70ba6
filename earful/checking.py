"""`earful check`: config, secrets, Slack's channels, and one request a source."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from alerts.messages.safe_text import in_utc
from config.errors import InputError
from config.settings import BrandSettings, Settings, SourceSettings
from config.settings.report_section import MAIL
from earful.app import App, utc_now
from earful.hours_check import read_hours
from earful.http_serving import listen_at
from earful.needs import unmet_needs
from earful.policies import rotas_of
from earful.reply_readiness import readiness
from earful.translation.translator import TranslationError, translator_of
from storage.models import CrawlReport
from storage.store import Store

_PROBE_LIMIT = timedelta(seconds=60)
_EXPLAINED = 20
_LONGEST_WORDS = 60


@dataclass(frozen=True, slots=True)
class Finding:
    subject: str
    good: bool
    sentence: str
    details: tuple[str, ...] = ()


def findings(app: App, *, offline: bool, explain: bool = False) -> Iterator[Finding]:
    """Yield what each check found, as it is found. Writes nothing but a scratch store."""
    settings = app.settings
    brands = _counted(len(settings.brands), "brand")
    sources = _counted(sum(len(brand.sources) for brand in settings.brands), "source")
    yield Finding(str(app.config_path), True, f"{brands}, {sources}")
    for need in unmet_needs(settings, os.environ):
        where, _, sentence = need.partition(": ")
        yield Finding(where, False, sentence)
    for label, good, sentence in readiness(settings, os.environ):
        yield Finding(f"replies at {label}", good, sentence)
    for subject, sentence in read_hours(settings, utc_now()):
        yield Finding(subject, True, sentence)
    yield from _serve(settings)
    yield from _webhook(settings)
    yield from _on_call(settings)
    yield from _translation(app, offline)
    yield _model(app.settings, offline)
    yield from _slack(app, offline)
    yield from _destinations(settings, offline)
    if offline:
        return
    for brand in settings.brands:
        for source in brand.sources:
            yield _source(app, brand, source, explain)


def _serve(settings: Settings) -> Iterator[Finding]:
    """Say whether each account and token can be let in, and that nobody else can."""
    from earful.pages.accounts import Accounts, check_reach, troubles

    wanted = settings.serve
    found = list(troubles(wanted, os.environ))
    for trouble in found:
        where, _, sentence = trouble.partition(": ")
        yield Finding(where, False, sentence)
    if found:
        return
    try:
        check_reach(wanted.host, Accounts.of(wanted, os.environ))
    except InputError as error:
        yield Finding("serve", False, str(error))
        return
    if wanted.accounts or wanted.tokens:
        people, programs = len(wanted.accounts), len(wanted.tokens)
        who = f"{_counted(people, 'account')}, {_counted(programs, 'token')}"
        yield Finding("serve", True, f"{who}: nobody else reads the dashboards")


def _webhook(settings: Settings) -> Iterator[Finding]:
    """Say whether each door has a secret, and whether the port can be had or is ours already."""
    webhook = settings.webhook
    if not webhook.doors:
        return
    from earful.webhook_intake.beside_daemon import answers
    from earful.webhook_intake.doors import unmet_secrets

    for need in unmet_secrets(webhook, os.environ):
        where, _, sentence = need.partition(": ")
        yield Finding(where, False, sentence)
    doors, where = _counted(len(webhook.doors), "door"), f"{webhook.host}:{webhook.port}"
    if answers(webhook):
        yield Finding("webhook", True, f"{doors}; Earful's own answers at {where}")
        return
    try:
        listen_at(webhook.host, webhook.port, "[webhook] port").close()
    except InputError as error:
        yield Finding("webhook", False, str(error))
    else:
        yield Finding("webhook", True, f"{doors}; {where} is free for `earful run`")


def _translation(app: App, offline: bool) -> Iterator[Finding]:
    """Have one sentence translated, as messages will have theirs."""
    settings = app.settings.translate
    translator = translator_of(settings, app.secrets)
    if translator is None or offline:
        return
    target = app.settings.alerts.language
    source, sentence = ("de", "Es funktioniert.") if target == "en" else ("en", "It works.")
    try:
        words = translator.translate(sentence, source, target, settings.time_limit.total_seconds())
    except TranslationError as error:
        yield Finding("translate", False, str(error))
    else:
        shown = " ".join(words.split())[:_LONGEST_WORDS]
        yield Finding("translate", True, f"“{sentence}” is “{shown}” to {translator.name}")


def _on_call(settings: Settings) -> Iterator[Finding]:
    """Say who is on call now, and until when."""
    now = utc_now()
    for rota in rotas_of(settings):
        duty = rota.at(now)
        if duty is None:
            who = f"nobody until {in_utc(rota.begins)}"
        elif duty.until is None or duty.then is None:
            who = duty.person.name
        else:
            who = f"{duty.person.name} until {in_utc(duty.until)}, then {duty.then.name}"
        yield Finding(f"on call for {rota.channel or rota.brand or 'every channel'}", True, who)


def _model(settings: Settings, offline: bool) -> Finding:
    from sentiment.scoring.classifier import Classifier
    from sentiment.scoring.multilingual import NOT_INSTALLED

    classifier = Classifier.load(models=settings.models, offline=offline)
    several = classifier.multilingual
    if several is None:
        return Finding("model", True, f"{', '.join(classifier.models)}; {NOT_INSTALLED}")
    # Where its package is there, it is whole.
    several.check()
    return Finding("model", True, ", ".join(classifier.models))


def _slack(app: App, offline: bool) -> Iterator[Finding]:
    secrets, slack = app.secrets, app.settings.slack
    if secrets.slack_bot_token is None and secrets.slack_webhook_url is None:
        yield Finding(
            "slack",
            True,
            "neither SLACK_BOT_TOKEN nor SLACK_WEBHOOK_URL is set: alerts go to the console",
        )
        return
    if secrets.slack_bot_token is None:
        yield Finding(
            "slack", True, "SLACK_WEBHOOK_URL is set: all alerts go into its one channel"
        )
        return
    if offline:
        yield Finding("slack", True, "SLACK_BOT_TOKEN is set; Slack was not asked")
        return
    from alerts.outbox.by_via import SLACK
    from alerts.slack.inspection import inspect, inspect_buttons

    alerts = app.settings.alerts
    elsewhere = {one.channel for one in alerts.channels if one.via != SLACK}
    channels = {slack.complaints, slack.wows, slack.digest, slack.ops}
    channels |= {route.channel for route in alerts.routes if route.channel}
    channels |= {one.channel for one in alerts.channels}
    channels |= {to for to in app.settings.report.to if not to.startswith(MAIL)}
    channels |= {
        step.channel for one in alerts.channels for step in one.ladder or () if step.channel
    }
    channels |= {
        source.channel
        for brand in app.settings.brands
        for source in brand.sources
        if source.channel is not None
    }
    token = secrets.slack_bot_token.get_secret_value()
    heard = secrets.slack_app_token is not None
    wanted = sorted(channels - elsewhere)
    for subject, good, sentence in inspect(token, wanted, api_url=slack.api_url, heard=heard):
        yield Finding(subject, good, sentence)
    if secrets.slack_app_token is None:
        yield Finding(
            "slack buttons", True, "SLACK_APP_TOKEN is not set: messages have no buttons, and "
            "there is no /earful and no Home; `earful case` does what they do"
        )  # fmt: skip
        return
    app_token = secrets.slack_app_token.get_secret_value()
    for subject, good, sentence in inspect_buttons(app_token, api_url=slack.api_url):
        yield Finding(subject, good, sentence)


def _destinations(settings: Settings, offline: bool) -> Iterator[Finding]:
    """Say whether each destination has its secret, and can be reached where that sends nothing."""
    from earful.configured_destinations import unmet, ways

    for need in unmet(settings, os.environ):
        where, _, sentence = need.partition(": ")
        yield Finding(where, False, sentence)
    for name, way in ways(settings)[0].items():
        inspect: Callable[[], tuple[bool, str]] | None = getattr(way, "inspect", None)
        if offline:
            yield Finding(name, True, "it has all that it needs; it was not asked")
        elif inspect is None:
            # A webhook can only be asked by sending something.
            yield Finding(name, True, "it has all that it needs; only an alert would tell more")
        else:
            good, sentence = inspect()
            yield Finding(name, good, sentence)


def _source(app: App, brand: BrandSettings, source: SourceSettings, explain: bool) -> Finding:
    """Read one page of a source into a scratch store."""
    from crawler.catalog import hindrances, sources
    from crawler.runner import CrawlJob, run_crawl
    from crawler.source_options import SourceOptions

    subject = " ".join(filter(None, (brand.name, source.source, source.target)))
    if not source.enabled:
        return Finding(subject, True, "it is not enabled, and was not asked")
    if any(hindrances(source.source, source.options, source.base_url, os.environ)):
        return Finding(subject, False, "it was not asked: see above")
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder) / "scratch.db"
        Store.open(scratch, migrate=True).close()
        report = run_crawl(
            CrawlJob(
                brand=brand.name,
                query=brand.query,
                source=source.source,
                options=source.options.model_dump(mode="json"),
                db=scratch,
                contact=app.settings.crawl.contact,
                base_url=source.base_url,
                responses=1,
                explain=_EXPLAINED if explain else 0,
                allow_private=app.settings.crawl.allow_private,
            ),
            time_limit=_PROBE_LIMIT,
        )
    spider = sources()[source.source]
    assert isinstance(source.options, SourceOptions)  # the config was checked by its model
    remarks = [f"note: {remark}" for remark in spider.remarks(source.options)]
    details = (*remarks, *(_explained(report) if explain else ()))
    if not report.outcome.good:
        return Finding(subject, False, f"{report.outcome}: {report.reason}", details)
    sentence = f"{report.seen} mentions on its first page, {report.irrelevant} of them irrelevant"
    unset = [name for name in spider.optional_secrets if not os.environ.get(name, "").strip()]
    if unset:
        sentence += f"; not set: {', '.join(unset)} (see `earful sources {source.source}`)"
    return Finding(subject, True, sentence, details)


def _explained(report: CrawlReport) -> tuple[str, ...]:
    """Say of each entry of the probe what the query's clauses made of it."""
    lines = []
    for entry in report.stats.get("earful/explained") or ():
        clauses = [
            f"{verb} {', '.join(entry[kind])}"
            for kind, verb in (
                ("holds", "matches"),
                ("lacks", "does not match"),
                ("untold", "cannot tell"),
            )
            if entry[kind]
        ]
        verdict = "taken  " if entry["taken"] else "refused"
        lines.append(f"{verdict} {entry['text']!r}: {'; '.join(clauses)}")
    if not lines and report.seen:
        lines.append("Earful takes every entry: it does not match this source against the query")
    return tuple(lines)


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
