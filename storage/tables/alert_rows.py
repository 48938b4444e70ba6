"""How rows of the outbox read as alerts."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime
from typing import Any

from storage.models import (
    Alert,
    AlertKind,
    AlertState,
    AlertTrouble,
    Operation,
    TroubleKind,
    from_iso,
)
from storage.rows import reads


def in_payload(path: str, alert: str = "") -> str:
    """Give the SQL for what is at a path of an alert's payload, NULL where that is no JSON.

    Without the guard one such row would stop every statement that looks into payloads.
    """
    payload = f"{alert}payload"
    return f"CASE WHEN json_valid({payload}) THEN json_extract({payload}, '{path}') END"


SELECT_ALERT = f"""
    SELECT a.*, r.id AS root_id, r.state AS root_state, r.slack_ts AS root_ts,
        r.slack_channel AS root_channel, c.slack_channel AS name_channel,
        r.tried_via AS root_via,
        {in_payload("$.text", "r.")} AS root_text
    FROM alerts a LEFT JOIN alerts r ON r.dedupe_key = a.root_key
    LEFT JOIN slack_channels c ON c.channel = a.channel
"""


def select_alerts(connection: sqlite3.Connection, where: str, *parameters: object) -> list[Alert]:
    """Read alerts (`a`), each with what is known of the one (`r`) that it is about."""
    rows = connection.execute(f"{SELECT_ALERT} WHERE {where}", parameters)
    return [alert_from(row) for row in rows]


@reads("alerts")
def trouble_from(row: sqlite3.Row) -> AlertTrouble:
    """Read what `Outbox.troubles` asks for."""
    return AlertTrouble(
        channel=row["channel"],
        error=row["error"],
        trouble=TroubleKind(row["trouble"]),
        may_be_posted=bool(row["may_be_posted"]),
        waiting=row["waiting"],
        parked=row["parked"],
        oldest_at=from_iso(row["created_at"]),
        in_thread=bool(row["in_thread"]),
    )


@reads("alerts", elsewhere={"root_state": ("alerts", "state", "id", "root_id")})
def alert_from(row: sqlite3.Row) -> Alert:
    """Make an Alert of a row that `SELECT_ALERT` gave."""
    return Alert(
        id=row["id"],
        dedupe_key=row["dedupe_key"],
        kind=AlertKind(row["kind"]),
        brand=row["brand"],
        channel=row["channel"],
        payload=_payload(row["payload"]),
        state=AlertState(row["state"]),
        attempts=row["attempts"],
        created_at=from_iso(row["created_at"]),
        next_attempt_at=_moment(row["next_attempt_at"]),
        claimed_at=_moment(row["claimed_at"]),
        slack_ts=row["slack_ts"],
        sent_at=_moment(row["sent_at"]),
        error=row["error"],
        trouble=TroubleKind(row["trouble"]) if row["trouble"] else None,
        mention_id=row["mention_id"],
        operation=Operation(row["operation"]),
        root_key=row["root_key"],
        urgent=bool(row["urgent"]),
        slack_channel=row["slack_channel"],
        not_before=_moment(row["not_before"]),
        root_id=row["root_id"],
        root_state=AlertState(row["root_state"]) if row["root_state"] else None,
        root_ts=row["root_ts"],
        root_channel=row["root_channel"],
        may_be_posted=bool(row["may_be_posted"]),
        via=row["via"],
        tried_via=row["tried_via"],
        root_via=row["root_via"],
        root_text=str(row["root_text"]) if row["root_text"] else None,
        name_channel=row["name_channel"],
    )


def _payload(text: str) -> dict[str, Any]:
    """Read a payload; a damaged one is empty, so that only its own alert cannot be sent."""
    try:
        payload = json.loads(text)
    except ValueError:
        return {}
    return payload if isinstance(payload, dict) else {}


def _moment(text: str | None) -> datetime | None:
    return from_iso(text) if text else None
