"""What is wrong with Earful itself, and what ops know of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from storage.database import Database
from storage.models import KnownProblem, from_iso, iso
from storage.rows import reads


class KnownProblems:
    def __init__(self, database: Database) -> None:
        self._database = database

    def known(self) -> dict[str, KnownProblem]:
        """Give the problems that the last look saw, by key."""
        rows = self._database.connection.execute("SELECT * FROM problems ORDER BY since, key")
        return {row["key"]: _problem(row) for row in rows}

    def record(self, present: Sequence[KnownProblem]) -> None:
        """Write what a look saw: a problem that is not among `present` has ended."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM problems")
            connection.executemany(
                "INSERT INTO problems (key, about, sentence, since, seen, missed, told_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        one.key, one.about, one.sentence, iso(one.since), one.seen, one.missed,
                        iso(one.told_at) if one.told_at else None,
                    )
                    for one in present
                ],
            )  # fmt: skip


@reads("problems", "key")
def _problem(row: sqlite3.Row) -> KnownProblem:
    return KnownProblem(
        key=row["key"],
        about=row["about"],
        sentence=row["sentence"],
        since=from_iso(row["since"]),
        seen=row["seen"],
        missed=row["missed"],
        told_at=from_iso(row["told_at"]) if row["told_at"] else None,
    )
