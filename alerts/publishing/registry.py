"""Which sources take replies over their owner's API, and with what."""

from __future__ import annotations

from collections.abc import Mapping

from alerts.publishing.app_store_replies import AppStoreConnectPublisher
from alerts.publishing.bluesky_replies import BlueskyPublisher
from alerts.publishing.discourse_replies import DiscoursePublisher
from alerts.publishing.github_replies import GitHubPublisher
from alerts.publishing.google_business_replies import GoogleBusinessPublisher
from alerts.publishing.google_play_replies import GooglePlayPublisher
from alerts.publishing.mastodon_replies import MastodonPublisher
from alerts.publishing.publisher import Publisher
from alerts.publishing.trustpilot_replies import TrustpilotPublisher
from alerts.publishing.web import TIMEOUT_S
from alerts.publishing.wordpress_replies import WooCommercePublisher, WordPressPublisher
from config.settings import Settings

PUBLISHERS: Mapping[str, type[Publisher]] = {
    each.source: each
    for each in (
        AppStoreConnectPublisher,
        BlueskyPublisher,
        DiscoursePublisher,
        GitHubPublisher,
        GoogleBusinessPublisher,
        GooglePlayPublisher,
        MastodonPublisher,
        TrustpilotPublisher,
        WooCommercePublisher,
        WordPressPublisher,
    )
}


def via_of(source: str) -> str:
    """Name the way that replies to a source go."""
    return f"source:{source}"


def publisher_for(
    source: str,
    settings: Settings,
    environment: Mapping[str, str],
    *,
    timeout_s: float = TIMEOUT_S,
) -> Publisher | None:
    """Give what posts replies at a source.

    None where the source takes none over an API, or the config does not read it. What it lacks,
    `missing` and `hindrance` say.
    """
    read = [
        (brand.name, entry)
        for brand in settings.brands
        for entry in brand.sources
        if entry.source == source
    ]
    kind = PUBLISHERS.get(source)
    return kind(read, environment, timeout_s=timeout_s) if kind is not None and read else None


def publishers(settings: Settings, environment: Mapping[str, str]) -> dict[str, Publisher]:
    """Give all that the config allows for, by the way that their replies go."""
    found = {via_of(name): publisher_for(name, settings, environment) for name in PUBLISHERS}
    return {via: one for via, one in found.items() if one is not None}
