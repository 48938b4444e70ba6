"""What keeps its place in the counts while it is erased.

Triggers count each mention into `cut_days` (see decision 31) and take it out when it changes; what
is erased is not taken out.
"""

from __future__ import annotations

import sqlite3

COUNTED_AT = "coalesce(created_at, first_fetched_at, fetched_at)"
"""When a mention counts: it was written then, or without a date the store first got it then.

Indexes hold exactly this expression; the view `voice` has it as `counted_at`.
"""


def keep_counts(connection: sqlite3.Connection, chosen: str, value: str) -> None:
    """Keep what the counts have of mentions that are about to be erased, in the transaction.

    `chosen` is SQL that gives their ids for a `value`. One whose new text waits for a verdict is
    counted by the verdict it had.
    """
    connection.execute(
        f"""
        UPDATE mention_facts SET (experience, stance) = (
            SELECT v.experience, v.stance FROM verdicts v WHERE v.id = (
                SELECT max(k.id) FROM verdicts k
                JOIN mentions m ON m.id = k.mention_id AND m.seq = mention_facts.seq
            )
        )
        WHERE experience IS NULL AND seq IN (SELECT seq FROM mentions WHERE id IN ({chosen}))
        """,
        (value,),
    )
    connection.execute(
        "DELETE FROM mention_facts WHERE seq IN "
        f"(SELECT seq FROM mentions WHERE id IN ({chosen}))",
        (value,),
    )
