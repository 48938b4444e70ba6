"""How alerts come into the outbox: each key once, an update in the place of one that waits."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime

from storage.models import NewAlert, Operation, iso
from storage.models.dedupe_keys import numbered_key
from storage.rows import moment_in
from storage.tables.failures import clear_failure, write_failure
from storage.tables.quoted_mentions import link_mentions

MESSAGES = "messages"
"""The stage whose failures are messages in their plainer form."""


def insert_alerts(connection: sqlite3.Connection, alerts: Iterable[NewAlert]) -> int:
    """Write alerts inside a running transaction; a known dedupe key is passed over.

    An update takes the place of one of the same root that still waits, and of what the root
    itself says while Slack certainly does not have it. ValueError for one without a message: a new
    case's is built once the case is opened (`earful.open_cases`).
    """
    added = 0
    for alert in alerts:
        if not alert.payload:
            raise ValueError(f"the alert {alert.dedupe_key} has no message")
        payload = json.dumps(alert.payload, ensure_ascii=False)
        not_before = alert.not_before
        if alert.operation is Operation.UPDATE:
            replaced = connection.execute(
                """
                UPDATE alerts SET payload = ?1 WHERE
                    (root_key = ?2 AND operation = 'update' AND state IN ('pending', 'parked'))
                    OR (dedupe_key = ?2 AND state = 'pending' AND NOT may_be_posted)
                RETURNING id
                """,
                (payload, alert.root_key),
            ).fetchall()
            for row in replaced:
                link_mentions(connection, row["id"], alert.mention_id, alert.payload)
            if replaced:
                _note_form(connection, alert)
                continue
            not_before = _spaced(connection, alert)
        inserted = connection.execute(
            """
            INSERT INTO alerts (
                dedupe_key, kind, brand, channel, payload, created_at, mention_id, operation,
                root_key, not_before, urgent, via
            ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (dedupe_key) DO NOTHING
            RETURNING id
            """,
            (
                _own_key(connection, alert), alert.kind, alert.brand, alert.channel, payload,
                iso(alert.created_at), alert.mention_id, alert.operation, alert.root_key,
                iso(not_before) if not_before else None, alert.urgent, alert.via,
            ),
        ).fetchone()  # fmt: skip
        if inserted is not None:
            link_mentions(connection, inserted["id"], alert.mention_id, alert.payload)
            _note_form(connection, alert)
            added += 1
    return added


def _note_form(connection: sqlite3.Connection, alert: NewAlert) -> None:
    """Let ops know of a message in its plainer form, until a whole one takes its place."""
    subject = f"alert {alert.root_key or alert.dedupe_key}"
    if alert.payload.get("plain"):
        reason = str(alert.payload.get("reason"))
        write_failure(connection, MESSAGES, alert.created_at, reason, subject)
    elif alert.operation is Operation.UPDATE:
        clear_failure(connection, MESSAGES, subject)


def _own_key(connection: sqlite3.Connection, alert: NewAlert) -> str:
    """Number updates: each may be sent, none stands for another."""
    if alert.operation is not Operation.UPDATE:
        return alert.dedupe_key
    row = connection.execute(
        "SELECT count(*) FROM alerts WHERE root_key = ? AND operation = 'update'",
        (alert.root_key,),
    ).fetchone()
    return numbered_key(alert.dedupe_key, row[0] + 1)


def _spaced(connection: sqlite3.Connection, alert: NewAlert) -> datetime | None:
    """Tell when an update may go: some time after the one before it, if that is to come."""
    row = connection.execute(
        "SELECT max(coalesce(sent_at, claimed_at)) FROM alerts "
        "WHERE root_key = ? AND operation = 'update'",
        (alert.root_key,),
    ).fetchone()
    last = moment_in(row, "alerts", "claimed_at")
    if last is None or not alert.spacing:
        return alert.not_before
    after = last + alert.spacing
    return max(after, alert.not_before) if alert.not_before else after
