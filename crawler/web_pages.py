"""Web pages: where one was promised, read it; where data was, name the page that blocks."""

from __future__ import annotations

import re
from dataclasses import dataclass

from parsel import Selector
from scrapy.http import Response, TextResponse

from crawler.entry_problems import PageError, blocked, broken

_HTML = re.compile(
    rb"^\s*(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body|title)\b", re.I | re.S
)
_TITLE = re.compile(rb"<title[^>]*>\s*([^<]{1,80})", re.I)
_MARKUP = re.compile(rb"<(?:!doctype\s+html|html|head|body|title|meta|script|div|main|p)\b", re.I)
_OPENED = re.compile(rb"<(?:html|body)\b", re.I)
_CLOSED = re.compile(rb"</(?:html|body)\s*>", re.I)


def html_page(body: bytes) -> PageError | None:
    """Tell whether a body is a web page where data was promised."""
    if not _HTML.match(body[:2000].lstrip(b"\xef\xbb\xbf")):
        return None
    title = _TITLE.search(body[:20_000])
    named = f" titled {' '.join(title[1].decode('utf-8', 'replace').split())!r}" if title else ""
    return blocked(f"answered with a web page{named} where data was promised")


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
        raise broken("answered with something that is not a web page")
    text = response.text if isinstance(response, TextResponse) else body.decode("utf-8", "replace")
    problem = None
    if _OPENED.search(body[:20_000]) and not _CLOSED.search(body[-20_000:]):
        problem = broken("answered with a page that is cut off")
    return WebPage(Selector(text=text, type="html"), problem)


def no_content(response: Response) -> PageError:
    """Make the error of a page that is not the one asked for: a wall, most of the time."""
    return html_page(response.body) or blocked("answered with another page than Earful asked for")
