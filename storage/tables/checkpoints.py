"""Checkpoints: the goal a brand walks towards, those it has reached, and those that were left."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from storage.database import Database
from storage.models import iso


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """`lowered_from` is the goal that this one took the place of, where the config lowered it."""

    id: int
    target: float
    lowered_from: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a brand stands: the window's share, its 95% interval, and how sure the chart is."""

    value: float | None
    low: float
    high: float
    n: int
    sure: float


class Checkpoints:
    def __init__(self, database: Database) -> None:
        self._database = database

    def current(
        self,
        brand: str,
        metric: str,
        window_days: int,
        configured: float,
        at: datetime,
        *,
        less_is_better: bool = False,
    ) -> Checkpoint | None:
        """Give the goal that is not reached yet; None while none is set.

        The goal follows the config when the target there changes: a better one is the next goal,
        a worse one takes the present goal's place, and the row says from what it was lowered.
        """
        key = (brand, metric, window_days)
        with self._database.transaction() as connection:
            last = _last(connection, key)
            if last is None:
                _set(connection, key, configured, configured, at)
            elif last["configured"] != configured:
                _follow(connection, key, last, configured, at, less_is_better)
            row = _last(connection, key)
        assert row is not None
        if row["reached_at"] is not None:
            return None
        return Checkpoint(id=row["id"], target=row["target"], lowered_from=row["lowered_from"])

    def measure(self, checkpoint: Checkpoint, standing: Standing, at: datetime) -> None:
        """Write where a brand stands on its way to a goal."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE checkpoints SET value = ?, low = ?, high = ?, n = ?, sure = ?, "
                "measured_at = ? WHERE id = ?",
                (
                    standing.value,
                    standing.low,
                    standing.high,
                    standing.n,
                    standing.sure,
                    iso(at),
                    checkpoint.id,
                ),
            )

    def reach(
        self, checkpoint: Checkpoint, next_target: float | None, at: datetime, *, raises: bool
    ) -> None:
        """Write that a goal was reached, and which comes next; `raises` sets that one too."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE checkpoints SET reached_at = ?, next_target = ? WHERE id = ?",
                (iso(at), next_target, checkpoint.id),
            )
            if raises and next_target is not None:
                row = connection.execute(
                    "SELECT brand, metric, window_days, configured FROM checkpoints WHERE id = ?",
                    (checkpoint.id,),
                ).fetchone()
                key = (row["brand"], row["metric"], row["window_days"])
                _set(connection, key, next_target, row["configured"], at, by="raised")


def _last(connection: sqlite3.Connection, key: tuple[str, str, int]) -> sqlite3.Row | None:
    row: sqlite3.Row | None = connection.execute(
        "SELECT id, target, configured, reached_at, lowered_from FROM checkpoints "
        "WHERE brand = ? AND metric = ? AND window_days = ? ORDER BY id DESC LIMIT 1",
        key,
    ).fetchone()
    return row


def _follow(
    connection: sqlite3.Connection,
    key: tuple[str, str, int],
    last: sqlite3.Row,
    configured: float,
    at: datetime,
    less_is_better: bool,
) -> None:
    """Let the goal follow a target that the config changed."""
    if configured == last["target"]:
        # The config has caught up with what was set or proposed.
        connection.execute(
            "UPDATE checkpoints SET configured = ? WHERE id = ?", (configured, last["id"])
        )
        return
    lower = (configured < last["target"]) != less_is_better
    if last["reached_at"] is None:
        connection.execute(
            "UPDATE checkpoints SET left_at = ? WHERE id = ?", (iso(at), last["id"])
        )
    _set(
        connection,
        key,
        configured,
        configured,
        at,
        by="lowered" if lower else "config",
        lowered_from=last["target"] if lower else None,
    )


def _set(
    connection: sqlite3.Connection,
    key: tuple[str, str, int],
    target: float,
    configured: float,
    at: datetime,
    *,
    by: str = "config",
    lowered_from: float | None = None,
) -> None:
    connection.execute(
        "INSERT INTO checkpoints (brand, metric, window_days, target, set_at, configured, "
        "set_by, lowered_from) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (*key, target, iso(at), configured, by, lowered_from),
    )
