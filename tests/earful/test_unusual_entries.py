"""Where more is left out than usual, `status` says so; what is usual makes no line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from config.settings import Settings
from earful.app import App
from earful.cli import cli
from earful.routines.forgetting_routine import forget_old
from earful.unusual_entries import entries_of_late
from storage.models import Fate, LedgerLine, RefusalReason
from storage.store import Store
from tests.storage.fixtures import make_mention

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "earful.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store.open(path, migrate=True) as store:
        yield store


def see(
    store: Store,
    ago: float,
    counts: Mapping[str, int],
    *,
    at: datetime = NOW,
    source: str = "steam",
) -> None:
    """Count entries so many days ago: known, irrelevant, or refused for a date or their words."""
    day = (at - timedelta(days=ago)).date().isoformat()

    def line(name: str) -> LedgerLine:
        if name in [*Fate]:
            return LedgerLine(day=day, brand="Acme", source=source, fate=Fate(name))
        reason = RefusalReason(name)
        return LedgerLine(day=day, brand="Acme", source=source, fate=Fate.REFUSED, reason=reason)

    store.mentions.save([], left_out={line(name): number for name, number in counts.items()})


def said(store: Store) -> list[str]:
    return [sentence for one in entries_of_late(store, NOW) for sentence in one.unusual]


def test_more_refused_than_before_is_told_with_its_reasons(store: Store) -> None:
    see(store, 10, {"known": 990, "date": 10})
    see(store, 2, {"known": 460})
    see(store, 0, {"known": 28, "date": 9, "words": 3})
    assert said(store) == [
        "steam of Acme: 12 of 40 entries today were refused "
        "(9 for date; 3 for words; 1% in the four weeks before)"
    ]


def test_what_is_refused_all_week_is_told_of_the_week(store: Store) -> None:
    for ago in range(7):
        see(store, ago, {"known": 6, "words": 2})
    assert said(store) == [
        "steam of Acme: 14 of 56 entries in the last 7 days were refused (14 for words)"
    ]


@pytest.mark.parametrize(
    ("before", "today", "unusual"),
    [
        # A search that always finds much of others is as usual.
        ({"known": 10, "irrelevant": 990}, {"known": 1, "irrelevant": 99}, False),
        ({"known": 500, "irrelevant": 500}, {"known": 5, "irrelevant": 95}, True),
        # Without a history only what is all or nearly all.
        ({}, {"known": 10, "irrelevant": 90}, False),
        ({}, {"irrelevant": 100}, True),
        ({}, {"known": 91, "date": 9}, False),
        ({}, {"known": 90, "date": 10}, True),
        # Too few to tell.
        ({}, {"irrelevant": 19}, False),
        ({"known": 1000}, {"known": 96, "date": 4}, False),
        ({"known": 1000}, {"known": 95, "date": 5}, False),
        ({"known": 1000}, {"known": 70, "date": 30}, True),
    ],
)
def test_the_borders_of_what_is_unusual(
    store: Store, before: dict[str, int], today: dict[str, int], unusual: bool
) -> None:
    see(store, 20, before)
    see(store, 0, today)
    assert bool(said(store)) is unusual


def test_status_shows_it_and_gives_all_counts_as_json(path: Path) -> None:
    now = datetime.now(UTC)
    with Store.open(path, migrate=True) as store:
        see(store, 0, {"known": 60, "date": 40}, at=now)
        see(store, 3, {"known": 5}, at=now, source="x")
        see(store, 20, {"known": 5}, at=now, source="gdelt")
    shown = CliRunner().invoke(cli, ["--db", str(path), "status"], obj=App(db=path)).output
    assert "left out: steam of Acme: 40 of 100 entries today and" in " ".join(shown.split())
    output = CliRunner().invoke(cli, ["--db", str(path), "status", "--json"]).stdout
    steam, x = json.loads(output)["ledger"]
    assert (steam["today"]["seen"], steam["today"]["refused"], steam["today"]["alerted"]) == (
        100, 40, 0,
    )  # fmt: skip
    assert steam["refused_because"] == {"date": 40}
    assert (x["source"], x["today"], x["last_7_days"]["seen"], x["unusual"]) == ("x", {}, 5, [])


def test_old_days_of_the_ledger_are_forgotten_with_their_mentions(store: Store) -> None:
    settings = Settings()
    kept = timedelta(days=settings.store.retention_days)
    for number, age in enumerate((kept + timedelta(days=9), timedelta(0))):
        store.mentions.save([make_mention(str(number), "Late again", NOW - age)])
    assert forget_old(store, settings, NOW) == 1
    (row,) = store.ledger.rows(NOW - 2 * kept)
    assert (row["day"], row["new"], row["waiting"]) == ("2026-03-10", 1, 1)
