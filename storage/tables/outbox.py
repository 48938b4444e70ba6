"""The outbox: alerts that must reach Slack once. The only way to Slack."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from storage.database import Database
from storage.models import (
    Alert,
    AlertState,
    AlertTrouble,
    NewAlert,
    TroubleKind,
    iso,
)
from storage.rows import Unreadable, moment_in, pass_over, read_each
from storage.tables.alert_rows import SELECT_ALERT, alert_from, select_alerts, trouble_from
from storage.tables.new_alerts import insert_alerts

_UNLESS_SET_ASIDE = """
    error = CASE WHEN may_be_posted AND trouble IN ('channel', 'message', 'by_eye')
        THEN error ELSE ?2 END,
    trouble = CASE WHEN may_be_posted AND trouble IN ('channel', 'message', 'by_eye')
        THEN trouble ELSE ?3 END
"""


class Outbox:
    """States: pending → sending → sent; parked until mended; dropped when overtaken."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, alerts: Iterable[NewAlert]) -> int:
        """Write alerts whose dedupe key is new; returns how many were."""
        with self._database.transaction() as connection:
            return insert_alerts(connection, alerts)

    def waiting(self, now: datetime, each: int) -> list[Alert]:
        """Give the first pending alerts of each queue in the order they go, held ones too.

        Left out is what may not go yet at all: before its `not_before`, or about a message that
        Slack does not have. At most `each` of a queue: a long one must not cost or hide the rest.
        """
        return self._queue(
            """
            a.id IN (
                SELECT id FROM (
                    SELECT p.id, row_number() OVER (
                        PARTITION BY p.channel, p.operation = 'update'
                        ORDER BY p.urgent DESC, p.id
                    ) AS place
                    FROM alerts p LEFT JOIN alerts q ON q.dedupe_key = p.root_key
                    WHERE p.state = 'pending' AND (p.not_before IS NULL OR p.not_before <= ?)
                        AND (p.root_key IS NULL OR q.state = 'sent')
                ) WHERE place <= ?
            ) ORDER BY a.urgent DESC, a.id
            """,
            iso(now),
            each,
        )

    def next_release(self, now: datetime) -> datetime | None:
        """Tell when the next alert that waits for its `not_before` may go."""
        row = self._database.connection.execute(
            "SELECT min(not_before) FROM alerts WHERE state = 'pending' AND not_before > ?",
            (iso(now),),
        ).fetchone()
        return moment_in(row, "alerts", "not_before")

    def drop_orphans(self) -> int:
        """Drop what is about a message that Slack will never have; returns how many."""
        with self._database.transaction() as connection:
            return connection.execute(
                """
                UPDATE alerts SET state = 'dropped', error = NULL, trouble = NULL,
                    may_be_posted = 0
                WHERE state = 'pending' AND root_key IS NOT NULL AND NOT EXISTS (
                    SELECT 1 FROM alerts r
                    WHERE r.dedupe_key = alerts.root_key AND r.state <> 'dropped'
                )
                """
            ).rowcount

    def unsent(self, unreadable: Unreadable = pass_over) -> list[Alert]:
        """Give all that Slack does not have yet, parked ones too, in order.

        What cannot be read is passed over, here and in all queues; `unreadable` is told of it.
        """
        return self._queue(
            "a.state IN ('pending', 'sending', 'parked') ORDER BY a.id", unreadable=unreadable
        )

    def sending(self) -> list[Alert]:
        """Give alerts of which it is not known whether Slack has them."""
        return self._queue("a.state = 'sending' ORDER BY a.id")

    def claim(self, alert_id: int, now: datetime) -> Alert | None:
        """Move a pending alert to `sending`; None when it is no longer pending."""
        with self._database.transaction() as connection:
            row = connection.execute(
                """
                UPDATE alerts SET state = 'sending', attempts = attempts + 1, claimed_at = ?,
                    next_attempt_at = NULL
                WHERE id = ? AND state = 'pending' RETURNING id
                """,
                (iso(now), alert_id),
            ).fetchone()
        if row is None:
            return None
        return select_alerts(self._database.connection, "a.id = ?", alert_id)[0]

    def mark_sent(
        self,
        alert_id: int,
        slack_ts: str | None,
        now: datetime,
        slack_channel: str | None = None,
    ) -> None:
        self._update(
            "state = 'sent', slack_ts = ?, slack_channel = coalesce(?, slack_channel), "
            "sent_at = ?, error = NULL, trouble = NULL, may_be_posted = 0, "
            "next_attempt_at = NULL",
            (slack_ts, slack_channel, iso(now)),
            alert_id,
        )

    def retry(
        self,
        alert_id: int,
        next_attempt_at: datetime,
        error: str,
        trouble: TroubleKind,
        *,
        absent: bool = False,
    ) -> None:
        """Put back an alert whose last try Slack certainly did not take.

        What was in doubt before that try stays so, unless it was looked for and is `absent`. An
        update that a newer one has overtaken meanwhile is dropped instead.
        """
        self._update(
            """
            state = CASE WHEN operation = 'update' AND EXISTS (
                SELECT 1 FROM alerts n WHERE n.root_key = alerts.root_key AND n.id > alerts.id
                    AND n.operation = 'update'
            ) THEN 'dropped' ELSE 'pending' END, error = ?, trouble = ?,
            may_be_posted = may_be_posted AND NOT ?, next_attempt_at = ?
            """,
            (error, trouble, absent, iso(next_attempt_at)),
            alert_id,
        )

    def drop(self, alert_id: int) -> None:
        """Give up an alert that has nothing left to be about."""
        self._update(
            "state = 'dropped', next_attempt_at = NULL, error = NULL, trouble = NULL, "
            "may_be_posted = 0",
            (),
            alert_id,
        )

    def withdraw(self, key: str, why: str, *, in_doubt: bool = False) -> bool:
        """Drop an alert that nobody is sending; False where it is sent, or is being sent.

        One that may be posted only where `in_doubt` says so: somebody must know of it then.
        """
        with self._database.transaction() as connection:
            return bool(
                connection.execute(
                    "UPDATE alerts SET state = 'dropped', error = ?, trouble = NULL, "
                    "next_attempt_at = NULL, may_be_posted = 0 WHERE dedupe_key = ? "
                    "AND state IN ('pending', 'parked') AND (? OR NOT may_be_posted)",
                    (why, key, in_doubt),
                ).rowcount
            )

    def unclear(
        self, alert_id: int, next_attempt_at: datetime, error: str, trouble: TroubleKind
    ) -> None:
        """Keep an alert in `sending`: Slack may have it, and must be asked first."""
        self._update(
            "state = 'sending', next_attempt_at = ?, error = ?, trouble = ?, may_be_posted = 1",
            (iso(next_attempt_at), error, trouble),
            alert_id,
        )

    def park(
        self,
        alert_id: int,
        error: str,
        trouble: TroubleKind,
        *,
        absent: bool = False,
        may_be_posted: bool = False,
    ) -> None:
        """Set an alert aside until it is retried; `error` is a sentence for people.

        What was in doubt stays so, unless it was looked for and is `absent`; what Slack may have
        after this try is in doubt from now on.
        """
        self._update(
            "state = 'parked', next_attempt_at = NULL, error = ?, trouble = ?, "
            "may_be_posted = ? OR (may_be_posted AND NOT ?)",
            (error, trouble, may_be_posted, absent),
            alert_id,
        )

    def hold_channel(
        self,
        channel: str,
        until: datetime,
        error: str,
        trouble: TroubleKind,
        *,
        updates: bool = False,
    ) -> None:
        """Let all that is pending for a channel wait, or its updates.

        What was set aside in doubt and put back keeps its error, which says why.
        """
        with self._database.transaction() as connection:
            connection.execute(
                f"""
                UPDATE alerts SET next_attempt_at = ?1, {_UNLESS_SET_ASIDE}
                WHERE channel = ?4 AND state = 'pending' AND (operation = 'update') = ?5
                """,
                (iso(until), error, trouble, channel, updates),
            )

    def park_channel(self, channel: str, error: str, trouble: TroubleKind) -> int:
        """Set aside all that is pending for a channel; returns how many.

        What is in doubt keeps its error as in `hold_channel`.
        """
        with self._database.transaction() as connection:
            return connection.execute(
                f"""
                UPDATE alerts SET state = 'parked', next_attempt_at = NULL, {_UNLESS_SET_ASIDE}
                WHERE channel = ?1 AND state = 'pending'
                """,
                (channel, error, trouble),
            ).rowcount

    def unpark_certain(self) -> int:
        """Put back in line what Slack certainly does not have; returns how many.

        What was in doubt when it was parked waits for a person: sending it again by itself could
        post it twice.
        """
        with self._database.transaction() as connection:
            return connection.execute(
                "UPDATE alerts SET state = 'pending', next_attempt_at = NULL "
                "WHERE state = 'parked' AND NOT may_be_posted"
            ).rowcount

    def posted_since(self, since: datetime) -> dict[str, int]:
        """Count the messages of their own that were written since a moment, by channel."""
        rows = self._database.connection.execute(
            "SELECT channel, count(*) FROM alerts WHERE created_at >= ? AND operation = 'post' "
            "AND state <> 'dropped' GROUP BY channel",
            (iso(since),),
        )
        return {row[0]: row[1] for row in rows}

    def knows(self, key: str) -> bool:
        """Tell whether an alert of this dedupe key was ever written."""
        row = self._database.connection.execute(
            "SELECT 1 FROM alerts WHERE dedupe_key = ?", (key,)
        ).fetchone()
        return row is not None

    def find(self, key: str) -> Alert | None:
        """Give the alert of a dedupe key."""
        alerts = select_alerts(self._database.connection, "a.dedupe_key = ?", key)
        return alerts[0] if alerts else None

    def counted(self, key: str) -> int:
        """Give the `count` that the message named by `key`, or its latest update, tells."""
        row = self._database.connection.execute(
            "SELECT max(json_extract(payload, '$.count')) FROM alerts "
            "WHERE dedupe_key = ?1 OR root_key = ?1",
            (key,),
        ).fetchone()
        return int(row[0] or 0)

    def counts(self) -> dict[AlertState, int]:
        rows = self._database.connection.execute(
            "SELECT state, count(*) FROM alerts GROUP BY state"
        )
        counts = {str(state): number for state, number in rows}
        return {state: counts.get(state, 0) for state in AlertState}

    def troubles(self) -> list[AlertTrouble]:
        """Give what keeps alerts from Slack, by channel."""
        rows = self._database.connection.execute(
            """
            SELECT min(id) AS id, channel, error, trouble, may_be_posted, count(*) AS waiting,
                sum(state = 'parked') AS parked, min(created_at) AS created_at FROM alerts
            WHERE state IN ('pending', 'sending', 'parked') AND error IS NOT NULL
            GROUP BY channel, error, trouble, may_be_posted ORDER BY channel
            """
        )
        return [trouble_from(row) for row in rows]

    def _queue(
        self,
        where: str,
        *parameters: object,
        unreadable: Unreadable = pass_over,
    ) -> list[Alert]:
        rows = self._database.connection.execute(f"{SELECT_ALERT} WHERE {where}", parameters)
        return read_each(rows, alert_from, unreadable)

    def _update(self, assignments: str, values: tuple[object, ...], alert_id: int) -> None:
        with self._database.transaction() as connection:
            connection.execute(
                f"UPDATE alerts SET {assignments} WHERE id = ?", (*values, alert_id)
            )
