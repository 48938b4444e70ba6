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
}
# Hosts of theirs that are made for programs.
_OFFICIAL = {
    "api.trustpilot.com", "api.yelp.com", "api.content.tripadvisor.com", "data.g2.com",
    "graph.facebook.com", "graph.instagram.com", "api.linkedin.com",
}  # fmt: skip
# The list of public suffixes that comes with the package: nothing is asked, nothing is cached.
_REGISTERED = TLDExtract(suffix_list_urls=(), cache_dir=None)
_OWN_WAY = {"Trustpilot": "use the source `trustpilot` (its official API), or "}


def why_forbidden(url: str) -> str | None:
    """Say why a host must not be crawled and what to do instead; None for any other host."""
    host = (urlsplit(url if "://" in url else f"//{url}").hostname or "").rstrip(".")
    if host in _OFFICIAL:
        return None
    parts = _REGISTERED(host)
    name = _FORBIDDEN.get(parts.domain) or _FORBIDDEN.get(f"{parts.domain}.{parts.suffix}")
    if name is None:
        return None
    return (
        f"{host}: {name}'s terms forbid programs to read its pages: {_OWN_WAY.get(name, '')}"
        "export the reviews there and bring them in with `earful import`"
    )
