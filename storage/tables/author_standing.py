"""Where each author stands with a brand, and who changed their mind.

Triggers name in `standing_due` whose mentions changed; before each commit their rows are worked
out anew, however many of their mentions the transaction changed.
"""

from __future__ import annotations

import sqlite3

# A name with more mentions is many people's ("Anonymous").
_ONE_PERSON = 500

_DATED = "counted AND dated"


def _latest(is_now: str, turned: str) -> str:
    """Say whether the last that an author said of it leaves them there; 1 where none is dated."""
    return f"""coalesce((
        SELECT p.stance = '{is_now}' AND p.experience <> '{turned}' FROM mention_facts p
        WHERE p.author_id = f.author_id AND p.brand = f.brand AND p.dated AND p.counted
            AND (p.stance <> 'neither' OR p.experience = '{turned}')
        ORDER BY p.counted_at DESC, p.seq DESC LIMIT 1
    ), 1)"""


# CROSS: from the few that are due to their mentions.
_STANDING = f"""
    INSERT INTO author_standing
    SELECT f.author_id, f.brand, count(*),
        {
    ", ".join(
        f"coalesce(sum(f.experience = '{one}') FILTER (WHERE counted), 0)"
        for one in ("angry", "mediocre", "delighted", "none")
    )
},
        count(*) FILTER (WHERE stance = 'advocate' AND counted) AS advocacy,
        count(*) FILTER (WHERE stance = 'hater' AND counted) AS warnings,
        min(counted_at) FILTER (WHERE dated), max(counted_at) FILTER (WHERE dated),
        min(counted_at) FILTER (WHERE stance = 'advocate' AND {_DATED}),
        max(counted_at) FILTER (WHERE stance = 'advocate' AND {_DATED}),
        min(counted_at) FILTER (WHERE stance = 'hater' AND {_DATED}),
        max(counted_at) FILTER (WHERE stance = 'hater' AND {_DATED}),
        max(reach),
        count(*) FILTER (WHERE stance = 'advocate' AND counted) > 0
            AND {_latest("advocate", "angry")},
        count(*) FILTER (WHERE stance = 'hater' AND counted) > 0
            AND {_latest("hater", "delighted")},
        count(DISTINCT day) FILTER (WHERE {_DATED})
    FROM standing_due d
    CROSS JOIN mention_facts f ON f.author_id = d.author_id AND f.brand = d.brand
    GROUP BY f.author_id, f.brand
"""

# Who had turned already does not turn again: the rules of the alerts say the same.
_FLIPS = f"""
    WITH told AS MATERIALIZED (
        SELECT f.seq, f.author_id, f.brand, f.source, f.counted_at, f.experience, f.stance
        FROM standing_due d
        CROSS JOIN author_standing s ON s.author_id = d.author_id AND s.brand = d.brand
        CROSS JOIN mention_facts f ON f.author_id = d.author_id AND f.brand = d.brand
        WHERE s.mentions BETWEEN 2 AND {_ONE_PERSON} AND s.advocacy + s.warnings > 0
            AND f.counted AND f.dated AND f.experience IS NOT NULL
    ),
    before AS (
        SELECT told.*,
            max(
                CASE WHEN stance <> 'neither'
                THEN counted_at || printf('%020d', seq) || substr(stance, 1, 1) END
            ) OVER earlier AS took,
            max(
                CASE WHEN experience <> 'none'
                THEN counted_at || printf('%020d', seq) || substr(experience, 1, 1) END
            ) OVER earlier AS felt
        FROM told
        WINDOW earlier AS (
            PARTITION BY author_id, brand ORDER BY counted_at, seq
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        )
    )
    INSERT INTO author_flips
    SELECT seq, author_id, brand, source, counted_at,
        iif(experience = 'angry', 'lost_advocate', 'won_back'),
        substr(took, 1, length(took) - 21)
    FROM before
    WHERE CASE substr(took, -1)
        WHEN 'a' THEN experience = 'angry' AND coalesce(substr(felt, -1), '') <> 'a'
        WHEN 'h' THEN (experience = 'delighted' OR (stance = 'advocate' AND experience <> 'angry'))
            AND coalesce(substr(felt, -1), '') <> 'd'
    END
"""


def settle(connection: sqlite3.Connection) -> None:
    """Work out where the authors stand whose mentions this transaction changed."""
    if connection.execute("SELECT 1 FROM standing_due LIMIT 1").fetchone() is None:
        return
    for table in ("author_standing", "author_flips"):
        connection.execute(
            f"DELETE FROM {table} WHERE (author_id, brand) IN "
            "(SELECT author_id, brand FROM standing_due)"
        )
    connection.execute(_STANDING)
    connection.execute(_FLIPS)
    connection.execute("DELETE FROM standing_due")
