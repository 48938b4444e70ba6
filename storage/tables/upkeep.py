"""Keeping the store: backups of it, and forgetting."""

from __future__ import annotations

import logging
import sqlite3
from datetime import datetime
from pathlib import Path

from config.errors import (
    StoreFullError,
    StoreLockedError,
)
from storage.backups import back_up, back_up_into
from storage.database import Database
from storage.models import Erasure, Fate
from storage.tables.alert_rows import in_payload
from storage.tables.daily_counts import keep_counts
from storage.tables.erased_traces import clear_traces
from storage.tables.ledger import count_waiting_as
from storage.tables.quoted_mentions import FORGOTTEN, take_out
from storage.tables.subjects import (
    CALLED,
    Subject,
    deleted_by,
    of_author,
    of_mention,
    of_mentions,
    older_than,
)
from storage.tables.tombstones import bury, forgotten_ids
from storage.tables.written_files import take_back

log = logging.getLogger(__name__)


class Upkeep:
    def __init__(self, database: Database) -> None:
        self._database = database

    def forget_author(self, author_id: str, erasure: Erasure) -> int:
        """Erase an author, and all their mentions from the store and from messages.

        Whom only a name tells is named by it, `source:name`: all of that name there are erased.
        What is erased is overwritten on disk, in the index and in the write-ahead log too. Slack's
        messages about them, or with their words, are changed by updates. Returns how many mentions
        were erased.
        """
        return self._forget(of_author(author_id), erasure)

    def forget_older(self, than: datetime) -> int:
        """Erase mentions written before a moment; the daily counts stay. Returns how many.

        What has no date is as old as its first reading. Slack keeps its messages as long as the
        workspace says.
        """
        return self._forget(older_than(than), None)

    def forget_deleted(self, at: datetime, erasure: Erasure) -> int:
        """Erase mentions that their sources had deleted by a moment, as `forget_author` does."""
        return self._forget(deleted_by(at), erasure)

    def forget_mention(self, mention_id: str, erasure: Erasure) -> int:
        """Erase one mention, as `forget_author` does; returns 0 where there is none of this id."""
        return self._forget(of_mention(mention_id), erasure)

    def forget_again(self, erasure: Erasure) -> int:
        """Erase what was erased before, and came back with a backup of earlier."""
        rows = self._database.connection.execute("SELECT id FROM mentions").fetchall()
        again = forgotten_ids(self._database.connection, (row[0] for row in rows))
        return self._forget(of_mentions(again), erasure) if again else 0

    def rewrite(self) -> None:
        """Write the file anew, so that no copy of an erased word is left between its pages.

        SQLite moves rows as a file grows, and leaves some old copies where they were. Takes as
        much free space again as the file has, and holds up all writers meanwhile.
        """
        path = self._database.path
        try:
            with self._database.transaction() as connection:
                # The index keeps the words of what was edited until its parts are merged.
                connection.execute("INSERT INTO mentions_fts (mentions_fts) VALUES ('optimize')")
            self._database.connection.execute("VACUUM")
        except StoreFullError as error:
            raise StoreFullError(
                f"{path}: what you named is erased, but no space is left to write the file anew, "
                "and some pages may hold old copies: free as much as the file has, then run "
                "`earful forget` again"
            ) from error
        self._empty_log(0)

    def _forget(self, subject: Subject, erasure: Erasure | None) -> int:
        chosen, value = subject.chosen, subject.value
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO mentions_fts (mentions_fts, rank) VALUES ('secure-delete', 1)"
                if sqlite3.sqlite_version_info >= (3, 42)
                else "SELECT 1"
            )
            take_out(connection, chosen, value, erasure)
            take_back(connection, subject)
            # Of those that older versions wrote about many people nobody knows whom they quote;
            # what was sent needs its words no more.
            connection.execute(
                "UPDATE alerts SET payload = ? WHERE kind IN ('digest', 'incident') "
                f"AND state IN ('sent', 'dropped') AND {in_payload('$.quotes')} IS NULL",
                (FORGOTTEN,),
            )
            # They were seen: the ledger says that no rule will see them.
            count_waiting_as(
                connection,
                f"'{Fate.FORGOTTEN}'",
                f"m.id IN ({chosen.replace('?1', ':value')})",
                {"value": value},
            )
            keep_counts(connection, chosen, value)
            bury(connection, chosen, value)
            clear_traces(connection, chosen, value)
            connection.execute(
                f"UPDATE mentions SET verdict_id = NULL WHERE id IN ({chosen})", (value,)
            )
            _note_authors(connection, subject)
            erased = connection.execute(
                f"DELETE FROM mentions WHERE {subject.where}", (value,)
            ).rowcount
            _delete_authors(connection, subject)
            if erased:
                # In the same transaction: a word is gone from tables and index, or from neither.
                connection.execute("INSERT INTO mentions_fts (mentions_fts) VALUES ('optimize')")
        self._empty_log(erased)
        return erased

    def _empty_log(self, erased: int) -> None:
        """Take erased words out of the write-ahead log too.

        Even if nothing was erased now: an earlier run may have been kept from it.
        """
        path = self._database.path
        stay = (
            f"{path}: {erased:,} mentions are erased, but their words stay in its write-ahead log"
        )
        try:
            emptied = self._database.empty_log()
        except StoreFullError as error:
            raise StoreFullError(
                f"{stay}, for no space is left on its disk: free some space, then run "
                "`earful forget` again"
            ) from error
        if not emptied and erased:
            raise StoreLockedError(
                f"{stay} while another process reads it: end what does, such as `earful serve`, "
                "then run `earful forget` again"
            )

    def backup(self, target: Path) -> int:
        """Copy the store while it is in use: see `storage.backups.back_up`."""
        return back_up(self._database, target)

    def backup_into(self, folder: Path, keep: int, at: datetime) -> tuple[Path, int, list[Path]]:
        """Copy the store into a folder of its backups: see `storage.backups.back_up_into`."""
        return back_up_into(self._database, folder, keep, at)


def _note_authors(connection: sqlite3.Connection, subject: Subject) -> None:
    """Keep whose mentions are about to be erased."""
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS erased_authors (id TEXT PRIMARY KEY)")
    connection.execute("DELETE FROM temp.erased_authors")
    connection.execute(
        "INSERT OR IGNORE INTO temp.erased_authors SELECT author_id FROM mentions "
        f"WHERE ({subject.where}) AND author_id IS NOT NULL",
        (subject.value,),
    )


def _delete_authors(connection: sqlite3.Connection, subject: Subject) -> None:
    """Delete who is meant; where none is, those of whom nothing is stored any more."""
    which, values = (
        (CALLED, (subject.value,))
        if subject.author
        else (
            "id IN (SELECT id FROM temp.erased_authors) "
            "AND NOT EXISTS (SELECT 1 FROM mentions m WHERE m.author_id = authors.id)",
            (),
        )
    )
    # Whoever asked for an author may have called them by their name.
    connection.execute(
        "UPDATE audit SET about = NULL WHERE about IN ("
        f"SELECT id FROM authors WHERE {which} UNION "
        f"SELECT source || ':' || name FROM authors WHERE {which})",
        values,
    )
    connection.execute(f"DELETE FROM authors WHERE {which}", values)
    connection.execute("DELETE FROM temp.erased_authors")
