"""What a request asks for: its page, its parameters, its public address, how much at once."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit

from scrapy.http import Request, Response

T = TypeVar("T")


def meta_of(response: Response) -> dict[str, Any]:
    """Give what `ask` wrote down beside the request; {} outside a crawl."""
    return response.request.meta if response.request else {}


def page_of(response: Response) -> int:
    """Give the number of the page that was asked for; 1 outside a crawl."""
    return int(meta_of(response).get("page", 1))


def real_url(response: Response) -> str:
    """Give the public address of a response, wherever `base_url` moved it to."""
    return str(meta_of(response).get("real_url") or response.url)


def asked(response: Response, name: str, default: str = "") -> str:
    """Give a parameter of the query string that was asked."""
    return parse_qs(urlsplit(response.url).query).get(name, [default])[0]


def next_cursor(response: Response, given: object, name: str) -> str | None:
    """Give the cursor of the next page; None where there is none, or the same as was asked."""
    is_new = isinstance(given, str) and given not in ("", asked(response, name))
    return str(given) if is_new else None


def once_more(response: Response, most: int) -> Request | None:
    """Make the same request again; None once it was made `most` times."""
    request, tries = response.request, int(meta_of(response).get("tries", 0)) + 1
    if request is None or tries >= most:
        return None
    return request.replace(meta={**request.meta, "tries": tries})


def portions(values: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    """Divide values into what a request can ask for at once."""
    for start in range(0, len(values), most):
        yield values[start : start + most]


def is_loopback(url: str) -> bool:
    """Tell whether a URL leads to this machine, where politeness is not needed."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def login_apart(url: str) -> tuple[str, dict[str, str]]:
    """Part the login from an http(s) address: the address without it, and the header it makes."""
    parts = urlsplit(url)
    login, at, host = parts.netloc.rpartition("@")
    if not at or parts.scheme not in ("http", "https"):
        return url, {}
    word = b64encode(unquote(login).encode()).decode()
    return urlunsplit(parts._replace(netloc=host)), {"Authorization": f"Basic {word}"}
