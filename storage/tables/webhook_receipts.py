"""What the webhook has taken in, by the sender's id: a delivery sent again changes nothing."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.database import Database
from storage.models import from_iso, iso
from storage.rows import reads

KEPT_FOR = timedelta(days=90)
"""Senders give up after days; a signed body without a time is known again for so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One delivery that is stored, and what its rows came to."""

    door: str
    delivery_id: str
    body_hash: str
    at: datetime
    new: int
    edited: int
    known: int
    same: int
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorTraffic:
    """What came through a door in the last 90 days."""

    door: str
    deliveries: int
    new: int
    edited: int
    refused: int
    last_at: datetime


class WebhookReceipts:
    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, door: str, delivery_id: str) -> Receipt | None:
        """Give the receipt of a delivery; None where it has not been stored."""
        row = self._database.connection.execute(
            "SELECT * FROM webhook_receipts WHERE door = ? AND delivery_id = ?",
            (door, delivery_id),
        ).fetchone()
        return _receipt(row) if row else None

    def add(self, receipt: Receipt) -> None:
        """Write a receipt, and let go of those that are old."""
        with self._database.transaction() as connection:
            connection.execute(
                "DELETE FROM webhook_receipts WHERE at < ?", (iso(receipt.at - KEPT_FOR),)
            )
            connection.execute(
                "INSERT OR REPLACE INTO webhook_receipts (door, delivery_id, body_hash, at, new, "
                "edited, known, same, refused) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    receipt.door, receipt.delivery_id, receipt.body_hash, iso(receipt.at),
                    receipt.new, receipt.edited, receipt.known, receipt.same, receipt.refused,
                ),
            )  # fmt: skip

    def by_door(self) -> list[DoorTraffic]:
        """Sum up what came through each door, by its name."""
        rows = self._database.connection.execute(
            "SELECT door, count(*) AS deliveries, sum(new) AS new, sum(edited) AS edited, "
            "sum(refused) AS refused, max(at) AS last_at FROM webhook_receipts "
            "GROUP BY door ORDER BY door"
        )
        return [_traffic(row) for row in rows]


@reads("webhook_receipts", "delivery_id")
def _receipt(row: sqlite3.Row) -> Receipt:
    return Receipt(
        door=row["door"],
        delivery_id=row["delivery_id"],
        body_hash=row["body_hash"],
        at=from_iso(row["at"]),
        new=row["new"],
        edited=row["edited"],
        known=row["known"],
        same=row["same"],
        refused=row["refused"],
    )


@reads("webhook_receipts", "door")
def _traffic(row: sqlite3.Row) -> DoorTraffic:
    return DoorTraffic(
        door=row["door"],
        deliveries=row["deliveries"],
        new=row["new"],
        edited=row["edited"],
        refused=row["refused"],
        last_at=from_iso(row["last_at"]),
    )
