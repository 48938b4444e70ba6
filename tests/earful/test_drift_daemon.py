"""A feed that changes: counted, judged and told by the real daemon, by the calendar alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from storage.models import Experience, Mention
from storage.store import Store
from storage.tables.verdicts import Scored
from tests.alerts.fake_slack import FakeSlack
from tests.earful.running import running, status
from tests.earful.test_webhook_daemon import free_port
from tests.storage.fixtures import make_verdict

A_DAY = 20


def tell(store: Store, day: datetime, nones: int, rated: int) -> None:
    """Let a day's mentions be fetched and scored on that day; the daemon judges them, quietly."""
    mentions = [
        Mention(
            brand="Acme",
            source="appstore",
            native_id=f"{day:%Y-%m-%d}-{number}",
            text=f"Acme {number}: the app is all right, I use it to book my flights every week",
            rating=3.0 if number < rated else None,
            rating_max=5.0 if number < rated else None,
            author=f"somebody {number}",
            author_native_id=f"somebody-{number}",
            created_at=day - timedelta(hours=2),
            fetched_at=day,
        )
        for number in range(A_DAY)
    ]
    store.mentions.save(mentions)
    kinds = [Experience.NONE] * nones + [Experience.MEDIOCRE] * (A_DAY - nones)
    verdicts = [make_verdict(kind) for kind in kinds]
    store.verdicts.save(
        [Scored(mention=m, verdict=v) for m, v in zip(mentions, verdicts, strict=True)], day
    )


@pytest.mark.slow("starts the daemon twice, and waits until it has looked three times")
def test_a_changed_feed_is_told_once_and_shown(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    today = datetime.now(UTC).replace(hour=0, minute=0, second=1, microsecond=0)
    with Store.open(path, migrate=True) as store:
        for back in range(38, 2, -1):
            tell(store, today - timedelta(days=back), nones=1 + back % 3, rated=A_DAY)
        for back in (2, 1, 0):
            tell(store, today - timedelta(days=back), nones=16, rated=2)
    port = free_port()
    config = tmp_path / "earful.toml"
    with FakeSlack() as slack:
        config.write_text(
            f'[store]\npath = "{path}"\n[slack]\napi_url = "{slack.api_url}"\n'
            f'[ops]\nlisten = "127.0.0.1:{port}"\n'
            '[[brands]]\nname = "Acme"\nquery = "acme"\n'
        )
        with running(config, slack, "--no-serve") as run:
            run.wait_for(lambda: slack.messages("voice-ops"))
            code, seen = status(config)
            metrics = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=30).text
        with running(config, slack, "--no-serve") as run:
            run.wait_for(lambda: run.log.read_text().count('"started"') == 2)
            run.wait_for(lambda: _looked_again(path, 3))
        (told,) = [text for text in slack.texts("voice-ops") if "App Store" in text]
    assert "App Store of Acme: " in told
    assert "the share of mentions with a rating fell from 100% to 10%" in told
    assert "the share of `none` rose from 10% to 80%" in told
    assert "the feed may have changed" in told
    assert code == 1
    (problem,) = [one for one in seen["problems"] if "App Store" in one]
    assert "`none` rose" in problem
    shares = {one["share"]: one for one in seen["drift"]}
    assert shares["experience none"]["now"] == 0.8
    assert "field author" not in shares
    assert 'earful_drift_signal{brand="Acme",share="experience none",source="appstore"} 1.0' in (
        metrics
    )
    with Store.open(path) as store:
        assert {one.name for one in store.daemon_runs.routines()} >= {"drift"}
        assert store.failures.of("drift") == {}


def _looked_again(path: Path, looks: int) -> bool:
    with Store.open(path, readonly=True) as store:
        runs = store.daemon_runs.last()
        looked = [one for one in store.problems.known().values() if one.key.startswith("drift:")]
        times = {one.name: one for one in store.daemon_runs.routines()}
        return (
            runs is not None
            and any(one.seen >= looks + 3 for one in looked)
            and (times["drift"].last_at or runs.started_at) > runs.started_at
        )
