"""Cases that wait for an answer, as of a moment, and how the answered ones went."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from storage.models import iso
from storage.page_reads.choice import Choice

# A case's age, from its opening, falls into the first of these that is longer.
AGES = (
    ("under 4 hours", timedelta(hours=4)),
    ("4 to 24 hours", timedelta(days=1)),
    ("1 to 3 days", timedelta(days=3)),
    ("3 to 7 days", timedelta(days=7)),
    ("over a week", timedelta.max),
)
WHICH = {
    "open": "k.state IN ('open', 'claimed')",
    # What waits for the customer is not late.
    "overdue": "k.state IN ('open', 'claimed') AND k.due_at < :now AND k.snoozed_until IS NULL",
    "unclaimed": "k.state = 'open' AND k.claimed_by IS NULL",
    "snoozed": "k.state IN ('open', 'claimed') AND k.snoozed_until IS NOT NULL",
    "answered": "k.responded_at IS NOT NULL AND k.state <> 'dismissed'",
    "late": "k.responded_at > k.due_at AND k.state <> 'dismissed'",
    "opened": "k.state <> 'dismissed'",
    "dismissed": "k.state = 'dismissed'",
}
# Only who asks for what a case does not know itself pays for its mention.
_FACTS = " CROSS JOIN mention_facts f ON f.seq = k.seq"
_WAITS = WHICH["open"]


def waiting_cases(
    connection: sqlite3.Connection, choice: Choice, now: datetime
) -> list[dict[str, Any]]:
    """Give each waiting case's times and owner, whenever it was opened: the due first is first."""
    cases, where, values = _of(choice)
    rows = connection.execute(
        f"""
        SELECT k.id, k.brand, k.state, k.opened_at, k.due_at, k.claimed_by, k.snoozed_until,
            k.due_at < :now AND k.snoozed_until IS NULL AS overdue
        FROM {cases} WHERE {_WAITS} AND {where} ORDER BY k.due_at, k.id
        """,
        values | {"now": iso(now)},
    )
    return [dict(row) for row in rows]


def case_page(
    connection: sqlite3.Connection,
    which: str,
    choice: Choice,
    opened: tuple[datetime | None, datetime | None],
    now: datetime,
    limit: int,
    offset: int,
) -> tuple[list[dict[str, Any]], int]:
    """Give cases opened between two moments with what was said, and how many there are in all."""
    cases, where, values = _of(choice)
    since, until = opened
    values |= {
        "now": iso(now),
        "since": since and iso(since),
        "until": until and iso(until),
        "limit": limit,
        "offset": offset,
    }
    where = (
        f"{WHICH[which]} AND {where} AND (:since IS NULL OR k.opened_at >= :since) "
        "AND (:until IS NULL OR k.opened_at < :until)"
    )
    order = (
        "k.due_at, k.id"
        if which in ("open", "overdue", "unclaimed", "snoozed")
        else ("k.opened_at DESC, k.id DESC")
    )
    rows = connection.execute(
        f"""
        SELECT k.id, k.brand, k.state, k.opened_at, k.due_at, k.claimed_by, k.snoozed_until,
            k.responded_at, k.closed_at, k.due_at < :now AND k.snoozed_until IS NULL AS overdue,
            v.seq, v.created_at, v.source, v.author, v.author_id, v.title, v.text, v.parent_id,
            v.translation, v.rating, v.rating_max, v.url, v.language, v.stance
        FROM (
            SELECT k.id FROM {cases} WHERE {where} ORDER BY {order} LIMIT :limit OFFSET :offset
        ) chosen
        JOIN cases k ON k.id = chosen.id
        JOIN voice v ON v.id = k.mention_id
        ORDER BY {order}
        """,
        values,
    ).fetchall()
    count = connection.execute(f"SELECT count(*) FROM {cases} WHERE {where}", values).fetchone()
    return [dict(row) for row in rows], int(count[0])


def answered(
    connection: sqlite3.Connection,
    choice: Choice,
    opened: tuple[datetime | None, datetime | None],
) -> dict[str, Any]:
    """Count the cases opened between two moments: all, answered, in time; and the median hours.

    `hours` are those to the first answer, by the clock; None where none was given.
    """
    cases, where, values = _of(choice)
    since, until = opened
    values |= {"since": since and iso(since), "until": until and iso(until)}
    rows = connection.execute(
        f"""
        SELECT k.responded_at <= k.due_at AS in_time,
            24 * (julianday(k.responded_at) - julianday(k.opened_at)) AS hours
        FROM {cases}
        WHERE k.state <> 'dismissed' AND {where}
            AND (:since IS NULL OR k.opened_at >= :since)
            AND (:until IS NULL OR k.opened_at < :until)
        ORDER BY hours
        """,
        values,
    ).fetchall()
    hours = [row["hours"] for row in rows if row["hours"] is not None]
    middle = len(hours)
    return {
        "cases": len(rows),
        "answered": len(hours),
        "in_time": sum(row["in_time"] or 0 for row in rows),
        "hours": (hours[(middle - 1) // 2] + hours[middle // 2]) / 2 if hours else None,
    }


def public_replies(connection: sqlite3.Connection, choice: Choice) -> int:
    """Count the complaints of a choice that have the brand's answer at their source."""
    angry = replace(choice, experience="angry", stance=None)
    where, values = angry.facts()
    answered = (
        "f.answered"
        if angry.table == "mention_facts"
        else "EXISTS (SELECT 1 FROM mention_facts a WHERE a.seq = f.seq AND a.answered)"
    )
    rows = f"{angry.table} f"
    if angry.table == "mention_facts" and not angry.few:
        rows += " INDEXED BY mention_facts_answered_by_day"
    row = connection.execute(
        f"SELECT count(*) AS n FROM {rows} WHERE {answered} AND {where}", values
    ).fetchone()
    return int(row["n"])


def _of(choice: Choice) -> tuple[str, str, dict[str, Any]]:
    """Give SQL for cases `k` whose mention fits the cuts of a choice, whatever its day."""
    cases, clauses, values = "cases k", ["1"], dict[str, Any]()
    for name, column in (("brand", "k.brand"), ("source", "+k.source")):
        if (value := getattr(choice, name)) is not None:
            clauses.append(f"{column} = :{name}")
            values[name] = value
    columns = {"country": "country", "language": "language", "version": "product_version"}
    for name, value in choice.cuts.items():
        if name == "source":
            continue
        cases = f"cases k{_FACTS}"
        clauses.append(
            f"+f.{columns[name]} = :{name}"
            if name in columns
            else "EXISTS (SELECT 1 FROM mention_cuts c "
            f"WHERE c.seq = f.seq AND c.dimension = '{name}' AND c.value = :cut_{name})"
        )
        values[name if name in columns else f"cut_{name}"] = value
    if choice.staff is not None:
        clauses.append("k.mention_id IN (SELECT mention_id FROM named_staff WHERE name = :staff)")
        values["staff"] = choice.staff
    return cases, " AND ".join(clauses), values
