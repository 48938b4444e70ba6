"""Read web pages where a page is what was promised, telling what is none and what is cut."""

from __future__ import annotations

import re
from dataclasses import dataclass

from parsel import Selector
from scrapy.http import Response, TextResponse

from crawler.entry_problems import PageError, blocked, broken
from crawler.json_bodies import html_page

_MARKUP = re.compile(rb"<(?:!doctype\s+html|html|head|body|title|meta|script|div|main|p)\b", re.I)
_OPENED = re.compile(rb"<(?:html|body)\b", re.I)
_CLOSED = re.compile(rb"</(?:html|body)\s*>", re.I)


@dataclass(frozen=True)
class WebPage:
    """A page, and whether its end is missing: then the last entry on it may be half of one."""

    root: Selector
    problem: PageError | None


def read_page(response: Response) -> WebPage:
    """Parse a web page; a body that is none is BROKEN."""
    body = response.body
    if not body.strip():
        raise broken("answered with an empty body")
    if not _MARKUP.search(body[:20_000]):
        raise broken("answered with something that is no web page")
    text = response.text if isinstance(response, TextResponse) else body.decode("utf-8", "replace")
    problem = None
    if _OPENED.search(body[:20_000]) and not _CLOSED.search(body[-20_000:]):
        problem = broken("answered with a page that is cut off")
    return WebPage(Selector(text=text, type="html"), problem)


def no_content(response: Response) -> PageError:
    """Make the error of a page that is not the one asked for: a wall, most of the time."""
    return html_page(response.body) or blocked("answered with another page than was asked for")
