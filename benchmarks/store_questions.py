"""What a click on a page of `earful serve` asks of a store, each under a name of its own."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain, product

from benchmarks.made_store import BRANDS, NOW
from earful.pages.bounded_counts import bounded
from earful.pages.datasette_app import DATABASE, metadata

YEAR = f"{NOW - timedelta(days=365):%Y-%m-%d}"
VIEWS = (
    "voice", "wow_wall", "open_cases", "advocates", "haters", "flips", "response_times",
    "coverage", "answer_speed", "kudos", "daily_counts", "daily_experience", "source_health",
    "ledger",
)  # fmt: skip
TABLES = ("mentions", "verdicts", "authors", "cases", "cut_days", "mention_facts")
_CHOICES = (
    "brand\" = 'Large'",
    "source\" = 'source_1'",
    "stance\" = 'hater'",
    "experience\" = 'angry'",
    "brand\" = 'Small' and \"stance\" = 'advocate' and \"experience\" = 'angry'",
)


@dataclass(frozen=True, slots=True)
class Question:
    """A statement with its values; a page's searches may take twice as long."""

    name: str
    sql: str
    values: dict[str, str]
    searches: bool = False


def with_filters(sql: str, chosen: dict[str, str]) -> str:
    """Keep of the dashboard's optional conditions those whose filter is chosen, as it does."""

    def kept(match: re.Match[str]) -> str:
        named = re.findall(r":(\w+)", match[1])
        return match[1] if all(chosen.get(name) for name in named) else ""

    return re.sub(r"\[\[(.*?)\]\]", kept, sql)


def questions(connection: sqlite3.Connection, word: str) -> Iterator[Question]:
    """Give all that is measured; `word` is one that most mentions have."""
    (last,) = connection.execute("SELECT max(day) FROM daily_counts").fetchone()
    asked = (_dashboards(last), _saved_queries(word), *(
        _table(connection, name, word) for name in (*VIEWS, *TABLES)
    ))  # fmt: skip
    for one in chain(*asked):
        # As on the day of the last mention, whenever it is measured.
        yield replace(one, sql=one.sql.replace("'now'", f"'{last} 12:00:00'"))


def _dashboards(until: str) -> Iterator[Question]:
    choices = [
        {"brand": brand, "source": source, "period": period}
        for brand, source, period in product(
            (BRANDS[0], ""), ("source_1", ""), ("30 days", "12 months", "all time")
        )
    ]
    for board, described in metadata()["plugins"]["datasette-dashboards"].items():
        for name, chart in described["charts"].items():
            for choice in choices:
                values = {"until": until} | choice
                said = ", ".join(one for one in choice.values() if one)
                sql = with_filters(chart["query"], values)
                yield Question(f"dashboard {board}, {name}: {said}", sql, values)


def _saved_queries(word: str) -> Iterator[Question]:
    for name, query in metadata()["databases"][DATABASE]["queries"].items():
        wanted = query.get("params", [])
        for brand, since in product((BRANDS[0], ""), ("", YEAR)):
            known = {
                "brand": brand, "since": since, "words": word, "name": "Colleague 7", "case": "1",
                "days": "90", "topic": "1", "experience": "angry", "cut": "country",
            }  # fmt: skip
            values = {one: known.get(one, "") for one in wanted}
            said = ", ".join(f"{one} {value}" for one, value in values.items() if value)
            yield Question(
                f"saved query {name}: {said or 'as it opens'}", query["sql"], values,
                searches="mentions_fts" in query["sql"],
            )  # fmt: skip
            if not {"brand", "since"} & set(wanted):
                break


def _table(connection: sqlite3.Connection, name: str, word: str) -> Iterator[Question]:
    described = metadata()["databases"][DATABASE]["tables"].get(name, {})
    columns = ", ".join(row[1] for row in connection.execute(f"PRAGMA table_info({name})"))
    wheres = [("", "all")]
    if name == "voice":
        wheres += [(f'where "{one} ', one.replace('"', "")) for one in _CHOICES]
        wheres.append((
            "where seq in (select rowid from mentions_fts where mentions_fts match "
            ":search) ",
            f"search {word}",
        ))  # fmt: skip
    order = described.get("sort_desc")
    for where, said in wheres:
        values = {"search": word} if ":search" in where else {}
        # Of a value Datasette makes a parameter.
        for number, value in enumerate(re.findall(r"'(\w+)'", where)):
            where = where.replace(f"'{value}'", f":p{number}", 1)
            values[f"p{number}"] = value
        by = f"order by {order} desc " if order else ""
        asked = {
            "first page": f"select {columns} from {name} {where}{by}limit 51",
            "count": f"select count(*) from {name} {where}",
        }
        for facet in described.get("facets", []):
            asked[f"facet {facet}"] = (
                f"select {facet} as value, count(*) as count from (\n"
                f"select {columns} from {name} {where}\n)\nwhere {facet} is not null\n"
                f"group by {facet} order by count desc, value limit 31"
            )
        for part, sql in asked.items():
            yield Question(
                f"{name}, {said}: {part}", bounded(sql) or sql, values, searches="search" in values
            )
