"""Verdicts, what waits for one, and what another model gave."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage.database import Database
from storage.models import Fate, Mention, Verdict, iso
from storage.rows import Unreadable, moment_in, read_each
from storage.tables.ledger import count_waiting_as
from storage.tables.mention_rows import OWN_TITLE, SELECT_MENTION, mention_from
from storage.tables.voice_rows import VERDICT_COLUMNS


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A verdict and the version of the mention that it was given for."""

    mention: Mention
    verdict: Verdict
    language: str | None = None


# A letter of any script that people write mentions in; emoji lie elsewhere.
_LETTER = "*[a-zA-Z\u00c0-\u1fff\u3040-\u9fff\uac00-\ud7a3]*"


class Verdicts:
    def __init__(self, database: Database) -> None:
        self._database = database

    def waiting(
        self,
        limit: int,
        *,
        without: Collection[str] = (),
        unreadable: Unreadable | None = None,
    ) -> list[Mention]:
        """Give mentions whose present text has no verdict, the newest first, undated ones last.

        The mentions in `without` are passed over, and those that cannot be read: see `read_each`.
        """
        rows = self._database.connection.execute(
            f"""
            {SELECT_MENTION} WHERE m.verdict_id IS NULL
                AND m.id NOT IN (SELECT value FROM json_each(?))
            ORDER BY m.created_at DESC LIMIT ?
            """,
            (json.dumps([*without]), limit),
        )
        return read_each(rows, mention_from, unreadable)

    def still_waiting(self, mention_ids: Collection[str]) -> list[str]:
        """Give those of the mentions whose present text has no verdict."""
        rows = self._database.connection.execute(
            "SELECT id FROM mentions "
            "WHERE id IN (SELECT value FROM json_each(?)) AND verdict_id IS NULL",
            (json.dumps([*mention_ids]),),
        )
        return [row[0] for row in rows]

    def count_waiting(self) -> int:
        return self._count("SELECT count(*) FROM mentions WHERE verdict_id IS NULL")

    def waiting_since(self) -> datetime | None:
        """Tell since when the oldest mention in the store waits for its verdict."""
        row = self._database.connection.execute(
            "SELECT min(fetched_at) FROM mentions WHERE verdict_id IS NULL"
        ).fetchone()
        return moment_in(row, "mentions", "fetched_at")

    def stale(
        self,
        models: Sequence[str],
        limit: int,
        *,
        languages: Sequence[str] = (),
        after: int = 0,
    ) -> tuple[list[Mention], int]:
        """Give mentions whose current verdict is by none of the model versions.

        Also those that no model could read, where there is one for their language now. Each call
        goes on `after` what the last one returned beside its mentions.
        """
        where, values = _stale(models, languages)
        rows = self._database.connection.execute(
            f"""
            {SELECT_MENTION} JOIN verdicts v ON v.id = m.verdict_id
            WHERE ({where}) AND m.seq > ? ORDER BY m.seq LIMIT ?
            """,
            (*values, after, limit),
        ).fetchall()
        return [mention_from(row) for row in rows], rows[-1]["seq"] if rows else after

    def count_stale(self, models: Sequence[str], *, languages: Sequence[str] = ()) -> int:
        where, values = _stale(models, languages)
        return self._count(
            "SELECT count(*) FROM mentions m JOIN verdicts v ON v.id = m.verdict_id "
            f"WHERE {where}",
            *values,
        )

    def count_unread(self) -> int:
        """Count mentions with words whose language no model reads."""
        return self._count(
            f"""
            -- CROSS: the few that could not be read are looked up among the mentions.
            SELECT count(*) FROM verdicts v
            CROSS JOIN mentions m ON m.id = v.mention_id AND m.verdict_id = v.id
            WHERE v.unread AND (
                (m.language IS NOT NULL AND m.language NOT LIKE 'en%')
                OR coalesce({OWN_TITLE}, '') || m.text GLOB '*[a-zA-Z]*'
            )
            """
        )

    def save(self, scored: Sequence[Scored], at: datetime) -> int:
        """Write verdicts in one transaction, and what language each text was found to be in.

        A mention whose text changed meanwhile keeps waiting. A version that was judged under an
        earlier model is not judged again. Returns how many became current.
        """
        current = 0
        columns = ", ".join(VERDICT_COLUMNS)
        marks = ", ".join(f":{column}" for column in VERDICT_COLUMNS)
        with self._database.transaction() as connection:
            for item in scored:
                values: dict[str, Any] = {
                    name: getattr(item.verdict, name) for name in VERDICT_COLUMNS
                }
                values |= {
                    "mention_id": item.mention.id,
                    "text_hash": item.mention.text_hash,
                    "scored_at": iso(at),
                }
                row = connection.execute(
                    f"""
                    INSERT INTO verdicts (mention_id, text_hash, scored_at, judged_at, {columns})
                    SELECT :mention_id, :text_hash, :scored_at, (
                        SELECT max(judged_at) FROM verdicts
                        WHERE mention_id = :mention_id AND text_hash = :text_hash
                    ), {marks}
                    WHERE EXISTS (SELECT 1 FROM mentions WHERE id = :mention_id)
                    ON CONFLICT (mention_id, model, text_hash) DO UPDATE SET
                        scored_at = excluded.scored_at,
                        judged_at = coalesce(judged_at, excluded.judged_at)
                    RETURNING id, judged_at
                    """,
                    values,
                ).fetchone()
                if row is None:
                    continue
                if row["judged_at"] is not None:
                    _keep_fate(connection, item.mention, row["id"])
                current += connection.execute(
                    # A source may know more of the language than the text tells: pt-BR.
                    """
                    UPDATE mentions SET verdict_id = :verdict, language = CASE
                        WHEN lower(language) LIKE :language || '-%' THEN language
                        ELSE coalesce(:language, language) END
                    WHERE id = :id AND text_hash = :text_hash
                    """,
                    {
                        "verdict": row["id"],
                        "language": item.language,
                        "id": item.mention.id,
                        "text_hash": item.mention.text_hash,
                    },
                ).rowcount
        return current

    def _count(self, sql: str, *parameters: object) -> int:
        return int(self._database.connection.execute(sql, parameters).fetchone()[0])


