"""Keeping the store: backup, restore, forgetting, checkpoints' state."""

from __future__ import annotations

import json
import os
import sqlite3
from datetime import datetime
from pathlib import Path

from config.errors import InputError, StoreError
from storage.database import Database
from storage.models import iso

_EMPTIED = json.dumps(
    {
        "text": "This message was about a person whose data was erased.",
        "blocks": [
            {
                "type": "section",
                "block_id": "erased",
                "text": {
                    "type": "plain_text",
                    "text": "This message was about a person whose data was erased.",
                },
            }
        ],
    }
)


class Upkeep:
    def __init__(self, database: Database) -> None:
        self._database = database

    def forget_author(self, author_id: str) -> int:
        """Erase an author, all their mentions and alerts that quote them; returns how many.

        What is erased is overwritten on disk, in the index and in the write-ahead log too. The
        messages about them that Slack has are emptied by updates.
        """
        return self._forget("author_id = ?", author_id, "DELETE FROM authors WHERE id = ?")

    def forget_older(self, than: datetime) -> int:
        """Erase mentions written before a moment; the daily counts stay. Returns how many."""
        return self._forget("coalesce(created_at, fetched_at) < ?", iso(than), None)

    def forget_deleted(self, at: datetime) -> int:
        """Erase mentions that their sources had deleted by a moment. Returns how many."""
        return self._forget("deleted_at <= ?", iso(at), None)

    def _forget(self, where: str, value: str, also: str | None) -> int:
        self._database.connection.execute("PRAGMA secure_delete = ON")
        chosen = f"SELECT id FROM mentions WHERE {where}"
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO mentions_fts (mentions_fts, rank) VALUES ('secure-delete', 1)"
                if sqlite3.sqlite_version_info >= (3, 42)
                else "SELECT 1"
            )
            # Alerts carry the words in their payload; one not yet sent must not be sent now. Sent
            # ones about many people may quote anybody, and need their words no more.
            connection.execute(
                f"""
                UPDATE alerts SET payload = '{{"text": "(forgotten)"}}',
                    state = CASE WHEN state = 'sent' THEN 'sent' ELSE 'dropped' END
                WHERE mention_id IN ({chosen})
                    OR (kind IN ('digest', 'incident') AND state IN ('sent', 'dropped'))
                """,
                (value,),
            )
            if also:
                connection.execute(
                    f"""
                    INSERT INTO alerts (dedupe_key, kind, brand, channel, payload, created_at,
                        operation, root_key)
                    SELECT 'forgotten:' || dedupe_key, kind, brand, channel, ?2,
                        strftime('%Y-%m-%dT%H:%M:%S+00:00', 'now'), 'update', dedupe_key
                    FROM alerts WHERE mention_id IN ({chosen.replace("?", "?1")})
                        AND state = 'sent' AND operation IN ('post', 'reply')
                        AND slack_ts IS NOT NULL
                    ON CONFLICT DO NOTHING
                    """,
                    (value, _EMPTIED),
                )
            connection.execute(
                f"UPDATE mentions SET verdict_id = NULL WHERE id IN ({chosen})", (value,)
            )
            erased = connection.execute(f"DELETE FROM mentions WHERE {where}", (value,)).rowcount
            if also:
                connection.execute(also, (value,))
            else:
                connection.execute(
                    "DELETE FROM authors WHERE id NOT IN "
                    "(SELECT author_id FROM mentions WHERE author_id IS NOT NULL)"
                )
        if erased:
            self._database.connection.execute(
                "INSERT INTO mentions_fts (mentions_fts) VALUES ('optimize')"
            )
            self._database.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return erased

    def backup(self, target: Path) -> int:
        """Copy the store while it is in use, verify the copy, then put it in place.

        Returns the copy's size in bytes; StoreError leaves an older file at `target` as it was.
        """
        partial = target.with_name(f".{target.name}.partial")
        partial.unlink(missing_ok=True)
        try:
            # One consistent snapshot, compact, without the write-ahead log.
            self._database.connection.execute("VACUUM INTO ?", (str(partial),))
            verify(partial)
            with partial.open("rb") as written:
                os.fsync(written.fileno())
            partial.replace(target)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{target}: the backup failed: {error}") from error
        finally:
            partial.unlink(missing_ok=True)
        return target.stat().st_size


def verify(path: Path) -> None:
    """Check that a file is a sound Earful store; InputError says what is wrong."""
    if not path.exists():
        raise InputError(f"{path}: no such file")
    database = None
    try:
        database = Database(path, readonly=True)
        check = database.connection.execute("PRAGMA integrity_check").fetchone()[0]
        if check != "ok":
            raise InputError(f"{path}: damaged: {check.splitlines()[0]}")
        database.connection.execute("SELECT count(*) FROM mentions").fetchone()
        database.require_migrated()
    except (sqlite3.Error, StoreError) as error:
        raise InputError(f"{path}: not an Earful store: {error}") from error
    finally:
        if database is not None:
            database.close()


def restore(backup: Path, target: Path) -> None:
    """Put a verified backup in the place of the store; the old one stays as `….before-restore`.

    The caller holds the lock of the daemon, so that nothing writes meanwhile.
    """
    verify(backup)
    partial = target.with_name(f".{target.name}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(backup.read_bytes())
        if target.exists():
            old = Database(target)
            old.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            old.close()
            target.replace(target.with_name(f"{target.name}.before-restore"))
        for suffix in ("-wal", "-shm"):
            Path(f"{target}{suffix}").unlink(missing_ok=True)
        partial.replace(target)
    except OSError as error:
        raise StoreError(f"{target}: the restore failed: {error}") from error
    finally:
        partial.unlink(missing_ok=True)
