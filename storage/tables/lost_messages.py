"""What becomes of an alert that is about a message which Slack no longer has, or no team sees.

While the case or the incident is open, its message is posted anew, once a day at most, and what is
about it follows into the new thread: see docs/decisions/0018.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

from storage.models import Alert, Lost, Operation, from_iso, iso
from storage.models.dedupe_keys import complaint_key
from storage.rows import pass_over, read_each
from storage.tables.incidents import incident_from
from storage.tables.quoted_mentions import FORGOTTEN

NOT_AGAIN_FOR = timedelta(days=1)
"""Whoever deletes a message twice within this time wants it gone."""


def lose_message(connection: sqlite3.Connection, alert: Alert, now: datetime, note: str) -> Lost:
    """Let an alert be about a message that is gone, inside a running transaction.

    `note` says why, where the alert is dropped. Another alert may have found out before: then this
    one waits for what that one began.
    """
    root = connection.execute(
        "SELECT * FROM alerts WHERE dedupe_key = ?", (alert.root_key,)
    ).fetchone()
    if root is not None and (root["state"], root["slack_ts"]) != ("sent", alert.root_ts):
        _follow(connection, alert)
        return Lost.ANEW
    if root is None or not _is_open(connection, root):
        _drop(connection, alert, note)
        return Lost.DROPPED
    again = root["posted_anew_at"]
    if again is None or now - from_iso(again) >= NOT_AGAIN_FOR:
        post_anew(connection, root["dedupe_key"], now)
        _follow(connection, alert)
        return Lost.ANEW
    if alert.payload.get("broadcast"):
        # The channel must hear it: it says itself what it is about.
        connection.execute(
            "UPDATE alerts SET operation = 'post', root_key = NULL, state = 'pending', "
            "next_attempt_at = NULL, error = NULL, trouble = NULL, may_be_posted = 0 "
            "WHERE id = ?",
            (alert.id,),
        )
        return Lost.ALONE
    _drop(connection, alert, note)
    return Lost.DROPPED


def post_anew(
    connection: sqlite3.Connection,
    root_key: str,
    now: datetime | None,
    channel: str | None = None,
) -> bool:
    """Put a sent message back in line as it is now, in its channel or in another.

    Its updates are in it and are dropped; what was set aside about it waits for it. `now` is None
    where a person asks for it. False where it was forgotten: then there is nothing to post.
    """
    latest = connection.execute(
        """
        SELECT id, payload FROM alerts
        WHERE dedupe_key = ?1 OR (root_key = ?1 AND operation = 'update' AND state <> 'dropped')
        ORDER BY id DESC LIMIT 1
        """,
        (root_key,),
    ).fetchone()
    if latest is None or latest["payload"] == FORGOTTEN:
        return False
    # What it shows of whom is what its newest form shows.
    connection.execute(
        "INSERT OR IGNORE INTO alert_mentions (alert_id, mention_id) "
        "SELECT r.id, s.mention_id FROM alerts r JOIN alert_mentions s ON s.alert_id = ?2 "
        "WHERE r.dedupe_key = ?1",
        (root_key, latest["id"]),
    )
    connection.execute(
        """
        UPDATE alerts SET state = 'pending', payload = ?2, channel = coalesce(?3, channel),
            slack_ts = NULL, slack_channel = NULL, sent_at = NULL, claimed_at = NULL, attempts = 0,
            next_attempt_at = NULL, not_before = NULL, look_at = NULL,
            posted_anew_at = coalesce(?4, posted_anew_at)
        WHERE dedupe_key = ?1
        """,
        (root_key, latest["payload"], channel, iso(now) if now else None),
    )
    connection.execute(
        "UPDATE alerts SET state = 'dropped', next_attempt_at = NULL, error = NULL, "
        "trouble = NULL, may_be_posted = 0 WHERE root_key = ? AND operation = 'update' "
        "AND state IN ('pending', 'parked', 'sending')",
        (root_key,),
    )
    connection.execute(
        "UPDATE alerts SET state = 'pending', error = NULL, trouble = NULL WHERE root_key = ? "
        "AND state = 'parked' AND trouble = 'channel' AND NOT may_be_posted",
        (root_key,),
    )
    return True


def is_left(connection: sqlite3.Connection, alert: Alert) -> bool:
    """Tell whether a team reads its messages elsewhere than where an alert's message stands.

    Its channel's name leads to another Slack channel by now, or the config names that channel for
    nothing any more.
    """
    row = connection.execute(
        """
        SELECT EXISTS (
            SELECT 1 FROM slack_channels WHERE channel = ?1 AND slack_channel <> ?2
        ) OR (
            EXISTS (SELECT 1 FROM channel_roles WHERE channel = ?1)
            AND NOT EXISTS (SELECT 1 FROM channel_roles WHERE channel = ?1 AND until IS NULL)
        )
        """,
        (alert.channel, alert.root_channel),
    ).fetchone()
    return bool(row[0])


def _is_open(connection: sqlite3.Connection, root: sqlite3.Row) -> bool:
    """Tell whether somebody must still act on what a message tells of."""
    mention_id = root["mention_id"]
    if mention_id is not None and root["dedupe_key"] == complaint_key(mention_id):
        waits = connection.execute(
            "SELECT 1 FROM cases WHERE mention_id = ? AND state IN ('open', 'claimed')",
            (mention_id,),
        )
        return waits.fetchone() is not None
    rows = connection.execute(
        "SELECT * FROM incidents WHERE brand = ? AND closed_at IS NULL", (root["brand"],)
    )
    open_ones = read_each(rows, incident_from, pass_over)
    return root["dedupe_key"] in {one.root_key for one in open_ones}


def _follow(connection: sqlite3.Connection, alert: Alert) -> None:
    """Put an alert back in line behind its message, or drop an update: the message has it."""
    state = "dropped" if alert.operation is Operation.UPDATE else "pending"
    connection.execute(
        "UPDATE alerts SET state = ?, next_attempt_at = NULL, error = NULL, trouble = NULL, "
        "may_be_posted = 0 WHERE id = ?",
        (state, alert.id),
    )


def _drop(connection: sqlite3.Connection, alert: Alert, note: str) -> None:
    connection.execute(
        "UPDATE alerts SET state = 'dropped', next_attempt_at = NULL, error = ?, trouble = NULL, "
        "may_be_posted = 0 WHERE id = ?",
        (note, alert.id),
    )
