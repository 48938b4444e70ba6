"""Hosts whose terms forbid crawling are refused by name, wherever the user names them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from config.errors import ConfigError
from config.settings import parse_settings
from crawler.catalog import hindrances, options_models, sources
from crawler.forbidden import OWN_WAY, why_forbidden
from crawler.source_options import SourceOptions
from tests.crawler.reading import EXAMPLES


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://www.yelp.com/biz/acme", "Yelp"),
        ("https://www.tripadvisor.co.uk/x", "Tripadvisor"),
        ("https://www.amazon.com.br/dp/1", "Amazon"),
        ("https://www.amazon.de", "Amazon"),
        ("https://www.g2.com/products/acme/reviews", "G2"),
        ("http://capterra.com./p/1", "Capterra"),
        ("de.trustpilot.com", "Trustpilot"),
        ("https://www.amazon.or.at/dp/1", "Amazon"),
        ("yelp.edu.au", "Yelp"),
        ("https://WWW.GLASSDOOR.COM/x", "Glassdoor"),
        ("https://Apps.Shopify.com/acme-air/reviews?sort_by=newest", "Shopify"),
    ],
)
def test_it_is_refused_by_name(url: str, name: str) -> None:
    sentence = why_forbidden(url) or ""
    assert f"{name}'s terms forbid" in sentence
    assert "`earful import`" in sentence


@pytest.mark.parametrize(
    "url",
    [
        "https://api.trustpilot.com/v1",
        "https://example.com/yelp.com",
        "https://notamazon.com/",
        "https://bucket.s3.amazonaws.com/feed.xml",
        "https://g2.example/",
        "https://acme-air.myshopify.com/products/cabin-bag",
        "https://community.shopify.com/c/acme",
        "http://127.0.0.1:80/",
        "localhost",
        "",
    ],
)
def test_others_are_not(url: str) -> None:
    assert why_forbidden(url) is None


class Places(SourceOptions):
    app_id: str = ""
    site: str | None = None
    pages: tuple[str, ...] = ()


def test_options_refuse_them_and_package_names_are_no_hosts() -> None:
    Places(app_id="com.amazon.shopping", site="shop.example", pages=("https://shop.example/a",))
    for given in (
        {"site": "www.yelp.com"},
        {"pages": ["https://shop.example", "https://yelp.com"]},
    ):
        with pytest.raises(ValidationError, match="Yelp's terms forbid"):
            Places.model_validate(given)


def test_the_config_names_the_path() -> None:
    source = {"source": "feeds", "url": "https://www.yelp.com/rss/biz/1"}
    raw: dict[str, Any] = {"brands": [{"name": "A", "query": "acme", "sources": [source]}]}
    with pytest.raises(ConfigError, match=r"x.toml: brands\[0\].sources\[0\].*Yelp's terms"):
        parse_settings(raw, options_models(), where="x.toml")


@pytest.mark.parametrize("source", sorted(EXAMPLES))
def test_no_source_is_pointed_at_one(source: str) -> None:
    spider = sources()[source]
    options = spider.Options.model_validate(EXAMPLES[source])
    found = list(hindrances(source, options, "https://www.tripadvisor.com", {}))
    assert any("base_url: www.tripadvisor.com: Tripadvisor's terms forbid" in one for one in found)
    assert why_forbidden(spider.default_base_url) is None


def test_where_there_is_an_official_way_it_is_named() -> None:
    assert set(OWN_WAY.values()) <= set(sources())
    assert "use the source `yelp`" in (why_forbidden("https://www.yelp.de/biz/acme") or "")
