"""All that the store knows of one mention, of one author, of one case."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

_SAME_AUTHOR = 10
_MOST_REPLIES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionFile:
    """A mention's row of `voice`, with what stands around it; each row as the store has it."""

    mention: dict[str, Any]
    versions: list[dict[str, Any]]
    verdicts: list[dict[str, Any]]
    corrections: list[dict[str, Any]]
    parent: dict[str, Any] | None
    parent_id: str | None
    replies: list[dict[str, Any]]
    original: dict[str, Any] | None
    copies: int
    case: dict[str, Any] | None
    events: list[dict[str, Any]]
    answers: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    by_author: list[dict[str, Any]]
    staff: list[str]


def mention_file(connection: sqlite3.Connection, seq: int) -> MentionFile | None:
    """Gather a mention by its row number; None where there is none."""
    mention = _one(connection, "SELECT * FROM voice WHERE seq = ?", seq)
    if mention is None:
        return None
    found = mention["id"]
    case = _one(
        connection,
        """
        SELECT * FROM cases WHERE mention_id = ?1
            OR id = (SELECT case_id FROM case_mentions WHERE mention_id = ?1)
        """,
        found,
    )
    return MentionFile(
        mention=mention,
        versions=_all(
            connection,
            "SELECT * FROM mention_versions WHERE mention_id = ? ORDER BY id DESC",
            found,
        ),
        verdicts=_all(
            connection, "SELECT * FROM verdicts WHERE mention_id = ? ORDER BY id DESC", found
        ),
        corrections=_all(
            connection, "SELECT * FROM corrections WHERE mention_id = ? ORDER BY id DESC", found
        ),
        parent=_one(connection, "SELECT * FROM voice WHERE id = ?", mention["parent_id"]),
        parent_id=mention["parent_id"],
        replies=_all(
            connection,
            "SELECT v.* FROM voice v WHERE v.parent_id = ? ORDER BY v.counted_at, v.id LIMIT ?",
            found,
            _MOST_REPLIES,
        ),
        original=_one(connection, "SELECT * FROM voice WHERE id = ?", mention["duplicate_of"]),
        copies=_count(connection, "SELECT count(*) FROM mentions WHERE duplicate_of = ?", found),
        case=case,
        events=case_events(connection, case["id"]) if case else [],
        answers=case_answers(connection, case["id"]) if case else [],
        messages=_all(
            connection,
            "SELECT id, kind, channel, state, created_at, sent_at, error FROM alerts "
            "WHERE mention_id = ? ORDER BY id",
            found,
        ),
        by_author=_all(
            connection,
            "SELECT * FROM voice WHERE author_id = ? AND brand = ? AND id <> ? "
            "ORDER BY created_at DESC, id DESC LIMIT ?",
            mention["author_id"],
            mention["brand"],
            found,
            _SAME_AUTHOR,
        ),
        staff=[
            row["name"]
            for row in _all(
                connection, "SELECT name FROM named_staff WHERE mention_id = ? ORDER BY 1", found
            )
        ],
    )


def seq_of(connection: sqlite3.Connection, mention_id: str) -> int | None:
    """Give the row number of a mention by its id."""
    row = _one(connection, "SELECT seq FROM mentions WHERE id = ?", mention_id)
    return int(row["seq"]) if row else None


def id_of(connection: sqlite3.Connection, seq: int) -> str | None:
    """Give the id of a mention by its row number."""
    row = _one(connection, "SELECT id FROM mentions WHERE seq = ?", seq)
    return str(row["id"]) if row else None


def mention_of_case(connection: sqlite3.Connection, case_id: int) -> str | None:
    """Give the id of the mention that made a case."""
    row = _one(connection, "SELECT mention_id FROM cases WHERE id = ?", case_id)
    return str(row["mention_id"]) if row else None


def case_of(connection: sqlite3.Connection, case_id: int) -> dict[str, Any] | None:
    """Give a case with the row number of its mention."""
    return _one(
        connection,
        "SELECT k.*, m.seq FROM cases k JOIN mentions m ON m.id = k.mention_id WHERE k.id = ?",
        case_id,
    )


def case_events(connection: sqlite3.Connection, case_id: int) -> list[dict[str, Any]]:
    """Give what happened to a case, in order."""
    return _all(connection, "SELECT * FROM case_events WHERE case_id = ? ORDER BY id", case_id)


def case_answers(connection: sqlite3.Connection, case_id: int) -> list[dict[str, Any]]:
    """Give what the team wrote to answer a case, in order."""
    return _all(connection, "SELECT * FROM replies WHERE case_id = ? ORDER BY id", case_id)


def case_joined(connection: sqlite3.Connection, case_id: int) -> list[dict[str, Any]]:
    """Give the further mentions that a case is about."""
    return _all(
        connection,
        "SELECT v.* FROM case_mentions j JOIN voice v ON v.id = j.mention_id "
        "WHERE j.case_id = ? ORDER BY j.joined_at, v.seq",
        case_id,
    )


def author_of(connection: sqlite3.Connection, author_id: str) -> dict[str, Any] | None:
    """Give an author's row."""
    return _one(connection, "SELECT * FROM authors WHERE id = ?", author_id)


def said_by(connection: sqlite3.Connection, author_id: str, limit: int) -> list[dict[str, Any]]:
    """Give what an author said of any brand, the newest first."""
    return _all(
        connection,
        "SELECT * FROM voice WHERE author_id = ? ORDER BY counted_at DESC, id DESC LIMIT ?",
        author_id,
        limit,
    )


def cases_of_author(connection: sqlite3.Connection, author_id: str) -> list[dict[str, Any]]:
    """Give the cases that an author's mentions made, the newest first."""
    return _all(
        connection,
        "SELECT k.* FROM mentions m JOIN cases k ON k.mention_id = m.id "
        "WHERE m.author_id = ? ORDER BY k.opened_at DESC, k.id DESC",
        author_id,
    )


def standing_of(connection: sqlite3.Connection, author_id: str) -> list[dict[str, Any]]:
    """Give where an author stands with each brand."""
    return _all(
        connection, "SELECT * FROM author_standing WHERE author_id = ? ORDER BY brand", author_id
    )


def muted_for(connection: sqlite3.Connection, author_id: str) -> list[str]:
    """Name the brands that hear no more of an author, one by one."""
    rows = _all(connection, "SELECT brand FROM mutes WHERE author_id = ? ORDER BY 1", author_id)
    return [row["brand"] for row in rows]


def _one(connection: sqlite3.Connection, sql: str, *values: object) -> dict[str, Any] | None:
    row = connection.execute(sql, values).fetchone()
    return dict(row) if row else None


def _all(connection: sqlite3.Connection, sql: str, *values: object) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(sql, values)]


def _count(connection: sqlite3.Connection, sql: str, *values: object) -> int:
    return int(connection.execute(sql, values).fetchone()[0])
