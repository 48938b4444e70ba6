"""A pass costs the same beside ten times the open cases: nobody's case is looked for among all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from config.settings import parse_settings
from earful.policies import Policies
from earful.stages.brand_judging import judge_brand
from storage.models import CaseState, Experience, Stance, Voice
from storage.store import Store
from tests.storage.fixtures import BRAND, Told, make_mention, make_verdict, store_voices
from tests.storage.scans import steps

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
SETTINGS = parse_settings({"brands": [{"name": BRAND, "query": "acme"}]}, {}, where="test")
NEW = 20


def told(key: str, experience: Experience, case: CaseState | None = None) -> Told:
    mention = make_mention(key, f"Words of {key}", NOW - timedelta(hours=1), author=f"who {key}")
    return Told(mention=mention, experience=experience, case=case, due_at=NOW)


def judging(path: Path, cases: int) -> int:
    """Judge 20 new complaints beside so many open cases; give SQLite's steps."""
    new = [told(f"new {number}", Experience.ANGRY) for number in range(NEW)]
    with Store.open(path, migrate=True) as store:
        old = [told(f"old {number}", Experience.ANGRY, CaseState.OPEN) for number in range(cases)]
        store_voices(store, [*old, *new], NOW)
        voices = [
            Voice(mention=one.mention, verdict=make_verdict(Experience.ANGRY, Stance.NEITHER))
            for one in new
        ]
        taken = steps(
            store.database.connection,
            lambda: judge_brand(store, Policies(SETTINGS), BRAND, voices, NOW),
        )
        assert store.cases.counts(NOW)["open"] == cases + NEW
    return taken


def test_judging_costs_the_same_beside_ten_times_the_open_cases(tmp_path: Path) -> None:
    few, many = (judging(tmp_path / f"{cases}.db", cases) for cases in (60, 600))
    assert many < 1.3 * few
