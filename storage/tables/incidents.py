"""Incidents and spikes: what is told once and goes on, and how many are usual at this hour."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta

from storage.database import Database
from storage.models import (
    Case,
    CaseState,
    Incident,
    IncidentKind,
    IncidentWork,
    Mention,
    from_iso,
    iso,
)
from storage.rows import pass_over, read_each, reads
from storage.tables.case_file import case_from
from storage.tables.mention_rows import OWN_TITLE, SELECT_MENTION, mention_from
from storage.tables.mentions import in_chunks

_WEEK = timedelta(weeks=1)
WEEKS = 4
"""How many earlier weeks tell what is usual."""

_OF = "brand = :brand AND kind = :kind AND opened_at = :opened_at"
_FACETS = ("source", "product_version", "country", "language")
# What each kind counts, with `v` as a mention of the view `voice`.
_COUNTED = {
    IncidentKind.COMPLAINTS: """
        SELECT m.source, m.product_version, m.country, m.language
        FROM cases k JOIN mentions m ON m.id = k.mention_id
        WHERE k.brand = ? AND k.opened_at >= ? AND k.opened_at < ? AND k.state <> 'dismissed'
    """,
    IncidentKind.VOLUME: """
        SELECT v.source, v.product_version, v.country, v.language FROM voice v
        WHERE v.brand = ? AND v.created_at >= ? AND v.created_at < ? AND v.counted
    """,
    IncidentKind.ANGER: """
        SELECT v.source, v.product_version, v.country, v.language FROM voice v
        WHERE v.brand = ? AND v.created_at >= ? AND v.created_at < ? AND v.counted
            AND v.experience = 'angry'
    """,
}


class Incidents:
    def __init__(self, database: Database) -> None:
        self._database = database

    def open(
        self, brand: str | None = None, kind: IncidentKind = IncidentKind.COMPLAINTS
    ) -> list[Incident]:
        """Give the incidents of a kind that are not over, of a brand or of all."""
        rows = self._database.connection.execute(
            "SELECT * FROM incidents WHERE closed_at IS NULL AND kind = ?2 "
            "AND (?1 IS NULL OR brand = ?1) ORDER BY id",
            (brand, kind),
        )
        return [incident_from(row) for row in rows]

    def over_since(self, brand: str, kind: IncidentKind, since: datetime) -> Incident | None:
        """Give the newest incident of a kind that ended since a moment."""
        row = self._database.connection.execute(
            "SELECT * FROM incidents WHERE brand = ? AND kind = ? AND closed_at >= ? "
            "ORDER BY closed_at DESC, id DESC LIMIT 1",
            (brand, kind, iso(since)),
        ).fetchone()
        return incident_from(row) if row else None

    def named(self, root_key: str) -> Incident | None:
        """Give the incident whose message has this dedupe key."""
        rows = self._database.connection.execute("SELECT * FROM incidents ORDER BY id DESC")
        found = read_each(rows, incident_from, pass_over)
        return next((one for one in found if one.root_key == root_key), None)

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

    def work(self, incident: Incident) -> IncidentWork:
        """Count the cases of an incident by how far they are."""
        rows = self._database.connection.execute(
            f"""
            SELECT state, count(*) AS cases, group_concat(DISTINCT claimed_by) AS people
            FROM cases WHERE incident_id = (SELECT id FROM incidents WHERE {_OF}) GROUP BY state
            """,
            _named(incident),
        ).fetchall()
        number = {row["state"]: row["cases"] for row in rows}
        people = [row["people"] for row in rows if row["state"] == CaseState.CLAIMED]
        return IncidentWork(
            open=number.get(CaseState.OPEN, 0),
            claimed=number.get(CaseState.CLAIMED, 0),
            answered=number.get(CaseState.RESPONDED, 0),
            ended=number.get(CaseState.CLOSED, 0) + number.get(CaseState.DISMISSED, 0),
            claimants=tuple(sorted(filter(None, (people[0] or "").split(",")))) if people else (),
        )

    def cases_of(self, incident: Incident, states: Sequence[CaseState]) -> list[Case]:
        """Give the cases of an incident in any of the states, the one due first at the top."""
        marks = ", ".join(f"'{state}'" for state in states)
        rows = self._database.connection.execute(
            f"SELECT * FROM cases WHERE incident_id = (SELECT id FROM incidents WHERE {_OF}) "
            f"AND state IN ({marks}) ORDER BY due_at, id",
            _named(incident),
        )
        return [case_from(row) for row in rows]

    def to_show(self, since: datetime) -> list[tuple[Incident, str | None]]:
        """Give the incidents of complaints that began since a moment, with what each last said
        of its cases."""
        rows = self._database.connection.execute(
            "SELECT * FROM incidents WHERE opened_at >= ? AND kind = 'complaints' ORDER BY id",
            (iso(since),),
        ).fetchall()
        return [(incident_from(row), row["shown"]) for row in rows]

    def note_shown(self, incident: Incident, shown: str) -> None:
        """Write down what an incident's message says of its cases."""
        with self._database.transaction() as connection:
            connection.execute(
                f"UPDATE incidents SET shown = :shown WHERE {_OF}",
                _named(incident) | {"shown": shown},
            )

    def recent_complaints(
        self, brand: str, since: datetime, *, free: bool = False
    ) -> list[Mention]:
        """Give the complaints whose cases were opened since a moment, the oldest first.

        `free`: only those that no incident has gathered.
        """
        rows = self._database.connection.execute(
            f"{SELECT_MENTION} JOIN cases k ON k.mention_id = m.id "
            "WHERE k.brand = ? AND k.opened_at >= ? AND k.state <> 'dismissed' "
            "AND (NOT ? OR k.incident_id IS NULL) ORDER BY k.id",
            (brand, iso(since), free),
        )
        return [mention_from(row) for row in rows]

    def complaints_of(self, incident: Incident, limit: int) -> list[Mention]:
        """Give the newest complaints of an incident, the newest first."""
        rows = self._database.connection.execute(
            f"""
            {SELECT_MENTION} JOIN cases k ON k.mention_id = m.id
            WHERE k.incident_id = (SELECT id FROM incidents WHERE {_OF})
            ORDER BY k.id DESC LIMIT :limit
            """,
            _named(incident) | {"limit": limit},
        )
        return [mention_from(row) for row in rows]

    def said(
        self, brand: str, start: datetime, end: datetime, limit: int, *, angry: bool
    ) -> list[Mention]:
        """Give what was written in a span, the newest first; only what is `angry` if so asked."""
        rows = self._database.connection.execute(
            f"""
            {SELECT_MENTION} JOIN voice v ON v.id = m.id
            WHERE v.brand = ? AND v.created_at >= ? AND v.created_at < ? AND v.counted
                AND (NOT ? OR v.experience = 'angry')
            ORDER BY v.created_at DESC LIMIT ?
            """,
            (brand, iso(start), iso(end), angry, limit),
        )
        return [mention_from(row) for row in rows]

    def facets(
        self, kind: IncidentKind, brand: str, start: datetime, end: datetime
    ) -> tuple[dict[tuple[str, str], int], int]:
        """Count what a kind counts in a span, by column and value; and all of it."""
        groups = self._database.connection.execute(
            f"SELECT source, product_version, country, language, count(*) FROM ({_COUNTED[kind]}) "
            "GROUP BY 1, 2, 3, 4",
            (brand, iso(start), iso(end)),
        ).fetchall()
        counts: dict[tuple[str, str], int] = {}
        for *values, number in groups:
            for name, value in zip(_FACETS, values, strict=True):
                if value:
                    counts[name, value] = counts.get((name, value), 0) + number
        return counts, sum(row[-1] for row in groups)

    def ordinary_words(self, brand: str, before: datetime, limit: int = 300) -> list[str]:
        """Give what was said of a brand before, whatever it felt: what is no news."""
        rows = self._database.connection.execute(
            f"SELECT coalesce({OWN_TITLE} || ' ', '') || m.text FROM mentions m "
            "WHERE m.brand = ? AND m.created_at < ? ORDER BY m.created_at DESC LIMIT ?",
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


def _named(incident: Incident) -> dict[str, str]:
    return {
        "brand": incident.brand,
        "kind": incident.kind.value,
        "opened_at": iso(incident.opened_at),
    }


def _written(connection: sqlite3.Connection, incident: Incident) -> int:
    """Write an incident, known or new; returns the id of its row."""
    values = _named(incident) | {
        "channel": incident.channel,
        "last_at": iso(incident.last_at),
        "closed_at": iso(incident.closed_at) if incident.closed_at else None,
        "back_at": iso(incident.back_at) if incident.back_at else None,
        "complaints": incident.complaints,
        "about": incident.about,
    }
    row = connection.execute(
        f"""
        UPDATE incidents SET last_at = :last_at, closed_at = :closed_at, about = :about,
            complaints = :complaints, back_at = :back_at
        WHERE {_OF} RETURNING id
        """,
        values,
    ).fetchone()
    if row is None:
        columns = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        row = connection.execute(
            f"INSERT INTO incidents ({columns}) VALUES ({marks}) RETURNING id", values
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
        kind=IncidentKind(row["kind"]),
        back_at=from_iso(row["back_at"]) if row["back_at"] else None,
    )
