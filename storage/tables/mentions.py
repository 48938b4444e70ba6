"""Mentions, their versions and their authors."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from storage.database import Database
from storage.faults import is_unfit
from storage.masking import masked
from storage.models import (
    FORGOTTEN_TEXT,
    Fate,
    LedgerLine,
    Mention,
    RefusalReason,
    SaveResult,
    Unstored,
    iso,
)
from storage.rows import moment_in
from storage.storable import UnstorableError, mended, storable
from storage.tables.answered_texts import parent_of
from storage.tables.author_rows import save_authors
from storage.tables.gone_mentions import mark_gone
from storage.tables.ledger import count_lines, unstorable_line
from storage.tables.mention_rows import COLUMNS, SELECT_MENTION, mention_from, row_of
from storage.tables.privacy import kept, wishes_of
from storage.tables.tombstones import forgotten, forgotten_ids

# What a later reading may change without making a new version.
_REFRESHED = (
    "url", "author_id", "language", "created_at", "reach", "parent_id", "edited_at",
    "owner_reply", "owner_replied_at", "country", "product_version", "location",
)  # fmt: skip
_VERSIONED = ("title", "text", "rating", "rating_max", "text_hash")
# The day of the ledger is no part of a mention.
_WRITTEN = (*COLUMNS, "seen_on")
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class _Visit:
    """When mentions come to the store, and from when on it keeps them."""

    at: datetime | None
    keeps_since: datetime | None


class _UndoneError(Exception):
    """Ends a transaction that nothing is to be kept of."""


class Mentions:
    def __init__(self, database: Database) -> None:
        self._database = database

    def save(
        self,
        batch: Sequence[Mention],
        gone: Sequence[str] = (),
        at: datetime | None = None,
        left_out: Mapping[LedgerLine, int] | None = None,
        keeps_since: datetime | None = None,
    ) -> SaveResult:
        """Upsert mentions by id in one transaction; safe to repeat.

        A changed title, text or rating keeps the old one as a version and waits for a verdict
        anew. An answer whose thread was renamed is not changed: it keeps the title it came with.
        A mention that another brand already has stays that brand's; one of which an excerpt comes
        stays as it is. One that the store cannot hold is refused, the others are stored. What was
        forgotten stays out, and so does what is new here and older than `keeps_since`: it would be
        erased at night. The ids in `gone` were deleted at their source, as seen `at`: they are
        marked, their words and counts stay, and alerts for them that wait are dropped.

        The ledger counts each entry in the transaction that stores it, on the day of `at` (else
        that on which it was fetched), and with them those beside the batch that were `left_out`.
        """
        held: dict[str, Mention] = {}
        refused: list[Unstored] = []
        lines = Counter[LedgerLine](left_out or {})
        wishes = wishes_of(self._database.connection)
        for mention in batch:
            try:
                one = kept(self._database.connection, storable(mention), wishes)
            except UnstorableError as error:
                refused.append(Unstored(mention_id=mention.id, reason=str(error)))
                lines[unstorable_line(mention, at)] += 1
            else:
                if one.id in held:
                    lines[LedgerLine.of(one, Fate.KNOWN, _day(one, at))] += 1
                held[one.id] = one
        ids = [mended(mention_id) for mention_id in gone]
        if not held and not ids and not lines:
            return SaveResult()
        visit = _Visit(at, keeps_since)
        try:
            saved = self._save(held, ids, visit, lines)
        except Exception as error:
            if not held or not is_unfit(error):
                raise
            self._try_out(next(iter(held.values())))
            saved = self._save_halves(list(held.values()), visit, error)
            lines.update(unstorable_line(held[one.mention_id], at) for one in saved.refused)
            saved += self._save({}, ids, visit, lines)
        return replace(saved, refused=(*refused, *saved.refused))

    def _save(
        self,
        latest: dict[str, Mention],
        gone: Sequence[str],
        visit: _Visit,
        lines: Mapping[LedgerLine, int],
    ) -> SaveResult:
        with self._database.transaction() as connection:
            saved = self._write(connection, latest, visit)
            if gone and visit.at is not None:
                saved += SaveResult(deleted=mark_gone(connection, gone, visit.at))
            count_lines(connection, lines)
        return saved

    def _write(
        self, connection: sqlite3.Connection, offered: dict[str, Mention], visit: _Visit
    ) -> SaveResult:
        lines = Counter[LedgerLine]()
        stored = self._stored(connection, offered)
        new = [mention for key, mention in offered.items() if key not in stored]
        kept_out = _kept_out(connection, new, visit)
        for key, reason in kept_out.items():
            day = _day(offered[key], visit.at)
            lines[LedgerLine.of(offered[key], Fate.REFUSED, day, reason)] += 1
        latest = {key: one for key, one in offered.items() if key not in kept_out}
        rows = {key: row_of(mention, stored.get(key)) for key, mention in latest.items()}
        known_better = {
            key for key, row in rows.items() if row["author_id"] != latest[key].author_id
        }
        save_authors(connection, (m for k, m in latest.items() if k not in known_better))
        inserts = []
        for mention in latest.values():
            day = _day(mention, visit.at)
            row, old = rows[mention.id] | {"seen_on": day}, stored.get(mention.id)
            fate = Fate.KNOWN
            if old is None:
                inserts.append(row)
                fate = Fate.NEW
            elif old["brand"] != mention.brand or mention.excerpt:
                pass
            elif old["text_hash"] != mention.text_hash and not _says_the_same(old, row):
                fate = Fate.EDITED
                if not _is_judged(connection, old):
                    lines[LedgerLine.of(mention, Fate.REPLACED, _day_in(old))] += 1
                self._replace_version(connection, old, row)
            else:
                self._refresh(connection, old, row)
            lines[LedgerLine.of(mention, fate, day)] += 1
        columns = ", ".join(_WRITTEN)
        marks = ", ".join(f":{column}" for column in _WRITTEN)
        connection.executemany(f"INSERT INTO mentions ({columns}) VALUES ({marks})", inserts)
        count_lines(connection, lines)
        came_to = Counter[Fate]()
        for line, entries in lines.items():
            came_to[line.fate] += entries
        reasons = Counter(kept_out.values())
        return SaveResult(
            new=came_to[Fate.NEW],
            edited=came_to[Fate.EDITED],
            known=came_to[Fate.KNOWN],
            forgotten=reasons[RefusalReason.FORGOTTEN],
            too_old=reasons[RefusalReason.TOO_OLD],
        )

    def _save_halves(
        self, mentions: Sequence[Mention], visit: _Visit, error: Exception
    ) -> SaveResult:
        """Save mentions that cannot all be stored at once; those that cannot alone are refused."""
        if len(mentions) == 1:
            reason = f"it does not fit into the store: {error.__cause__ or error}"
            return SaveResult(refused=(Unstored(mention_id=mentions[0].id, reason=reason),))
        saved = SaveResult()
        middle = (len(mentions) + 1) // 2
        for half in (mentions[:middle], mentions[middle:]):
            try:
                saved += self._save({mention.id: mention for mention in half}, (), visit, {})
            except Exception as again:
                if not is_unfit(again):
                    raise
                saved += self._save_halves(half, visit, again)
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
            self._write(connection, {blameless.id: blameless}, _Visit(None, None))
            raise _UndoneError

    def as_kept(self, mention: Mention) -> Mention:
        """Give a mention as `save` stores it, by the wishes of `[privacy]`: with its `text_hash`.

        What is compared with the store is compared as this.
        """
        connection = self._database.connection
        return kept(connection, mention, wishes_of(connection))

    def known(self, source: str, native_ids: Sequence[str], before: datetime) -> dict[str, str]:
        """Give the text hash of each of these that was stored before a moment and still stands.

        What a later run stored is left out: that run may have ended before it came this far back.
        One that was forgotten has the hash of no text.
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
            for one in forgotten_ids(self._database.connection, chunk):
                hashes[one.removeprefix(f"{source}:")] = FORGOTTEN_TEXT
        return hashes

    def seqs(self, mention_ids: Iterable[str]) -> dict[str, int]:
        """Give the number of each of these mentions in the store, which shows nothing of it."""
        found: dict[str, int] = {}
        for chunk in in_chunks([*mention_ids]):
            marks = ", ".join("?" * len(chunk))
            rows = self._database.connection.execute(
                f"SELECT id, seq FROM mentions WHERE id IN ({marks})", chunk
            )
            found |= {row["id"]: row["seq"] for row in rows}
        return found

    def get(self, mention_id: str) -> Mention | None:
        row = self._database.connection.execute(
            f"{SELECT_MENTION} WHERE m.id = ?", (mention_id,)
        ).fetchone()
        return mention_from(row) if row else None

    def many(self, mention_ids: Sequence[str]) -> dict[str, Mention]:
        """Give those of these mentions that are stored, by id."""
        mentions: dict[str, Mention] = {}
        for chunk in in_chunks([mended(mention_id) for mention_id in mention_ids]):
            marks = ", ".join("?" * len(chunk))
            for row in self._database.connection.execute(
                f"{SELECT_MENTION} WHERE m.id IN ({marks})", chunk
            ):
                mentions[row["id"]] = mention_from(row)
        return mentions

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

    def _replace_version(
        self, connection: sqlite3.Connection, old: sqlite3.Row, row: dict[str, Any]
    ) -> None:
        wishes = wishes_of(connection)

        def said(text: str | None) -> str | None:
            # What was stored before anything was masked is masked now.
            return text and masked(text, wishes.mask, old["country"], old["language"])

        connection.execute(
            """
            INSERT INTO mention_versions
                (mention_id, text_hash, title, text, rating, rating_max, replaced_at, seen_on)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            (
                old["id"], old["text_hash"], said(old["title"]), said(old["text"]) or "",
                old["rating"],
                old["rating_max"], row["fetched_at"], _day_in(old),
            ),
        )  # fmt: skip
        # Some sources give only the time of the last edit: what was written stays on its day.
        if old["created_at"] and row["created_at"] and row["created_at"] > old["created_at"]:
            row["edited_at"] = row["edited_at"] or row["created_at"]
        row["created_at"] = old["created_at"] or row["created_at"]
        row["edited_at"] = row["edited_at"] or row["fetched_at"]
        row["parent_id"] = parent_of(connection, old, row)
        changed = ", ".join(
            f"{column} = :{column}"
            for column in (*_VERSIONED, *_REFRESHED, "fetched_at", "seen_on")
        )
        # An old verdict speaks of the old text: the new one waits to be scored. Where no rule saw
        # the old text, the mention has waited since that one was stored.
        connection.execute(
            f"""
            UPDATE mentions SET {changed}, verdict_id = NULL, deleted_at = NULL,
                first_fetched_at = coalesce(first_fetched_at, fetched_at),
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
        if old["verdict_id"] is not None and old["language"]:
            # The language was decided from the text; what a page says of itself was heard then.
            row["language"] = None
        row["parent_id"] = parent_of(connection, old, row)
        changed = [c for c in _REFRESHED if row[c] is not None and row[c] != old[c]]
        if changed or old["deleted_at"]:
            assignments = ", ".join(
                [*(f"{column} = :{column}" for column in changed), "deleted_at = NULL"]
            )
            connection.execute(f"UPDATE mentions SET {assignments} WHERE id = :id", row)


def _is_judged(connection: sqlite3.Connection, row: sqlite3.Row) -> bool:
    """Tell whether the rules have seen the present text of a mention's row."""
    rows = connection.execute(
        "SELECT 1 FROM verdicts WHERE id = ? AND judged_at IS NOT NULL", (row["verdict_id"],)
    )
    return rows.fetchone() is not None


def _says_the_same(old: sqlite3.Row, row: Mapping[str, Any]) -> bool:
    """Tell whether of an answer nothing changed but the title of its thread."""
    if not old["parent_id"] or not row["text"]:
        return False
    return all(old[name] == row[name] for name in ("text", "rating", "rating_max"))


def _kept_out(
    connection: sqlite3.Connection, new: Sequence[Mention], visit: _Visit
) -> dict[str, RefusalReason]:
    """Say of which mentions that are not stored yet the store keeps none, and why."""
    kept_out = dict.fromkeys(forgotten(connection, new), RefusalReason.FORGOTTEN)
    if (since := visit.keeps_since) is not None:
        for mention in new:
            if (mention.created_at or mention.fetched_at) < since:
                kept_out.setdefault(mention.id, RefusalReason.TOO_OLD)
    return kept_out


def _day(mention: Mention, at: datetime | None) -> str:
    """Give the day of the ledger on which a mention is seen."""
    return iso(at or mention.fetched_at)[:10]


def _day_in(row: sqlite3.Row) -> str:
    """Give the day of the ledger on which the present text of a mention's row stands."""
    return str(row["seen_on"] or row["fetched_at"][:10])


def in_chunks(items: Sequence[Any], size: int = _CHUNK) -> Iterator[Sequence[Any]]:
    """Cut a sequence so that each part fits SQLite's limit of bound values."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
