"""The outbox: alerts that must reach Slack once. The only way to Slack."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

from storage.models import (
    Alert,
    AlertState,
    AlertTrouble,
    NewAlert,
    TroubleKind,
    iso,
)
from storage.rows import Unreadable, moment_in, pass_over, read_each
from storage.tables.alert_rows import (
    SELECT_ALERT,
    alert_from,
    in_payload,
    select_alerts,
    trouble_from,
)
from storage.tables.new_alerts import insert_alerts
from storage.tables.outbox_tries import OutboxTries

# Where an alert goes, as `Alert.place` has it.
_PLACE = """
    coalesce(
        nullif(
            (SELECT r.slack_channel FROM alerts r WHERE r.dedupe_key = alerts.root_key),
            (SELECT c.slack_channel FROM slack_channels c WHERE c.channel = alerts.channel)
        ),
        channel
    )
"""

# By these very words SQLite finds the index of what is unsent.
_PENDING = "state IN ('pending', 'sending', 'parked') AND state = 'pending'"

_UNLESS_SET_ASIDE = """
    error = CASE WHEN may_be_posted AND trouble IN ('channel', 'message', 'by_eye')
        THEN error ELSE ?2 END,
    trouble = CASE WHEN may_be_posted AND trouble IN ('channel', 'message', 'by_eye')
        THEN trouble ELSE ?3 END
"""


# Since when an alert may go: after quiet hours, and after the message that it is about.
_READY_AT = """
    max(
        a.created_at,
        coalesce(a.not_before, a.created_at),
        coalesce(r.sent_at, r.not_before, a.created_at)
    )
