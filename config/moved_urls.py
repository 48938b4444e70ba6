"""Addresses of a source at another server: what `base_url` does."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit


def moved(url: str, base_url: str) -> str:
    """Give the address that stands for a public one at another server."""
    base, parts = urlsplit(base_url), urlsplit(url)
    path = base.path.rstrip("/") + parts.path
    return urlunsplit(parts._replace(scheme=base.scheme, netloc=base.netloc, path=path))
