"""Hosts whose terms forbid programs to read their pages: refused by name, never tried."""

from __future__ import annotations

from urllib.parse import urlsplit

from tldextract import TLDExtract

# Names without a dot are meant under any top-level domain, a country's too.
_FORBIDDEN: dict[str, str] = {
    "yelp": "Yelp",
    "tripadvisor": "Tripadvisor",
    "g2.com": "G2",
    "capterra": "Capterra",
    "getapp": "GetApp",
    "softwareadvice": "Software Advice",
    "trustradius": "TrustRadius",
    "amazon": "Amazon",
    "trustpilot": "Trustpilot",
    "glassdoor": "Glassdoor",
    "indeed.com": "Indeed",
    "facebook": "Facebook",
    "instagram": "Instagram",
    "linkedin": "LinkedIn",
    # shopify.com/legal/terms, 1.9; the shops that it hosts have terms of their own.
    "apps.shopify.com": "Shopify",
}
# Hosts of theirs that are made for programs.
_OFFICIAL = {
    "api.trustpilot.com", "api.yelp.com", "api.content.tripadvisor.com", "data.g2.com",
    "graph.facebook.com", "graph.instagram.com", "api.linkedin.com",
}  # fmt: skip
# The list of public suffixes that comes with the package: nothing is asked, nothing is cached.
_REGISTERED = TLDExtract(suffix_list_urls=(), cache_dir=None)
# Sources that ask their official APIs.
OWN_WAY = {
    "Trustpilot": "trustpilot", "Yelp": "yelp", "Facebook": "facebook", "Instagram": "instagram",
}  # fmt: skip


def why_forbidden(url: str) -> str | None:
    """Say why a host must not be crawled and what to do instead; None for any other host."""
    host = (urlsplit(url if "://" in url else f"//{url}").hostname or "").rstrip(".")
    if host in _OFFICIAL:
        return None
    parts = _REGISTERED(host)
    names = (parts.domain, f"{parts.domain}.{parts.suffix}", host.casefold())
    name = next((_FORBIDDEN[known] for known in names if known in _FORBIDDEN), None)
    if name is None:
        return None
    source = OWN_WAY.get(name)
    instead = f"use the source `{source}` (its official API), or " if source else ""
    return (
        f"{host}: {name}'s terms forbid programs to read its pages: {instead}"
        "export the reviews there and bring them in with `earful import`"
    )
