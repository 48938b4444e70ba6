"""The outbox: alerts that must reach Slack once. The only way to Slack."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime

from storage.database import Database
from storage.models import (
    MAY_BE_POSTED,
    Alert,
    AlertKind,
    AlertState,
    NewAlert,
    from_iso,
    iso,
)


class Outbox:
    """States: pending → sending → sent; parked until mended; dropped when overtaken."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, alerts: Iterable[NewAlert]) -> int:
        """Write alerts whose dedupe key is new; returns how many were."""
        with self._database.transaction() as connection:
            return insert_alerts(connection, alerts)

    def due(self, now: datetime, limit: int) -> list[Alert]:
        """Give pending alerts whose time has come, in the order they were written."""
        return self._select(
            "state = 'pending' AND (next_attempt_at IS NULL OR next_attempt_at <= ?) "
            "ORDER BY id LIMIT ?",
            iso(now),
            limit,
        )

    def unsent(self) -> list[Alert]:
        """Give all that Slack does not have yet, parked ones too, in order."""
        return self._select("state IN ('pending', 'sending', 'parked') ORDER BY id")

    def sending(self) -> list[Alert]:
        """Give alerts of which it is not known whether Slack has them."""
        return self._select("state = 'sending' ORDER BY id")

    def claim(self, alert_id: int, now: datetime) -> Alert | None:
        """Move a pending alert to `sending`; None when it is no longer pending."""
        with self._database.transaction() as connection:
            row = connection.execute(
                """
                UPDATE alerts SET state = 'sending', attempts = attempts + 1, claimed_at = ?,
                    next_attempt_at = NULL
                WHERE id = ? AND state = 'pending' RETURNING *
                """,
                (iso(now), alert_id),
            ).fetchone()
        return _alert(row) if row else None

    def mark_sent(self, alert_id: int, slack_ts: str | None, now: datetime) -> None:
        self._update(
            "state = 'sent', slack_ts = ?, sent_at = ?, error = NULL, next_attempt_at = NULL",
            (slack_ts, iso(now)),
            alert_id,
        )

    def retry(self, alert_id: int, next_attempt_at: datetime, error: str) -> None:
        """Put back an alert that Slack certainly does not have."""
        self._update(
            "state = 'pending', next_attempt_at = ?, error = ?",
            (iso(next_attempt_at), error),
            alert_id,
        )

    def unclear(self, alert_id: int, next_attempt_at: datetime, error: str) -> None:
        """Keep an alert in `sending`: Slack may have it, and must be asked first."""
        self._update(
            "state = 'sending', next_attempt_at = ?, error = ?",
            (iso(next_attempt_at), error),
            alert_id,
        )

    def park(self, alert_id: int, error: str) -> None:
        """Set an alert aside until `unpark`; `error` is a sentence for people."""
        self._update("state = 'parked', next_attempt_at = NULL, error = ?", (error,), alert_id)

    def hold_channel(self, channel: str, until: datetime, error: str) -> None:
        """Let all that is pending for a channel wait; what is in doubt stays marked so."""
        with self._database.transaction() as connection:
            connection.execute(
                """
                UPDATE alerts SET next_attempt_at = ?1,
                    error = CASE WHEN error LIKE ?4 || '%' THEN error ELSE ?2 END
                WHERE channel = ?3 AND state = 'pending'
                """,
                (iso(until), error, channel, MAY_BE_POSTED),
            )

    def park_channel(self, channel: str, error: str) -> int:
        """Set aside all that is pending for a channel; returns how many."""
        with self._database.transaction() as connection:
            return connection.execute(
                """
                UPDATE alerts SET state = 'parked', next_attempt_at = NULL,
                    error = CASE WHEN error LIKE ?3 || '%' THEN error ELSE ?1 END
                WHERE channel = ?2 AND state = 'pending'
                """,
                (error, channel, MAY_BE_POSTED),
            ).rowcount

    def unpark(self, channel: str | None = None) -> int:
        """Put parked alerts back in line, of one channel or of all; returns how many."""
        with self._database.transaction() as connection:
            return connection.execute(
                """
                UPDATE alerts SET state = 'pending', next_attempt_at = NULL
                WHERE state = 'parked' AND (?1 IS NULL OR channel = ?1)
                """,
                (channel,),
            ).rowcount

    def unpark_certain(self) -> int:
        """Put back in line what Slack certainly does not have; returns how many.

        What was in doubt when it was parked waits for a person: sending it again by itself could
        post it twice.
        """
        with self._database.transaction() as connection:
            return connection.execute(
                "UPDATE alerts SET state = 'pending', next_attempt_at = NULL "
                "WHERE state = 'parked' AND coalesce(error, '') NOT LIKE ? || '%'",
                (MAY_BE_POSTED,),
            ).rowcount

    def counts(self) -> dict[AlertState, int]:
        rows = self._database.connection.execute(
            "SELECT state, count(*) FROM alerts GROUP BY state"
        )
        found = {AlertState(state): number for state, number in rows}
        return {state: found.get(state, 0) for state in AlertState}

    def troubles(self) -> list[tuple[str, str, int]]:
        """Give (channel, error, alerts waiting) for each trouble with unsent alerts."""
        rows = self._database.connection.execute(
            """
            SELECT channel, error, count(*) FROM alerts
            WHERE state IN ('pending', 'sending', 'parked') AND error IS NOT NULL
            GROUP BY channel, error ORDER BY channel
            """
        )
        return [tuple(row) for row in rows]

    def _select(self, where: str, *parameters: object) -> list[Alert]:
        rows = self._database.connection.execute(f"SELECT * FROM alerts WHERE {where}", parameters)
        return [_alert(row) for row in rows]

    def _update(self, assignments: str, values: tuple[object, ...], alert_id: int) -> None:
        with self._database.transaction() as connection:
            connection.execute(
                f"UPDATE alerts SET {assignments} WHERE id = ?", (*values, alert_id)
            )


def insert_alerts(connection: sqlite3.Connection, alerts: Iterable[NewAlert]) -> int:
    """Write alerts inside a running transaction; a known dedupe key is passed over."""
    added = 0
    for alert in alerts:
        added += connection.execute(
            """
            INSERT INTO alerts (dedupe_key, kind, brand, channel, payload, created_at, mention_id)
            VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (dedupe_key) DO NOTHING
            """,
            (
                alert.dedupe_key, alert.kind, alert.brand, alert.channel,
                json.dumps(alert.payload, ensure_ascii=False), iso(alert.created_at),
                alert.mention_id,
            ),
        ).rowcount  # fmt: skip
    return added


def _alert(row: sqlite3.Row) -> Alert:
    return Alert(
        id=row["id"],
        dedupe_key=row["dedupe_key"],
        kind=AlertKind(row["kind"]),
        brand=row["brand"],
        channel=row["channel"],
        payload=json.loads(row["payload"]),
        state=AlertState(row["state"]),
        attempts=row["attempts"],
        created_at=from_iso(row["created_at"]),
        next_attempt_at=_moment(row["next_attempt_at"]),
        claimed_at=_moment(row["claimed_at"]),
        slack_ts=row["slack_ts"],
        sent_at=_moment(row["sent_at"]),
        error=row["error"],
        mention_id=row["mention_id"],
    )


def _moment(text: str | None) -> datetime | None:
    return from_iso(text) if text else None
