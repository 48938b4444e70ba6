"""How much of people is stored, as the config last said, whichever door a mention comes through.

The store keeps it, so that no door can forget it. What other parts call stands below the class.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, replace

from storage.database import Database
from storage.masking import masked
from storage.models import Mention
from storage.pseudonyms import pseudonym, shown_name, under_pseudonym


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyWishes:
    """What `[privacy]` says. `handles`, in lower case, are the brands' own and stay."""

    pseudonyms: bool = False
    mask: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()


AS_IT_COMES = PrivacyWishes()


class Privacy:
    def __init__(self, database: Database) -> None:
        self._database = database

    def be(self, wishes: PrivacyWishes) -> bool:
        """Store by these wishes from now on; tells whether they were others before."""
        if wishes == wishes_of(self._database.connection):
            return False
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM privacy")
            connection.executemany(
                "INSERT INTO privacy (name, value) VALUES (?, ?)",
                [
                    ("pseudonyms", json.dumps(wishes.pseudonyms)),
                    ("mask", json.dumps(wishes.mask)),
                    ("handles", json.dumps(wishes.handles)),
                ],
            )
        return True

    def called(self, author_id: str) -> str:
        """Give what an author is called in the store, whom the source calls `author_id`.

        Where authors are stored as they are named, that is the same.
        """
        source, _, native_id = author_id.partition(":")
        connection = self._database.connection
        if not wishes_of(connection).pseudonyms or not native_id:
            return author_id
        key = _key(connection)
        for name in (
            author_id,
            f"{source}:{pseudonym(key, source, native_id)}",
            f"{source}:{shown_name(pseudonym(key, source, f'by name/{native_id}'))}",
        ):
            known = connection.execute(
                "SELECT 1 FROM authors WHERE id = ?1 OR "
                "(substr(native_id, 1, 3) = 'by/' AND source || ':' || name = ?1)",
                (name,),
            ).fetchone()
            if known:
                return name
        return f"{source}:{pseudonym(key, source, native_id)}"


def wishes_of(connection: sqlite3.Connection) -> PrivacyWishes:
    """Read by which wishes mentions are stored now."""
    said = {
        row[0]: json.loads(row[1]) for row in connection.execute("SELECT name, value FROM privacy")
    }
    if not said:
        return AS_IT_COMES
    return PrivacyWishes(
        pseudonyms=bool(said.get("pseudonyms")),
        mask=tuple(said.get("mask", ())),
        handles=tuple(said.get("handles", ())),
    )


def kept(connection: sqlite3.Connection, mention: Mention, wishes: PrivacyWishes) -> Mention:
    """Give a mention as it is stored; of one that was given so before, the same."""
    if wishes.mask:

        def said(text: str) -> str:
            return masked(text, wishes.mask, mention.country, mention.language)

        mention = replace(
            mention,
            text=said(mention.text),
            title=mention.title and said(mention.title),
            owner_reply=mention.owner_reply and said(mention.owner_reply),
        )
    if wishes.pseudonyms:
        mention = under_pseudonym(mention, _key(connection), wishes.handles)
    return mention


def _key(connection: sqlite3.Connection) -> bytes:
    return bytes(connection.execute("SELECT key FROM pseudonym_key").fetchone()[0])
