"""A target whose address is shown with less of it: its history goes on under the new name."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from config.redaction import told_apart
from config.settings import parse_settings
from crawler.catalog import options_models
from earful.app import target_of
from earful.hidden_secrets import hide_config
from earful.target_names import follow_names
from storage.models import CrawlOutcome, CrawlReport, CrawlTarget, SourceStanding, SourceState
from storage.store import Store

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
ADDRESS = "https://x.example/feed?petal=gladiolus-77"
PLAIN = "https://x.example/other?cat=5"


def test_the_history_of_a_target_goes_on_under_its_new_name(tmp_path: Path) -> None:
    raw = {
        "brands": [
            {
                "name": "A",
                "query": "acme",
                "sources": [{"source": "feeds", "url": url} for url in (ADDRESS, PLAIN)],
            }
        ]
    }
    settings = parse_settings(raw, options_models(), where="x")
    hide_config(settings, {})
    (brand,) = settings.brands
    first, second = (target_of(brand, source) for source in brand.sources)
    old = CrawlTarget(brand="A", source="feeds", target=told_apart(ADDRESS))
    assert "gladiolus" in old.target
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        standing = SourceStanding(
            state=SourceState.BLOCKED, reason="403", since=NOW, failures=2, opens_at=None
        )
        for target in (old, second):
            run = store.crawls.start(target, NOW)
            store.crawls.finish(run, CrawlReport(outcome=CrawlOutcome.OK, seen=4), NOW, standing)
        with store.database.transaction() as connection:
            connection.execute(
                "UPDATE crawl_runs SET reason = ?, stats = ? WHERE target = ?",
                (f"{ADDRESS} answered 403", json.dumps({"asked": ADDRESS}), old.target),
            )
        assert follow_names(store, settings) == 1
        assert follow_names(store, settings) == 0
        assert store.crawls.last_good(first, NOW)[0] == NOW
        assert store.crawls.standing(first) == standing
        assert store.crawls.standing(second) == standing
        assert store.crawls.standing(old) is None
        rows = store.database.connection.execute("SELECT * FROM crawl_runs").fetchall()
    assert "gladiolus" not in json.dumps([dict(row) for row in rows])
