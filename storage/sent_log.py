"""What Slack has, in a file beside the store: a damaged log of SQLite loses its last writes.

One line an alert, on the disk before the store says `sent`. A line holds no word of anybody: a
keyed hash of the alert's key and place, when it was tried, and when Slack had it.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path

from storage.models import from_iso, iso

log = logging.getLogger(__name__)

KEPT = timedelta(days=3)
"""Older lines make way: what SQLite lost was written since its last checkpoint, not long ago."""
_LONGEST = 1_000_000


def path_of(store: Path) -> Path:
    """Name the file beside a store."""
    # Whatever links lead to it, as locks belong to the file.
    real = Path(os.path.realpath(store))
    return real.with_name(f"{real.name}-sent")


def add(store: Path, connection: sqlite3.Connection, alert_id: int, now: datetime) -> None:
    """Write down that Slack has an alert; a disk that takes no line costs only the line."""
    row = connection.execute(
        "SELECT dedupe_key, channel, posted_anew_at, claimed_at, operation FROM alerts "
        "WHERE id = ?",
        (alert_id,),
    ).fetchone()
    if row is None or row["operation"] == "update":
        return
    mark = _mark(_key(connection), row)
    tried_at = row["claimed_at"] or iso(now)
    path = path_of(store)
    try:
        _shorten(path, now)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(file, f"{mark} {tried_at} {iso(now)}\n".encode())
            os.fsync(file)
        finally:
            os.close(file)
    except OSError as error:
        log.warning("%s: what Slack has is not kept there: %s", path, error.strerror)


def lost(store: Path, connection: sqlite3.Connection) -> list[tuple[str, int]]:
    """Give when each alert was tried that waits although it was sent, and its id.

    More than none says that the store has gone back to an earlier state: one that still knows of
    that try, or of a later one, has lost nothing, and looks for it in any case.
    """
    # Asked by the words of the index `alerts_unsent`, which holds the few that are not sent.
    waiting = connection.execute(
        "SELECT id, dedupe_key, channel, posted_anew_at, claimed_at FROM alerts "
        "WHERE state IN ('pending', 'sending', 'parked') AND state = 'pending' "
        "AND operation <> 'update' AND NOT may_be_posted"
    ).fetchall()
    tried = dict(_lines(path_of(store))) if waiting else {}
    if not tried:
        return []
    key = _key(connection)
    return [
        (tried[mark], row["id"])
        for row in waiting
        if (mark := _mark(key, row)) in tried and (row["claimed_at"] or "") < tried[mark]
    ]


def doubt(
    connection: sqlite3.Connection, alerts: Sequence[tuple[str, int]], now: datetime
) -> None:
    """Let what is `lost` be looked for in Slack before it goes again, inside a transaction."""
    connection.executemany(
        """
        UPDATE alerts SET state = 'sending', may_be_posted = 0, trouble = 'passing',
            error = 'The store has lost that this was sent: Earful looks for it first.',
            claimed_at = ?, next_attempt_at = ?, attempts = max(attempts, 1)
        WHERE id = ?
        """,
        [(tried_at, iso(now), alert_id) for tried_at, alert_id in alerts],
    )


def _lines(path: Path) -> Iterable[tuple[str, str]]:
    try:
        text = path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        mark, *times = line.split(" ")
        if len(times) == 2:  # else it was cut off in the middle
            yield mark, times[0]


def _shorten(path: Path, now: datetime) -> None:
    with suppress(FileNotFoundError):
        if path.stat().st_size < _LONGEST:
            return
        kept = []
        for line in path.read_text(encoding="ascii", errors="replace").splitlines():
            with suppress(ValueError):
                if now - from_iso(line.split(" ")[-1]) < KEPT:
                    kept.append(line + "\n")
        fresh = path.with_name(f"{path.name}.new")
        fresh.touch(mode=0o600)
        fresh.write_text("".join(kept), encoding="ascii")
        fresh.replace(path)


def _key(connection: sqlite3.Connection) -> bytes:
    return bytes(connection.execute("SELECT key FROM tombstone_key").fetchone()[0])


def _mark(key: bytes, row: sqlite3.Row) -> str:
    """Name an alert: posted anew or elsewhere it is another, and none is of another store."""
    parts = (row["dedupe_key"], row["channel"], row["posted_anew_at"] or "")
    name = "\n".join(parts).encode("utf-8", "surrogatepass")
    return blake2b(name, digest_size=16, key=key, person=b"sent").hexdigest()
