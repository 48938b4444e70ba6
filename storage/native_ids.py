"""Which mention a link leads to, named as the source's own spider names it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

_REDDIT = re.compile(
    r"^(?:/(?:r|user)/[^/]+)?/comments/([a-z0-9]+)(?:/[^/]+)?(?:/(?:c/)?([a-z0-9]+))?/?$"
)
_LOBSTERS = re.compile(r"^/s/([a-z0-9]{6})(?:/|$)")
_ADDON = re.compile(r"/reviews/(\d+)/?$")
_TWEET = re.compile(r"^/\w+/status/(\d+)(?:/|$)")
_TELEGRAM = re.compile(r"^/(?:s/)?(\w+/\d+)/?$")
_VIDEO = re.compile(r"^[\w-]{11}$")
_TRUSTPILOT = re.compile(r"^/reviews/([0-9a-f]{24})/?$")


@dataclass(frozen=True, slots=True)
class Origin:
    """A mention by its source and its native id there; `parent` is the native id of its parent."""

    source: str
    native_id: str
    parent: str | None = None


def origin_of(url: str | None) -> Origin | None:
    """Tell which mention a link leads to; None where the link does not say.

    Two doors that deliver the same words then store them once.
    """
    try:
        parts = urlsplit(url or "")
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return None
    # The Play Console once wrote its parameters behind a `#`.
    parameters = parse_qs(f"{parts.query}&{parts.fragment}")
    query = {name.casefold(): values[0] for name, values in parameters.items()}
    if (host == "reddit.com" or host.endswith(".reddit.com")) and (
        match := _REDDIT.match(parts.path)
    ):
        post, comment = match[1], match[2]
        if comment:
            return Origin("reddit", f"t1_{comment}", f"t3_{post}")
        return Origin("reddit", f"t3_{post}")
    if host == "news.ycombinator.com" and parts.path == "/item":
        number = query.get("id", "")
        return Origin("hackernews", number) if number.isdecimal() else None
    if host == "lobste.rs" and not parts.fragment and (match := _LOBSTERS.match(parts.path)):
        return Origin("lobsters", match[1])
    if host == "play.google.com" and query.get("reviewid"):
        return Origin("google_play", query["reviewid"])
    if re.fullmatch(r"(?:\w+\.)?trustpilot\.com", host) and (
        match := _TRUSTPILOT.match(parts.path)
    ):
        return Origin("trustpilot", match[1])
    if re.fullmatch(r"(?:\w+\.)?yelp\.(?:com?\.)?[a-z]{2,3}", host) and query.get("hrid"):
        return Origin("yelp", query["hrid"])
    if host.endswith(".apple.com") and query.get("userreviewid", "").isdecimal():
        return Origin("appstore", query["userreviewid"])
    if host == "addons.mozilla.org" and (match := _ADDON.search(parts.path)):
        return Origin("mozilla_addons", match[1])
    if host in ("x.com", "twitter.com", "mobile.twitter.com") and (
        match := _TWEET.match(parts.path)
    ):
        return Origin("x", match[1])
    if host == "t.me" and (match := _TELEGRAM.match(parts.path)):
        return Origin("telegram", match[1])
    if host in ("youtube.com", "m.youtube.com", "youtu.be"):
        video = query.get("v") or parts.path.removeprefix("/")
        native_id = query.get("lc") or video
        return Origin("youtube", native_id) if query.get("lc") or _VIDEO.match(video) else None
    return None
