"""What programs ask of the store on behalf of people: few rows, each with its id, soon or never.

with questions(path) as asked:
    asked.voices(Filter(brand="Acme Air"), {"stance": "hater"}, limit=10)
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from config.errors import InputError, StoreError
from storage.reports import Filter
from storage.store import Store

SECONDS = 10.0
PATIENCE_S = 5.0

# Instructions of SQLite between two looks at the clock: well under a millisecond.
_STEPS = 20_000
_SHOWN = (
    "id, brand, source, author, author_id, counted_at, created_at, rating, rating_max, language, "
    "country, product_version, experience, stance, sure, corrected, title, text, url, reach, "
    "owner_reply, counted, parent_id"
)
COLUMNS = ("stance", "language", "country", "product_version", "author_id", "sure")
"""What `voices` can choose by beside what a `Filter` says."""

# What can be counted by: the dimension of `cut_days`, and what of its rows is one value.
CUTS = {
    "all": ("all", "'all'"),
    "brand": ("all", "brand"),
    "day": ("all", "day"),
    "week": ("all", "date(day, 'weekday 0', '-6 days')"),
    "month": ("all", "substr(day, 1, 7)"),
    "source": ("source", "value"),
    "language": ("language", "value"),
    "country": ("country", "value"),
    "product_version": ("version", "value"),
    "topic": ("topic", "(SELECT t.name FROM topics t WHERE t.id = CAST(value AS INTEGER))"),
    "location": ("location", "value"),
    "staff": ("staff", "value"),
}
PERIODS = ("day", "week", "month")
_COUNTS = ("angry", "mediocre", "delighted", "none", "advocate", "hater")


@contextmanager
def questions(path: Path, *, seconds: float = SECONDS) -> Iterator[Questions]:
    """Open the store for a few questions; InputError once they took longer than `seconds`."""
    end = time.monotonic() + seconds
    with Store.open(path, readonly=True, patience_s=PATIENCE_S) as store:
        connection = store.database.connection
        connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
        try:
            yield Questions(store)
        except StoreError as error:
            code = getattr(error.__cause__, "sqlite_errorcode", None)
            if code != sqlite3.SQLITE_INTERRUPT:
                raise
            raise InputError(
                f"stopped after {seconds:g} seconds: choose a shorter period, one brand or rarer "
                "words"
            ) from error


class Questions:
    """Questions to one open store, that only read."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def brands(self) -> list[dict[str, Any]]:
        """Give each brand's mentions with a verdict, its first and last day, and its sources."""
        return self._rows(
            """
            SELECT n.brand, coalesce(sum(c.mentions), 0) AS mentions, min(c.day) AS first_day,
                max(c.day) AS last_day, group_concat(DISTINCT c.value) AS sources,
                coalesce(b.time_zone, 'UTC') AS days_are_of,
                coalesce(b.competitor, 0) AS competitor
            FROM (
                SELECT name AS brand FROM brands
                UNION SELECT brand FROM cut_days WHERE dimension = 'source'
            ) n
            LEFT JOIN cut_days c ON c.dimension = 'source' AND c.brand = n.brand
            LEFT JOIN brands b ON b.name = n.brand
            GROUP BY n.brand ORDER BY n.brand
            """
        )

    def require_brand(self, brand: str | None) -> None:
        """Raise InputError for a brand that the store has not: no rows would read as silence."""
        found = brand is None or self._rows(
            "SELECT 1 FROM mentions WHERE brand = ? LIMIT 1", brand
        )
        if not found:
            names = ", ".join(row["brand"] for row in self.brands())
            raise InputError(f"brand: {brand!r} is not in the store: {names or 'it has none'}")

    def waiting(self) -> int:
        """Count the mentions that wait for a verdict."""
        return self._store.verdicts.count_waiting()

    def voices(
        self,
        which: Filter,
        equal: Mapping[str, object],
        *,
        limit: int,
        before: tuple[str, str] | None = None,
        topic: int | None = None,
    ) -> list[dict[str, Any]]:
        """Give mentions, the newest first; `equal` has columns of `COLUMNS` with their values.

        `before` is the (counted_at, id) of the last one that was given.
        """
        where, values = which.where()
        for column, value in equal.items():
            if column not in COLUMNS:
                raise ValueError(f"cannot choose by {column!r}")
            where += f" AND {column} = ?"
            values.append(value)
        if topic is not None:
            where += " AND seq IN (SELECT seq FROM mention_topics WHERE topic_id = ?)"
            values.append(topic)
        if before is not None:
            where += " AND counted_at <= ? AND (counted_at < ? OR id < ?)"
            values += [before[0], *before]
        return self._rows(
            f"SELECT {_SHOWN} FROM voice WHERE {where} ORDER BY counted_at DESC, id DESC LIMIT ?",
            *values,
            limit,
        )

    def search(self, words: str, which: Filter, limit: int) -> list[dict[str, Any]]:
        return self._store.insight.search(words, which, limit)

    def mention(self, mention_id: str) -> dict[str, Any] | None:
        """Give a mention with its probabilities; None where the store has none of that id."""
        found = self._rows("SELECT * FROM voice WHERE id = ?", mention_id)
        return found[0] if found else None

    def versions(self, mention_id: str) -> list[dict[str, Any]]:
        """Give what a mention said before it was edited, the latest first."""
        return self._rows(
            "SELECT title, text, rating, replaced_at FROM mention_versions WHERE mention_id = ? "
            "ORDER BY id DESC LIMIT 10",
            mention_id,
        )

    def by_author(self, author_id: str, brand: str, limit: int) -> list[dict[str, Any]]:
        """Give what an author said of a brand, the newest first."""
        return self._rows(
            f"SELECT {_SHOWN} FROM voice WHERE author_id = ? AND brand = ? "
            "ORDER BY created_at DESC, id DESC LIMIT ?",
            author_id,
            brand,
            limit,
        )

    def counts(self, which: Filter, by: str, limit: int) -> list[dict[str, Any]]:
        """Count mentions, experiences and stances by a key of `CUTS`; `value` names each.

        What was erased since is still counted. A mention counts for each of its topics. The latest
        periods come first, and the largest of all else. InputError: a source that is counted by
        something else than a period, for the store keeps no counts of both at once.
        """
        dimension, value = CUTS[by]
        where, values = _days(which)
        if which.source is not None:
            if dimension not in ("all", "source"):
                raise InputError(
                    f"metrics: by {by} goes over all sources: leave out `source`, or use `select`"
                )
            dimension = "source"
        sums = ", ".join(f"sum({name}) AS {name}" for name in ("mentions", *_COUNTS))
        order = "1 DESC" if by in PERIODS else "2 DESC, 1"
        return self._rows(
            f"SELECT {value} AS value, {sums} FROM cut_days WHERE dimension = ? AND {where} "
            f"GROUP BY 1 HAVING sum(mentions) > 0 ORDER BY {order} LIMIT ?",
            dimension,
            *values,
            limit,
        )

    def topics(self, brand: str, days: int, limit: int) -> list[dict[str, Any]]:
        """Give what a brand's mentions of the last 7, 28 or 90 days are about, the largest first.

        The topic of 0 stands for those about none; the impacts of all sum to the rates' change.
        """
        return self._rows(
            """
            SELECT i.*, t.kind, t.first_day, t.words FROM topic_impact i
            LEFT JOIN topics t ON t.id = i.topic_id
            WHERE i.brand = ? AND i.days = ? ORDER BY i.mentions DESC, i.topic_id LIMIT ?
            """,
            brand,
            days,
            limit,
        )

    def answers(self, which: Filter) -> dict[str, int]:
        return self._store.insight.answers(which)

    def cases(
        self, brand: str | None, states: tuple[str, ...], *, overdue: bool, limit: int
    ) -> list[dict[str, Any]]:
        """Give cases, those due first; `overdue` keeps what is late and waits for no customer."""
        marks = ", ".join("?" for _ in states)
        late = (
            "AND k.snoozed_until IS NULL AND k.state IN ('open', 'claimed') "
            "AND k.due_at < strftime('%Y-%m-%dT%H:%M:%S+00:00', 'now')"
        )
        return self._rows(
            f"""
            SELECT k.id AS case_id, k.state, k.due_at, k.claimed_by, k.opened_at, k.responded_at,
                k.closed_at, k.snoozed_until, v.id, v.brand, v.source, v.author, v.author_id,
                v.counted_at, v.created_at, v.rating, v.rating_max, v.language, v.country,
                v.product_version, v.experience, v.stance, v.sure, v.corrected, v.title, v.text,
                v.url, v.reach, v.owner_reply, v.counted, v.parent_id
            FROM cases k JOIN voice v ON v.id = k.mention_id
            WHERE k.state IN ({marks}) AND (? IS NULL OR k.brand = ?)
                {late if overdue else ""}
            ORDER BY k.due_at, k.id LIMIT ?
            """,
            *states,
            brand,
            brand,
            limit,
        )

    def case(self, case_id: int) -> dict[str, Any] | None:
        """Give a case's row; None where there is none of that number."""
        found = self._rows("SELECT * FROM cases WHERE id = ?", case_id)
        return found[0] if found else None

    def case_of(self, mention_id: str) -> dict[str, Any] | None:
        found = self._rows("SELECT * FROM cases WHERE mention_id = ?", mention_id)
        return found[0] if found else None

    def case_events(self, case_id: int) -> list[dict[str, Any]]:
        return self._rows(
            "SELECT at, event, actor, note FROM case_events WHERE case_id = ? "
            "ORDER BY id LIMIT 50",
            case_id,
        )

    def saved(self, sql: str, parameters: Mapping[str, str], limit: int) -> list[dict[str, Any]]:
        """Ask one of our own saved queries; rows over `limit` stay out."""
        cursor = self._store.database.connection.execute(sql, dict(parameters))
        return [dict(row) for row in cursor.fetchmany(limit)]

    def _rows(self, sql: str, *parameters: object) -> list[dict[str, Any]]:
        return [dict(row) for row in self._store.database.connection.execute(sql, parameters)]


def _days(which: Filter) -> tuple[str, list[object]]:
    """Choose rows of `cut_days`; moments of a filter are taken by their day."""
    clauses, values = ["1"], []
    for column, operator, value in (
        ("brand", "=", which.brand),
        ("value", "=", which.source),
        ("day", ">=", which.since and which.since.date().isoformat()),
        ("day", "<", which.until and which.until.date().isoformat()),
    ):
        if value is not None:
            clauses.append(f"{column} {operator} ?")
            values.append(value)
    return " AND ".join(clauses), list(values)
