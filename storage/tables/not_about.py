"""Which mentions are taken out of the counts because they are not about their brand."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from storage.tables.ledger import wait_again


def let_model_decide(connection: sqlite3.Connection, mention_id: str, by: str | None) -> None:
    """Take a mention out or back in, unless people decided, or have it as a case or message."""
    row = connection.execute(
        """
        SELECT 1 FROM mentions m WHERE id = ?1 AND not_about IS NOT ?2
            AND NOT EXISTS (SELECT 1 FROM relevance_labels WHERE mention_id = m.id)
            AND NOT EXISTS (SELECT 1 FROM cases WHERE mention_id = m.id)
            AND NOT EXISTS (SELECT 1 FROM case_mentions WHERE mention_id = m.id)
            AND NOT EXISTS (
                SELECT 1 FROM alerts WHERE dedupe_key IN (wow_key(m.id), complaint_key(m.id))
            )
        """,
        (mention_id, by),
    ).fetchone()
    if row is not None:
        set_not_about(connection, [mention_id], by)


def set_not_about(
    connection: sqlite3.Connection, mention_ids: Sequence[str], by: str | None
) -> None:
    """Take mentions out of the counts or back in."""
    connection.executemany(
        "UPDATE mentions SET not_about = ? WHERE id = ?", [(by, one) for one in mention_ids]
    )


def judge_again(connection: sqlite3.Connection, mention_id: str) -> None:
    """Let the rules see a mention that they passed over because it was taken out."""
    row = connection.execute(
        """
        SELECT id FROM verdicts
        WHERE id = (SELECT verdict_id FROM mentions WHERE id = ?1 AND not_about IS NOT NULL)
            AND judged_at >= coalesce(
                (SELECT max(said_at) FROM relevance_labels WHERE mention_id = ?1), ''
            )
        """,
        (mention_id,),
    ).fetchone()
    if row is not None:
        wait_again(connection, row["id"])
