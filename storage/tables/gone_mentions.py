"""What was deleted at its source: it is marked, its words and counts stay."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from storage.models import iso


def mark_gone(connection: sqlite3.Connection, ids: Sequence[str], at: datetime) -> int:
    """Mark mentions deleted; what waits to be told of them is not told any more."""
    deleted = 0
    for mention_id in ids:
        marked = connection.execute(
            "UPDATE mentions SET deleted_at = ? WHERE id = ? AND deleted_at IS NULL",
            (iso(at), mention_id),
        ).rowcount
        if not marked:
            continue
        deleted += 1
        # One that Slack may have is settled first: its thread must know where it is. What people
        # did to the mention's own case is told all the same: a colleague waits for it.
        connection.execute(
            "UPDATE alerts SET state = 'dropped', next_attempt_at = NULL, error = NULL, "
            "trouble = NULL WHERE mention_id = ? AND state IN ('pending', 'parked') "
            "AND NOT may_be_posted AND root_key IS NOT complaint_key(mention_id)",
            (mention_id,),
        )
    return deleted
