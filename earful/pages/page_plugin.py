"""What our pages need beyond Datasette's own: known brands, linked cases, folded columns."""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette
from datasette.plugins import pm
from datasette.utils import escape_fts
from markupsafe import Markup

from earful.pages import bounded_counts, sign_in
from earful.pages.front import routes as front
from earful.pages.front.query_charts import query_chart
from storage.search_words import signs_apart

_BRANDS = "SELECT brand FROM daily_counts UNION SELECT brand FROM crawl_runs ORDER BY 1"
_DESCRIPTIONS = re.compile(r'<dl class="column-descriptions">.*?</dl>', re.DOTALL)


def register() -> None:
    """Let every instance made from now on have the pages of this module; safe to repeat."""
    if not pm.has_plugin("earful-pages"):
        pm.register(sys.modules[__name__], name="earful-pages")


def install(made: Datasette) -> None:
    """Give an instance's templates what this module has."""
    made.jinja_env.filters["columns_folded"] = _columns_folded
    made.jinja_env.filters["bounded_count"] = _bounded_count
    made.jinja_env.filters["query_chart"] = query_chart


@hookimpl  # type: ignore[untyped-decorator]
def extra_template_vars(datasette: Datasette) -> dict[str, Callable[[], Awaitable[list[str]]]]:
    """Let a page ask for the brands that a reader can choose."""

    async def known_brands() -> list[str]:
        found = await datasette.get_database().execute(_BRANDS)
        return [row[0] for row in found.rows]

    return {"known_brands": known_brands}


@hookimpl  # type: ignore[untyped-decorator]
def register_routes() -> list[tuple[str, Callable[..., Any]]]:
    """Add the pages of ours, and those on which people sign in and out."""
    return [*front.routes(), *sign_in.routes()]


@hookimpl(trylast=True)  # type: ignore[untyped-decorator]
def prepare_connection(conn: sqlite3.Connection) -> None:
    """Let a table's search box find words of scripts without spaces; last, after Datasette."""
    conn.create_function("escape_fts", 1, lambda words: signs_apart(escape_fts(words)))


@hookimpl  # type: ignore[untyped-decorator]
def render_cell(value: Any, column: str, datasette: Datasette) -> Markup | None:
    """Let a case's number lead to its page."""
    if column != "case_id" or not isinstance(value, int):
        return None
    return Markup('<a href="{}">{}</a>').format(datasette.urls.path(f"case/{value}"), value)


def _bounded_count(page: str, count: int | None) -> Markup:
    """Let a page say that it has more rows than were counted, and what its facets count."""
    if count != bounded_counts.MOST + 1:
        return Markup(str(page))
    said = str(page).replace(f"{count:,} rows", f"More than {bounded_counts.MOST:,} rows")
    facets = '<div class="facet-results">'
    note = f'<p class="bounded">The figures below count {bounded_counts.MOST:,} of them.</p>'
    return Markup(said.replace(facets, f"{note}{facets}"))


def _columns_folded(page: str) -> Markup:
    """Let the reader see a table's rows first: what its columns mean unfolds on a click."""
    folded = r'<details class="columns"><summary>What the columns mean</summary>\g<0></details>'
    return Markup(_DESCRIPTIONS.sub(folded, str(page)))
