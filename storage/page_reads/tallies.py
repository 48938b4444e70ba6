"""How many mentions fit a choice, by day, brand or cut: from rollups wherever they know."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import date

from storage.page_reads.choice import CUTS, EACH_BRAND, OWN_CUTS, Choice
from storage.page_reads.months import COUNTED, from_cells, in_cells, whole_months


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Mentions with a verdict, by experience and stance."""

    mentions: int = 0
    angry: int = 0
    mediocre: int = 0
    delighted: int = 0
    none: int = 0
    advocate: int = 0
    hater: int = 0

    @property
    def told(self) -> int:
        """Count those that tell an experience: what rates are shares of."""
        return self.angry + self.mediocre + self.delighted

    def __add__(self, other: Tally) -> Tally:
        return Tally(**{n: getattr(self, n) + getattr(other, n) for n in _NAMES})


_NAMES = COUNTED


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownBrand:
    """A brand of the config or of the store, with the zone that its days are of."""

    name: str
    zone: str
    competitor: bool
    first_day: date | None
    last_day: date | None


def known_brands(connection: sqlite3.Connection) -> list[KnownBrand]:
    """Give all brands, the competitors last."""
    rows = connection.execute(
        """
        WITH counted AS (
            SELECT brand AS name, min(day) AS first_day, max(day) AS last_day FROM cut_days
            WHERE dimension = 'all' GROUP BY brand
        ),
        named AS (SELECT name FROM brands UNION SELECT name FROM counted)
        SELECT n.name, coalesce(b.time_zone, 'UTC') AS zone,
            coalesce(b.competitor, 0) AS competitor, c.first_day, c.last_day
        FROM named n
        LEFT JOIN brands b ON b.name = n.name
        LEFT JOIN counted c ON c.name = n.name
        ORDER BY 3, 1
        """
    )
    return [
        KnownBrand(
            name=row["name"],
            zone=row["zone"],
            competitor=bool(row["competitor"]),
            first_day=_day(row["first_day"]),
            last_day=_day(row["last_day"]),
        )
        for row in rows
    ]


def totals(connection: sqlite3.Connection, choice: Choice) -> Tally:
    """Count all that fits."""
    sql, values = _counted(choice, "NULL")
    rows = connection.execute(sql, values).fetchall()
    return _tally(rows[0]) if rows else Tally()


def by_day(connection: sqlite3.Connection, choice: Choice) -> dict[date, Tally]:
    """Count each day that has any, the earliest first."""
    sql, values = _counted(choice, "day")
    return {
        date.fromisoformat(row["grouped"]): _tally(row)
        for row in connection.execute(f"{sql} ORDER BY 1", values)
    }


def by_brand(connection: sqlite3.Connection, choice: Choice) -> dict[str, Tally]:
    """Count each brand that has any."""
    sql, values = _counted(choice, "brand")
    return {row["grouped"]: _tally(row) for row in connection.execute(sql, values)}


def by_cut(connection: sqlite3.Connection, choice: Choice, cut: str) -> dict[str, Tally]:
    """Count each value of a cut that has any, the most mentioned first; unknown is empty."""
    if cut not in CUTS:
        raise ValueError(f"{cut!r} is no cut of the pages")
    sql, values = _counted(choice, cut)
    rows = connection.execute(f"{sql} ORDER BY mentions DESC, 1", values)
    return {row["grouped"]: _tally(row) for row in rows}


def known_values(connection: sqlite3.Connection, cut: str, brand: str | None) -> list[str]:
    """Name the values of a cut that a reader can choose, the most mentioned first."""
    rows = connection.execute(
        """
        SELECT value FROM cut_days
        WHERE dimension = ? AND (?2 IS NULL OR brand = ?2) AND value <> ''
        GROUP BY value ORDER BY sum(mentions) DESC, value
        """,
        (cut, brand),
    )
    return [row["value"] for row in rows]


