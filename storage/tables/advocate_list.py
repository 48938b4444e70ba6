"""The daily list of what advocates need, and who of them has gone quiet."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import date, datetime

from storage.database import Database
from storage.models import (
    AdvocateNeed,
    AdvocateWord,
    CaseState,
    QuietAdvocate,
    from_iso,
    iso,
)
from storage.rows import reads
from storage.tables.mention_rows import SELECT_MENTION, mention_from
from storage.tables.voice_rows import SELECT_VOICE, label_columns, verdict_from

_ANSWERED = (CaseState.RESPONDED, CaseState.CLOSED)
# CROSS: from the few advocates to their mentions. Who turned angry of late is no advocate now, and
# is who needs us most.
_SPOKEN = """
    SELECT f.seq FROM (
        SELECT author_id, brand FROM author_standing
        WHERE brand = :brand AND is_advocate AND last_seen_at >= :since
        UNION
        SELECT author_id, brand FROM author_flips
        WHERE brand = :brand AND counted_at >= :since AND flip = 'lost_advocate'
    ) s
    CROSS JOIN mention_facts f ON f.author_id = s.author_id AND f.brand = s.brand
        AND f.counted_at >= :since
    WHERE f.counted_at < :until AND f.dated AND f.counted AND NOT f.deleted
        AND f.experience IS NOT NULL
"""


class AdvocateList:
    def __init__(self, database: Database) -> None:
        self._database = database

    def spoken(self, brand: str, since: datetime, until: datetime) -> list[AdvocateWord]:
        """Give what a brand's advocates said in a period, and those who turned angry in it."""
        rows = self._database.connection.execute(
            f"""
            {SELECT_VOICE.replace("SELECT m.*", "SELECT m.*, k.state AS case_state", 1)}
            LEFT JOIN cases k ON k.mention_id = m.id
            WHERE m.seq IN ({_SPOKEN}) ORDER BY m.seq
            """,
            {"brand": brand, "since": iso(since), "until": iso(until)},
        )
        return [_word(row) for row in rows]

    def write(self, brand: str, on: date, needs: Sequence[AdvocateNeed]) -> None:
        """Let this be a brand's list of a day, in its order; the one before it is gone."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM advocate_needs WHERE brand = ?", (brand,))
            connection.executemany(
                "INSERT INTO advocate_needs (brand, author_id, mention_id, need, sentence, place, "
                "listed_on) VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (brand, one.mention.author_id, one.mention.id, one.need, one.sentence, place,
                     on.isoformat())
                    for place, one in enumerate(needs, 1)
                ],
            )  # fmt: skip

    def standing(self, brand: str, author_ids: Sequence[str]) -> dict[str, tuple[str | None, int]]:
        """Tell of authors since when they are advocates (ISO), and how often they advocated."""
        connection = self._database.connection
        return {
            row["author_id"]: (row["advocate_since"], row["advocacy"])
            for one in author_ids
            for row in connection.execute(
                "SELECT author_id, advocate_since, advocacy FROM author_standing "
                "WHERE author_id = ? AND brand = ?",
                (one, brand),
            )
        }

    def quiet(self, brand: str, limit: int) -> list[QuietAdvocate]:
        """Give the advocates who have gone quiet, those who did last first."""
        rows = self._database.connection.execute(
            f"""
            SELECT q.advocate_since, q.days_spoken, q.usual_days, q.silent_days, q.limit_days, s.*
            FROM quiet_advocates q JOIN ({SELECT_MENTION}) s ON s.id = q.last_mention_id
            WHERE q.brand = ? ORDER BY q.last_seen_at DESC, s.id LIMIT ?
            """,
            (brand, limit),
        )
        return [_quiet(row) for row in rows]


@reads(
    "mentions",
    elsewhere=label_columns("id") | {"case_state": ("cases", "state", "mention_id", "id")},
)
def _word(row: sqlite3.Row) -> AdvocateWord:
    mention = mention_from(row)
    answered = mention.owner_reply is not None or (
        row["case_state"] is not None and CaseState(row["case_state"]) in _ANSWERED
    )
    verdict = verdict_from(row)
    return AdvocateWord(mention, verdict.experience, answered, verdict.sure)


@reads("mentions")
def _quiet(row: sqlite3.Row) -> QuietAdvocate:
    return QuietAdvocate(
        last=mention_from(row),
        advocate_since=from_iso(row["advocate_since"]) if row["advocate_since"] else None,
        days_spoken=row["days_spoken"],
        usual_days=row["usual_days"],
        silent_days=row["silent_days"],
        limit_days=row["limit_days"],
    )
