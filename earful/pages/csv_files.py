"""CSV of the pages: every row of what is shown, and no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import importlib
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any
from urllib.parse import parse_qsl, urlencode

from earful.http_serving import App, Message, Receive, Send
from earful.spreadsheet_guard import guarded

# A query's rows are held in memory while they are written.
MOST_ROWS = 200_000
TOO_MANY = (
    f"This has more than {MOST_ROWS:,} rows, too many for a CSV file of this page. Choose a "
    "shorter period or one brand, or run `earful export`."
)
# Set while a file is asked for: its rows are not cut where a page's are.
whole_file: ContextVar[bool] = ContextVar("whole_file", default=False)


class _GuardedCsv:
    """What Datasette uses of the module `csv`, each row guarded as `earful export` guards it."""

    def writer(self, place: Any) -> Any:
        inner = csv.writer(place)

        class Writer:
            def writerow(self, row: Iterable[Any]) -> Any:
                return inner.writerow([guarded(value) for value in row])

        return Writer()


def guard_cells() -> None:
    """Let all CSV that Datasette writes in this process be guarded against formulas."""
    vars(importlib.import_module("datasette.views.base"))["csv"] = _GuardedCsv()


def with_whole_files(app: App) -> App:
    """Let each CSV file hold all rows of its table, view or query, not those of one page."""

    async def whole(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].endswith(".csv"):
            await app(scope, receive, send)
            return
        asked = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        kept = [(name, value) for name, value in asked if name not in ("_next", "_size")]
        # Datasette writes a table page by page; a query has one page, which is not cut.
        query = urlencode([*kept, ("_size", "max"), ("_stream", "on")]).encode("latin-1")
        token = whole_file.set(True)
        try:
            await app({**scope, "query_string": query}, receive, send)
        finally:
            whole_file.reset(token)

    return whole
