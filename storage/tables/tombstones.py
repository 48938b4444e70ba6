"""What was forgotten stays out: each erased mention and each blocked author leaves a mark.

A mark is a keyed hash of an id, with a key that each store makes for itself: it says of an id that
is shown to it whether that was erased here, and by itself it names nobody. What others call inside
their running transactions stands below the class.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from hashlib import blake2b

from storage.database import Database
from storage.models import Mention, is_of_one_mention
from storage.storable import mended

_SIZE = 16
_MENTION, _AUTHOR = "mention", "author"


class Tombstones:
    def __init__(self, database: Database) -> None:
        self._database = database

    def block(self, author_id: str) -> None:
        """Keep out whatever this author writes from now on; safe to repeat."""
        with self._database.transaction() as connection:
            _bury(connection, _AUTHOR, [author_id])

    def unblock(self, author_id: str) -> bool:
        """Let an author in again; what was erased of theirs stays out. False: not blocked."""
        with self._database.transaction() as connection:
            mark = _mark(_key(connection), _AUTHOR, author_id)
            return bool(
                connection.execute("DELETE FROM tombstones WHERE mark = ?", (mark,)).rowcount
            )


def bury(connection: sqlite3.Connection, chosen: str, value: str) -> None:
    """Mark the mentions that are about to be erased; `chosen` is SQL for their ids."""
    rows = connection.execute(chosen, (value,)).fetchall()
    _bury(connection, _MENTION, [row[0] for row in rows])


def forgotten(connection: sqlite3.Connection, mentions: Sequence[Mention]) -> set[str]:
    """Give the ids of those mentions that were erased here, or whose author is blocked."""
    if connection.execute("SELECT 1 FROM tombstones LIMIT 1").fetchone() is None:
        return set()
    key = _key(connection)
    marked = [
        (mention.id, mark)
        for mention in mentions
        for mark in [
            _mark(key, _MENTION, mention.id),
            *(_mark(key, _AUTHOR, name) for name in _names_of(mention)),
        ]
    ]
    found = _found(connection, {mark for _, mark in marked})
    return {mention_id for mention_id, mark in marked if mark in found}


def forgotten_ids(connection: sqlite3.Connection, ids: Iterable[str]) -> set[str]:
    """Give those of these ids of mentions that were erased here."""
    key = _key(connection)
    marks = {_mark(key, _MENTION, one): one for one in ids}
    return {marks[mark] for mark in _found(connection, marks)}


def mark_of_mention(connection: sqlite3.Connection, mention_id: str) -> str:
    """Give what stands for a mention's id where that must not be read any more."""
    return "#" + _mark(_key(connection), _MENTION, mention_id).hex()


def _names_of(mention: Mention) -> list[str]:
    """Name a mention's author as `forget --author` may: by an id, by a name where none tells."""
    if (author_id := mention.author_id) is None:
        return []
    if is_of_one_mention(author_id.removeprefix(f"{mention.source}:")) and mention.author:
        return [author_id, f"{mention.source}:{mention.author}"]
    return [author_id]


def _bury(connection: sqlite3.Connection, kind: str, ids: Iterable[str]) -> None:
    key = _key(connection)
    connection.executemany(
        "INSERT INTO tombstones (mark, kind) VALUES (?, ?) ON CONFLICT DO NOTHING",
        [(_mark(key, kind, one), kind) for one in ids],
    )


def _found(connection: sqlite3.Connection, marks: Iterable[bytes]) -> set[bytes]:
    wanted, found = list(marks), set[bytes]()
    for start in range(0, len(wanted), 500):
        chunk = wanted[start : start + 500]
        places = ", ".join("?" * len(chunk))
        found.update(
            row[0]
            for row in connection.execute(
                f"SELECT mark FROM tombstones WHERE mark IN ({places})", chunk
            )
        )
    return found


def _key(connection: sqlite3.Connection) -> bytes:
    return bytes(connection.execute("SELECT key FROM tombstone_key").fetchone()[0])


def _mark(key: bytes, kind: str, name: str) -> bytes:
    return blake2b(
        mended(name).encode("utf-8", "surrogatepass"),
        digest_size=_SIZE,
        key=key,
        person=kind.encode(),
    ).digest()
