"""SQL that strangers wrote, asked in a process of its own: it reads, and it ends.

    answer = ask(path, "SELECT brand, count(*) FROM voice GROUP BY 1", tables=shown)

A single call of an SQL function can run for minutes and hears nothing meanwhile, neither a
progress handler nor an interrupt; a process can be ended whatever it does, and what it takes of
memory is its own.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Collection
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore, Timer
from typing import Any

from config.errors import EarfulError, InputError
from storage.connection import address
from storage.search_words import match_for

SECONDS = 5.0
MOST_ROWS = 500
CELL = 600
"""Characters of one text that an answer holds."""
WHOLE = 30_000
"""Characters of all texts that an answer holds, about 8,000 tokens of a language model."""

# Into a longer text SQLite could be made to write gigabytes, or to compare for minutes.
_LIMITS = (
    (sqlite3.SQLITE_LIMIT_LENGTH, 2_000_000),
    (sqlite3.SQLITE_LIMIT_SQL_LENGTH, 20_000),
    (sqlite3.SQLITE_LIMIT_ATTACHED, 0),
    (sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000),
    (sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 200),
    (sqlite3.SQLITE_LIMIT_COMPOUND_SELECT, 50),
    (sqlite3.SQLITE_LIMIT_COLUMN, 200),
)
_MEMORY_BYTES = 256 * 1024 * 1024
_ADDRESS_SPACE_BYTES = 1024 * 1024 * 1024
# What SQLite itself has beside the tables of the store.
_ALWAYS = frozenset({"sqlite_master", "sqlite_schema", "json_each", "json_tree"})
_INDEX = "mentions_fts"
_REFUSED = frozenset({"load_extension", "fts3_tokenizer", "fts5"})
# So many are asked at once: each may take memory and a core. Others wait their turn.
_TURNS = BoundedSemaphore(4)
# The process needs this long to start and to say what it found; of its CPU it needs less.
_GRACE_S = 10.0
_CPU_GRACE_S = 2


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows as lists of JSON values; with `more` there are others that it does not hold."""

    columns: list[str]
    rows: list[list[Any]]
    more: bool


def ask(
    path: Path,
    sql: str,
    *,
    tables: Collection[str],
    most: int = MOST_ROWS,
    seconds: float = SECONDS,
) -> Answer:
    """Ask one SELECT; it may read the views, `tables`, and what the views read.

    InputError says in a line what is wrong with it, or that it took too long. Texts of over `CELL`
    characters are cut, and no row comes once all together have over `WHOLE`.
    """
    asked = {
        "path": str(path),
        "sql": sql,
        "tables": sorted(tables),
        "most": min(most, MOST_ROWS),
        "seconds": seconds,
    }
    try:
        with _TURNS:
            ran = subprocess.run(
                [sys.executable, "-m", "storage.guarded_reading"],
                input=json.dumps(asked).encode(),
                capture_output=True,
                timeout=seconds + _GRACE_S,
                check=False,
            )
    except subprocess.TimeoutExpired:
        raise _too_slow(seconds) from None
    try:
        told = json.loads(ran.stdout)
    except ValueError:
        if ran.returncode < 0:
            raise _too_slow(seconds) from None
        reason = ran.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise EarfulError(f"select: its process ended with {ran.returncode}: {reason}") from None
    if "error" in told:
        raise InputError(told["error"])
    return Answer(told["columns"], told["rows"], told["more"])


def _too_slow(seconds: float) -> InputError:
    return InputError(
        f"select: stopped after {seconds:g} seconds: choose a shorter period or one brand, or ask "
        "a view that counts already, such as daily_experience"
    )


def _main() -> None:
    asked = json.load(sys.stdin)
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE_BYTES, _ADDRESS_SPACE_BYTES))
        cpu = int(asked["seconds"]) + _CPU_GRACE_S
        resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
    try:
        told = _asked(asked)
    except MemoryError:
        told = {"error": _needs_memory()}
    except sqlite3.Error as error:
        told = {"error": _said(error, asked["seconds"])}
    except ValueError as error:  # half a surrogate, a zero in the SQL
        told = {"error": f"select: SQLite does not take it: {error}"}
    json.dump(told, sys.stdout)