def waiting_for_verdicts(connection: sqlite3.Connection, choice: Choice) -> int:
    """Count what no count has yet."""
    where, values = choice.facts()
    row = connection.execute(
        f"SELECT count(*) AS n FROM {choice.rows} WHERE {where}", values
    ).fetchone()
    return int(row["n"])


def _counted(choice: Choice, grouped: str) -> tuple[str, list[object]]:
    """Give the SQL that counts what fits by a column, a cut or (NULL) all at once."""
    cuts = choice.cuts
    asked = set(cuts) | ({grouped} & set(CUTS))
    if len(asked) <= 1 and choice.staff is None:
        return _from_rollup(choice, grouped, next(iter(asked), "all"), cuts)
    whole, rest = whole_months(choice)
    if whole is not None and grouped != "day" and in_cells(choice, asked):
        parts = [from_cells(whole, grouped, asked), *(_from_facts(one, grouped) for one in rest)]
        sums = ", ".join(f"sum({name}) AS {name}" for name in _NAMES)
        union = " UNION ALL ".join(sql for sql, _ in parts)
        return (
            f"SELECT grouped, {sums} FROM ({union}) GROUP BY 1",
            [value for _, values in parts for value in values],
        )
    return _from_facts(choice, grouped)


def _from_rollup(
    choice: Choice, grouped: str, dimension: str, cuts: dict[str, str]
) -> tuple[str, list[object]]:
    where, values = choice.days()
    clauses = f"dimension = ? AND {where}"
    values = [dimension, *values]
    if dimension in cuts:
        clauses += " AND value = ?"
        values.append(cuts[dimension])
    column = "value" if grouped in CUTS else grouped
    sums = ", ".join(f"coalesce(sum({name}), 0) AS {name}" for name in _NAMES)
    return (
        f"SELECT {column} AS grouped, {sums} FROM cut_days WHERE {clauses} "
        "GROUP BY 1 HAVING sum(mentions) > 0",
        values,
    )


def _from_facts(choice: Choice, grouped: str) -> tuple[str, list[object]]:
    where, values = choice.facts()
    column = {
        "NULL": "NULL",
        "day": "f.day",
        "brand": "f.brand",
        "source": "f.source",
        "country": "coalesce(f.country, '')",
        "language": "coalesce(f.language, '')",
        "version": "coalesce(f.product_version, '')",
    }.get(grouped, "f.value")
    rows = choice.rows
    if column == "f.value" and grouped in OWN_CUTS and choice.table == "mention_facts":
        # The rows of the cut say of their mentions what the facts do.
        rows = "mention_cuts f"
        days, of_days = choice.days()
        where += (
            f" AND f.dimension = ? AND f.dimension IN {OWN_CUTS} AND f.value IN "
            f"(SELECT DISTINCT value FROM cut_days WHERE dimension = ? AND {days})"
        )
        values += [grouped, grouped, *of_days]
    elif column == "f.value" and grouped != choice.own_cut:
        column = "t.value"
        rows += " JOIN mention_cuts t ON t.seq = f.seq AND t.dimension = ?"
        values = [grouped, *values]
        if (chosen := choice.cuts.get(grouped)) is not None:
            where += " AND t.value = ?"
            values.append(chosen)
    if choice.brand is None and choice.cuts:
        # Each brand's part of an index over brand, filter and day.
        rows = f"({EACH_BRAND}) b CROSS JOIN {rows}"
        where += " AND f.brand = b.brand"
    heads = {name: "stance" if name in ("advocate", "hater") else "experience" for name in _NAMES}
    sums = ", ".join(f"sum(f.{heads[name]} = '{name}') AS {name}" for name in _NAMES[1:])
    return (
        f"SELECT {column} AS grouped, count(*) AS mentions, {sums} FROM {rows} "
        f"WHERE {where} GROUP BY 1",
        values,
    )


def _tally(row: sqlite3.Row) -> Tally:
    return Tally(**{name: row[name] for name in _NAMES})


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
