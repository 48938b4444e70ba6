"""Mentions, their versions and their authors."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from storage.database import Database
from storage.faults import is_unfit
from storage.models import Mention, SaveResult, Unstored, from_iso, is_of_one_mention, iso
from storage.rows import moment_in, reads
from storage.storable import UnstorableError, mended, storable

_COLUMNS = (
    "id", "brand", "source", "native_id", "url", "author_id", "title", "text", "rating",
    "rating_max", "language", "created_at", "fetched_at", "reach", "parent_id", "text_hash",
    "edited_at", "owner_reply", "owner_replied_at",
)  # fmt: skip
# What a later reading may change without making a new version.
_REFRESHED = (
    "url", "author_id", "language", "created_at", "reach", "parent_id", "edited_at",
    "owner_reply", "owner_replied_at",
)  # fmt: skip
_VERSIONED = ("title", "text", "rating", "rating_max", "text_hash")
# `excerpt` says how to save and is not kept.
_FIELDS = tuple(item.name for item in fields(Mention) if item.name != "excerpt")
_CHUNK = 500


class _UndoneError(Exception):
    """Ends a transaction that nothing is to be kept of."""


class Mentions:
    def __init__(self, database: Database) -> None:
        self._database = database

    def save(
        self, batch: Sequence[Mention], gone: Sequence[str] = (), at: datetime | None = None
    ) -> SaveResult:
        """Upsert mentions by id in one transaction; safe to repeat.

        A changed title, text or rating keeps the old one as a version and waits for a verdict
        anew. A mention that another brand already has stays that brand's; one of which an excerpt
        comes stays as it is. One that the store cannot hold is refused, the others are stored. The
        ids in `gone` were deleted at their source, as seen `at`: they are marked, their words and
        counts stay, and alerts for them that wait are dropped.
        """
        held: dict[str, Mention] = {}
        refused: list[Unstored] = []
        for mention in batch:
            try:
                one = storable(mention)
            except UnstorableError as error:
                refused.append(Unstored(mention_id=mention.id, reason=str(error)))
            else:
                held[one.id] = one
        ids = [mended(mention_id) for mention_id in gone]
        if not held and not ids:
            return SaveResult(refused=tuple(refused))
        try:
            saved = self._save(held, ids, at)
        except Exception as error:
            if not held or not is_unfit(error):
                raise
            self._try_out(next(iter(held.values())))
            saved = self._save_halves(list(held.values()), error) + self._save({}, ids, at)
        return replace(saved, refused=(*refused, *saved.refused))

    def _save(
        self, latest: dict[str, Mention], gone: Sequence[str], at: datetime | None
    ) -> SaveResult:
        with self._database.transaction() as connection:
            saved = self._write(connection, latest)
            if gone and at is not None:
                saved += SaveResult(deleted=_mark_gone(connection, gone, at))
        return saved

    def _write(self, connection: sqlite3.Connection, latest: dict[str, Mention]) -> SaveResult:
        new, edited = 0, 0
        stored = self._stored(connection, latest)
        rows = {key: _row(mention, stored.get(key)) for key, mention in latest.items()}
        known_better = {
            key for key, row in rows.items() if row["author_id"] != latest[key].author_id
        }
        self._save_authors(connection, (m for k, m in latest.items() if k not in known_better))
        inserts = []
        for mention in latest.values():
            row, old = rows[mention.id], stored.get(mention.id)
            if old is None:
                inserts.append(row)
                new += 1
            elif old["brand"] != mention.brand or mention.excerpt:
                continue
            elif old["text_hash"] != mention.text_hash:
                self._replace_version(connection, old, row)
                edited += 1
            else:
                self._refresh(connection, old, row)
        columns = ", ".join(_COLUMNS)
        marks = ", ".join(f":{column}" for column in _COLUMNS)
        connection.executemany(f"INSERT INTO mentions ({columns}) VALUES ({marks})", inserts)
        return SaveResult(new=new, edited=edited, known=len(latest) - new - edited)

    def _save_halves(self, mentions: Sequence[Mention], error: Exception) -> SaveResult:
        """Save mentions that cannot all be stored at once; those that cannot alone are refused."""
        if len(mentions) == 1:
            reason = f"it does not fit into the store: {error.__cause__ or error}"
            return SaveResult(refused=(Unstored(mention_id=mentions[0].id, reason=reason),))
        saved = SaveResult()
        middle = (len(mentions) + 1) // 2
        for half in (mentions[:middle], mentions[middle:]):
            try:
                saved += self._save({mention.id: mention for mention in half}, (), None)
            except Exception as again:
                if not is_unfit(again):
                    raise
                saved += self._save_halves(half, again)
        return saved

    def _try_out(self, like: Mention) -> None:
        """Raise what the store says of a mention that cannot be at fault; nothing is kept."""
        blameless = Mention(
            brand="earful",
            source="earful",
            native_id="blameless",
            author="earful",
            text="Can a mention be stored?",
            fetched_at=like.fetched_at,
        )
        with suppress(_UndoneError), self._database.transaction() as connection:
            self._write(connection, {blameless.id: blameless})
            raise _UndoneError

    def known(self, source: str, native_ids: Sequence[str], before: datetime) -> dict[str, str]:
        """Give the text hash of each of these that was stored before a moment and still stands.

        What a later run stored is left out: that run may have ended before it came this far back.
        """
        hashes: dict[str, str] = {}
        wanted = [mended(f"{source}:{native_id}") for native_id in native_ids]
        for chunk in in_chunks(wanted):
            marks = ", ".join("?" * len(chunk))
            for row in self._database.connection.execute(
                f"SELECT native_id, text_hash FROM mentions WHERE id IN ({marks}) "
                "AND fetched_at <= ?",
                (*chunk, iso(before)),
            ):
                hashes[row["native_id"]] = row["text_hash"]
        return hashes

    def get(self, mention_id: str) -> Mention | None:
        row = self._database.connection.execute(
            f"{SELECT_MENTION} WHERE m.id = ?", (mention_id,)
        ).fetchone()
        return mention_from(row) if row else None

    def many(self, mention_ids: Sequence[str]) -> dict[str, Mention]:
        """Give those of these mentions that are stored, by id."""
        found: dict[str, Mention] = {}
        for chunk in in_chunks([mended(mention_id) for mention_id in mention_ids]):
            marks = ", ".join("?" * len(chunk))
            for row in self._database.connection.execute(
                f"{SELECT_MENTION} WHERE m.id IN ({marks})", chunk
            ):
                found[row["id"]] = mention_from(row)
        return found

    def count(self) -> int:
        row = self._database.connection.execute("SELECT count(*) FROM mentions").fetchone()
        return int(row[0])

    def newest(self, brand: str, source: str) -> datetime | None:
        """Tell when the newest stored mention of a brand at a source was written."""
        row = self._database.connection.execute(
            "SELECT max(created_at) FROM mentions WHERE brand = ? AND source = ?", (brand, source)
        ).fetchone()
        return moment_in(row, "mentions", "created_at")

    def _stored(
        self, connection: sqlite3.Connection, wanted: Iterable[str]
    ) -> dict[str, sqlite3.Row]:
        stored: dict[str, sqlite3.Row] = {}
        ids = list(wanted)
        for start in range(0, len(ids), _CHUNK):
            chunk = ids[start : start + _CHUNK]
            marks = ", ".join("?" * len(chunk))
            for row in connection.execute(f"SELECT * FROM mentions WHERE id IN ({marks})", chunk):
                stored[row["id"]] = row
        return stored

    def _save_authors(self, connection: sqlite3.Connection, mentions: Iterable[Mention]) -> None:
        rows = [
            {
                "id": author_id,
                "source": mention.source,
                "native_id": author_id.removeprefix(f"{mention.source}:"),
                "name": mention.author,
                "seen_at": iso(mention.created_at or mention.fetched_at),
                "reach": mention.reach,
            }
            for mention in mentions
            if (author_id := mention.author_id)
        ]
        connection.executemany(
            """
            INSERT INTO authors (id, source, native_id, name, first_seen_at, last_seen_at, reach)
            VALUES (:id, :source, :native_id, :name, :seen_at, :seen_at, :reach)
            ON CONFLICT (id) DO UPDATE SET
                name = coalesce(excluded.name, name),
                first_seen_at = min(first_seen_at, excluded.first_seen_at),
                last_seen_at = max(last_seen_at, excluded.last_seen_at),
                reach = coalesce(excluded.reach, reach)
            WHERE first_seen_at > excluded.first_seen_at OR last_seen_at < excluded.last_seen_at
                OR name IS NOT coalesce(excluded.name, name)
                OR reach IS NOT coalesce(excluded.reach, reach)
            """,
            rows,
        )

    def _replace_version(
        self, connection: sqlite3.Connection, old: sqlite3.Row, row: dict[str, Any]
    ) -> None:
        connection.execute(
            """
            INSERT INTO mention_versions
                (mention_id, text_hash, title, text, rating, rating_max, replaced_at)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            (
                old["id"], old["text_hash"], old["title"], old["text"], old["rating"],
                old["rating_max"], row["fetched_at"],
            ),
        )  # fmt: skip
        # Some sources give only the time of the last edit: what was written stays on its day.
        if old["created_at"] and row["created_at"] and row["created_at"] > old["created_at"]:
            row["edited_at"] = row["edited_at"] or row["created_at"]
        row["created_at"] = old["created_at"] or row["created_at"]
        row["edited_at"] = row["edited_at"] or row["fetched_at"]
        changed = ", ".join(
            f"{column} = :{column}" for column in (*_VERSIONED, *_REFRESHED, "fetched_at")
        )
        # An old verdict speaks of the old text: the new one waits to be scored. Where no rule saw
        # the old text, the mention has waited since that one was stored.
        connection.execute(
            f"""
            UPDATE mentions SET {changed}, verdict_id = NULL, deleted_at = NULL,
                waits_since = CASE WHEN NOT EXISTS (
                    SELECT 1 FROM verdicts WHERE mention_id = :id AND judged_at IS NOT NULL
                ) THEN coalesce(waits_since, fetched_at) END
            WHERE id = :id
            """,
            row,
        )

    def _refresh(
        self, connection: sqlite3.Connection, old: sqlite3.Row, row: dict[str, Any]
    ) -> None:
        # A day once counted is not counted anew: the first date that a source gave stays.
        row["created_at"] = old["created_at"] or row["created_at"]
        changed = [c for c in _REFRESHED if row[c] is not None and row[c] != old[c]]
        if changed or old["deleted_at"]:
            assignments = ", ".join(
                [*(f"{column} = :{column}" for column in changed), "deleted_at = NULL"]
            )
            connection.execute(f"UPDATE mentions SET {assignments} WHERE id = :id", row)


