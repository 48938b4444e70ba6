"""Who is signed in to the dashboards: a mark of each cookie, never the cookie itself."""

from __future__ import annotations

from datetime import datetime

from storage.database import Database
from storage.models import iso


class Sessions:
    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(
        self, mark: str, account: str, password_mark: str, at: datetime, ends_at: datetime
    ) -> None:
        """Let an account in until a moment, and let go of the sessions that are over."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM sessions WHERE ends_at <= ?", (iso(at),))
            connection.execute(
                "INSERT INTO sessions (mark, account, password_mark, began_at, ends_at) "
                "VALUES (?, ?, ?, ?, ?)",
                (mark, account, password_mark, iso(at), iso(ends_at)),
            )

    def find(self, mark: str, at: datetime) -> tuple[str, str] | None:
        """Give the account that a mark is of, and the mark of its password then; None: over."""
        row = self._database.connection.execute(
            "SELECT account, password_mark FROM sessions WHERE mark = ? AND ends_at > ?",
            (mark, iso(at)),
        ).fetchone()
        return (row["account"], row["password_mark"]) if row else None

    def end(self, mark: str) -> None:
        """End a session; safe to repeat."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM sessions WHERE mark = ?", (mark,))
