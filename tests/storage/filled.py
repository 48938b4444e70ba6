"""Rows that fit any schema of the store, whatever its version: seeded, by what the schema says.

    fill(connection, random.Random(1))

Every table gets rows, except those that triggers keep; a table that is new needs no word here.
"""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

ROWS = 7
DERIVED = frozenset(
    {
        "mention_facts", "mention_cuts", "cut_days", "voice_cells", "author_standing",
        "author_flips", "standing_due", "measure_due", "month_cells", "month_pairs",
    }
)  # fmt: skip
"""What triggers and commits keep from the other tables; to be compared with a fresh reckoning."""

_NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
# What others point at, and what a mention's day is reckoned by, comes first.
_FIRST = ("brands", "zone_offsets", "authors", "mentions", "verdicts", "corrections", "cases")
_BRANDS, _SOURCES = ("Acme", "Birch"), ("shop", "forum")
_JSON = {"payload": "{}", "stats": "{}", "words": "[]"}
_CHOICES = re.compile(r"(\w+)\s+IN\s*\(([^()]*)\)")


@dataclass(frozen=True)
class _Column:
    name: str
    kind: str
    needed: bool
    unique: bool
    points_at: tuple[str, str] | None
    choices: tuple[Any, ...]


def tables(connection: sqlite3.Connection) -> list[str]:
    """Name the tables that hold rows of ours: not SQLite's, not the full-text index."""
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid")
    others = ("_sqlite_migrations", "sqlite_", "mentions_fts")
    found = [row[0] for row in rows if not row[0].startswith(others)]
    return [one for one in _FIRST if one in found] + [one for one in found if one not in _FIRST]


def fill(
    connection: sqlite3.Connection, rng: random.Random, *, half_corrected: bool = True
) -> None:
    """Write rows into every table that nothing else keeps; no transaction is left open.

    With `half_corrected` the last mention waits for a verdict, and a person has told its
    experience and not its stance.
    """
    for table in tables(connection):
        if table in DERIVED or connection.execute(f"SELECT 1 FROM {table}").fetchone():
            continue  # what a migration has written, such as a key, is there once
        columns = [*_columns(connection, table)]
        for number in range(ROWS):
            values = {one.name: _value(connection, table, one, number, rng) for one in columns}
            _settle(connection, table, values, half_corrected)
            marks = ", ".join("?" * len(values))
            connection.execute(
                f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", [*values.values()]
            )
    if "verdicts" in tables(connection):
        _judge(connection)
    connection.commit()


def keys(connection: sqlite3.Connection, table: str) -> list[str]:
    """Name the columns of a table's primary key; of one that has none, all its columns."""
    rows = connection.execute(f"PRAGMA table_info({table})").fetchall()
    return [row[1] for row in sorted(rows, key=lambda row: row[5]) if row[5]] or [
        row[1] for row in rows
    ]


def _columns(connection: sqlite3.Connection, table: str) -> Iterator[_Column]:
    (sql,) = connection.execute(
        "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)
    ).fetchone()
    choices = {name: _listed(values) for name, values in _CHOICES.findall(sql)}
    points = {
        row[3]: (row[2], row[4] or keys(connection, row[2])[0])
        for row in connection.execute(f"PRAGMA foreign_key_list({table})")
    }
    unique = {
        column[2]
        for index in connection.execute(f"PRAGMA index_list({table})").fetchall()
        if index[2]
        for column in connection.execute(f"PRAGMA index_info({index[1]})")
    }
    for _, name, kind, needed, _, key in connection.execute(f"PRAGMA table_info({table})"):
        if name == "verdict_id" and table == "mentions":
            continue  # a verdict names its mention, and is written after it
        yield _Column(
            name,
            kind,
            bool(needed or key),
            bool(key) or name in unique,
            points.get(name),
            choices.get(name, ()),
        )


def _listed(values: str) -> tuple[Any, ...]:
    words = [one.strip() for one in values.split(",")]
    return tuple(one[1:-1] if one.startswith("'") else int(one) for one in words)


def _value(
    connection: sqlite3.Connection, table: str, column: _Column, number: int, rng: random.Random
) -> Any:
    name = column.name
    if column.kind == "INTEGER" and name in ("id", "seq") and column.points_at is None:
        return number + 1
    if not column.needed and rng.random() < 0.25:
        return None
    if column.points_at is not None or name in ("mention_id", "author_id"):
        other, key = column.points_at or (f"{name.removesuffix('_id')}s", "id")
        rows = connection.execute(f"SELECT {key} FROM {other} ORDER BY 1").fetchall()
        if rows:
            return rows[number % len(rows) if column.unique else rng.randrange(len(rows))][0]
        return None
    if column.choices:
        return rng.choice(column.choices)
    if name in ("brand", "source") and not (table == "competitors" or column.unique):
        return rng.choice(_BRANDS if name == "brand" else _SOURCES)
    if table in ("brands", "zone_offsets") and name == "time_zone":
        return "UTC"
    if name in _JSON:
        return _JSON[name]
    if column.kind == "BLOB":
        return rng.randbytes(8)
    if column.kind == "REAL":
        return round(rng.uniform(0.1, 0.9), 3)
    if column.kind == "INTEGER":
        return number if column.unique else rng.randint(1, 9)
    if name == "at" or name.endswith("_at") or name in ("since", "until"):
        return (_NOW - timedelta(hours=rng.randint(1, 900), minutes=number)).isoformat()
    if name == "day" or name.endswith(("_day", "_on")):
        return f"{_NOW - timedelta(days=number):%Y-%m-%d}"
    return f"{name} {number}" if column.unique else f"{name} {rng.randint(0, 99)}"


def _settle(
    connection: sqlite3.Connection, table: str, values: dict[str, Any], half_corrected: bool
) -> None:
    """Let what belongs together agree: stars and their most, a text and the hash of it."""
    if table == "mentions":
        values["text_hash"] = f"hash of {values['seq']}"
        if values["seq"] == ROWS:
            values["rating"] = 1.0
        values["rating_max"] = None if values["rating"] is None else 5.0
        for one in ("not_about", "duplicate_of", "deleted_at"):
            if one in values and values["seq"] > 2:
                values[one] = None  # else hardly any is counted
    elif "mention_id" in values and "text_hash" in values:
        half = connection.execute("SELECT id FROM mentions WHERE seq = ?", (ROWS,)).fetchone()[0]
        if table == "corrections" and values["id"] == ROWS and half_corrected:
            values |= {"mention_id": half, "experience": "mediocre", "stance": None}
        elif table in ("verdicts", "corrections") and values["mention_id"] == half:
            values["mention_id"] = connection.execute("SELECT min(id) FROM mentions").fetchone()[0]
        row = connection.execute(
            "SELECT text_hash FROM mentions WHERE id = ?", (values["mention_id"],)
        ).fetchone()
        values["text_hash"] = row[0] if row else "no hash"
        if table == "corrections" and not half_corrected:
            values["stance"] = values["stance"] or "neither"


def _judge(connection: sqlite3.Connection) -> None:
    connection.execute(
        "UPDATE mentions SET verdict_id = (SELECT max(v.id) FROM verdicts v "
        "WHERE v.mention_id = mentions.id AND v.text_hash = mentions.text_hash)"
    )
