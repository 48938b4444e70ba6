"""The addresses of the pages: each reads on one connection, and is written by its template."""

from __future__ import annotations

import asyncio
import csv
import io
import secrets
import sqlite3
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from datasette.app import Datasette
from datasette.utils import sqlite_timelimit
from datasette.utils.asgi import AsgiStream, BadRequest, Forbidden, NotFound, Request, Response

from config.errors import EarfulError
from earful.app import utc_now
from earful.pages.access import Role, Visitor, visitor_of
from earful.pages.front import reading
from earful.pages.front.asked import Asked
from earful.pages.front.page_desk import DESK_KEY, Desk
from earful.spreadsheet_guard import guarded
from storage.database import as_of_one_moment
from storage.models import Experience, Stance
from storage.page_reads import one_mention
from storage.page_reads.choice import Choice
from storage.page_reads.mention_list import FILE_COLUMNS, Place, mention_page

T = TypeVar("T")
L = TypeVar("L", Experience, Stance)
_LONGEST_NOTE = 500
# Stricter than what other pages need: no script and no style stands in these.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_FILE_BATCH = 2000


def routes() -> list[tuple[str, Callable[..., Any]]]:
    """Give the pages that stand before Datasette's own."""
    return [
        (r"^/$", home),
        (r"^/mentions$", mentions),
        (r"^/mentions\.csv$", mentions_file),
        (r"^/mention/(?P<seq>\d{1,18})$", mention),
        (r"^/mention/(?P<seq>\d{1,18})/correct$", correct),
        (r"^/mention/(?P<seq>\d{1,18})/case$", make_case),
        (r"^/mention$", mention_by_id),
        (r"^/author$", author),
        (r"^/cases$", cases),
        (r"^/case/(?P<case>\d{1,18})$", case),
        (r"^/case/(?P<case>\d{1,18})/work$", work_on_case),
        (r"^/people/(?P<which>[a-z]+)$", people),
        (r"^/questions$", questions),
        (r"^/store$", store),
    ]


async def home(datasette: Datasette, request: Request) -> Response:
    """Show how a brand is doing."""
    now, root, args = utc_now(), _root(datasette), _args(request)

    def read(connection: sqlite3.Connection) -> dict[str, Any]:
        return reading.home(connection, reading.read_asked(connection, args, now, root), now)

    return await _page(datasette, request, "home", await _read(datasette, read))


async def mentions(datasette: Datasette, request: Request) -> Response:
    """List the mentions behind a number."""
    now, root, args = utc_now(), _root(datasette), _args(request)

    def read(connection: sqlite3.Connection) -> dict[str, Any]:
        asked = reading.read_asked(connection, args, now, root)
        return reading.mentions(connection, asked, args)

    return await _page(datasette, request, "mentions", await _read(datasette, read))


async def mentions_file(datasette: Datasette, request: Request) -> AsgiStream:
    """Write every mention behind a number as CSV, guarded against formulas."""
    now, root, args = utc_now(), _root(datasette), _args(request)
    asked = await _read(datasette, lambda c: reading.read_asked(c, args, now, root))

    async def write(response: Any) -> None:
        await response.write("\ufeff" + _csv([FILE_COLUMNS]))
        after: Place | None = None
        while True:
            rows, after = await _read(datasette, _batch(asked.choice, after))
            await response.write(_csv([row[name] for name in FILE_COLUMNS] for row in rows))
            if after is None:
                return

    return AsgiStream(
        write,
        headers={"content-disposition": f'attachment; filename="{_file_name(asked, now.date())}"'},
        content_type="text/csv; charset=utf-8",
    )


async def mention(datasette: Datasette, request: Request) -> Response:
    """Show one mention with all that is known of it."""
    seq, now, root = int(request.url_vars["seq"]), utc_now(), _root(datasette)
    found = await _read(datasette, lambda c: reading.mention(c, seq, now, root))
    return await _page(datasette, request, "mention", _found(found, f"mention {seq}"))


