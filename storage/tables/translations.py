"""Translations of what mentions say, of the present text of each."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from storage.database import Database
from storage.models import Translation, iso


class Translations:
    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, translations: Iterable[Translation]) -> int:
        """Keep translations, each in place of an older one; returns how many were kept.

        That of a text which was edited meanwhile, or erased, is left out.
        """
        with self._database.transaction() as connection:
            return sum(_save(connection, one) for one in translations)


def _save(connection: sqlite3.Connection, one: Translation) -> int:
    return connection.execute(
        """
        INSERT INTO translations (mention_id, text_hash, language, text, translator, at)
        SELECT id, text_hash, :language, :text, :translator, :at FROM mentions
        WHERE id = :mention_id AND text_hash = :text_hash
        ON CONFLICT (mention_id) DO UPDATE SET text_hash = excluded.text_hash,
            language = excluded.language, text = excluded.text,
            translator = excluded.translator, at = excluded.at
        """,
        {
            "mention_id": one.mention_id,
            "text_hash": one.text_hash,
            "language": one.language,
            "text": one.text,
            "translator": one.translator,
            "at": iso(one.at),
        },
    ).rowcount
