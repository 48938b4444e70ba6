"""What people ask of the store: search, export, and the numbers of reports and digests."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

from config.errors import InputError
from storage.database import Database
from storage.models import SourceState, from_iso, iso
from storage.rows import moment_in, reads
from storage.search_words import match_for
from storage.unspaced import BETWEEN

SEARCHED = 10_000
"""Of a word that more mentions have, so many stored last are searched."""

_LAST_GOOD_AT = ("crawl_runs", "started_at", "source", "source")
_COUNTED = ("angry", "mediocre", "delighted", "none", "advocate", "hater")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which mentions are meant; None leaves a side open. `since` is included, `until` is not.

    What has no date is of the day on which the store first got it; `dated` leaves it out.
    """

    brand: str | None = None
    source: str | None = None
    experience: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    dated: bool = False

    def where(self, prefix: str = "") -> tuple[str, list[object]]:
        """Give conditions on `mention_facts`, or on `voice`, and their values."""
        clauses, values = ["1"], []
        if self.dated:
            clauses.append(f"{prefix}dated")
        for column, operator, value in (
            ("brand", "=", self.brand),
            ("source", "=", self.source),
            ("experience", "=", self.experience),
            ("counted_at", ">=", self.since and iso(self.since)),
            ("counted_at", "<", self.until and iso(self.until)),
        ):
            if value is not None:
                clauses.append(f"{prefix}{column} {operator} ?")
                values.append(value)
        return " AND ".join(clauses), list(values)


