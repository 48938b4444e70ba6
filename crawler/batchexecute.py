"""Read what Google's own pages read: batchexecute responses, and the data within a page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from scrapy.http import Response

from crawler.entry_problems import PageError, blocked, broken, failed
from crawler.json_bodies import at, undecodable
from crawler.web_pages import html_page

FORM = {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}

_PREFIX = re.compile(r"^\s*\)\]\}'?")
# The key before it names the slot, which moves between versions of a page: shapes decide.
_PAGE_DATA = re.compile(
    r"AF_initDataCallback\(\{\s*key:\s*'ds:\d+'[^\[\]{}]*?data:\s*(?:function\(\)\s*\{\s*return\s*)?"
)
# Errors in a good status by which Google slows a client down.
_THROTTLED = re.compile(r"Play(?:Data|Gateway)Error")
_DECODER = json.JSONDecoder(strict=False)


def form(rpc: str, inner: object) -> str:
    """Make the form body that asks one procedure."""
    call = [[[rpc, json.dumps(inner, separators=(",", ":")), None, "generic"]]]
    return urlencode({"f.req": json.dumps(call, separators=(",", ":"))})


def payloads(response: Response) -> list[Any]:
    """Give the decoded payloads of a response or a page, or the body where it is one itself.

    A null payload is an error that came with a good status.
    """
    text = response.body.decode("utf-8-sig", "replace")
    if not text.strip():
        raise broken("answered with an empty body")
    if page := html_page(response.body):
        embedded = list(_in_page(text))
        if not embedded:
            raise page
        return embedded
    prefix = _PREFIX.match(text)
    values = list(_values(text, prefix.end() if prefix else 0))
    chunks = [value for value in values if isinstance(value, list)]
    if not chunks:
        raise broken("answered with JSON that is not a list")
    rows = [row for chunk in chunks for row in chunk if isinstance(row, list) and row]
    if not prefix and not any(row[0] == "wrb.fr" for row in rows):
        return chunks
    return [_payload(row) for row in rows if row[0] in ("wrb.fr", "er")]


def _payload(row: list[Any]) -> Any:
    given = at(row, 2)
    if row[0] == "wrb.fr" and isinstance(given, str):
        try:
            return json.loads(given, strict=False)
        except (ValueError, RecursionError) as error:
            raise broken("answered with a payload that cannot be decoded") from error
    raise _refused(row)


def _refused(row: list[Any]) -> PageError:
    if _THROTTLED.search(json.dumps(row)[:4000]):
        return blocked("answered with its error for programs that ask too often")
    return failed("answered with an error in place of data")


def _values(text: str, start: int) -> Iterator[Any]:
    """Decode the values of a body: responses may come in chunks with their lengths between."""
    here = start
    while match := re.compile(r"\S").search(text, here):
        value, here = _decoded(text, match.start())
        yield value


def _in_page(text: str) -> Iterator[Any]:
    for start in _PAGE_DATA.finditer(text):
        yield _decoded(text, start.end())[0]


def _decoded(text: str, start: int) -> tuple[Any, int]:
    try:
        return _DECODER.raw_decode(text, start)
    except (RecursionError, ValueError) as error:
        raise undecodable(error, len(text)) from error
