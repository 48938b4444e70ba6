"""Incidents: many complaints at once, and how many are usual at this hour."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta

from storage.database import Database
from storage.models import Incident, Mention, from_iso, iso
from storage.rows import reads
from storage.tables.mention_rows import SELECT_MENTION, mention_from
from storage.tables.mentions import in_chunks

_WEEK = timedelta(weeks=1)
WEEKS = 4
"""How many earlier weeks tell what is usual."""


class Incidents:
    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, brand: str | None = None) -> list[Incident]:
        """Give the incidents that are not over, of a brand or of all."""
        rows = self._database.connection.execute(
            "SELECT * FROM incidents WHERE closed_at IS NULL AND (?1 IS NULL OR brand = ?1) "
            "ORDER BY id",
            (brand,),
        )
        return [incident_from(row) for row in rows]

    def write(self, incident: Incident, gathered: Sequence[str] = ()) -> None:
        """Write how an incident stands; the cases of the `gathered` mentions belong to it."""
        with self._database.transaction() as connection:
            incident_id = _written(connection, incident)
            for chunk in in_chunks(gathered):
                marks = ", ".join("?" * len(chunk))
                connection.execute(
                    f"UPDATE cases SET incident_id = ? WHERE mention_id IN ({marks})",
                    (incident_id, *chunk),
                )

    def recent_complaints(self, brand: str, since: datetime) -> list[Mention]:
        """Give the complaints whose cases were opened since a moment, the oldest first."""
        rows = self._database.connection.execute(
            f"{SELECT_MENTION} JOIN cases k ON k.mention_id = m.id "
            "WHERE k.brand = ? AND k.opened_at >= ? AND k.state <> 'dismissed' ORDER BY k.id",
            (brand, iso(since)),
        )
        return [mention_from(row) for row in rows]

    def complaints_of(self, incident: Incident, limit: int) -> list[Mention]:
        """Give the newest complaints of an incident, the newest first."""
        rows = self._database.connection.execute(
            f"""
            {SELECT_MENTION} JOIN cases k ON k.mention_id = m.id
            JOIN incidents i ON i.id = k.incident_id
            WHERE i.brand = ? AND i.opened_at = ? ORDER BY k.id DESC LIMIT ?
            """,
            (incident.brand, iso(incident.opened_at), limit),
        )
        return [mention_from(row) for row in rows]

    def ordinary_words(self, brand: str, before: datetime, limit: int = 300) -> list[str]:
        """Give what was said of a brand before, whatever it felt: what is no news."""
        rows = self._database.connection.execute(
            "SELECT coalesce(title || ' ', '') || text FROM mentions "
            "WHERE brand = ? AND created_at < ? ORDER BY created_at DESC LIMIT ?",
            (brand, iso(before), limit),
        )
        return [row[0] for row in rows]

    def counts(self, brand: str, start: datetime, end: datetime) -> dict[str, int]:
        """Count what was written in a span: `mentions`, `told` an experience, `angry`."""
        row = self._database.connection.execute(
            """
            SELECT count(*) AS mentions,
                coalesce(sum(experience IN ('angry', 'mediocre', 'delighted')), 0) AS told,
                coalesce(sum(experience = 'angry'), 0) AS angry
            FROM voice WHERE brand = ? AND created_at >= ? AND created_at < ?
                AND experience IS NOT NULL AND not_about IS NULL
            """,
            (brand, iso(start), iso(end)),
        ).fetchone()
        return dict(row)

    def usual(self, brand: str, start: datetime, end: datetime) -> list[dict[str, int]]:
        """Count the same span in each of the weeks before, as far back as the brand is known."""
        row = self._database.connection.execute(
            "SELECT min(day) FROM daily_counts WHERE brand = ?", (brand,)
        ).fetchone()
        if not row[0]:
            return []
        first = from_iso(row[0])
        return [
            self.counts(brand, start - week * _WEEK, end - week * _WEEK)
            for week in range(1, WEEKS + 1)
            if start - week * _WEEK >= first
        ]


def _written(connection: sqlite3.Connection, incident: Incident) -> int:
    """Write an incident, known or new; returns the id of its row."""
    values = {
        "brand": incident.brand,
        "channel": incident.channel,
        "opened_at": iso(incident.opened_at),
        "last_at": iso(incident.last_at),
        "closed_at": iso(incident.closed_at) if incident.closed_at else None,
        "complaints": incident.complaints,
        "about": incident.about,
    }
    row = connection.execute(
        """
        UPDATE incidents SET last_at = :last_at, closed_at = :closed_at, about = :about,
            complaints = :complaints
        WHERE brand = :brand AND opened_at = :opened_at RETURNING id
        """,
        values,
    ).fetchone()
    if row is None:
        row = connection.execute(
            """
            INSERT INTO incidents
                (brand, channel, opened_at, last_at, closed_at, complaints, about)
            VALUES (:brand, :channel, :opened_at, :last_at, :closed_at, :complaints, :about)
            RETURNING id
            """,
            values,
        ).fetchone()
    return int(row["id"])


@reads("incidents")
def incident_from(row: sqlite3.Row) -> Incident:
    """Make an Incident of a row of the table."""
    return Incident(
        brand=row["brand"],
        channel=row["channel"],
        opened_at=from_iso(row["opened_at"]),
        last_at=from_iso(row["last_at"]),
        complaints=row["complaints"],
        about=row["about"],
        closed_at=from_iso(row["closed_at"]) if row["closed_at"] else None,
    )
