"""The counts of a day, brand and source that dashboards read: of what is stored and was erased.

A day once counted loses nothing: what the counts had of an erased mention goes to `erased_counts`,
and a day that is counted anew is the sum of both.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

_COUNTS = ("angry", "mediocre", "delighted", "none", "advocate", "hater")
COUNTED_AT = "coalesce(created_at, first_fetched_at, fetched_at)"
"""When a mention counts: it was written then, or without a date the store first got it then.

Indexes hold exactly this expression; the view `voice` has it as `counted_at`.
"""

# Of each day's mentions those without a date are found by an index of their own.
_OF_DAY = """
    brand = ?2 AND source = ?3 AND (
        (created_at >= ?1 AND created_at < date(?1, '+1 day'))
        OR (created_at IS NULL AND {at} >= ?1 AND {at} < date(?1, '+1 day'))
    )
"""
_VOICES_OF_DAY = _OF_DAY.format(at="counted_at")
_MENTIONS_OF_DAY = _OF_DAY.format(at=COUNTED_AT)


def roll_up(connection: sqlite3.Connection, touched: Iterable[tuple[str, str, str]]) -> None:
    """Count the named days anew; counting again is what keeps edits and repeats harmless.

    Copies and what is not about the brand are not counted: a day of nothing else has no row.
    """
    days = sorted(touched)
    connection.executemany(
        f"""
        INSERT INTO daily_counts
        SELECT ?1, ?2, ?3, sum(mentions), {", ".join(f"sum({name})" for name in _COUNTS)}
        FROM (
            SELECT count(*) AS mentions,
                coalesce(sum(experience = 'angry'), 0) AS angry,
                coalesce(sum(experience = 'mediocre'), 0) AS mediocre,
                coalesce(sum(experience = 'delighted'), 0) AS delighted,
                coalesce(sum(experience = 'none'), 0) AS none,
                coalesce(sum(stance = 'advocate'), 0) AS advocate,
                coalesce(sum(stance = 'hater'), 0) AS hater
            FROM voice WHERE {_VOICES_OF_DAY} AND experience IS NOT NULL AND counted
            UNION ALL
            SELECT mentions, {", ".join(_COUNTS)} FROM erased_counts
            WHERE day = ?1 AND brand = ?2 AND source = ?3
        )
        GROUP BY 1 HAVING sum(mentions) > 0
        ON CONFLICT (day, brand, source) DO UPDATE SET
            mentions = excluded.mentions, {", ".join(f"{n} = excluded.{n}" for n in _COUNTS)}
        """,
        days,
    )
    connection.executemany(
        f"""
        DELETE FROM daily_counts WHERE day = ?1 AND brand = ?2 AND source = ?3
        AND NOT EXISTS (
            SELECT 1 FROM erased_counts WHERE day = ?1 AND brand = ?2 AND source = ?3
        )
        AND NOT EXISTS (
            SELECT 1 FROM mentions
            WHERE {_MENTIONS_OF_DAY} AND duplicate_of IS NULL AND not_about IS NULL
        )
        """,
        days,
    )


def keep_counts(connection: sqlite3.Connection, chosen: str, value: str) -> None:
    """Keep what the counts have of mentions that are about to be erased, in the transaction.

    `chosen` is SQL that gives their ids for a `value`. One whose new text waits for a verdict is
    still counted by the verdict it had.
    """
    connection.execute(
        f"""
        INSERT INTO erased_counts
        SELECT substr({COUNTED_AT}, 1, 10), m.brand, m.source, count(*),
            sum(coalesce(c.experience, v.experience) = 'angry'),
            sum(coalesce(c.experience, v.experience) = 'mediocre'),
            sum(coalesce(c.experience, v.experience) = 'delighted'),
            sum(coalesce(c.experience, v.experience) = 'none'),
            sum(coalesce(c.stance, v.stance) = 'advocate'),
            sum(coalesce(c.stance, v.stance) = 'hater')
        FROM mentions m
        JOIN verdicts v ON v.id = coalesce(
            m.verdict_id, (SELECT max(k.id) FROM verdicts k WHERE k.mention_id = m.id)
        )
        LEFT JOIN corrections c ON c.id = (
            SELECT max(k.id) FROM corrections k
            WHERE k.mention_id = m.id AND k.text_hash = m.text_hash
        )
        WHERE m.id IN ({chosen}) AND m.duplicate_of IS NULL AND m.not_about IS NULL
        GROUP BY 1, 2, 3
        ON CONFLICT (day, brand, source) DO UPDATE SET
            mentions = mentions + excluded.mentions,
            {", ".join(f"{name} = {name} + excluded.{name}" for name in _COUNTS)}
        """,
        (value,),
    )
