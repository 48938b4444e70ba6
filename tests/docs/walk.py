"""One complaint on its way, for docs/follow-one-mention.md: what each table held at each step.

The spider, the classifier, the rules, the outbox and Slack's protocol are the real ones; the
review, the site and Slack are made up. A crawl's own process takes the machine's time, so the
spider reads the answer here. Left out of the rows is what differs from run to run.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch
from urllib.request import urlopen

from scrapy.http import TextResponse

from alerts.messages import plain
from alerts.outbox.delivery import deliver
from alerts.outbox.send_queue import Pace
from alerts.slack.client import BotTransport
from alerts.slack.listener import Listener
from config.settings import Settings, parse_settings
from crawler.catalog import options_models, sources
from earful.interactions.dispatch import Interactions
from earful.stages import judge_stage, score_stage
from sentiment.scoring.classifier import Classifier
from storage.models import CaseState, Mention
from storage.store import Store
from tests.alerts.fake_slack import FakeSlack
from tests.crawler.site import Reply, running_site
from tests.waiting import wait_for

REVIEW: dict[str, Any] = {
    "author": {
        "name": {"label": "gate42"},
        "uri": {"label": "https://itunes.apple.com/us/reviews/id900000002"},
    },
    "updated": {"label": "2026-09-21T09:00:00+00:00"},
    "im:rating": {"label": "1"},
    "id": {"label": "70000000002"},
    "title": {"label": "They lost my bag"},
    "content": {"label": "Acme Air lost my bag four days ago and nobody answers. Never again."},
    "im:voteCount": {"label": "3"},
}
WRITTEN = datetime(2026, 9, 21, 9, 0, tzinfo=UTC)


@cache
def walk() -> dict[str, str]:
    """Lead the review through every stage; give what to show of each step, in Markdown."""
    shown = {"answer": _block("json", json.dumps({"feed": {"entry": [REVIEW]}}, indent=2))}
    with TemporaryDirectory() as folder, FakeSlack() as slack:
        settings = _settings(Path(folder) / "earful.db", slack)
        with Store.open(settings.store.path, migrate=True) as store:
            _crawl(store, settings, shown)
            _score(store, shown)
            _judge(store, settings, shown)
            _deliver(store, slack, shown)
            _click(store, settings, slack, shown)
    return shown


def _after(minutes: int) -> Callable[[], datetime]:
    """Make a clock that stands so long after the review was written."""
    return lambda: WRITTEN + timedelta(minutes=minutes)


def _settings(path: Path, slack: FakeSlack) -> Settings:
    source = {"source": "appstore", "app_id": 1000001, "countries": ["us"]}
    raw = {
        "store": {"path": str(path)},
        "slack": {"api_url": slack.api_url},
        "brands": [{"name": "Acme Air", "query": '"acme air"', "sources": [source]}],
    }
    return parse_settings(raw, options_models(), where="walk")


def _crawl(store: Store, settings: Settings, shown: dict[str, str]) -> None:
    (brand,) = settings.brands
    (source,) = brand.sources
    with running_site() as site:
        answer = json.dumps({"feed": {"entry": [REVIEW]}})
        site.on("/", Reply(answer.encode(), headers={"Content-Type": "application/json"}))
        spider = sources()[source.source](
            query=brand.query,
            brand=brand.name,
            options=source.options.model_dump(),
            base_url=site.url,
            now=_after(4)(),
        )
        (request,) = spider.requests()
        with urlopen(request.url) as reply:
            response = TextResponse(request.url, body=reply.read(), request=request)
    read = [one for one in spider.parse(response) if isinstance(one, Mention)]
    store.mentions.save(read, [], spider.now)
    shown["crawl"] = _rows(
        store,
        (
            "mentions",
            "id, brand, author_id, title, text, rating, rating_max, created_at, fetched_at, reach",
        ),
        ("authors", "id, name"),
    )


def _score(store: Store, shown: dict[str, str]) -> None:
    # Every machine can compute in it, and two decimals of it are the same on each.
    with patch.dict(os.environ, {"EARFUL_NUMBERS": "fp32"}):
        score_stage.score(store, Classifier.load(), _after(5))
    chances = ", ".join(
        f"round(p_{name}, 2) AS p_{name}" for name in ("angry", "mediocre", "hater", "neither")
    )
    shown["score"] = _rows(
        store,
        ("verdicts", f"id, mention_id, experience, stance, {chances}, sure, scored_at, judged_at"),
    )


def _judge(store: Store, settings: Settings, shown: dict[str, str]) -> None:
    judge_stage.judge_waiting(store, settings, _after(5))
    shown["judge"] = _rows(
        store,
        ("verdicts", "id, judged_at"),
        ("cases", "id, mention_id, state, opened_at, due_at, claimed_by"),
        ("case_events", "id, case_id, at, event, actor"),
        ("alerts", "id, dedupe_key, kind, channel, operation, state, attempts, created_at"),
    )


def _deliver(store: Store, slack: FakeSlack, shown: dict[str, str]) -> None:
    _flush(store, slack, 6)
    shown["deliver"] = _rows(
        store,
        (
            "alerts",
            "id, dedupe_key, state, attempts, sent_at, slack_ts IS NOT NULL AS has_slack_ts",
        ),
    )
    shown["message"] = _message(slack)


def _click(store: Store, settings: Settings, slack: FakeSlack, shown: dict[str, str]) -> None:
    clicks = Interactions(settings.store.path, settings, _after(10))
    listener = Listener(slack.token, slack.app_token, clicks, api_url=slack.api_url)
    listener.start()
    try:
        slack.socket.wait_connected()
        slack.socket.wait_ack(slack.click(slack.roots("voice-complaints")[0], "case_claim"))
        wait_for(lambda: store.cases.in_states((CaseState.CLAIMED,)))
    finally:
        listener.stop()
    shown["click"] = _rows(
        store,
        ("cases", "id, state, due_at, claimed_by, claimed_by_id, claimed_at"),
        ("case_events", "id, case_id, at, event, actor"),
        ("alerts", "id, kind, operation, root_key, state, created_at"),
    )
    _flush(store, slack, 15)
    shown["changed message"] = _message(slack)


def _flush(store: Store, slack: FakeSlack, minutes: int) -> None:
    bot = BotTransport(slack.token, api_url=slack.api_url, buttons=True)
    deliver(store.outbox, bot, _after(minutes), lambda _: None, pace=Pace(0))


def _message(slack: FakeSlack) -> str:
    root = slack.roots("voice-complaints")[0]
    lines = [plain({"text": root.text, "blocks": root.blocks})]
    lines += [f"  in its thread: {reply.text}" for reply in slack.thread(root)]
    return _block("text", "\n".join(lines))


def _rows(store: Store, *wanted: tuple[str, str]) -> str:
    """Show every row of these tables, a line for each column that holds something."""
    lines = []
    for table, columns in wanted:
        for row in store.database.connection.execute(f"SELECT {columns} FROM {table} ORDER BY 1"):
            lines.append(table)
            lines += [
                f"  {name:<15} {'—' if value is None else value}"
                for name, value in dict(row).items()
            ]
    return _block("text", "\n".join(lines))


def _block(kind: str, text: str) -> str:
    body = "\n".join(line.rstrip() for line in text.strip("\n").splitlines())
    return f"```{kind}\n{body}\n```"