async def correct(datasette: Datasette, request: Request) -> Response:
    """Take a person's word on a verdict, and show the mention again."""
    seq, page = (
        int(request.url_vars["seq"]),
        f"{_root(datasette)}mention/{request.url_vars['seq']}",
    )
    if request.method != "POST":
        return Response.redirect(page)
    desk, visitor = _at_the_desk(request)
    form = await request.post_vars()
    note = form.get("note", "").strip()[:_LONGEST_NOTE] or None

    def write() -> str:
        return desk.correct(
            seq, _label(form, "experience", Experience), _label(form, "stance", Stance), note,
            visitor, utc_now(),
        )  # fmt: skip

    return await _written(datasette, request, page, write)


async def make_case(datasette: Datasette, request: Request) -> Response:
    """Make a case of a mention, and show the mention again."""
    seq, page = (
        int(request.url_vars["seq"]),
        f"{_root(datasette)}mention/{request.url_vars['seq']}",
    )
    if request.method != "POST":
        return Response.redirect(page)
    desk, visitor = _at_the_desk(request)
    form = await request.post_vars()
    click = f"page:{form.get('click', '')[:64] or secrets.token_urlsafe(12)}"
    return await _written(
        datasette, request, page, lambda: desk.make_case(seq, click, visitor, utc_now())
    )


async def mention_by_id(datasette: Datasette, request: Request) -> Response:
    """Lead from a mention's id, as messages and tables have it, to its page."""
    wanted = _args(request).get("id", "")
    seq = await _read(datasette, lambda c: one_mention.seq_of(c, wanted))
    return Response.redirect(f"{_root(datasette)}mention/{_found(seq, f'mention {wanted[:80]}')}")


async def author(datasette: Datasette, request: Request) -> Response:
    """Show who somebody is, and what they said."""
    wanted, now, root = _args(request).get("id", ""), utc_now(), _root(datasette)
    found = await _read(datasette, lambda c: reading.author(c, wanted, now, root))
    return await _page(datasette, request, "author", _found(found, f"author {wanted[:80]}"))


async def cases(datasette: Datasette, request: Request) -> Response:
    """List cases."""
    now, root, args = utc_now(), _root(datasette), _args(request)

    def read(connection: sqlite3.Connection) -> dict[str, Any]:
        asked = reading.read_asked(connection, args, now, root)
        return reading.cases(connection, asked, args, now)

    return await _page(datasette, request, "cases", await _read(datasette, read))


async def case(datasette: Datasette, request: Request) -> Response:
    """Show one case and what happened to it."""
    number, now, root = int(request.url_vars["case"]), utc_now(), _root(datasette)
    found = await _read(datasette, lambda c: reading.case(c, number, now, root))
    return await _page(datasette, request, "case", _found(found, f"case {number}"))


async def work_on_case(datasette: Datasette, request: Request) -> Response:
    """Claim, answer, close or reopen a case, or note something on it, and show it again."""
    number = int(request.url_vars["case"])
    page = f"{_root(datasette)}case/{number}"
    if request.method != "POST":
        return Response.redirect(page)
    desk, visitor = _at_the_desk(request)
    form = await request.post_vars()
    click = f"page:{form.get('click', '')[:64] or secrets.token_urlsafe(12)}"
    note = form.get("note", "").strip()[:_LONGEST_NOTE] or None

    def write() -> str:
        return desk.work_on_case(
            number, form.get("what", ""), note, click, _moment(form.get("seen_at", "")),
            visitor, utc_now(),
        )  # fmt: skip

    return await _written(datasette, request, page, write)


