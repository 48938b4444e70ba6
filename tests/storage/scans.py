"""Which tables and indexes a statement reads from end to end, by SQLite's own program for it.

`EXPLAIN QUERY PLAN` names aliases and leaves out what foreign keys cause; the program names the
pages on which each table and index begins, those of triggers and foreign keys too.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping

Values = tuple[int | str, ...] | Mapping[str, str]
_STEPS = {"Next", "Prev"}
_FROM_AN_END = {"Rewind", "Last"}
# Partial indexes that hold nearly every row; the others hold the few that wait for something.
_NEARLY_ALL = {"mentions_by_verdict", "alerts_by_mention", "crawl_runs_finished"}


def scans(connection: sqlite3.Connection, sql: str, values: Values = ()) -> set[str]:
    """Name the tables and whole indexes that a statement reads through; partial ones do not count.

    What is read in the order of an index until a LIMIT is reached counts as read through.
    """
    plain = sqlite3.Connection.cursor(connection, sqlite3.Cursor)
    plain.row_factory = None
    as_it_was = connection.text_factory
    # A value that is no text stands in the program too.
    connection.text_factory = lambda given: given.decode(errors="replace")
    try:
        return _scans(plain, sql, values)
    finally:
        connection.text_factory = as_it_was


def _scans(plain: sqlite3.Cursor, sql: str, values: Values) -> set[str]:
    begin = {
        page: name
        for name, page, made_by in plain.execute("SELECT name, rootpage, sql FROM sqlite_master")
        if page and (name in _NEARLY_ALL or " WHERE " not in " ".join((made_by or "").split()))
    }
    cursors: dict[int, str] = {}
    ends: set[int] = set()
    found: set[str] = set()
    for address, operation, p1, p2, p3, *_ in plain.execute(f"EXPLAIN {sql}", values):
        if address == 0:  # a program of its own: that of a trigger or a foreign key
            cursors, ends = {}, set()
        if operation in {"OpenRead", "OpenWrite", "ReopenIdx"} and p3 == 0 and p2 in begin:
            cursors[p1] = begin[p2]
        elif operation in _FROM_AN_END and p1 in cursors:
            ends.add(p1)
        elif operation in _STEPS and p1 in ends:
            found.add(cursors[p1])
    return found


def statements(connection: sqlite3.Connection, work: Callable[[], object]) -> list[str]:
    """Do work, and give each different statement that SQLite carried out, values filled in."""
    seen: dict[str, None] = {}
    connection.set_trace_callback(lambda sql: seen.setdefault(sql))
    try:
        work()
    finally:
        connection.set_trace_callback(None)
    words = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "REPLACE")
    return [sql for sql in seen if sql.strip().upper().startswith(words)]


def steps(connection: sqlite3.Connection, work: Callable[[], object]) -> int:
    """Count the steps of SQLite's machine that work takes, in hundreds: on any machine alike."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    connection.set_progress_handler(count, 100)
    try:
        work()
    finally:
        connection.set_progress_handler(None, 0)
    return taken


def through(
    connection: sqlite3.Connection, sqls: Iterable[str], tables: Iterable[str]
) -> dict[str, set[str]]:
    """Name, by statement, those of the tables that are read through, themselves or by an index."""
    of_index = dict(connection.execute("SELECT name, tbl_name FROM sqlite_master").fetchall())
    wanted = set(tables)
    found: dict[str, set[str]] = {}
    for sql in sqls:
        if read := {of_index[name] for name in scans(connection, sql)} & wanted:
            found[sql] = read
    return found
