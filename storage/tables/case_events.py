"""What happens to cases, written down: the only way into `case_events`, and who else hears of it.

Whoever subscribed to a brand's cases gets a row of the outbox in the same transaction: an event
that is in the store is on its way, and one that was rolled back never was.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from storage.database import Database
from storage.models import AlertKind, CaseEventKind, NewAlert, iso
from storage.models.dedupe_keys import case_event_key
from storage.tables.new_alerts import insert_alerts

EVERY_BRAND = ""

_CASE = (
    "id", "brand", "state", "kind", "outcome", "opened_at", "due_at", "claimed_by",
    "responded_at", "closed_at",
)  # fmt: skip
_MENTION = (
    "id", "source", "url", "title", "text", "author", "rating", "rating_max", "language",
    "created_at", "owner_reply",
)  # fmt: skip
_SHOWN = f"""
    SELECT {", ".join(f"k.{name} AS case_{name}" for name in _CASE)},
        {
    ", ".join(
        f"{'a.name' if name == 'author' else f'm.{name}'} AS mention_{name}" for name in _MENTION
    )
}
    FROM cases k LEFT JOIN mentions m ON m.id = k.mention_id
    LEFT JOIN authors a ON a.id = m.author_id
    WHERE k.id = ?
"""


class CaseSubscribers:
    """Who gets every event of a brand's cases, by the way that they are reached."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def be(self, wanted: Iterable[tuple[str, str]]) -> None:
        """Let these (way, brand) be all subscribers; `EVERY_BRAND` stands for every brand.

        Nothing is written where they are so already: every pass may ask for it.
        """
        new = set(wanted)
        connection = self._database.connection
        if new == {(row[0], row[1]) for row in connection.execute(_ALL)}:
            return
        with self._database.transaction() as writing:
            writing.execute("DELETE FROM case_subscribers")
            writing.executemany(
                "INSERT INTO case_subscribers (via, brand) VALUES (?, ?)", sorted(new)
            )


_ALL = "SELECT via, brand FROM case_subscribers"


def write_case_event(
    connection: sqlite3.Connection,
    case_id: int,
    at: datetime,
    event: CaseEventKind,
    actor: str,
    *,
    actor_id: str | None = None,
    note: str | None = None,
    click: str | None = None,
) -> None:
    """Write an event inside a running transaction, after what it changed; tell subscribers."""
    connection.execute(
        "INSERT INTO case_events (case_id, at, event, actor, actor_id, note, click) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (case_id, iso(at), event, actor, actor_id, note, click),
    )
    row = connection.execute("SELECT last_insert_rowid()").fetchone()
    ways = connection.execute(
        "SELECT DISTINCT s.via FROM case_subscribers s JOIN cases k ON k.id = ? "
        "WHERE s.brand IN (k.brand, ?) ORDER BY 1",
        (case_id, EVERY_BRAND),
    ).fetchall()
    if not ways:
        return
    happened = {"event": event.value, "at": iso(at), "actor": actor, "note": note}
    facts = _facts(connection, case_id)
    brand, mention_id = facts["case"]["brand"], facts["mention"]["id"]
    payload = {
        "text": f"case.{event}: case {case_id} of {brand}",
        "event": {"type": f"case.{event}", "timestamp": iso(at), "data": {**happened, **facts}},
    }
    insert_alerts(
        connection,
        [
            NewAlert(
                dedupe_key=case_event_key(via, row[0]),
                kind=AlertKind.CASE_EVENT,
                brand=brand,
                channel=via,
                payload=payload,
                created_at=at,
                mention_id=mention_id,
                via=via,
            )
            for (via,) in map(tuple, ways)
        ],
    )


def _facts(connection: sqlite3.Connection, case_id: int) -> dict[str, dict[str, Any]]:
    """Give a case as it is now, and its mention as it is stored."""
    row = connection.execute(_SHOWN, (case_id,)).fetchone()
    return {
        kind: {name: row[f"{kind}_{name}"] for name in names}
        for kind, names in (("case", _CASE), ("mention", _MENTION))
    }
