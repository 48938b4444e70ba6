"""What a page of a table asks for beside its words, answered from the facts in bounded time.

Datasette counts all rows of a choice, and again for each facet. What a choice of brand, source,
experience and stance has is kept in few cells; of any other the first 10,000 are counted. Of a
word that more mentions have than that, those stored last are searched.
"""

from __future__ import annotations

import re

MOST = 10_000
"""So many rows are counted one by one; a count above it means more than this."""

# What Datasette 0.65 asks with. Its filters name the column in quotes, the value by a parameter.
_COUNT = re.compile(r"select count\(\*\) from (?P<table>\S+) (?:where (?P<where>.+))?", re.DOTALL)
_FACET = re.compile(
    r"\s*select (?P<column>\S+) as value, count\(\*\) as count from \(\s*"
    r"select .+? from (?P<table>\S+) (?:where (?P<where>.+?))?\s*\)\s*"
    r"where (?P=column) is not null\s+group by (?P=column) "
    r"order by count desc, value limit (?P<limit>\d+)\s*",
    re.DOTALL,
)
_LATEST = re.compile(
    r"select (?P<columns>.+?) from voice where (?P<where>.+) "
    r"order by counted_at desc limit (?P<limit>\d+)(?P<offset> offset \d+)?",
    re.DOTALL,
)
_WRITTEN = re.compile(
    r"select (?P<columns>.+?) from voice (?:where (?P<where>.+) )?"
    r"order by created_at(?P<desc> desc)? limit (?P<limit>\d+)(?: offset (?P<offset>\d+))?",
    re.DOTALL,
)
_SEARCH = re.compile(
    r"seq in \(select rowid from mentions_fts where mentions_fts match "
    r"(?P<words>escape_fts\(:\w+\)|:\w+)\)"
)
_COMPARED = re.compile(r'"(\w+)" (?:=|!=|<|>|<=|>=) :\w+')
_EQUAL = re.compile(r'"(\w+)" = :\w+')
_CELLS = {"brand", "source", "experience", "stance", "sure"}
_FACTS = _CELLS | {
    "day", "counted_at", "dated", "language", "country", "product_version", "author_id",
    "corrected", "counted", "seq",
}  # fmt: skip


def bounded(sql: str) -> str | None:
    """Give the statement that answers Datasette's for a count, a facet or a list of `voice`.

    None where the statement is none of these, or is quick as it is.
    """
    if found := _COUNT.fullmatch(sql):
        table, where = found["table"], found["where"]
        if table == "voice" and _only(where, _EQUAL, _CELLS):
            return f"SELECT coalesce(sum(mentions), 0) FROM voice_cells{_condition(where)}"
        return (
            f"SELECT count(*) FROM (SELECT 1 FROM {_narrow(table, where)}{_condition(where)} "
            f"LIMIT {MOST + 1})"
        )
    if found := _FACET.fullmatch(sql):
        column, table, where = found["column"], found["table"], found["where"]
        if table == "voice" and column in _CELLS and _only(where, _EQUAL, _CELLS):
            return (
                f"SELECT {column} AS value, sum(mentions) AS count FROM voice_cells"
                f"{_condition(where)} GROUP BY {column} HAVING value <> '' "
                f"ORDER BY count DESC, value LIMIT {found['limit']}"
            )
        if column in _FACTS:
            table = _narrow(table, where)
        return (
            f"SELECT {column} AS value, count(*) AS count FROM "
            f"(SELECT {column} FROM {table}{_condition(where)} LIMIT {MOST}) "
            f"WHERE {column} IS NOT NULL GROUP BY {column} "
            f"ORDER BY count DESC, value LIMIT {found['limit']}"
        )
    found = _LATEST.fullmatch(sql)
    if found and _SEARCH.search(found["where"]) and _narrow("voice", found["where"]) != "voice":
        # Sorted without their words: those are looked up for the page's rows alone.
        return (
            f"SELECT {found['columns']} FROM voice WHERE seq IN (SELECT seq FROM mention_facts"
            f"{_condition(found['where'])} ORDER BY counted_at DESC, seq DESC "
            f"LIMIT {found['limit']}{found['offset'] or ''}) ORDER BY counted_at DESC, seq DESC"
        )
    if found := _WRITTEN.fullmatch(sql):
        return _by_written(**found.groupdict())
    return None


def _by_written(
    columns: str, where: str | None, desc: str | None, limit: str, offset: str | None
) -> str | None:
    """Give the page's rows sorted by `created_at` without sorting all of them.

    `counted_at` is `created_at` wherever there is one, and the facts have indexes of it; those
    that have no date come first, or last downwards. The row number orders those of one moment.
    None where a search is narrowed by what is no fact.
    """
    table, order = _narrow("voice", where), "DESC" if desc else "ASC"
    place = f"LIMIT {limit} OFFSET {offset or 0}"
    if where and _SEARCH.search(where):
        if table == "voice":
            return None
        # So few are found that sorting them is quicker than any index.
        found = (
            f"SELECT seq FROM {table}{_condition(where)} "
            f"ORDER BY iif(dated, counted_at, NULL) {order}, seq {order} {place}"
        )
    else:
        most, chosen = int(limit) + int(offset or 0), f" WHERE ({where or 1})"
        found = (
            "SELECT seq FROM ("
            f"SELECT * FROM (SELECT seq, counted_at AS at FROM {table}{chosen} AND dated "
            f"ORDER BY counted_at {order}, seq {order} LIMIT {most}) UNION ALL "
            # CROSS: from those without a date, however many rows a filter leaves.
            "SELECT * FROM (SELECT undated, NULL FROM "
            "(SELECT seq AS undated FROM mentions WHERE created_at IS NULL) "
            f"CROSS JOIN {table} ON seq = undated{chosen} ORDER BY undated {order} LIMIT {most})"
            f") ORDER BY at {order}, seq {order} {place}"
        )
    return (
        f"SELECT {columns} FROM voice WHERE seq IN ({found}) "
        f"ORDER BY created_at {order}, seq {order}"
    )


def _narrow(table: str, where: str | None) -> str:
    """Name the table to count in: the facts, where the view's words do not matter."""
    return "mention_facts" if table == "voice" and _only(where, _COMPARED, _FACTS) else table


def _only(where: str | None, form: re.Pattern[str], columns: set[str]) -> bool:
    """Tell whether a choice is by these columns alone, in one form, and by a search in any."""
    parts = [part.strip() for part in (where or "").strip().split(" and ") if part.strip()]
    found = [form.fullmatch(part) for part in parts if form is _EQUAL or not _is_search(part)]
    return all(one is not None and one[1] in columns for one in found)


def _is_search(part: str) -> bool:
    return _SEARCH.fullmatch(part) is not None


def _condition(where: str | None) -> str:
    if not where or not where.strip():
        return ""

    def last(found: re.Match[str]) -> str:
        return (
            f"seq IN (SELECT rowid FROM mentions_fts WHERE mentions_fts MATCH {found['words']} "
            f"ORDER BY rowid DESC LIMIT {MOST + 1})"
        )

    return " WHERE " + _SEARCH.sub(last, where.strip())
