"""One try of an alert, from the claim to what became of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from storage import sent_log
from storage.database import Database
from storage.models import Alert, Lost, TroubleKind, iso
from storage.tables.alert_rows import select_alerts
from storage.tables.lost_messages import is_left, lose_message

FIRST_LOOK_BACK = timedelta(minutes=1)
"""How long after an alert that was tried twice is sent Slack is looked at for the first try."""


class OutboxTries:
    """What delivery writes down about one alert; each is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, alert_id: int, now: datetime, via: str | None = None) -> Alert | None:
        """Move a pending alert to `sending`; None when it is no longer pending.

        `via` is the way by which it is tried: while it is in doubt, no other is taken.
        """
        with self._database.transaction() as connection:
            row = connection.execute(
                """
                UPDATE alerts SET state = 'sending', attempts = attempts + 1, claimed_at = ?1,
                    next_attempt_at = NULL, tried_via = coalesce(?3, tried_via),
                    slack_channel = CASE WHEN operation <> 'post' THEN NULL ELSE coalesce(
                        iif(may_be_posted, slack_channel, NULL),
                        (SELECT c.slack_channel FROM slack_channels c
                            WHERE c.channel = alerts.channel)
                    ) END
                WHERE id = ?2 AND state = 'pending' RETURNING id
                """,
                (iso(now), alert_id, via),
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
        """Write down that Slack has an alert; where it was tried twice, when to look for a double.

        The id of the Slack channel is what the name of the alert's channel leads to from now on.
        """
        sent_log.add(self._database.path, self._database.connection, alert_id, now)
        with self._database.transaction() as connection:
            connection.execute(
                """
                UPDATE alerts SET state = 'sent', slack_ts = ?1, slack_channel = ?2, sent_at = ?3,
                    error = NULL, trouble = NULL, may_be_posted = 0, next_attempt_at = NULL,
                    look_at = iif(look_at IS NULL, NULL, ?4)
                WHERE id = ?5
                """,
                (slack_ts, slack_channel, iso(now), iso(now + FIRST_LOOK_BACK), alert_id),
            )
            connection.execute(
                """
                INSERT INTO slack_channels (channel, slack_channel, seen_at)
                SELECT channel, slack_channel, sent_at FROM alerts
                WHERE id = ? AND operation = 'post' AND slack_channel IS NOT NULL
                ON CONFLICT (channel) DO UPDATE SET slack_channel = excluded.slack_channel,
                    seen_at = excluded.seen_at
                """,
                (alert_id,),
            )

    def doubt_lost(self, now: datetime) -> int:
        """Let what the store has lost the sending of be looked for first: see `sent_log`.

        Returns how many there are: more than none says that the store has gone back in time.
        """
        lost = sent_log.lost(self._database.path, self._database.connection)
        if lost:
            with self._database.transaction() as connection:
                sent_log.doubt(connection, lost, now)
        return len(lost)

    def retry(
        self,
        alert_id: int,
        next_attempt_at: datetime,
        error: str,
        trouble: TroubleKind,
        *,
        absent: bool = False,
        may_come_late: bool = False,
    ) -> None:
        """Put back an alert whose last try Slack certainly did not take.

        What was in doubt before that try stays so, unless it was looked for and is `absent`. Where
        that try may still show up, `may_come_late` has Slack looked at once more after the next.
        An update that a newer one has overtaken meanwhile is dropped instead.
        """
        self._update(
            """
            state = CASE WHEN operation = 'update' AND EXISTS (
                SELECT 1 FROM alerts n WHERE n.root_key = alerts.root_key AND n.id > alerts.id
                    AND n.operation = 'update'
            ) THEN 'dropped' ELSE 'pending' END, error = ?, trouble = ?,
            may_be_posted = may_be_posted AND NOT ?, next_attempt_at = ?,
            look_at = iif(?, ?, look_at)
            """,
            (
                error,
                trouble,
                absent,
                iso(next_attempt_at),
                may_come_late,
                iso(next_attempt_at),
            ),
            alert_id,
        )

    def drop(self, alert_id: int, note: str | None = None) -> None:
        """Give up an alert that has nothing left to be about; `note` says why."""
        self._update(
            "state = 'dropped', next_attempt_at = NULL, error = ?, trouble = NULL, "
            "may_be_posted = 0",
            (note,),
            alert_id,
        )

    def lose_message(self, alert: Alert, now: datetime, note: str) -> Lost:
        """Let an alert be about a message that Slack no longer has: see `lost_messages`."""
        with self._database.transaction() as connection:
            return lose_message(connection, alert, now, note)

    def leave_channel(self, alert: Alert, now: datetime, note: str) -> Lost | None:
        """As `lose_message`, where the team's messages go to another Slack channel by now.

        None where that is not known: its Slack channel may take messages again.
        """
        if not is_left(self._database.connection, alert):
            return None
        return self.lose_message(alert, now, note)

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

    def look_again(self, alert_id: int, at: datetime | None) -> None:
        """Say when an alert is to be looked at for a double again; None ends it."""
        self._update("look_at = ?", (iso(at) if at else None,), alert_id)

    def _update(self, assignments: str, values: tuple[object, ...], alert_id: int) -> None:
        with self._database.transaction() as connection:
            connection.execute(
                f"UPDATE alerts SET {assignments} WHERE id = ?", (*values, alert_id)
            )
