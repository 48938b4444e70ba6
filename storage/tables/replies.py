"""Answers to complaints: drafted, approved, sent to their source, or given by hand."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from config.errors import InputError
from storage.database import Database
from storage.models import NewReply, Reply, ReplyState, from_iso, iso
from storage.rows import Unreadable, pass_over, read_each, reads

_SELECT = """
    SELECT r.*, coalesce(r.text_hash <> m.text_hash, 0) AS outdated
    FROM replies r LEFT JOIN mentions m ON m.id = r.mention_id
"""


class Replies:
    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, reply_id: int) -> Reply | None:
        rows = self._database.connection.execute(f"{_SELECT} WHERE r.id = ?", (reply_id,))
        return next(map(reply_from, rows), None)

    def of_case(self, case_id: int) -> list[Reply]:
        """Give all answers of a case, dropped ones too, the newest last."""
        rows = self._database.connection.execute(
            f"{_SELECT} WHERE r.case_id = ? ORDER BY r.id", (case_id,)
        )
        return [reply_from(row) for row in rows]

    def sending(self, unreadable: Unreadable = pass_over) -> list[Reply]:
        """Give the answers of which a row of the outbox tells how far they are."""
        rows = self._database.connection.execute(
            f"{_SELECT} WHERE r.state = 'sending' ORDER BY r.id"
        )
        return read_each(rows, reply_from, unreadable)

    def write(self, new: NewReply) -> Reply:
        """Write an answer down in the place of those of its case that are not sent.

        InputError where one is on its way to the source: two of them could both arrive.
        """
        with self._database.transaction() as connection:
            row = connection.execute(
                "SELECT author FROM replies WHERE case_id = ? AND state = 'sending'",
                (new.case_id,),
            ).fetchone()
            if row is not None:
                raise InputError(
                    f"case {new.case_id}: an answer by {row['author']} is on its way: wait until "
                    "it is sent"
                )
            connection.execute(
                "UPDATE replies SET state = 'dropped' WHERE case_id = ? "
                "AND state IN ('draft', 'waiting', 'copied', 'failed')",
                (new.case_id,),
            )
            reply_id = connection.execute(
                """
                INSERT INTO replies (case_id, mention_id, text, state, author, author_id,
                    written_at, text_hash, url, sent_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
                """,
                (
                    new.case_id, new.mention_id, new.text, new.state, new.author, new.author_id,
                    iso(new.written_at), new.text_hash, new.url,
                    iso(new.sent_at) if new.sent_at else None,
                ),
            ).fetchone()[0]  # fmt: skip
            return reply_from(
                connection.execute(f"{_SELECT} WHERE r.id = ?", (reply_id,)).fetchone()
            )

    def move(
        self,
        reply_id: int,
        was: ReplyState,
        to: ReplyState,
        *,
        by: str | None = None,
        by_id: str | None = None,
        note: str | None = None,
        alert_key: str | None = None,
        url: str | None = None,
        sent_at: datetime | None = None,
        error: str | None = None,
    ) -> bool:
        """Bring an answer from one state to another; False where it `was` not in that state.

        What is not given stays, except for the `error`, which goes.
        """
        with self._database.transaction() as connection:
            return bool(
                connection.execute(
                    """
                    UPDATE replies SET state = ?, decided_by = coalesce(?, decided_by),
                        decided_by_id = coalesce(?, decided_by_id), note = coalesce(?, note),
                        alert_key = coalesce(?, alert_key), url = coalesce(?, url),
                        sent_at = coalesce(?, sent_at), error = ?
                    WHERE id = ? AND state = ?
                    """,
                    (
                        to,
                        by,
                        by_id,
                        note,
                        alert_key,
                        url,
                        iso(sent_at) if sent_at else None,
                        error,
                        reply_id,
                        was,
                    ),
                ).rowcount
            )


def latest_reply(connection: sqlite3.Connection, case_id: int) -> Reply | None:
    """Give the newest answer of a case that was not dropped."""
    rows = connection.execute(
        f"{_SELECT} WHERE r.case_id = ? AND r.state <> 'dropped' ORDER BY r.id DESC LIMIT 1",
        (case_id,),
    )
    return next(map(reply_from, rows), None)


def note_by_hand(connection: sqlite3.Connection, case_id: int, at: datetime) -> None:
    """Let the answer that somebody was to post by hand stand at its source."""
    connection.execute(
        "UPDATE replies SET state = 'sent', sent_at = ? WHERE case_id = ? AND state = 'copied'",
        (iso(at), case_id),
    )


@reads("replies")
def reply_from(row: sqlite3.Row) -> Reply:
    """Make a Reply of a row, with whether its mention changed since as `outdated`."""
    return Reply(
        id=row["id"],
        case_id=row["case_id"],
        mention_id=row["mention_id"],
        text=row["text"],
        state=ReplyState(row["state"]),
        author=row["author"],
        author_id=row["author_id"],
        written_at=from_iso(row["written_at"]),
        text_hash=row["text_hash"],
        decided_by=row["decided_by"],
        note=row["note"],
        alert_key=row["alert_key"],
        url=row["url"],
        sent_at=from_iso(row["sent_at"]) if row["sent_at"] else None,
        error=row["error"],
        outdated=bool(row["outdated"]),
    )
