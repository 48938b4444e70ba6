"""In which cuts a mention counts that it has not by itself: its topics, staff and location.

Source, country, language and version are columns of `mention_facts`, and counted by triggers; so
is what stands here. Whoever owns a dimension calls `cut` inside the transaction that changes it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable


def cut(connection: sqlite3.Connection, seq: int, dimension: str, values: Iterable[str]) -> None:
    """Let a mention count for exactly these values of a dimension, inside a transaction.

    Its rows of `cut_days` follow, now and with each later change of its verdict or its day; once
    it is erased it stays counted. `dimension` is `topic`, `staff` or `location`.
    """
    wanted = set(values)
    known = {
        row[0]
        for row in connection.execute(
            "SELECT value FROM mention_cuts WHERE seq = ? AND dimension = ?", (seq, dimension)
        )
    }
    connection.executemany(
        "DELETE FROM mention_cuts WHERE seq = ? AND dimension = ? AND value = ?",
        [(seq, dimension, value) for value in sorted(known - wanted)],
    )
    connection.executemany(
        "INSERT INTO mention_cuts (seq, dimension, value) VALUES (?, ?, ?)",
        [(seq, dimension, value) for value in sorted(wanted - known)],
    )
