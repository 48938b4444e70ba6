"""Whether mentions are about their brand: people's yes and no, the brand's model, its doubts."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.database import Database
from storage.models import Mention, from_iso, iso
from storage.rows import reads
from storage.tables.case_file import is_first_click
from storage.tables.mention_rows import SELECT_MENTION, mention_from
from storage.tables.not_about import judge_again, let_model_decide, set_not_about

NEWEST = 5000
"""Of a brand so many mentions are weighed, the newest: older ones are counted as they are."""

# The last word of people on each mention.
_LAST = "l.id IN (SELECT max(id) FROM relevance_labels GROUP BY mention_id)"
# What may be asked about: a copy stands for nothing, a deleted one is past.
_OPEN = """
    m.brand = :brand AND m.deleted_at IS NULL AND m.duplicate_of IS NULL
    AND NOT EXISTS (SELECT 1 FROM relevance_labels l WHERE l.mention_id = m.id)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """A mention of which a person said whether it is about the brand: their last word."""

    mention: Mention
    about: bool
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredModel:
    """A brand's model as text; `learnt_from` names all that it was learnt from."""

    brand: str
    trained_at: datetime
    learnt_from: str
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What the model says of one text: the probability that it is about the brand.

    None as probability where nothing may be said of it, or no model is there yet; a text that was
    not read has no `vector` by the `encoder`. `dropped` where the config lets the model take it
    out of the counts.
    """

    mention: Mention
    encoder: str
    vector: bytes | None = None
    p_about: float | None = None
    weighed: bool = True
    dropped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubted:
    """A mention and the probability that it is about its brand; `not_about`: who took it out."""

    mention: Mention
    p_about: float | None
    not_about: str | None


class Relevance:
    def __init__(self, database: Database) -> None:
        self._database = database

    def say(
        self,
        mention_id: str,
        *,
        about: bool,
        by: str,
        by_id: str | None,
        at: datetime,
        click: str | None = None,
    ) -> bool:
        """Record a person's word, and count the mention or take it out of the counts.

        What the rules passed over meanwhile waits for them again when it comes back. False where
        there is no such mention, people said so last, or the click was seen already.
        """
        with self._database.transaction() as connection:
            if click is not None and not is_first_click(connection, click, at):
                return False
            if self._last_word(connection, mention_id) is about:
                return False
            if about:
                judge_again(connection, mention_id)
            added = connection.execute(
                "INSERT INTO relevance_labels (mention_id, about, said_by, said_by_id, said_at) "
                "SELECT id, ?2, ?3, ?4, ?5 FROM mentions WHERE id = ?1",
                (mention_id, about, by, by_id, iso(at)),
            ).rowcount
            if added:
                set_not_about(connection, [mention_id], None if about else "person")
            return bool(added)

    def last_word(self, mention_id: str) -> bool | None:
        """Give what people said last of a mention; None where nobody did."""
        return self._last_word(self._database.connection, mention_id)

    def taught(self, brand: str) -> list[Taught]:
        """Give a brand's taught mentions, in the order in which people spoke."""
        rows = self._database.connection.execute(
            f"""
            {SELECT_MENTION.replace("SELECT ", "SELECT l.about, l.said_by, l.said_at, ", 1)}
            JOIN relevance_labels l ON l.mention_id = m.id
            WHERE m.brand = ? AND {_LAST} ORDER BY l.id
            """,
            (brand,),
        )
        return [_taught(row) for row in rows]

    def labels(self, brand: str) -> str:
        """Name the present labels of a brand: new ones, and erased ones, change the name."""
        row = self._database.connection.execute(
            f"""
            SELECT count(*), coalesce(sum(l.about), 0), coalesce(sum(l.id), 0)
            FROM relevance_labels l JOIN mentions m ON m.id = l.mention_id
            WHERE m.brand = ? AND {_LAST}
            """,
            (brand,),
        ).fetchone()
        count, yes, ids = row
        return f"{yes} yes, {count - yes} no, {ids}"

    def brands(self) -> list[str]:
        """Name the brands that have labels or a model."""
        rows = self._database.connection.execute(
            """
            SELECT m.brand FROM relevance_labels l JOIN mentions m ON m.id = l.mention_id
            UNION SELECT brand FROM relevance_models ORDER BY 1
            """
        )
        return [row[0] for row in rows]

    def model(self, brand: str) -> StoredModel | None:
        row = self._database.connection.execute(
            "SELECT * FROM relevance_models WHERE brand = ?", (brand,)
        ).fetchone()
        return _model(row) if row else None

    def save_model(self, model: StoredModel) -> None:
        """Put a brand's model in the place of the last one; what that one said is forgotten."""
        with self._database.transaction() as connection:
            connection.execute(
                """
                INSERT INTO relevance_models (brand, trained_at, learnt_from, model)
                VALUES (:brand, :trained_at, :learnt_from, :model)
                ON CONFLICT (brand) DO UPDATE SET trained_at = excluded.trained_at,
                    learnt_from = excluded.learnt_from, model = excluded.model
                """,
                {
                    "brand": model.brand,
                    "trained_at": iso(model.trained_at),
                    "learnt_from": model.learnt_from,
                    "model": model.model,
                },
            )
            connection.execute(
                "UPDATE relevance_vectors SET weighed = 0, p_about = NULL "
                "WHERE mention_id IN (SELECT id FROM mentions WHERE brand = ?)",
                (model.brand,),
            )

    def forget_model(self, brand: str) -> None:
        """Take back a model that the labels bear out no more, with all that it said."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM relevance_models WHERE brand = ?", (brand,))
            rows = connection.execute(
                "SELECT id FROM mentions WHERE brand = ? AND not_about = 'model'", (brand,)
            ).fetchall()
            set_not_about(connection, [row[0] for row in rows], None)
            connection.execute(
                "DELETE FROM relevance_vectors "
                "WHERE mention_id IN (SELECT id FROM mentions WHERE brand = ?)",
                (brand,),
            )

    def vectors(self, mention_ids: Sequence[str], encoder: str) -> dict[str, bytes]:
        """Give the vectors of those mentions whose present text has one by this encoder."""
        rows = self._database.connection.execute(
            """
            SELECT w.mention_id, w.vector FROM relevance_vectors w
            JOIN mentions m ON m.id = w.mention_id AND m.text_hash = w.text_hash
            WHERE w.vector IS NOT NULL AND w.encoder = ?
                AND w.mention_id IN (SELECT value FROM json_each(?))
            """,
            (encoder, json.dumps([*mention_ids])),
        )
        return {row["mention_id"]: row["vector"] for row in rows}

    def unweighed(
        self, brand: str, encoder: str, limit: int, *, without: Collection[str] = ()
    ) -> list[Mention]:
        """Give a brand's mentions that its model has not weighed, the newest first.

        Only the NEWEST are looked at; those of the sources in `without` are passed over.
        """
        rows = self._database.connection.execute(
            f"""
            {SELECT_MENTION}
            LEFT JOIN relevance_vectors w ON w.mention_id = m.id
                AND w.text_hash = m.text_hash AND w.encoder = :encoder
            WHERE m.seq IN (
                SELECT seq FROM mentions WHERE brand = :brand ORDER BY seq DESC LIMIT :newest
            ) AND {_OPEN} AND coalesce(w.weighed, 0) = 0
                AND m.source NOT IN (SELECT value FROM json_each(:without))
            ORDER BY m.seq DESC LIMIT :limit
            """,
            {
                "brand": brand,
                "encoder": encoder,
                "newest": NEWEST,
                "limit": limit,
                "without": json.dumps([*without]),
            },
        )
        return [mention_from(row) for row in rows]

    def weigh(self, weighed: Iterable[Weighed]) -> None:
        """Write what the model says, and count or take out what it says it of; safe to repeat.

        What a person had a word on, and what people have as a case or message, stays as it is.
        """
        with self._database.transaction() as connection:
            for one in weighed:
                connection.execute(
                    """
                    INSERT INTO relevance_vectors
                        (mention_id, text_hash, encoder, vector, weighed, p_about)
                    SELECT id, text_hash, ?3, ?4, ?5, ?6 FROM mentions
                    WHERE id = ?1 AND text_hash = ?2
                    ON CONFLICT (mention_id) DO UPDATE SET text_hash = excluded.text_hash,
                        encoder = excluded.encoder, vector = excluded.vector,
                        weighed = excluded.weighed, p_about = excluded.p_about
                    """,
                    (
                        one.mention.id,
                        one.mention.text_hash,
                        one.encoder,
                        one.vector,
                        one.weighed,
                        one.p_about,
                    ),
                )
                if one.weighed:
                    let_model_decide(connection, one.mention.id, "model" if one.dropped else None)

    def doubtful(self, brand: str, below: float | None, limit: int) -> list[Doubted]:
        """Give the mentions that are least likely about a brand and have no label.

        With `below` only those under that probability, likeliest no first.
        """
        rows = self._database.connection.execute(
            f"""
            {SELECT_MENTION.replace("SELECT ", "SELECT w.p_about, ", 1)}
            JOIN relevance_vectors w ON w.mention_id = m.id AND w.text_hash = m.text_hash
            WHERE {_OPEN} AND w.p_about IS NOT NULL AND (:below IS NULL OR w.p_about < :below)
            ORDER BY w.p_about, m.seq LIMIT :limit
            """,
            {"brand": brand, "below": below, "limit": limit},
        )
        return [_doubted(row) for row in rows]

    def untaught(self, brand: str, limit: int) -> list[Mention]:
        """Give a brand's newest mentions that have no label, model or none."""
        rows = self._database.connection.execute(
            f"{SELECT_MENTION} WHERE {_OPEN} ORDER BY m.seq DESC LIMIT :limit",
            {"brand": brand, "limit": limit},
        )
        return [mention_from(row) for row in rows]

    def standing(self, mention_id: str) -> Doubted | None:
        """Tell how a mention stands: its probability by the model, and who took it out."""
        row = self._database.connection.execute(
            f"""
            {SELECT_MENTION.replace("SELECT ", "SELECT w.p_about, ", 1)}
            LEFT JOIN relevance_vectors w ON w.mention_id = m.id AND w.text_hash = m.text_hash
            WHERE m.id = ?
            """,
            (mention_id,),
        ).fetchone()
        return _doubted(row) if row else None

    def forget_vectors(self, newest: int = NEWEST) -> int:
        """Erase vectors of mentions that are no more among a brand's `newest`, nor taught.

        Returns how many.
        """
        with self._database.transaction() as connection:
            erased = 0
            for brand in self.brands():
                erased += connection.execute(
                    """
                    DELETE FROM relevance_vectors WHERE mention_id IN (
                        SELECT id FROM mentions WHERE brand = ?1 AND seq < (
                            SELECT min(seq) FROM (
                                SELECT seq FROM mentions WHERE brand = ?1
                                ORDER BY seq DESC LIMIT ?2
                            )
                        )
                    ) AND mention_id NOT IN (SELECT mention_id FROM relevance_labels)
                    """,
                    (brand, newest),
                ).rowcount
            return erased

    @staticmethod
    def _last_word(connection: sqlite3.Connection, mention_id: str) -> bool | None:
        row = connection.execute(
            "SELECT about FROM relevance_labels WHERE mention_id = ? ORDER BY id DESC LIMIT 1",
            (mention_id,),
        ).fetchone()
        return bool(row["about"]) if row else None


@reads("mentions")
def _doubted(row: sqlite3.Row) -> Doubted:
    return Doubted(mention=mention_from(row), p_about=row["p_about"], not_about=row["not_about"])


@reads("relevance_labels", "mention_id", named="id")
def _taught(row: sqlite3.Row) -> Taught:
    return Taught(
        mention=mention_from(row),
        about=bool(row["about"]),
        by=row["said_by"],
        at=from_iso(row["said_at"]),
    )


@reads("relevance_models", "brand")
def _model(row: sqlite3.Row) -> StoredModel:
    return StoredModel(
        brand=row["brand"],
        trained_at=from_iso(row["trained_at"]),
        learnt_from=row["learnt_from"],
        model=row["model"],
    )
