"""A page may lead anywhere, but not to this machine, its network, or its cloud's metadata."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.private_addresses import is_public
from crawler.runner import CrawlJob
from storage.models import CrawlOutcome
from storage.store import Store
from tests.crawler.fleet import run_fleet
from tests.crawler.site import Reply, Site, running_site

FEED = """<rss version="2.0"><channel><title>t</title><item><guid>1</guid>
<title>Acme is slow</title><description>Acme is slow today.</description>
<pubDate>Tue, 10 Mar 2026 12:00:00 GMT</pubDate></item></channel></rss>"""


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True), ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("127.0.0.1", False), ("127.8.8.8", False), ("10.1.2.3", False), ("172.16.0.1", False),
        ("192.168.1.1", False), ("169.254.169.254", False), ("100.64.0.1", False),
        ("0.0.0.0", False), ("224.0.0.1", False), ("255.255.255.255", False), ("::1", False),
        ("fe80::1%eth0", False), ("fd00:ec2::254", False), ("::ffff:127.0.0.1", False),
        ("::ffff:93.184.215.14", True), ("2002:7f00:1::", False), ("no address", False),
    ],
)  # fmt: skip
def test_which_addresses_anybody_could_reach(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.fixture
def inside() -> Iterator[Site]:
    """What only this machine should reach, on a port of its own."""
    with running_site() as site:
        site.on("/feed", Reply(FEED.encode(), headers={"Content-Type": "application/rss+xml"}))
        yield site


@pytest.fixture
def db(tmp_path: Path) -> Path:
    Store.open(tmp_path / "earful.db", migrate=True).close()
    return tmp_path / "earful.db"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1"])
def test_a_redirect_to_this_machine_is_not_followed(inside: Site, db: Path, host: str) -> None:
    port = inside.url.rpartition(":")[2]
    with running_site() as site:
        site.on("/feed", Reply(status=302, headers={"Location": f"http://{host}:{port}/feed"}))
        job = CrawlJob("A", "acme", "feeds", {"url": f"{site.url}/feed"}, db=db)
        (report,) = run_fleet([job])
    assert report.outcome is CrawlOutcome.FAILED
    assert report.reason is not None
    assert "was not asked" in report.reason
    assert f'[crawl] allow_private = ["{host}"]' in report.reason
    assert inside.asked() == []
    with Store.open(db) as store:
        assert store.mentions.count() == 0


def test_what_the_config_names_is_asked(inside: Site, db: Path) -> None:
    port = inside.url.rpartition(":")[2]
    with running_site() as site:
        site.on("/feed", Reply(status=302, headers={"Location": f"http://localhost:{port}/feed"}))
        named = CrawlJob("A", "acme", "feeds", {"url": f"{inside.url}/feed"}, db=db)
        allowed = CrawlJob(
            "A", "acme", "feeds", {"url": f"{site.url}/feed"}, db=db,
            allow_private=("localhost",),
        )  # fmt: skip
        for job in (named, allowed):
            (report,) = run_fleet([job])
            assert (report.outcome, report.seen) == (CrawlOutcome.OK, 1), report.reason
