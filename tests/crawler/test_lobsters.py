"""Lobsters: a made-up page of newest stories."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.models import Mention
from tests.crawler.reading import NOW, first_requests, read, response_of, spider_of

BODY = response_of("lobsters")


def test_a_story_is_read_whole() -> None:
    mentions, refusals, following, problem = read(spider_of("lobsters"), BODY)
    assert (len(mentions), refusals, problem) == (2, [], None)
    assert mentions[0] == Mention(
        brand="Acme Air",
        source="lobsters",
        native_id="acm001",
        title="Acme Air publishes its booking engine",
        text="Acme Air's engine, under a free licence.",
        url="https://lobste.rs/s/acm001",
        author="sam",
        author_native_id="sam",
        reach=42,
        created_at=datetime(2026, 9, 20, 15, 15, 30, tzinfo=UTC),
        fetched_at=NOW,
    )
    assert mentions[1].text == "Something else", "a link alone has its title for a text"
    assert mentions[1].reach is None, "a score below nothing reaches nobody"
    assert [request.url for request in following] == ["https://lobste.rs/newest/page/2.json"]


def test_tags_have_pages_of_their_own() -> None:
    spider = spider_of("lobsters", {"tags": ["release", "c++"]})
    requests = first_requests(spider)
    assert [request.url for request in requests] == [
        "https://lobste.rs/t/release.json",
        "https://lobste.rs/t/c++.json",
    ]
    _, _, following, _ = read(spider, BODY, requests[1])
    assert [request.url for request in following] == ["https://lobste.rs/t/c++/page/2.json"]
    assert spider.options.target == "release c++"


@pytest.mark.parametrize(
    ("field", "kept"), [("short_id", 1), ("created_at", 1), ("title", 2), ("submitter_user", 2)]
)
def test_a_missing_field_costs_one_story_at_most(field: str, kept: int) -> None:
    stories = json.loads(BODY)
    del stories[0][field]
    mentions, refusals, _, problem = read(spider_of("lobsters"), json.dumps(stories))
    assert (len(mentions), len(refusals), problem) == (kept, 2 - kept, None)
    assert all(field in refusal.reason for refusal in refusals)


def test_the_worked_example_is_this_spider() -> None:
    root = Path(__file__).resolve().parents[2]
    spider = bare((root / "crawler/spiders/lobsters.py").read_text("utf-8"))
    page = (root / "docs/adding-a-source.md").read_text("utf-8").partition("\n## 2.")[0]
    blocks = re.findall(r"```python\n(.*?)```", page, re.S)
    assert len(blocks) == 4
    for block in blocks:
        assert bare(block) in spider


def bare(code: str) -> str:
    """Leave out how code is laid out, and what the page explains at the ends of lines."""
    return re.sub(r"\s+", "", re.sub(r"  # .*", "", code)).replace(",)", ")")