"""


class Outbox(OutboxTries):
    """States: pending → sending → sent; parked until mended; dropped when overtaken."""

    def add(self, alerts: Iterable[NewAlert]) -> int:
        """Write alerts whose dedupe key is new; returns how many were."""
        with self._database.transaction() as connection:
            return insert_alerts(connection, alerts)

    def waiting(self, now: datetime, each: int) -> list[Alert]:
        """Give the first pending alerts of each place in the order they go, held ones too.

        Left out is what may not go yet at all: before its `not_before`, or about a message that
        Slack does not have. At most `each` posts of a channel, and `each` replies and updates in
        one Slack channel: a long line must not cost or hide the rest.
        """
        return self._queue(
            """
            a.id IN (
                SELECT id FROM (
                    SELECT p.id, row_number() OVER (
                        PARTITION BY coalesce(q.slack_channel, p.channel),
                            CASE p.operation WHEN 'post' THEN 0 WHEN 'update' THEN 1 ELSE 2 END
                        ORDER BY p.urgent DESC, p.id
                    ) AS place
                    FROM alerts p LEFT JOIN alerts q ON q.dedupe_key = p.root_key
                    WHERE p.state IN ('pending', 'sending', 'parked') AND p.state = 'pending'
                        AND (p.not_before IS NULL OR p.not_before <= ?)
                        AND (p.root_key IS NULL OR q.state = 'sent')
                ) WHERE place <= ?
            ) ORDER BY a.urgent DESC, a.id
            """,
            iso(now),
            each,
        )

    def waiting_in(self, channels: Sequence[str]) -> list[Alert]:
        """Give the posts that wait for channels and that Slack certainly has not."""
        return self._queue(
            "a.state IN ('pending', 'parked') AND a.operation = 'post' AND NOT a.may_be_posted "
            "AND a.channel IN (SELECT value FROM json_each(?)) ORDER BY a.id",
            json.dumps(channels),
        )

    def next_release(self, now: datetime) -> datetime | None:
        """Tell when the next alert that waits for its `not_before` may go."""
        row = self._database.connection.execute(
            "SELECT min(not_before) FROM alerts WHERE state = 'pending' AND not_before > ?",
            (iso(now),),
        ).fetchone()
        return moment_in(row, "alerts", "not_before")

    def ready_since(self, now: datetime) -> tuple[str, datetime] | None:
        """Tell since when the alert may go that has waited longest, and its channel.

        What waits for its `not_before`, for its message or because of an error is none.
        """
        row = self._database.connection.execute(
            f"""
            SELECT {_READY_AT} AS since, a.channel
            FROM alerts a LEFT JOIN alerts r ON r.dedupe_key = a.root_key
            WHERE a.state IN ('pending', 'sending', 'parked') AND a.error IS NULL
                AND since <= ? AND (a.root_key IS NULL OR r.state = 'sent')
            ORDER BY since LIMIT 1
            """,
            (iso(now),),
        ).fetchone()
        since = None if row is None else moment_in(row, "alerts", "created_at")
        return None if since is None else (str(row["channel"]), since)

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

    def hold_channel(
        self,
        place: str,
        until: datetime,
        error: str,
        trouble: TroubleKind,
        *,
        updates: bool = False,
    ) -> None:
        """Let all that is pending for a place (see `Alert.place`) wait, or its updates.

        What was set aside in doubt and put back keeps its error, which says why.
        """
        with self._database.transaction() as connection:
            connection.execute(
                f"""
                UPDATE alerts SET next_attempt_at = ?1, {_UNLESS_SET_ASIDE}
                WHERE {_PENDING} AND (operation = 'update') = ?5 AND {_PLACE} = ?4
                """,
                (iso(until), error, trouble, place, updates),
            )

    def park_channel(self, channel: str, error: str, trouble: TroubleKind) -> int:
        """Set aside the posts that are pending for a channel; returns how many.

        What is about a message goes where that stands, which may be another Slack channel. What is
        in doubt keeps its error as in `hold_channel`.
        """
        return self._park_all("channel = ?1 AND operation = 'post'", channel, error, trouble)

    def park_threads(self, place: str, error: str, trouble: TroubleKind) -> int:
        """Set aside what is pending about messages in a Slack channel; returns how many."""
        about = f"root_key IS NOT NULL AND {_PLACE} = ?1"
        return self._park_all(about, place, error, trouble)

    def _park_all(self, where: str, value: str, error: str, trouble: TroubleKind) -> int:
        with self._database.transaction() as connection:
            return connection.execute(
                f"""
                UPDATE alerts SET state = 'parked', next_attempt_at = NULL, {_UNLESS_SET_ASIDE}
                WHERE {_PENDING} AND {where}
                """,
                (value, error, trouble),
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

    def to_look_at(self, now: datetime) -> list[Alert]:
        """Give what Slack has after two tries and is due to be looked at for a double."""
        return self._queue("a.look_at <= ? AND a.state = 'sent' ORDER BY a.look_at", iso(now))

    def next_look(self) -> datetime | None:
        """Tell when the next alert is due to be looked at for a double."""
        row = self._database.connection.execute(
            "SELECT min(look_at) FROM alerts WHERE look_at IS NOT NULL AND state = 'sent'"
        ).fetchone()
        return moment_in(row, "alerts", "look_at")

    def posted_since(self, since: datetime) -> dict[str, int]:
        """Count what channels show that was written since a moment: threads' broadcasts too."""
        rows = self._database.connection.execute(
            f"""
            SELECT channel, count(*) FROM alerts
            WHERE created_at >= ? AND state <> 'dropped' AND (operation = 'post'
                OR (operation = 'reply' AND {in_payload("$.broadcast")}))
            GROUP BY +channel -- by the time, not through all that each channel ever had
            """,
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
            f"SELECT max({in_payload('$.count')}) FROM alerts "
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

    def sent_by_way(self) -> dict[str, tuple[int, datetime]]:
        """Count what was sent by each way, and tell when the last of it was."""
        rows = self._database.connection.execute(
            "SELECT max(sent_at), count(*) AS sent, tried_via FROM alerts "
            "WHERE state = 'sent' AND tried_via IS NOT NULL GROUP BY tried_via"
        )
        found = {
            row["tried_via"]: (row["sent"], moment_in(row, "alerts", "sent_at")) for row in rows
        }
        return {way: (number, at) for way, (number, at) in found.items() if at is not None}

    def troubles(self) -> list[AlertTrouble]:
        """Give what keeps alerts from Slack, by channel."""
        rows = self._database.connection.execute(
            f"""
            SELECT min(a.id) AS id, a.channel, a.error, a.trouble, a.may_be_posted,
                count(*) AS waiting, sum(a.state = 'parked') AS parked,
                min({_READY_AT}) AS created_at, a.operation <> 'post' AS in_thread
            FROM alerts a LEFT JOIN alerts r ON r.dedupe_key = a.root_key
            WHERE a.state IN ('pending', 'sending', 'parked') AND a.error IS NOT NULL
            GROUP BY a.channel, a.error, a.trouble, a.may_be_posted, in_thread
            ORDER BY a.channel, in_thread
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
