"""Whether a source cannot be reached, or this machine reaches nothing at all."""

from __future__ import annotations

import logging
import re
import socket
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from urllib.parse import urlsplit
from urllib.request import getproxies

from config.errors import EarfulError
from config.settings import Settings, SourceSettings
from crawler import stat_keys
from earful.failing import Failing
from storage.models import CrawlReport

log = logging.getLogger("earful.network")

Place = tuple[str, int]
Reaches = Callable[[Place], bool]

_STAGE = "network"
_WITHIN_S = 4.0
_MOST = 8
_ADDRESS = re.compile(r"\bhttps?://[^\s\"'<>]+")
_PORTS = {"http": 80, "https": 443, "imaps": 993}
_LOCAL = ("localhost", "127.0.0.1", "::1")


def reaches(place: Place) -> bool:
    """Tell whether a host takes a connection; nothing is asked of it."""
    try:
        with socket.create_connection(place, _WITHIN_S):
            return True
    except OSError:
        return False


class OwnNetwork:
    """Judges whose fault it is when a source gives no answer; any thread may ask.

    While the fault is this machine's, no source is asked, and it counts against none.
    """

    def __init__(self, settings: Settings, failing: Failing, can_reach: Reaches = reaches) -> None:
        self._settings = settings
        self._failing = failing
        self._can_reach = can_reach
        self._lock = Lock()
        self._tried: frozenset[Place] | None = None

    @property
    def is_down(self) -> bool:
        return self._tried is not None

    def follow(self, settings: Settings) -> None:
        """Go by another config from now on."""
        self._settings = settings

    def is_at_fault(self, report: CrawlReport) -> bool:
        """Tell whether a crawl failed because this machine reaches none of the other hosts either.

        Where the config names no other host, nobody can tell: it counts as the source's fault.
        """
        silent = report.stats.get(stat_keys.UNREACHED)
        if not silent:
            return False
        with self._lock:
            if self._tried is not None:
                return True
            own = {_place(f"//{one}") for one in silent}
            others = [one for one in places(self._settings) if one not in own][:_MOST]
            if not others or self._any(others):
                return False
            self._tried = frozenset([*others, *(one for one in own if one)])
        self._say()
        return True

    def look(self) -> bool:
        """Look again while it is down; True when something can be reached again."""
        with self._lock:
            if self._tried is None:
                return False
            if back := self._any(self._tried):
                self._tried = None
        if back:
            self._failing.worked(_STAGE)
        else:
            self._say()
        return back

    def _any(self, wanted: Collection[Place]) -> bool:
        with ThreadPoolExecutor(len(wanted), "network") as pool:
            return any(pool.map(self._can_reach, wanted))

    def _say(self) -> None:
        tried = sorted(self._tried or ())
        shown = ", ".join(host for host, _ in tried[:3])
        self._failing.failed(
            _STAGE,
            EarfulError(
                f"no host can be reached, of {len(tried)} that were tried ({shown}): check this "
                "machine's network, DNS and firewall; Earful leaves all sources alone, and reads "
                "them as soon as one answers"
            ),
        )


def places(settings: Settings) -> list[Place]:
    """Name the hosts that a daemon asks by its config: sources, and Slack.

    Behind a proxy it asks that alone.
    """
    if proxies := {_place(one) for one in getproxies().values()} - {None}:
        return sorted(one for one in proxies if one)
    found: dict[Place, None] = {}
    for brand in settings.brands:
        for source in brand.sources:
            for address in _addresses(source) if source.enabled else ():
                if place := _place(address):
                    found[place] = None
    slack = _place(settings.slack.api_url)
    # One on this machine tells nothing of its network.
    if slack and slack[0] not in _LOCAL:
        found[slack] = None
    return list(found)


def _addresses(source: SourceSettings) -> list[str]:
    # Late: the spiders load Scrapy, which a daemon with sources has loaded.
    from crawler.catalog import sources

    if source.base_url:
        return [source.base_url]
    named = _ADDRESS.findall(source.options.model_dump_json())
    usual = sources()[source.source].default_base_url
    return named or ([] if "//localhost" in usual else [usual])


def _place(address: str) -> Place | None:
    try:
        parts = urlsplit(address)
        port = parts.port or _PORTS.get(parts.scheme, 443)
    except ValueError:
        return None
    return (parts.hostname, port) if parts.hostname else None
