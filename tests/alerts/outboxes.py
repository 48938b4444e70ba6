"""Alerts to deliver, in a real store."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from storage.database import Database
from storage.models import AlertKind, NewAlert
from storage.tables.outbox import Outbox
from storage.tables.outbox_word import Choice, OutboxWord

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def open_outbox(path: Path) -> tuple[Database, Outbox]:
    database = Database(path)
    database.migrate()
    return database, Outbox(database)


def put_back(outbox: Outbox, channel: str | None = None) -> int:
    """Put parked alerts back in line, those in doubt too; returns how many."""
    done = OutboxWord(outbox._database).retry(Choice(channel=channel), in_doubt=True)
    return len(done.back) + len(done.doubtful)


def an_alert(
    key: str, channel: str = "#voice-complaints", *, text: str | None = None, at: datetime = NOW
) -> NewAlert:
    told = text or key
    section = {"type": "section", "text": {"type": "mrkdwn", "text": told}}
    return NewAlert(
        dedupe_key=key,
        kind=AlertKind.COMPLAINT,
        brand="Acme Air",
        channel=channel,
        payload={"text": told, "blocks": [section]},
        created_at=at,
    )


def several(
    number: int,
    channels: Iterable[str] = ("#voice-complaints", "#voice-wows"),
    *,
    at: datetime = NOW,
) -> list[NewAlert]:
    names = list(channels)
    return [an_alert(f"complaint:t:{n}", names[n % len(names)], at=at) for n in range(number)]
