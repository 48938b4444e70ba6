"""People's labels, which override the model's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from storage.database import Database
from storage.models import Experience, Stance, iso, own_title
from storage.rows import reads
from storage.tables.voice_rows import label, label_columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """A text that a person labelled, as it was then; a head that they left is the model's.

    `title` is the writer's own, as in `Mention.own_title`.
    """

    mention_id: str
    title: str | None
    text: str
    rating: float | None
    rating_max: float | None
    experience: Experience
    stance: Stance


class Corrections:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        mention_id: str,
        *,
        experience: Experience | None,
        stance: Stance | None,
        by: str,
        at: datetime,
        note: str | None = None,
    ) -> bool:
        """Record a person's label for the present text.

        A head that is not given keeps what people said of it before. False when there is no such
        mention.
        """
        with self._database.transaction() as connection:
            row = connection.execute(
                "SELECT text_hash FROM mentions WHERE id = ?", (mention_id,)
            ).fetchone()
            if row is None:
                return False
            connection.execute(
                """
                INSERT INTO corrections
                    (mention_id, text_hash, experience, stance, corrected_by, corrected_at, note)
                SELECT :id, :hash, coalesce(:experience, max(c.experience)),
                    coalesce(:stance, max(c.stance)), :by, :at, :note
                FROM (SELECT 1) LEFT JOIN corrections c ON c.id = (
                    SELECT max(k.id) FROM corrections k
                    WHERE k.mention_id = :id AND k.text_hash = :hash
                )
                """,
                {
                    "id": mention_id,
                    "hash": row["text_hash"],
                    "experience": experience,
                    "stance": stance,
                    "by": by,
                    "at": iso(at),
                    "note": note,
                },
            )
        return True

    def of(self, mention_id: str) -> tuple[Experience | None, Stance | None] | None:
        """Give what people said last of a mention's present text; None where nobody did."""
        row = self._database.connection.execute(
            """
            SELECT m.id AS mention_id, c.experience, c.stance FROM mentions m
            JOIN corrections c ON c.mention_id = m.id AND c.text_hash = m.text_hash
            WHERE m.id = ? ORDER BY c.id DESC LIMIT 1
            """,
            (mention_id,),
        ).fetchone()
        return _labels(row) if row else None

    def texts(self) -> Iterator[Corrected]:
        """Give every text that a person labelled, in the version that they read.

        What was deleted at its source is left out, and so is a version that is kept no more.
        """
        rows = self._database.connection.execute(
            """
            SELECT c.mention_id, m.parent_id, c.experience AS c_experience, c.stance AS c_stance,
                v.experience AS v_experience, v.stance AS v_stance,
                iif(m.text_hash = c.text_hash, m.title, o.title) AS title,
                iif(m.text_hash = c.text_hash, m.text, o.text) AS text,
                iif(m.text_hash = c.text_hash, m.rating, o.rating) AS rating,
                iif(m.text_hash = c.text_hash, m.rating_max, o.rating_max) AS rating_max
            FROM corrections c
            JOIN mentions m ON m.id = c.mention_id AND m.deleted_at IS NULL
            LEFT JOIN mention_versions o ON o.id = (
                SELECT max(k.id) FROM mention_versions k
                WHERE k.mention_id = c.mention_id AND k.text_hash = c.text_hash
            )
            LEFT JOIN verdicts v ON v.id = (
                SELECT max(k.id) FROM verdicts k
                WHERE k.mention_id = c.mention_id AND k.text_hash = c.text_hash
            )
            WHERE c.id IN (SELECT max(id) FROM corrections GROUP BY mention_id, text_hash)
                AND (m.text_hash = c.text_hash OR o.id IS NOT NULL)
                AND coalesce(c.experience, v.experience) IS NOT NULL
                AND coalesce(c.stance, v.stance) IS NOT NULL
            ORDER BY c.id
            """
        )
        yield from map(_corrected, rows)


@reads("corrections", "mention_id")
def _labels(row: sqlite3.Row) -> tuple[Experience | None, Stance | None]:
    return (
        Experience(row["experience"]) if row["experience"] else None,
        Stance(row["stance"]) if row["stance"] else None,
    )


@reads("mentions", elsewhere=label_columns("mention_id"))
def _corrected(row: sqlite3.Row) -> Corrected:
    return Corrected(
        mention_id=row["mention_id"],
        title=own_title(row["title"], row["text"], row["parent_id"]),
        text=row["text"],
        rating=row["rating"],
        rating_max=row["rating_max"],
        experience=label(row, "experience", Experience),
        stance=label(row, "stance", Stance),
    )
