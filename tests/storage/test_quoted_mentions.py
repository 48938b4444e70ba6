"""Which mentions messages show: written with them, and found out for those of older stores."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlite_utils import Database

from storage.migrations import migrations
from storage.models import AlertKind, Mention, NewAlert, Operation
from storage.store import Store

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
OLD = """
    INSERT INTO mentions (seq, id, brand, source, native_id, url, text, created_at, fetched_at,
        text_hash) VALUES
        (1, 's:1', 'A', 's', '1', 'https://a.example/?x=1&y=2', 't', '2026-03-09T10:00:00+00:00',
            '2026-03-09T10:00:00+00:00', 'h'),
        (2, 's:2', 'A', 's', '2', 'https://a.example/2', 't', '2026-03-09T10:00:00+00:00',
            '2026-03-09T10:00:00+00:00', 'h'),
        (3, 's:3', 'A', 's', '3', 'https://a.example/3', 't', '2026-03-04T10:00:00+00:00',
            '2026-03-04T10:00:00+00:00', 'h');
    INSERT INTO incidents (id, brand, channel, opened_at, last_at, complaints)
        VALUES (1, 'A', '#c', '2026-03-09T11:00:00+00:00', '2026-03-09T11:00:00+00:00', 12);
    INSERT INTO cases (mention_id, brand, state, opened_at, due_at, incident_id)
        VALUES ('s:2', 'A', 'open', '2026-03-09T11:00:00+00:00', '2026-03-09T15:00:00+00:00', 1);
    INSERT INTO alerts (id, dedupe_key, kind, brand, channel, payload, state, created_at,
        operation, root_key, mention_id, sent_at, slack_channel) VALUES
        (1, 'complaint:s:1', 'complaint', 'A', '#c', '{}', 'sent', '2026-03-09T11:00:00+00:00',
            'post', NULL, 's:1', '2026-03-09T11:00:00+00:00', 'C1'),
        (2, 'wow:gone', 'wow', 'A', '#w', '{}', 'sent', '2026-03-09T11:00:00+00:00',
            'post', NULL, 's:gone', '2026-03-09T11:00:00+00:00', NULL),
        (3, 'incident:A:2026-03-09T11:00:00+00:00', 'incident', 'A', '#c', '{}', 'sent',
            '2026-03-09T11:00:00+00:00', 'post', NULL, NULL, '2026-03-09T12:00:00+00:00', 'C2'),
        (4, 'update:1', 'incident', 'A', '#c', '{}', 'sent', '2026-03-09T11:00:00+00:00',
            'update', 'incident:A:2026-03-09T11:00:00+00:00', NULL, NULL, NULL),
        (5, 'digest:A:2026-03-10T09:00', 'digest', 'A', '#d',
            '{"text": "<https://a.example/?x=1&amp;y=2|Read it> <https://a.example/3|Read it>"}',
            'sent', '2026-03-10T09:00:00+00:00', 'post', NULL, NULL, NULL, NULL),
        (6, 'digest:week:A:2026-03-10T09:00', 'digest', 'A', '#d',
            '{"text": "<https://a.example/3|Read it>"}',
            'sent', '2026-03-10T09:00:00+00:00', 'post', NULL, NULL, NULL, NULL);
"""


def links(connection: sqlite3.Connection) -> set[tuple[int, str]]:
    return {tuple(row) for row in connection.execute("SELECT * FROM alert_mentions")}


def test_messages_of_an_older_store_are_linked_as_far_as_it_can_tell(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    with closing(sqlite3.connect(path)) as connection:
        migrations.apply(Database(connection), stop_before="0019_places_of_alerts")
        connection.executescript(OLD)
        connection.commit()
    with Store.open(path, migrate=True) as store:
        connection = store.database.connection
        # Of the days before a digest, and of the week before a weekly one.
        assert links(connection) == {(1, "s:1"), (3, "s:2"), (4, "s:2"), (5, "s:1"), (6, "s:3")}
        known = connection.execute("SELECT channel, slack_channel FROM slack_channels")
        assert {tuple(row) for row in known} == {("#c", "C2")}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        store.mentions.save(
            [
                Mention(brand="A", source="s", native_id=number, text="t", fetched_at=NOW)
                for number in "123"
            ]
        )
        yield store


def an_alert(quotes: dict[str, list[str]], **more: object) -> NewAlert:
    alert = NewAlert(
        dedupe_key="incident:A",
        kind=AlertKind.INCIDENT,
        brand="A",
        channel="#c",
        payload={"text": "x", "quotes": quotes},
        created_at=NOW,
    )
    return replace(alert, **more)  # type: ignore[arg-type]


def test_an_alert_shows_its_own_mention_and_those_it_quotes(store: Store) -> None:
    store.outbox.add([an_alert({"s:1": ["x"], "s:unknown": ["x"]}, mention_id="s:2")])
    assert links(store.database.connection) == {(1, "s:1"), (1, "s:2")}


def test_an_update_in_the_place_of_one_that_waits_shows_what_it_shows(store: Store) -> None:
    update = {"operation": Operation.UPDATE, "root_key": "incident:A", "dedupe_key": "update:"}
    store.outbox.add([an_alert({"s:1": ["x"]}), an_alert({"s:2": ["x"]}, **update)])
    # The message itself was still waiting: it says what the update says.
    assert links(store.database.connection) == {(1, "s:2")}
    store.outbox.claim(1, NOW)
    store.outbox.mark_sent(1, "1.0", NOW, "C1")
    store.outbox.add([an_alert({"s:1": ["x"]}, **update), an_alert({"s:3": ["x"]}, **update)])
    assert links(store.database.connection) == {(1, "s:2"), (2, "s:3")}
    stored = store.database.connection.execute("SELECT payload FROM alerts WHERE id = 2")
    assert json.loads(stored.fetchone()[0])["quotes"] == {"s:3": ["x"]}