def _moment(text: str) -> datetime | None:
    """Read when a page was shown; what no page of ours wrote says nothing."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read if read.tzinfo is not None else None


async def people(datasette: Datasette, request: Request) -> Response:
    """List people."""
    which = request.url_vars["which"]
    now, root, args = utc_now(), _root(datasette), _args(request)
    if which not in reading.PEOPLE:
        raise NotFound(f"There are no {which}: there are {', '.join(reading.PEOPLE)}.")

    def read(connection: sqlite3.Connection) -> dict[str, Any]:
        asked = reading.read_asked(connection, args, now, root)
        return reading.people(connection, asked, which, args)

    return await _page(datasette, request, "people", await _read(datasette, read))


async def questions(datasette: Datasette, request: Request) -> Response:
    """List the saved queries."""
    return await _page(datasette, request, "questions", _described(datasette))


async def store(datasette: Datasette, request: Request) -> Response:
    """List the tables and views, for who asks in SQL."""
    return await _page(datasette, request, "store", _described(datasette))


def _at_the_desk(request: Request) -> tuple[Desk, Visitor]:
    """Give where somebody may write, and who it is; Forbidden to all others."""
    visitor, desk = visitor_of(request), request.scope.get(DESK_KEY)
    if visitor is None or visitor.role < Role.WORK or not isinstance(desk, Desk):
        raise Forbidden(
            "Only who is let in to work on cases may change something here: sign in as one whose "
            'account in [[serve.accounts]] has role = "work".'
        )
    return desk, visitor


async def _written(
    datasette: Datasette, request: Request, page: str, write: Callable[[], str]
) -> Response:
    """Write in a thread, and lead back to a page that says what came of it."""
    try:
        datasette.add_message(request, await asyncio.to_thread(write), datasette.INFO)
    except EarfulError as error:
        datasette.add_message(request, str(error), datasette.ERROR)
    return Response.redirect(page, status=303)


def _label(form: Mapping[str, str], name: str, kind: type[L]) -> L | None:
    try:
        return kind(form[name]) if form.get(name) else None
    except ValueError:
        raise BadRequest(f"{name} is one of {', '.join(kind)}.") from None


def _described(datasette: Datasette) -> dict[str, Any]:
    described = datasette.metadata()
    twenty = described["plugins"]["earful-pages"]["twenty"]
    queries = described["databases"][datasette.get_database().name]["queries"]
    return {"described": {**described, "others": [one for one in queries if one not in twenty]}}


async def _page(
    datasette: Datasette, request: Request, name: str, context: Mapping[str, Any]
) -> Response:
    visitor = visitor_of(request)
    shown = {
        **context,
        "root": _root(datasette),
        "here": request.path,
        "visitor": visitor,
        "may_work": visitor is not None
        and visitor.role >= Role.WORK
        and DESK_KEY in request.scope,
        "click": secrets.token_urlsafe(12),
    }
    html = await datasette.render_template(f"front/{name}.html", shown, request)
    return Response.html(html, headers={"content-security-policy": _POLICY})


async def _read(datasette: Datasette, read: Callable[[sqlite3.Connection], T]) -> T:
    """Read what a page shows as of one moment, within the time that any query has."""
    from datasette.views.base import DatasetteError

    from earful.pages.datasette_app import TOO_SLOW

    limit = datasette.setting("sql_time_limit_ms")

    def in_time(connection: sqlite3.Connection) -> T:
        try:
            with as_of_one_moment(connection), sqlite_timelimit(connection, limit):
                return read(connection)
        except sqlite3.OperationalError as error:
            if error.args == ("interrupted",):
                raise DatasetteError(TOO_SLOW, "This took too long", status=400) from error
            raise

    found: T = await datasette.get_database().execute_fn(in_time)
    return found


def _batch(
    choice: Choice, after: Place | None
) -> Callable[[sqlite3.Connection], tuple[list[dict[str, Any]], Place | None]]:
    return lambda connection: mention_page(connection, choice, after, _FILE_BATCH)


def _csv(rows: Any) -> str:
    place = io.StringIO()
    writer = csv.writer(place)
    writer.writerows([guarded(value) for value in row] for row in rows)
    return place.getvalue()


def _file_name(asked: Asked, today: date) -> str:
    brand = "".join(c if c.isascii() and c.isalnum() else "-" for c in asked.choice.brand or "all")
    return f"mentions-{brand.strip('-').lower() or 'brand'}-{today}.csv"


def _args(request: Request) -> dict[str, str]:
    return {name: request.args.get(name) or "" for name in request.args}


def _root(datasette: Datasette) -> str:
    return str(datasette.urls.instance())


def _found(found: T | None, what: str) -> T:
    if found is None:
        raise NotFound(f"There is no {what} in this store (or no more).")
    return found
