"""What waits to be judged by the rules, and what they decided."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from storage.casebook import Tell, apply_move, open_case
from storage.database import Database
from storage.incidents import write_incident
from storage.mentions import in_chunks, mention_from
from storage.models import (
    CaseMove,
    Experience,
    Incident,
    NewAlert,
    NewCase,
    Voice,
    from_iso,
    iso,
)
from storage.outbox import insert_alerts
from storage.voices import SELECT_VOICE, author_history, verdict_from

# An edit makes an old mention news: what it says now was written then.
_WRITTEN = "max(m.created_at, coalesce(m.edited_at, m.created_at))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Old mentions of one brand and source that were judged together, quietly."""

    brand: str
    source: str
    counts: dict[Experience, int]
    oldest: datetime | None
    newest: datetime | None


Summarise = Callable[[Backlog], NewAlert]


class Judgements:
    def __init__(self, database: Database) -> None:
        self._database = database

    def count_unjudged(self) -> int:
        row = self._database.connection.execute(
            "SELECT count(*) FROM mentions m JOIN verdicts v ON v.id = m.verdict_id "
            "WHERE v.judged_at IS NULL"
        ).fetchone()
        return int(row[0])

    def waiting_since(self) -> datetime | None:
        """Tell since when the oldest verdict waits for the rules."""
        row = self._database.connection.execute(
            "SELECT min(v.scored_at) FROM mentions m JOIN verdicts v ON v.id = m.verdict_id "
            "WHERE v.judged_at IS NULL"
        ).fetchone()
        return from_iso(row[0]) if row[0] else None

    def judge_backlog(
        self, older_than: datetime, at: datetime, summarise: Summarise
    ) -> list[Backlog]:
        """Judge all that is too old to alert (or undated) at once: one summary a source.

        Copies, and what was deleted at its source, are judged without a word. A source whose
        crawl is still running waits, so that its history makes one summary.
        """
        unjudged = f"""
            FROM mentions m JOIN verdicts v ON v.id = m.verdict_id
            WHERE v.judged_at IS NULL AND (m.created_at IS NULL OR ({_WRITTEN}) < :cutoff)
            AND NOT EXISTS (
                SELECT 1 FROM crawl_runs r
                WHERE r.brand = m.brand AND r.source = m.source AND r.finished_at IS NULL
                    AND r.started_at > :running_since
            )
        """
        found: dict[tuple[str, str], Backlog] = {}
        with self._database.transaction() as connection:
            parameters = {
                "cutoff": iso(older_than),
                "at": iso(at),
                # No crawl is allowed to last longer: an older open row was left by a SIGKILL.
                "running_since": iso(at - timedelta(hours=1)),
            }
            connection.execute(
                """
                UPDATE verdicts SET judged_at = ? WHERE judged_at IS NULL AND EXISTS (
                    SELECT 1 FROM mentions m WHERE m.id = verdicts.mention_id
                    AND (m.duplicate_of IS NOT NULL OR m.deleted_at IS NOT NULL)
                )
                """,
                (iso(at),),
            )
            rows = connection.execute(
                f"""
                SELECT m.brand, m.source, v.experience, count(*) AS n,
                    min(m.created_at) AS oldest, max(m.created_at) AS newest
                {unjudged} GROUP BY m.brand, m.source, v.experience
                """,
                parameters,
            ).fetchall()
            for row in rows:
                key = (row["brand"], row["source"])
                before = found.get(key)
                found[key] = Backlog(
                    brand=row["brand"],
                    source=row["source"],
                    counts={
                        **(before.counts if before else {}),
                        Experience(row["experience"]): row["n"],
                    },
                    oldest=_extreme(min, before.oldest if before else None, row["oldest"]),
                    newest=_extreme(max, before.newest if before else None, row["newest"]),
                )
            connection.execute(
                f"UPDATE verdicts SET judged_at = :at WHERE id IN (SELECT v.id {unjudged})",
                parameters,
            )
            insert_alerts(connection, [summarise(backlog) for backlog in found.values()])
        return list(found.values())

    def voice(self, mention_id: str) -> Voice | None:
        """Give a mention with its current verdict; None before it has one."""
        connection = self._database.connection
        row = connection.execute(f"{SELECT_VOICE} WHERE m.id = ?", (mention_id,)).fetchone()
        return _voice(connection, row) if row else None

    def unjudged(self, since: datetime, limit: int) -> list[Voice]:
        """Give mentions written or edited since a moment that no rule has seen, oldest first.

        Each has a current verdict and comes with its author's history before it. The older ones,
        copies and deleted ones are for `judge_backlog`.
        """
        connection = self._database.connection
        rows = connection.execute(
            f"""
            {SELECT_VOICE}
            WHERE v.judged_at IS NULL AND ({_WRITTEN}) >= ?
                AND m.duplicate_of IS NULL AND m.deleted_at IS NULL
            ORDER BY m.created_at, m.seq LIMIT ?
            """,
            (iso(since), limit),
        ).fetchall()
        return [_voice(connection, row) for row in rows]

    def record(
        self,
        judged: Sequence[Voice],
        cases: Sequence[NewCase],
        alerts: Sequence[NewAlert],
        at: datetime,
        *,
        moves: Sequence[CaseMove] = (),
        tell: Tell | None = None,
        staff: Mapping[str, Sequence[str]] | None = None,
        incident: Incident | None = None,
        gathered: Sequence[str] = (),
    ) -> None:
        """Write what the rules decided, in one transaction; safe to repeat.

        A mention has one case for ever: an edited complaint finds the case that it has. `staff`
        are the names that a wow praises, by mention; `gathered` are the mentions whose cases
        belong to the `incident`.
        """
        with self._database.transaction() as connection:
            for case in cases:
                open_case(connection, case)
            # The messages first: what the moves say goes into their threads.
            insert_alerts(connection, alerts)
            for move in moves:
                apply_move(connection, move, tell)
            if incident is not None:
                write_incident(connection, incident, gathered)
            connection.executemany(
                "INSERT INTO named_staff (mention_id, name) VALUES (?, ?) ON CONFLICT DO NOTHING",
                [(mention, name) for mention, names in (staff or {}).items() for name in names],
            )
            for voice in judged:
                connection.execute(
                    """
                    UPDATE verdicts SET judged_at = ?
                    WHERE mention_id = ? AND text_hash = ? AND judged_at IS NULL
                    """,
                    (iso(at), voice.mention.id, voice.mention.text_hash),
                )

    def earlier_experience(self, mention_ids: Sequence[str]) -> dict[str, Experience]:
        """Tell how an older text of each edited mention was understood."""
        found: dict[str, Experience] = {}
        for chunk in in_chunks(mention_ids):
            marks = ", ".join("?" * len(chunk))
            rows = self._database.connection.execute(
                f"""
                SELECT m.id, v.experience FROM mentions m
                JOIN verdicts v ON v.mention_id = m.id AND v.text_hash <> m.text_hash
                WHERE m.id IN ({marks}) ORDER BY v.id
                """,
                list(chunk),
            )
            found.update({row["id"]: Experience(row["experience"]) for row in rows})
        return found


def _voice(connection: sqlite3.Connection, row: sqlite3.Row) -> Voice:
    return Voice(
        mention=mention_from(row),
        verdict=verdict_from(row),
        history=author_history(connection, row),
    )


def _extreme(choose: Any, before: datetime | None, text: str | None) -> datetime | None:
    if text is None:
        return before
    moment = from_iso(text)
    return moment if before is None else choose(before, moment)
