"""Sources with keys, and second ways to a source, over real HTTP: doors, tokens, limits."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from crawler.runner import CrawlJob
from storage.models import CrawlOutcome, CrawlReport
from storage.store import Store
from tests.crawler.fleet import run_fleet
from tests.crawler.reading import EXAMPLES, RESPONSES, response_of
from tests.crawler.site import Answer, Asked, Reply, Site, running_site
from tests.crawler.test_contract import TOKEN

PLAY = {"app_id": "com.acme.air", "owner_api": True}
REDDIT = {"mode": "oauth"}
SHOP = {"site": "https://shop.acme.example", "owner_api": True}


def file(name: str) -> bytes:
    return (RESPONSES / name).read_bytes()


def last(body: bytes, *keys: str) -> bytes:
    """Make a response the last page."""
    data = json.loads(body)
    for key in keys:
        data.pop(key, None)
    return json.dumps(data).encode()


def spent(asked: Asked) -> Reply:
    headers = {
        "x-rate-limit-limit": "60",
        "x-rate-limit-remaining": "0",
        "x-rate-limit-reset": str(int(time.time()) + 800),
    }
    return Reply(b'{"title": "Too Many Requests", "status": 429}', 429, headers)


@dataclass(frozen=True)
class Case:
    source: str
    options: dict[str, Any]
    routes: dict[str, Answer]
    outcome: CrawlOutcome
    seen: int
    requests: int
    said: str = ""


OK, UNAUTHORISED = CrawlOutcome.OK, CrawlOutcome.UNAUTHORISED
DENIED = Reply(b'{"error": "invalid_client", "error_description": "No such client."}', 400)
BUSINESS = EXAMPLES["google_business"]
CASES: dict[str, Case] = {
    "play_owner": Case(
        "google_play",
        PLAY,
        {
            "/token": Reply(TOKEN),
            "/androidpublisher/v3/": Reply(
                last(file("google_play_owner.json"), "tokenPagination")
            ),
        },
        OK,
        2,
        2,
    ),
    "play_denied": Case(
        "google_play", PLAY, {"/token": DENIED}, UNAUTHORISED, 0, 1, "400 to the key"
    ),
    "reddit_oauth": Case(
        "reddit",
        REDDIT,
        {"/api/v1/access_token": Reply(TOKEN), "/search": Reply(file("reddit_oauth.json"))},
        OK,
        2,
        3,
    ),
    "reddit_denied": Case(
        "reddit",
        REDDIT,
        {"/api/v1/access_token": Reply(b'{"message": "Unauthorized", "error": 401}', 401)},
        UNAUTHORISED,
        0,
        1,
        "answered 401",
    ),
    "trustpilot_without_key": Case(
        "trustpilot",
        EXAMPLES["trustpilot"],
        {},
        UNAUTHORISED,
        0,
        0,
        "the source needs TRUSTPILOT_API_KEY in the environment",
    ),
    "business": Case(
        "google_business",
        BUSINESS,
        {
            "/token": Reply(TOKEN),
            "/v4/accounts/111/locations/222/": Reply(
                last(response_of("google_business"), "nextPageToken")
            ),
        },
        OK,
        3,
        2,
    ),
    "business_not_approved": Case(
        "google_business",
        BUSINESS,
        {"/token": Reply(TOKEN), "/v4/": Reply(b'{"error": {"code": 403}}', 403)},
        CrawlOutcome.BLOCKED,
        0,
        2,
        "answered 403",
    ),
    "connect": Case(
        "app_store_connect",
        EXAMPLES["app_store_connect"],
        {"/v1/apps/1000001/": Reply(last(response_of("app_store_connect"), "links"))},
        OK,
        2,
        1,
    ),
    "shop_owner": Case(
        "woocommerce",
        SHOP,
        {"/wp-json/wc/v3/products/reviews": Reply(response_of("woocommerce"))},
        OK,
        3,
        1,
    ),
    "comments_by_feed": Case(
        "wordpress",
        EXAMPLES["wordpress"],
        {
            "/wp-json/": Reply(b'{"code": "rest_cannot_read"}', 401),
            "/comments/feed/": Reply(file("wordpress_feed.xml")),
        },
        OK,
        2,
        3,
    ),
    "trustpilot_by_domain": Case(
        "trustpilot",
        {"domain": "acme.example"},
        {
            "/v1/business-units/find": Reply(b'{"id": "46d6a890000064000500e0c3"}'),
            "/v1/business-units/46d6a890000064000500e0c3/": Reply(response_of("trustpilot")),
        },
        OK,
        2,
        2,
    ),
    "x_spent": Case("x", {}, {"/2/": spent}, CrawlOutcome.QUOTA, 0, 1, "rate limit is spent"),
    "x_unpaid": Case("x", {}, {"/2/": Reply(b"{}", 402)}, CrawlOutcome.QUOTA, 0, 1, "no credits"),
    "x_elsewhere": Case(
        "x",
        {},
        {"/2/": Reply(b"", 302, {"Location": "/steal"}), "/steal": Reply(b"{}")},
        CrawlOutcome.FAILED,
        0,
        1,
        "answered 302",
    ),
}


@dataclass(frozen=True)
class Run:
    report: CrawlReport
    asked: list[Asked]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Run]]:
    db = tmp_path_factory.mktemp("owners") / "earful.db"
    Store.open(db, migrate=True).close()
    pem = rsa.generate_private_key(65537, 2048).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    account = {"client_email": "earful@acme.example", "private_key": pem.decode()}
    with pytest.MonkeyPatch.context() as patch, running_site() as site:
        patch.setenv("GOOGLE_PLAY_SERVICE_ACCOUNT", json.dumps(account))
        for name in ("REDDIT_CLIENT_ID", "REDDIT_CLIENT_SECRET"):
            patch.setenv(name, "made-up")
        for name in ("WOOCOMMERCE_KEY", "WOOCOMMERCE_SECRET"):
            patch.setenv(name, "made-up")
        with_keys = [name for name in CASES if not name.endswith("without_key")]
        reports = run_fleet([_job(name, CASES[name], site, db) for name in with_keys])
        asked = {name: site.asked(f"/{name}/") for name in CASES}
        probes = [replace(_job(name, CASES[name], site, db), responses=1) for name in PROBED]
        probed = run_fleet(probes)
        patch.delenv("TRUSTPILOT_API_KEY")
        without = [name for name in CASES if name not in with_keys]
        reports += run_fleet([_job(name, CASES[name], site, db) for name in without])
        yield {
            name: Run(report, asked[name])
            for name, report in zip([*with_keys, *without], reports, strict=True)
        } | {
            f"{name}, probed": Run(report, []) for name, report in zip(PROBED, probed, strict=True)
        }


def _job(name: str, case: Case, site: Site, db: Path) -> CrawlJob:
    for path, answer in case.routes.items():
        site.on(f"/{name}{path}", answer)
    return CrawlJob(
        brand=f"Acme {name}",
        query='"acme air"',
        source=case.source,
        options=case.options,
        db=db,
        base_url=f"{site.url}/{name}",
    )


@pytest.mark.parametrize("name", CASES)
def test_each_way_leads_where_it_should(name: str, runs: dict[str, Run]) -> None:
    case, run = CASES[name], runs[name]
    assert run.report.outcome is case.outcome, run.report.reason
    assert run.report.seen == case.seen
    assert len(run.asked) == case.requests, [asked.path for asked in run.asked]
    assert case.said in (run.report.reason or "")


def test_keys_travel_in_headers_and_bodies_and_are_told_to_nobody(runs: dict[str, Run]) -> None:
    for name, run in runs.items():
        assert "made-up" not in json.dumps(asdict(run.report)), name
        for asked in run.asked:
            assert "made-up" not in json.dumps([asked.path, asked.query]), name
    _, page = runs["business"].asked
    assert page.headers["Authorization"] == "Bearer made-up"
    (sent, _) = runs["play_owner"].asked
    assert set(parse_qs(sent.body.decode())) == {"grant_type", "assertion"}


PROBED = ("play_owner", "reddit_oauth", "business", "comments_by_feed", "trustpilot_by_domain")


def test_a_probe_of_one_page_is_let_through_the_doors(runs: dict[str, Run]) -> None:
    for name in PROBED:
        assert runs[f"{name}, probed"].report.outcome is OK, name
        assert runs[f"{name}, probed"].report.seen == CASES[name].seen
