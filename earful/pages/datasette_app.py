"""The Datasette instance on the store: read-only, with our pages, and no request leaves it."""

from __future__ import annotations

import asyncio
import importlib
import re
import sqlite3
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.errors import StoreError, StoreRefusedError
from earful.pages import bounds, csv_files
from earful.pages.bounded_counts import MOST, bounded
from storage.connection import address
from storage.faults import fault
from storage.log_length import LogGate
from storage.search_words import match_for

if TYPE_CHECKING:
    from datasette.app import Datasette

DATABASE = "earful"
# Sized for a million mentions. A query that runs longer is cut off, so that no reader holds the
# write-ahead log back for more than a few seconds.
SETTINGS: dict[str, int | bool] = {
    "sql_time_limit_ms": 5_000,
    "facet_time_limit_ms": 700,
    "suggest_facets": False,
    "max_returned_rows": 1000,
    "default_page_size": 50,
    "truncate_cells_html": 600,
    "max_csv_mb": 200,
    "num_sql_threads": 4,
    "default_cache_ttl": 0,
    "allow_download": False,
}
TOO_SLOW = (
    f"The query took too long: it was stopped after {SETTINGS['sql_time_limit_ms'] // 1000} "
    "seconds. Choose a shorter period or one brand, and ask again."
)
# Counting all rows is only a figure in a page's title: the page must not wait long for it.
_COUNT_MS = 1000
# Who waits until the log is shorter looks as often.
_GATE_S = 0.05


