"""What is spent of the daily quotas of sources, by account and day."""

from __future__ import annotations

from storage.database import Database


class Quotas:
    def __init__(self, database: Database) -> None:
        self._database = database

    def spend(self, account: str, day: str, cost: int, limit: int) -> bool:
        """Take `cost` from a day's quota unless that would pass `limit`; tells whether it did."""
        with self._database.transaction() as connection:
            row = connection.execute(
                """
                INSERT INTO quotas (account, day, spent) SELECT ?1, ?2, ?3 WHERE ?3 <= ?4
                ON CONFLICT (account, day) DO UPDATE SET spent = spent + excluded.spent
                    WHERE spent + excluded.spent <= ?4
                RETURNING spent
                """,
                (account, day, cost, limit),
            ).fetchone()
            if row and row[0] == cost:
                # The first of a day: what is older than last week's days helps nobody.
                connection.execute("DELETE FROM quotas WHERE day < date(?, '-7 days')", (day,))
        return row is not None
