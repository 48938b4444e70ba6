"""Web addresses: absolute, without tracking, or none."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from storage.fields.clean_text import mended
from storage.fields.entry_error import EntryError
from storage.models import RefusalReason

LONGEST_URL = 4000
_GOOGLE = re.compile(r"google\.[a-z.]+")
_TRACKING = re.compile(r"^(?:utm_\w+|fbclid|gclid|mc_cid|mc_eid|igshid)$", re.IGNORECASE)


def link(value: object, base: str | None = None) -> str | None:
    """Give an absolute http(s) link without tracking parameters; None for anything else."""
    if not isinstance(value, str) or not value.strip():
        return None
    try:
        url = urljoin(base or "", mended(value).strip())
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return None
        if parts.query and any(_TRACKING.match(p.split("=")[0]) for p in parts.query.split("&")):
            pairs = parse_qsl(parts.query, keep_blank_values=True)
            kept = [(name, given) for name, given in pairs if not _TRACKING.match(name)]
            url = urlunsplit(parts._replace(query=urlencode(kept)))
    except ValueError:
        return None
    return url if len(url) <= LONGEST_URL and not re.search(r"[\s<>\"]", url) else None


def behind_redirect(url: str | None) -> str | None:
    """Give the address that a counted link of Google or F5Bot leads to, as it stands there.

    Another address is given back as it is; None for what is no address.
    """
    try:
        parts = urlsplit(url or "")
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return None
    if host == "f5bot.com":
        name = "u"
    elif _GOOGLE.fullmatch(host) and parts.path == "/url":
        name = "url"
    else:
        return url
    return dict(parse_qsl(parts.query)).get(name, url)


def address(*values: object, base: str | None = None) -> str:
    """Give the first of these that is a link; a mention that has none is refused."""
    for value in values:
        if (url := link(value, base)) is not None:
            return url
    raise EntryError("url is missing or no address", RefusalReason.LINK)
