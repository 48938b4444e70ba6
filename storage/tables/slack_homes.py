"""Who opened the app's Home in Slack: it is kept up to date for them alone."""

from __future__ import annotations

from datetime import datetime

from storage.database import Database
from storage.models import iso


class SlackHomes:
    def __init__(self, database: Database) -> None:
        self._database = database

    def opened(self, user_id: str, at: datetime) -> None:
        """Write that somebody opened their Home; safe to repeat."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO slack_homes (user_id, opened_at) VALUES (?, ?) "
                "ON CONFLICT (user_id) DO UPDATE SET opened_at = excluded.opened_at",
                (user_id, iso(at)),
            )

    def is_open(self, user_id: str) -> bool:
        """Tell whether somebody has ever opened their Home."""
        row = self._database.connection.execute(
            "SELECT 1 FROM slack_homes WHERE user_id = ?", (user_id,)
        ).fetchone()
        return row is not None