def _keep_fate(connection: sqlite3.Connection, mention: Mention, verdict_id: int) -> None:
    """Let a verdict on a text that was judged before have the fate of the one it follows.

    A text that was edited back to what the rules know waits for no rule: it is quiet.
    """
    before = connection.execute(
        """
        SELECT v.judged_at, v.fate FROM mentions m LEFT JOIN verdicts v ON v.id = m.verdict_id
        WHERE m.id = ? AND m.text_hash = ?
        """,
        (mention.id, mention.text_hash),
    ).fetchone()
    if before is None:
        return
    fate = before["fate"]
    if before["judged_at"] is None:
        fate = Fate.QUIET
        count_waiting_as(connection, f"'{fate}'", "m.id = :id", {"id": mention.id})
    connection.execute("UPDATE verdicts SET fate = ? WHERE id = ?", (fate, verdict_id))


def _stale(models: Sequence[str], languages: Sequence[str]) -> tuple[str, list[object]]:
    known = ", ".join("?" * len(models))
    where = f"v.model NOT IN ({known})"
    if not languages:
        return where, list(models)
    spoken = ", ".join("?" * len(languages))
    language = "lower(substr(m.language, 1, instr(m.language || '-', '-') - 1))"
    # A text with words that no model read was stored as its page's, before its own was decided.
    where += (
        f" OR (v.unread AND v.model = ? AND ({language} IN ({spoken})"
        f" OR (coalesce({language}, 'en') = 'en' AND m.text GLOB '{_LETTER}')))"
    )
    return where, [*models, models[0], *languages]
