"""Checkpoints: the goal a brand walks towards, and those it has reached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from storage.database import Database
from storage.models import iso


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    id: int
    target: float


class Checkpoints:
    def __init__(self, database: Database) -> None:
        self._database = database

    def current(
        self, brand: str, metric: str, window_days: int, configured: float, at: datetime
    ) -> Checkpoint | None:
        """Give the goal that is not reached yet; None when no better one can be set.

        A `configured` target that was never a goal becomes the present one.
        """
        key = (brand, metric, window_days)
        of_goal = "brand = ? AND metric = ? AND window_days = ?"
        with self._database.transaction() as connection:
            connection.execute(
                """
                INSERT INTO checkpoints (brand, metric, window_days, target, set_at)
                VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
                """,
                (*key, configured, iso(at)),
            )
            row = connection.execute(
                f"SELECT id, target, reached_at FROM checkpoints WHERE {of_goal} "
                "ORDER BY id DESC LIMIT 1",
                key,
            ).fetchone()
        if row["reached_at"] is not None:
            return None
        return Checkpoint(id=row["id"], target=row["target"])

    def reach(
        self,
        checkpoint: Checkpoint,
        value: float,
        next_target: float | None,
        at: datetime,
    ) -> None:
        """Write that a goal was reached, and the next goal."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE checkpoints SET reached_at = ?, value = ? WHERE id = ?",
                (iso(at), value, checkpoint.id),
            )
            if next_target is not None:
                connection.execute(
                    """
                    INSERT INTO checkpoints (brand, metric, window_days, target, set_at)
                    SELECT brand, metric, window_days, ?, ? FROM checkpoints WHERE id = ?
                    ON CONFLICT DO NOTHING
                    """,
                    (next_target, iso(at), checkpoint.id),
                )
