"""Rows with words in them that are none of ours: whatever reads them says which row, in a line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from config.errors import StoreRowError
from storage.models import Mention
from storage.store import Store
from tests.storage.broken import one_line, opened
from tests.storage.ways import WAYS, furnish

NO_TIME = "2026-99-99"
# Table, column, what stands there, and a way in that cannot do without it.
DAMAGE = [
    ("mentions", "created_at", NO_TIME, "mentions.get"),
    ("mentions", "fetched_at", NO_TIME, "verdicts.waiting"),
    ("mentions", "owner_replied_at", NO_TIME, "cases.file"),
    ("mentions", "waits_since", NO_TIME, "judgements.voice"),
    ("verdicts", "experience", "meeiocre", "judgements.voice"),
    ("verdicts", "stance", "", "cases.file"),
    ("verdicts", "scored_at", NO_TIME, "judgements.waiting_since"),
    ("corrections", "experience", "angryy", "corrections.texts"),
    ("cases", "state", "opne", "cases.get"),
    ("cases", "kind", "tomorrow's", "cases.in_states"),
    ("cases", "due_at", "soon", "cases.of_mention"),
    ("case_events", "at", b"\xff", "cases.file"),
    ("replies", "state", "snet", "replies.get"),
    ("replies", "written_at", NO_TIME, "cases.file"),
    ("incidents", "opened_at", NO_TIME, "incidents.open"),
    ("alerts", "kind", "tomorrow's", "outbox_word.listed"),
    ("alerts", "state", "sendin", None),
    ("alerts", "created_at", NO_TIME, "outbox.troubles"),
    ("alerts", "operation", "7", "outbox_word.named"),
    ("alerts", "payload", "{", None),
    ("crawl_runs", "stats", "{", "crawls.past"),
    ("crawl_runs", "started_at", NO_TIME, "crawls.last_start"),
    ("source_states", "state", "fine", "insight.source_health"),
    ("source_states", "opens_at", NO_TIME, "insight.source_health"),
    ("cases", "opened_at", "soon", "insight.oldest_open_case"),
    ("daemon_runs", "started_at", NO_TIME, "daemon_runs.last"),
    ("routines", "last_at", NO_TIME, "daemon_runs.routines"),
    ("failures", "last_at", NO_TIME, "failures.all"),
    ("stages", "worked_at", NO_TIME, "failures.worked_at"),
    ("problems", "since", NO_TIME, "problems.known"),
]


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("furnished") / "earful.db"
    furnish(path)
    with opened(path) as store:
        for name in ("crawls.finish", "failures.worked"):
            WAYS[name].go(store)
    return path


@pytest.fixture
def path(furnished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(furnished, tmp_path / "earful.db"))


def damage(store: Store, table: str, column: str, value: object, where: str = "1") -> None:
    connection = store.database.connection
    connection.execute("PRAGMA ignore_check_constraints = ON")
    done = connection.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (value,))
    assert done.rowcount > 0


@pytest.mark.parametrize(("table", "column", "value", "needs"), DAMAGE)
def test_every_way_in_gives_the_row_in_one_line_or_does_without_it(
    path: Path, table: str, column: str, value: object, needs: str | None
) -> None:
    said: dict[str, str] = {}
    with opened(path) as store:
        damage(store, table, column, value)
        # Those that write come last: some write the bad row anew.
        for name, way in sorted(WAYS.items(), key=lambda one: one[1].writes):
            try:
                way.go(store)
            except StoreRowError as error:
                said[name] = one_line(error, path)
    for told in said.values():
        assert f"the table {table} has {value!r}" in told
        assert f'"UPDATE {table} SET {column} = … WHERE ' in told
        assert "put a backup back with `earful restore FILE`" in told
    assert needs is None or needs in said, said


def test_the_advice_mends_the_row(path: Path) -> None:
    with opened(path) as store:
        before = store.mentions.get("appstore:hostile")
        assert isinstance(before, Mention)
        assert before.created_at is not None
        damage(store, "mentions", "created_at", NO_TIME, "id = 'appstore:hostile'")
        with pytest.raises(StoreRowError) as caught:
            store.mentions.get("appstore:hostile")
        said = one_line(caught.value, path)
        advised = said.split('"')[1].replace("…", f"'{before.created_at.isoformat()}'")
        store.database.connection.execute(advised)
        assert store.mentions.get("appstore:hostile") == before


def test_a_queue_passes_over_what_cannot_be_read(path: Path) -> None:
    with opened(path) as store:
        whole = [alert.id for alert in store.outbox.unsent()]
        damage(store, "alerts", "kind", "tomorrow's", f"id = {whole[0]}")
        told: dict[int, str] = {}
        found = store.outbox.unsent(lambda row, error: told.update({row["id"]: str(error)}))
        assert [alert.id for alert in found] == whole[1:]
        assert [*told] == [whole[0]]
        assert 'has "tomorrow\'s" as kind where id is 1,' in told[whole[0]]
