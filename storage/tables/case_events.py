"""What happens to cases, written down: the only way into `case_events`, and who else hears of it.

Whoever takes the events of a brand's cases gets a row of the outbox in the same transaction: an
event that is in the store is on its way, and one that was rolled back never was.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

from storage.database import Database
from storage.models import Alert, AlertKind, CaseDestination, CaseEvent, NewAlert, iso
from storage.models.dedupe_keys import case_event_key
from storage.tables.alert_rows import select_alerts
from storage.tables.new_alerts import insert_alerts

EVERY_BRAND = ""

_ALL = "SELECT via, brand, takes FROM case_destinations"
_CASE = (
    "id", "brand", "state", "kind", "outcome", "opened_at", "due_at", "claimed_by",
    "responded_at", "closed_at", "snoozed_until",
)  # fmt: skip
_MENTION = (
    "id", "source", "url", "title", "text", "author", "rating", "rating_max", "language",
    "created_at", "owner_reply", "parent_id",
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


class CaseDestinations:
    """Where cases go beside Slack, by the way that each is reached, as the config says."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def be(self, wanted: Iterable[CaseDestination]) -> None:
        """Let these be all of them; nothing is written where they are so already."""
        new = {(one.via, one.brand, one.takes) for one in wanted}
        connection = self._database.connection
        if new == set(map(tuple, connection.execute(_ALL))):
            return
        with self._database.transaction() as writing:
            writing.execute("DELETE FROM case_destinations")
            writing.executemany(
                "INSERT INTO case_destinations (via, brand, takes) VALUES (?, ?, ?)", sorted(new)
            )

    def untold_issues(self) -> list[Alert]:
        """Give the issues that were made, and of which their cases do not know yet."""
        return select_alerts(
            self._database.connection,
            "a.kind = 'issue' AND a.operation = 'post' AND a.state = 'sent' "
            "AND a.slack_ts IS NOT NULL AND NOT EXISTS "
            "(SELECT 1 FROM case_events e WHERE e.click = a.dedupe_key) ORDER BY a.id",
        )


def trackers_of(connection: sqlite3.Connection, brand: str) -> tuple[str, ...]:
    """Name the trackers in which issues can be made of a brand's cases."""
    rows = connection.execute(
        "SELECT DISTINCT via FROM case_destinations WHERE takes = 'issues' AND brand IN (?, ?) "
        "ORDER BY via",
        (brand, EVERY_BRAND),
    )
    return tuple(row[0] for row in rows)


def write_case_event(
    connection: sqlite3.Connection, case_id: int, event: CaseEvent, *, click: str | None = None
) -> None:
    """Write an event inside a running transaction, after what it changed; tell who takes them."""
    until = iso(event.until) if event.until else None
    connection.execute(
        """
        INSERT INTO case_events
            (case_id, at, event, actor, actor_id, note, click, owner, owner_id, until)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        (
            case_id, iso(event.at), event.event, event.actor, event.actor_id, event.note, click,
            event.owner, event.owner_id, until,
        ),
    )  # fmt: skip
    row = connection.execute("SELECT last_insert_rowid()").fetchone()
    ways = connection.execute(
        "SELECT DISTINCT d.via FROM case_destinations d JOIN cases k ON k.id = ? "
        "WHERE d.takes = 'events' AND d.brand IN (k.brand, ?) ORDER BY 1",
        (case_id, EVERY_BRAND),
    ).fetchall()
    if not ways:
        return
    at = iso(event.at)
    happened = {
        "event": event.event.value, "at": at, "actor": event.actor, "note": event.note,
        "owner": event.owner, "until": until,
    }  # fmt: skip
    facts = _facts(connection, case_id)
    brand, mention_id = facts["case"]["brand"], facts["mention"]["id"]
    payload = {
        "text": f"case.{event.event}: case {case_id} of {brand}",
        "event": {
            "type": f"case.{event.event}",
            "timestamp": at,
            "data": {**happened, **facts},
        },
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
                created_at=event.at,
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