SELECT_MENTION = """
    SELECT m.*, a.name AS author, a.native_id AS author_native_id
    FROM mentions m LEFT JOIN authors a ON a.id = m.author_id
"""


@reads("mentions")
def mention_from(row: sqlite3.Row) -> Mention:
    """Make a Mention of a row that `SELECT_MENTION` gave."""
    values: dict[str, Any] = {name: row[name] for name in _FIELDS}
    if values["author_native_id"] and is_of_one_mention(values["author_native_id"]):
        values["author_native_id"] = None  # the source gave a name only
    for name in ("created_at", "fetched_at", "edited_at", "owner_replied_at"):
        if (written := row[name]) is not None:
            values[name] = from_iso(written)
    return Mention(**values)


def _row(mention: Mention, old: sqlite3.Row | None) -> dict[str, Any]:
    """Give a mention as a row; a person whom the store knows by id stays one.

    Some sources give the same review with its author's id in one place, by a name in another.
    """
    row: dict[str, Any] = {column: getattr(mention, column) for column in _COLUMNS}
    if old is not None and old["author_id"] and not mention.is_by_known_author:
        row["author_id"] = old["author_id"] if mention.author_id else None
    for name, value in row.items():
        if isinstance(value, datetime):
            row[name] = iso(value)
    return row


def _mark_gone(connection: sqlite3.Connection, ids: Sequence[str], at: datetime) -> int:
    """Mark mentions deleted; what waits to be told of them is not told any more."""
    deleted = 0
    for mention_id in ids:
        marked = connection.execute(
            "UPDATE mentions SET deleted_at = ? WHERE id = ? AND deleted_at IS NULL",
            (iso(at), mention_id),
        ).rowcount
        if not marked:
            continue
        deleted += 1
        # One that Slack may have is settled first: its thread must know where it is.
        connection.execute(
            "UPDATE alerts SET state = 'dropped', next_attempt_at = NULL, error = NULL "
            "WHERE mention_id = ? AND state IN ('pending', 'parked') "
            "AND NOT may_be_posted",
            (mention_id,),
        )
    return deleted


def in_chunks(items: Sequence[Any], size: int = _CHUNK) -> Iterator[Sequence[Any]]:
    """Cut a sequence so that each part fits SQLite's limit of bound values."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
