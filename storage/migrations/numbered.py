"""Where migrations are numbered, and how the statements of one are run."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

migrations = Migrations("earful")


def run(db: Database, script: str) -> None:
    # executescript would commit the migration's own transaction.
    for statement in script.split(";\n"):
        if statement.strip():
            db.execute(statement)
