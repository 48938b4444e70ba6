"""What the store's tables, views and saved queries are called, and mean, for who asks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from config.errors import InputError


@dataclass(frozen=True, slots=True)
class SavedQuestion:
    sql: str
    parameters: tuple[str, ...]
    title: str
    description: str


class Described:
    """`storage/datasette.yml`, as the dashboards have it."""

    def __init__(self, described: Mapping[str, Any]) -> None:
        store = described["databases"]["earful"]
        self._tables: dict[str, Mapping[str, Any]] = {
            name: table for name, table in store["tables"].items() if not table.get("hidden")
        }
        self._queries: Mapping[str, Mapping[str, Any]] = store["queries"]

    @classmethod
    def load(cls) -> Self:
        from earful.pages.datasette_app import metadata

        return cls(metadata())

    @property
    def shown(self) -> frozenset[str]:
        """Name the tables and views that people may look at."""
        return frozenset(self._tables)

    def tables(self, name: str | None) -> dict[str, Any]:
        if name is None:
            return {
                "tables": {
                    name: _line(table.get("description", table.get("title", "")))
                    for name, table in self._tables.items()
                }
            }
        if name not in self._tables:
            raise InputError(f"tables: there is no {name!r}: leave the name out to see all")
        table = self._tables[name]
        return {
            "name": name,
            "description": _line(table.get("description", "")),
            "columns": dict(table.get("columns", {})),
        }

    def questions(self) -> list[dict[str, Any]]:
        return [
            {
                "name": name,
                "title": query["title"],
                "description": _line(query.get("description", "")),
                "parameters": list(query.get("params", ())),
            }
            for name, query in self._queries.items()
        ]

    def question(self, name: str) -> SavedQuestion:
        """Give a saved question; InputError names those there are."""
        if name not in self._queries:
            raise InputError(f"ask_saved: there is no {name!r}: choose {', '.join(self._queries)}")
        query = self._queries[name]
        return SavedQuestion(
            sql=query["sql"],
            parameters=tuple(query.get("params", ())),
            title=query["title"],
            description=query.get("description", ""),
        )


def _line(text: str) -> str:
    return " ".join(text.split())
