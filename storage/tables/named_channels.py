"""What the config named each channel for, and when it did: its last word, and those before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from storage.database import Database
from storage.models import iso


class NamedChannels:
    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, channels: Mapping[str, str], now: datetime) -> bool:
        """Write down which channel the config names for each role; tells whether that is new."""
        rows = self._database.connection.execute(
            "SELECT role, channel FROM channel_roles WHERE until IS NULL"
        )
        known = {(row[0], row[1]) for row in rows}
        named = set(channels.items())
        if known == named:
            return False
        with self._database.transaction() as connection:
            connection.executemany(
                "UPDATE channel_roles SET until = ? WHERE role = ? AND channel = ?",
                [(iso(now), *one) for one in sorted(known - named)],
            )
            connection.executemany(
                "INSERT INTO channel_roles (role, channel, since) VALUES (?, ?, ?) "
                "ON CONFLICT (role, channel) DO UPDATE SET since = excluded.since, until = NULL",
                [(*one, iso(now)) for one in sorted(named - known)],
            )
        return True

    def left(self) -> dict[str, frozenset[str]]:
        """Give the channels that the config named once and names for nothing now, by channel the
        roles that it had."""
        rows = self._database.connection.execute(
            "SELECT channel, role FROM channel_roles WHERE channel NOT IN "
            "(SELECT channel FROM channel_roles WHERE until IS NULL) ORDER BY channel, role"
        )
        left: dict[str, set[str]] = {}
        for channel, role in rows:
            left.setdefault(channel, set()).add(role)
        return {channel: frozenset(roles) for channel, roles in left.items()}