def datasette(store_path: Path) -> Datasette:
    """Make the Datasette instance; its database is named `earful` whatever the file's name."""
    from datasette.app import Datasette
    from datasette.database import Database, QueryInterrupted, Results
    from datasette.utils import sqlite_timelimit
    from datasette.views.base import DatasetteError

    from earful.pages import page_plugin

    # With rich at hand Datasette prints every local variable of a failed query, customers' words
    # included, on stdout. (Imported before `datasette.app`, that module would not be registered.)
    vars(importlib.import_module("datasette.handle_exception"))["rich"] = None
    csv_files.guard_cells()
    # An instance asks for its pages while it is made.
    page_plugin.register()

    gate = LogGate(store_path)

    class ReadOnlyDatabase(Database):  # type: ignore[misc]
        def connect(self, write: bool = False) -> sqlite3.Connection:
            if write:
                raise StoreError(f"{store_path}: is served read-only")
            connection = sqlite3.connect(
                # Datasette's own address breaks at `#`, `?` and `%` in a path.
                address(store_path, "ro"),
                uri=True,
                check_same_thread=False,
                factory=bounds.BoundedConnection,
            )
            connection.most_bytes = _most_bytes
            _add_sqrt(connection)
            connection.create_function("match_for", 1, match_for, deterministic=True)
            connection.bound()
            self._all_file_connections.append(connection)
            return connection

        async def execute(
            self, sql: str, params: Any = None, *, custom_time_limit: int | None = None, **how: Any
        ) -> Any:
            if sql.startswith("select count(*) from "):
                custom_time_limit = min(custom_time_limit or _COUNT_MS, _COUNT_MS)
            sql = bounded(sql) or sql
            try:
                if how.get("truncate") and csv_files.whole_file.get():
                    return await self.all_rows(sql, params)
                return await super().execute(
                    sql, params, custom_time_limit=custom_time_limit, **how
                )
            except QueryInterrupted as error:
                if custom_time_limit is not None:
                    raise  # Datasette tries what the page can do without
                raise DatasetteError(TOO_SLOW, "This took too long", status=400) from error

        async def table_counts(self, limit: int = 10) -> dict[str, int | None]:
            """Count each table's rows for the page of all; None where there are very many."""
            names = await self.table_names()

            def count(connection: sqlite3.Connection) -> dict[str, int | None]:
                counts: dict[str, int | None] = {}
                for name in names:
                    counted = f"SELECT count(*) FROM (SELECT 1 FROM [{name}] LIMIT {MOST + 1})"
                    try:
                        (rows,) = connection.execute(counted).fetchone()
                    except sqlite3.DatabaseError:  # such as one that a page may not read
                        rows = None
                    counts[name] = rows if rows is not None and rows <= MOST else None
                return counts

            counted: dict[str, int | None] = await self.execute_fn(count)
            return counted

        async def all_rows(self, sql: str, params: Any) -> Any:
            def read(connection: sqlite3.Connection) -> Any:
                with sqlite_timelimit(connection, made.setting("sql_time_limit_ms")):
                    try:
                        cursor = connection.execute(sql, params or {})
                        rows = cursor.fetchmany(csv_files.MOST_ROWS + 1)
                    except sqlite3.OperationalError as error:
                        if error.args == ("interrupted",):
                            raise QueryInterrupted(error, sql, params) from error
                        raise
                if len(rows) > csv_files.MOST_ROWS:
                    raise DatasetteError(csv_files.TOO_MANY, "Too many rows", status=400)
                return Results(rows, False, cursor.description)

            return await self.execute_fn(read)

        async def execute_fn(self, fn: Any) -> Any:
            while not gate.is_open():
                await asyncio.sleep(_GATE_S)
            try:
                return await super().execute_fn(fn)
            except (sqlite3.DataError, MemoryError) as error:
                raise DatasetteError(
                    bounds.TOO_LARGE, "Too large an answer", status=400
                ) from error
            except sqlite3.Error as error:
                if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_AUTH:
                    raise DatasetteError(bounds.HIDDEN, "Not shown", status=403) from error
                trouble = fault(store_path, error)
                writes = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_READONLY
                if writes or isinstance(trouble, StoreRefusedError):
                    raise  # the asker's own SQL: Datasette says so
                # Not the folders above the store: a page may be public.
                sentence = str(trouble).replace(str(store_path), store_path.name)
                raise DatasetteError(sentence, "The store cannot be read", status=503) from error

    rooms = resources.files("storage")
    made = Datasette(
        [],
        metadata=metadata(),
        template_dir=str(rooms / "datasette" / "templates"),
        static_mounts=[("assets", str(rooms / "datasette" / "static"))],
        settings=dict(SETTINGS),
    )
    # It copies the whole description for each table that a page names, and what it finds there
    # never changes: the page of all tables took half a second.
    made._table_permission_allows = cache(made._table_permission_allows)
    made.remove_database("_memory")
    made.add_database(ReadOnlyDatabase(made, path=str(store_path), is_mutable=True), name=DATABASE)
    page_plugin.install(made)
    return made


def metadata() -> dict[str, Any]:
    """Read `storage/datasette.yml` and fill in its shared pieces of SQL."""
    import yaml

    text = resources.files("storage").joinpath("datasette.yml").read_text(encoding="utf-8")
    described: dict[str, Any] = yaml.safe_load(text)
    fragments: dict[str, str] = described.pop("fragments")

    def fill(sql: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda match: fill(fragments[match[1]]), sql)

    for query in described["databases"][DATABASE]["queries"].values():
        query["sql"] = fill(query["sql"])
    for dashboard in described["plugins"]["datasette-dashboards"].values():
        for chart in dashboard["charts"].values():
            chart["query"] = fill(chart["query"])
    return described


def _most_bytes() -> int:
    """Tell how many bytes the rows may have that are read now."""
    return bounds.MOST_BYTES_OF_FILE if csv_files.whole_file.get() else bounds.MOST_BYTES


def _add_sqrt(connection: sqlite3.Connection) -> None:
    """Control limits need it; some builds of SQLite come without mathematics."""
    try:
        connection.execute("SELECT sqrt(4.0)")
    except sqlite3.OperationalError:
        connection.create_function(
            "sqrt",
            1,
            lambda value: None if value is None or value < 0 else value**0.5,
            deterministic=True,
        )