class Insight:
    def __init__(self, database: Database) -> None:
        self._database = database

    def search(self, words: str, which: Filter, limit: int) -> list[dict[str, Any]]:
        """Find mentions by full text, the best match first; each row has a `snippet`.

        That is of what its writer said, though an answer is found by its thread's title too.
        FTS5 syntax where it parses; otherwise every word, literally. Of what more than 10,000
        mentions have, those stored last are looked at.
        """
        if not words.split():
            raise InputError("the search is empty: give a word to look for")
        where, values = which.where("k.")
        match = match_for(words)
        return self._rows(
            f"""
            WITH best AS MATERIALIZED (
                SELECT f.rowid AS seq, f.rank AS place
                FROM mentions_fts f CROSS JOIN mention_facts k ON k.seq = f.rowid
                WHERE f.mentions_fts MATCH ? AND f.rowid >= coalesce((
                    SELECT rowid FROM mentions_fts WHERE mentions_fts MATCH ?
                    ORDER BY rowid DESC LIMIT 1 OFFSET {SEARCHED - 1}
                ), 0) AND {where}
                ORDER BY f.rank, f.rowid LIMIT ?
            )
            SELECT v.*, replace(iif(
                v.parent_id IS NULL OR v.text = '',
                snippet(mentions_fts, -1, '[', ']', ' … ', 24),
                snippet(mentions_fts, 1, '[', ']', ' … ', 24)
            ), '{BETWEEN}', '') AS snippet
            FROM best CROSS JOIN mentions_fts ON mentions_fts.rowid = best.seq
            CROSS JOIN voice v ON v.seq = best.seq
            WHERE mentions_fts MATCH ? ORDER BY best.place, best.seq
            """,
            match,
            match,
            *values,
            limit,
            match,
        )

    def export(self, which: Filter) -> Iterator[dict[str, Any]]:
        """Give the rows of `voice` one by one, the oldest stored first."""
        where, values = which.where()
        for row in self._database.connection.execute(
            f"SELECT * FROM voice WHERE {where} ORDER BY created_at, id", values
        ):
            yield dict(row)

    def totals(self, which: Filter) -> dict[str, int]:
        """Count mentions by experience and stance; only those that count and have a verdict."""
        where, values = which.where()
        sums = ", ".join(
            f"coalesce(sum({'stance' if name in ('advocate', 'hater') else 'experience'} "
            f"= '{name}'), 0) AS {name}"
            for name in _COUNTED
        )
        return self._rows(
            f"SELECT count(*) AS mentions, {sums} FROM mention_facts WHERE experience IS NOT NULL "
            f"AND counted AND {where}",
            *values,
        )[0]

    def by(self, column: str, which: Filter) -> list[dict[str, Any]]:
        """Count mentions and experiences for each `source`, `week` in UTC or `rating`."""
        group = {
            "source": "source",
            "week": "date(counted_at, 'weekday 0', '-6 days')",
            "rating": "round(stars)",
        }[column]
        where, values = which.where()
        sums = ", ".join(f"sum(experience = '{name}') AS {name}" for name in _COUNTED[:4])
        return self._rows(
            f"SELECT {group} AS {column}, count(*) AS mentions, {sums}, "
            f"sum(stance = 'advocate') AS advocate, sum(stance = 'hater') AS hater "
            f"FROM mention_facts WHERE experience IS NOT NULL AND counted AND {where} "
            "GROUP BY 1 ORDER BY 1",
            *values,
        )

    def by_day(self, which: Filter, zone: tzinfo) -> dict[date, Counter[str]]:
        """Count `mentions` and experiences for each day of a zone's calendar that has any."""
        where, values = which.where()
        sums = ", ".join(f"sum(experience = '{name}') AS {name}" for name in _COUNTED[:4])
        # No zone's clock is set otherwise than by quarters of an hour.
        rows = self._database.connection.execute(
            "SELECT min(counted_at) AS counted_at, max(dated) = 0 AS undated, "
            f"count(*) AS mentions, {sums} FROM mention_facts "
            "WHERE experience IS NOT NULL AND counted "
            f"AND {where} GROUP BY substr(counted_at, 1, 14), substr(counted_at, 15, 2) / 15",
            values,
        )
        days: dict[date, Counter[str]] = {}
        for row in rows:
            column = "fetched_at" if row["undated"] else "created_at"
            first = moment_in(row, "mentions", column)
            if first is not None:
                counted = {name: row[name] for name in ("mentions", *_COUNTED[:4])}
                days.setdefault(first.astimezone(zone).date(), Counter()).update(counted)
        return days

    def picks(self, which: Filter, order: str, limit: int) -> list[dict[str, Any]]:
        """Give the strongest mentions of an experience, by a `p_…` column or by `reach`."""
        if order not in ("p_angry", "p_delighted", "p_mediocre", "reach", "created_at"):
            raise ValueError(f"cannot order by {order!r}")
        where, values = which.where()
        return self._rows(
            f"SELECT * FROM voice WHERE {where} AND sure = 1 AND length(text) > 40 "
            "AND counted AND deleted_at IS NULL "
            f"ORDER BY {order} DESC, id LIMIT ?",
            *values,
            limit,
        )

    def flips(self, which: Filter, limit: int = -1) -> list[dict[str, Any]]:
        """Give advocates lost and haters won back, the newest first; below 0 means all."""
        where, values = which.where()
        return self._rows(f"SELECT * FROM flips WHERE {where} LIMIT ?", *values, limit)

    def answers(self, which: Filter) -> dict[str, int]:
        """Count the cases opened in a period, and those of them that were answered."""
        where, values = _cases_of(which)
        return self._rows(
            f"""
            SELECT count(*) AS cases,
                coalesce(sum(k.responded_at IS NOT NULL), 0) AS answered,
                coalesce(sum(k.state IN ('open', 'claimed')), 0) AS waiting
            FROM cases k WHERE k.state <> 'dismissed' AND {where}
            """,
            *values,
        )[0]

    def method(self, which: Filter) -> dict[str, Any]:
        """Tell how verdicts came about: `mentions`, `sure`, `corrected`, `unscored`, `models`."""
        where, values = which.where()
        rows = self._rows(
            f"""
            SELECT model, count(*) AS mentions, count(experience) AS scored,
                coalesce(sum(sure), 0) AS sure, sum(corrected) AS corrected
            FROM voice WHERE counted AND {where} GROUP BY 1 ORDER BY 2 DESC, 1
            """,
            *values,
        )
        return {
            "mentions": sum(row["scored"] for row in rows),
            "sure": sum(row["sure"] for row in rows),
            "corrected": sum(row["corrected"] for row in rows),
            "unscored": sum(row["mentions"] - row["scored"] for row in rows),
            "models": {row["model"]: row["mentions"] for row in rows if row["model"]},
        }

    def answers_by_source(self, which: Filter) -> dict[str, list[float | None]]:
        """Give for each source the hours to the first answer of each case opened in a period.

        None stands for a case without an answer.
        """
        where, values = _cases_of(which)
        rows = self._rows(
            f"""
            SELECT m.source,
                24 * (julianday(k.responded_at) - julianday(k.opened_at)) AS hours
            FROM cases k JOIN mentions m ON m.id = k.mention_id
            WHERE k.state <> 'dismissed' AND {where} ORDER BY m.source
            """,
            *values,
        )
        hours: dict[str, list[float | None]] = {}
        for row in rows:
            hours.setdefault(row["source"], []).append(row["hours"])
        return hours

    def said_by_advocates(self, which: Filter, limit: int) -> list[str]:
        """Give the ids of what a period's advocates wrote, those with the most reach first."""
        where, values = which.where("v.")
        rows = self._rows(
            f"""
            SELECT v.id FROM voice v
            WHERE {where} AND v.not_about IS NULL
                AND v.experience <> 'angry' AND (v.stance = 'advocate' OR EXISTS (
                SELECT 1 FROM author_standing s
                WHERE s.author_id = v.author_id AND s.brand = v.brand AND s.advocacy > 0
            ))
            ORDER BY coalesce(v.reach, 0) DESC, v.created_at DESC, v.id LIMIT ?
            """,
            *values,
            limit,
        )
        return [row["id"] for row in rows]

    def kept_back(self, which: Filter) -> tuple[int, int]:
        """Count a period's mentions by muted authors, and its wows without a message."""
        where, values = which.where("v.")
        row = self._rows(
            f"""
            SELECT count(u.author_id) AS muted,
                coalesce(sum(v.experience = 'delighted' AND v.sure = 1 AND NOT EXISTS (
                    SELECT 1 FROM alerts a WHERE a.dedupe_key = wow_key(v.id)
                )), 0) AS wows
            FROM voice v
            LEFT JOIN mutes u ON u.author_id = v.author_id AND u.brand = v.brand
            WHERE v.not_about IS NULL AND {where}
            """,
            *values,
        )[0]
        return row["muted"], row["wows"]

    def kudos(self, brand: str, since: datetime, until: datetime) -> list[tuple[str, int]]:
        """Give (name, wows) of the colleagues whom a period's wows name, the most named first."""
        rows = self._rows(
            """
            SELECT s.name, count(*) AS wows
            FROM named_staff s JOIN mentions m ON m.id = s.mention_id
            WHERE m.not_about IS NULL AND +m.brand = ? AND m.created_at >= ? AND m.created_at < ?
            GROUP BY 1 ORDER BY wows DESC, s.name
            """,
            brand,
            iso(since),
            iso(until),
        )
        return [(row["name"], row["wows"]) for row in rows]

    def oldest_open_case(self, brand: str) -> dict[str, Any] | None:
        row = self._database.connection.execute(
            "SELECT * FROM open_cases WHERE brand = ? ORDER BY opened_at LIMIT 1", (brand,)
        ).fetchone()
        return _open_case(row) if row else None

    def source_health(self) -> list[dict[str, Any]]:
        rows = self._database.connection.execute("SELECT * FROM source_health")
        return [_health(row) for row in rows]

    def languages(self) -> dict[str, int]:
        """Count mentions by language, the commonest first; unknown is `?`."""
        rows = self._rows(
            "SELECT coalesce(language, '?') AS language, count(*) AS n FROM mentions "
            "GROUP BY 1 ORDER BY n DESC"
        )
        return {row["language"]: row["n"] for row in rows}

    def brands(self) -> list[str]:
        return [row["brand"] for row in self._rows("SELECT DISTINCT brand FROM voice_cells")]

    def _rows(self, sql: str, *parameters: object) -> list[dict[str, Any]]:
        return [dict(row) for row in self._database.connection.execute(sql, parameters)]


@reads("source_states", "source", elsewhere={"last_good_at": _LAST_GOOD_AT})
def _health(row: sqlite3.Row) -> dict[str, Any]:
    SourceState(row["state"])
    _check_times(row, "since", "opens_at", "last_good_at")
    return dict(row)


@reads("cases")
def _open_case(row: sqlite3.Row) -> dict[str, Any]:
    _check_times(row, "opened_at", "due_at")
    return dict(row)


def _check_times(row: sqlite3.Row, *columns: str) -> None:
    """Raise what `from_iso` does of a text that is no time: others read it as one."""
    for column in columns:
        if (written := row[column]) is not None:
            from_iso(written)


def _cases_of(which: Filter) -> tuple[str, list[object]]:
    where, values = Filter(brand=which.brand, since=which.since, until=which.until).where("k.")
    return where.replace("counted_at", "opened_at"), values
