"""Every fake source, and the config that reads them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from alerts.publishing.publisher import Publisher
from alerts.publishing.registry import publisher_for
from config.settings import Settings, parse_settings
from crawler.catalog import options_models
from tests.alerts.fake_publishing.reviews import (
    FakeAppStoreConnect,
    FakeGoogleBusiness,
    FakeGooglePlay,
    FakeTrustpilot,
)
from tests.alerts.fake_publishing.server import FakeSource
from tests.alerts.fake_publishing.talk import (
    FakeBluesky,
    FakeDiscourse,
    FakeGitHub,
    FakeMastodon,
    FakeWooCommerce,
    FakeWordPress,
)
from tests.waiting import PATIENCE_S

SOURCES: tuple[type[FakeSource], ...] = (
    FakeAppStoreConnect,
    FakeBluesky,
    FakeDiscourse,
    FakeGitHub,
    FakeGoogleBusiness,
    FakeGooglePlay,
    FakeMastodon,
    FakeTrustpilot,
    FakeWooCommerce,
    FakeWordPress,
)


def raw_config(fakes: Iterable[FakeSource]) -> dict[str, Any]:
    """Give an `earful.toml` that reads the fakes, parsed."""
    entries = [fake.entry() for fake in fakes]
    return {"brands": [{"name": "Acme Air", "query": '"acme air"', "sources": entries}]}


def settings_for(*fakes: FakeSource) -> Settings:
    return parse_settings(raw_config(fakes), options_models(), where="test")


def publisher_of(fake: FakeSource, timeout_s: float = PATIENCE_S) -> Publisher:
    """Give the publisher that replies at a fake."""
    made = publisher_for(fake.source, settings_for(fake), fake.environment, timeout_s=timeout_s)
    assert made is not None
    return made
