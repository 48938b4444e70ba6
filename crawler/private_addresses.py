"""Private addresses are asked only where the config names them: a page may lead anywhere.

A feed that redirects to `localhost`, or a name that resolves to the metadata service of a cloud,
would have its answer stored, and sent to Slack. Looked at is what a name resolves to, right before
the socket is opened: whatever was asked for, and whatever redirect it came by. Behind a proxy the
names are resolved there, and cannot be looked at here.
"""

from __future__ import annotations

import ipaddress
import urllib.request
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from scrapy.resolver import CachingThreadedResolver
from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IResolutionReceiver,
)
from zope.interface import implementer  # type: ignore[import-untyped]

from config.texts_within import texts_within
from crawler.runner import CrawlJob

_PORTS = {"http": 80, "https": 443}
# Of this process: the name resolver belongs to its reactor, and not to a crawl.
_servers: set[tuple[str, int]] = set()
_hosts: set[str] = set()
_refused: dict[str, str] = {}


def allow(job: CrawlJob) -> None:
    """Let a crawl ask the private servers that its config names.

    `http://127.0.0.1:8080` as an address of the source says enough, for this port alone. A name
    stands for whatever its owner lets it lead to: that needs `[crawl] allow_private`.
    """
    _hosts.update(host.lower() for host in job.allow_private)
    proxies = urllib.request.getproxies().values()
    for url in [job.base_url, *texts_within(job.options), *proxies]:
        if url and (server := _server(url)):
            _servers.add(server)


def refusal_of(url: str) -> str | None:
    """Say why the host of an address was not asked; None where it was not for its address."""
    host = (urlsplit(url).hostname or "").lower()
    if host not in _refused:
        return None
    return (
        f"was not asked: {host} leads to {_refused[host]}, a private address: if that is meant, "
        f'name it in earful.toml: [crawl] allow_private = ["{host}"]'
    )


def is_public(address: str) -> bool:
    """Tell whether anybody could reach an IP address, as far as its number says."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is not None:
            ip = inner
    return ip.is_global and not ip.is_multicast


class PublicResolver(CachingThreadedResolver):
    """Scrapy's resolver; what leads to a private address does not resolve."""

    def install_on_reactor(self) -> None:
        super().install_on_reactor()
        guard: Any = _Guard(self.reactor.nameResolver)
        self.reactor.installNameResolver(guard)


@implementer(IHostnameResolver)
class _Guard:
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def resolveHostName(  # noqa: N802 - Twisted's name
        self,
        resolutionReceiver: IResolutionReceiver,  # noqa: N803
        hostName: str,  # noqa: N803
        portNumber: int = 0,  # noqa: N803
        addressTypes: Sequence[type[IAddress]] | None = None,  # noqa: N803
        transportSemantics: str = "TCP",  # noqa: N803
    ) -> IHostResolution:
        receiver: Any = resolutionReceiver
        if not _is_named(hostName, portNumber):
            receiver = _PublicOnly(receiver, hostName)
        resolution: IHostResolution = self._inner.resolveHostName(
            receiver, hostName, portNumber, addressTypes, transportSemantics
        )
        return resolution


@implementer(IResolutionReceiver)
class _PublicOnly:
    """Hands on the public addresses of a host."""

    def __init__(self, receiver: Any, host: str) -> None:
        self._receiver = receiver
        self._host = host.lower()
        self.resolutionBegan = receiver.resolutionBegan
        self.resolutionComplete = receiver.resolutionComplete

    def addressResolved(self, address: Any) -> None:  # noqa: N802 - Twisted's name
        if is_public(address.host):
            self._receiver.addressResolved(address)
        else:
            _refused[self._host] = address.host


def _is_named(host: str, port: int) -> bool:
    return host.lower() in _hosts or (host.lower(), port) in _servers


def _server(url: str) -> tuple[str, int] | None:
    """Give host and port of an address whose host is plainly a machine of one's own."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return None
    if host != "localhost" and not host.endswith(".localhost"):
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return None
    return host, port or _PORTS.get(parts.scheme, 80)