def _asked(asked: dict[str, Any]) -> dict[str, Any]:
    with closing(sqlite3.connect(address(Path(asked["path"]), "ro"), uri=True)) as connection:
        connection.create_function("match_for", 1, match_for, deterministic=True)
        connection.execute("PRAGMA query_only = 1")
        # What is sorted stays in memory, which ends, and fills no disk.
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute(f"PRAGMA hard_heap_limit = {_MEMORY_BYTES}")
        # A virtual table declares its columns when it is first used, as if it made a table.
        connection.execute(f"SELECT 1 FROM {_INDEX}, json_each('[]') LIMIT 0")
        readable = _read_by_views(connection) | set(asked["tables"])
        for limit, value in _LIMITS:
            connection.setlimit(limit, value)
        connection.set_authorizer(_allowing(readable))
        timer = Timer(asked["seconds"], connection.interrupt)
        timer.start()
        try:
            return _rows(connection.execute(asked["sql"]), asked["most"])
        finally:
            timer.cancel()


def _rows(cursor: sqlite3.Cursor, most: int) -> dict[str, Any]:
    if cursor.description is None:
        return {"error": "select: that is no SELECT: ask for rows"}
    rows: list[list[Any]] = []
    size, more = 0, False
    for row in cursor:
        cells = [_cell(value) for value in row]
        size += sum(len(str(cell)) for cell in cells)
        if len(rows) >= most or size > WHOLE:
            more = True
            break
        rows.append(cells)
    return {"columns": [column[0] for column in cursor.description], "rows": rows, "more": more}


def _cell(value: Any) -> Any:
    match value:
        case bytes():
            return f"<{len(value):,} bytes>"
        case str() if len(value) > CELL:
            return value[:CELL] + " …"
        case float() if value != value or value in (float("inf"), float("-inf")):
            return str(value)
        case _:
            return value


def _read_by_views(connection: sqlite3.Connection) -> set[str]:
    """Name the views, and the tables that they read: what these hold may be read as it stands."""
    names = [row[0] for row in connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'view'"
    )]  # fmt: skip
    read = set(names)

    def note(action: int, table: str | None, *_: str | None) -> int:
        if action == sqlite3.SQLITE_READ and table:
            read.add(table)
        return sqlite3.SQLITE_OK

    connection.set_authorizer(note)
    for name in names:
        quoted = '"' + name.replace('"', '""') + '"'
        # A view of somebody else's may be broken: it can be asked by nobody.
        with suppress(sqlite3.Error):
            connection.execute(f"SELECT * FROM {quoted} LIMIT 0")
    return read


def _allowing(readable: Collection[str]) -> Any:
    def allow(action: int, first: str | None, second: str | None, *_: str | None) -> int:
        match action:
            case sqlite3.SQLITE_SELECT | sqlite3.SQLITE_RECURSIVE:
                good = True
            case sqlite3.SQLITE_READ:
                # Without a column it only stands in FROM: the name may be one that the SQL gives.
                good = not second or first in readable or first in _ALWAYS
                good = good or (first or "").startswith(_INDEX)
            case sqlite3.SQLITE_FUNCTION:
                good = second not in _REFUSED
            case sqlite3.SQLITE_PRAGMA:
                # The full-text index asks whether it has changed.
                good = first == "data_version"
            case _:
                good = False
        return sqlite3.SQLITE_OK if good else sqlite3.SQLITE_DENY

    return allow


def _said(error: sqlite3.Error, seconds: float) -> str:
    reason = " ".join(str(error).split())
    code = getattr(error, "sqlite_errorcode", None)
    match code and code & 0xFF:
        case sqlite3.SQLITE_INTERRUPT:
            return str(_too_slow(seconds))
        case sqlite3.SQLITE_AUTH:
            return (
                f"select: {reason}: only SELECT is allowed, over the views and tables that the "
                "tool `tables` names"
            )
        case sqlite3.SQLITE_TOOBIG:
            return f"select: {reason}: make shorter texts"
        case sqlite3.SQLITE_NOMEM:
            return _needs_memory()
        case _:
            return f"select: SQLite does not take it: {reason}"


def _needs_memory() -> str:
    return (
        f"select: it needs more than {_MEMORY_BYTES // 1024**2} MB of memory: sort or group "
        "fewer rows, or leave the texts out"
    )


if __name__ == "__main__":
    _main()
