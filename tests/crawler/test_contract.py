"""What every source must do, whatever answers: the right outcome, no crash, few requests."""

from __future__ import annotations

import inspect
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.decide.source_health import stand
from crawler.base import MentionSpider
from crawler.catalog import options_models, sources
from crawler.runner import CrawlJob
from storage.models import CrawlOutcome, CrawlReport, SourceState
from storage.native_ids import origin_of
from storage.store import Store
from tests.crawler.fleet import run_fleet
from tests.crawler.reading import EXAMPLES, RESPONSES, read, response_of, spider_of
from tests.crawler.site import Answer, Asked, Reply, running_site

SOURCES = sorted(EXAMPLES)
BLOCK_PAGE = (
    b"<!doctype html>\n<html><head><title>Whoa there</title></head><body>No.</body></html>"
)


def test_every_spider_is_described_tested_and_exemplified() -> None:
    tests = {path.stem for path in Path(__file__).parent.glob("test_*.py")}
    for name, spider in sources().items():
        assert name in EXAMPLES, f"{name}: add it to tests/crawler/reading.py"
        assert f"test_{name}" in tests, f"{name}: write tests/crawler/test_{name}.py"
        assert list(RESPONSES.glob(f"{name}.*")), f"{name}: no response in {RESPONSES}"
        assert inspect.getdoc(spider), f"{name}: a docstring says what it reads"
        assert spider.__doc__ != MentionSpider.__doc__
        for said in ("label", "default_base_url", "needs", "limits", "terms"):
            assert getattr(spider, said), f"{name}: {said} is for `earful sources`"
        assert re.fullmatch(r"(on|in|at) \S+( \S+)*", getattr(spider, "place", "")), (
            f'{name}: place follows an author\'s name in messages: "on Google Play"'
        )
        if not spider.robots:
            assert "robots.txt does not apply:" in (spider.__doc__ or "")
        for key, model in spider.Options.model_fields.items():
            assert model.description, f"{name}: describe the option {key}"
    assert set(options_models()) == set(sources()) == set(EXAMPLES)


@pytest.mark.parametrize("source", [name for name in SOURCES if not sources()[name].secrets])
def test_the_id_in_a_link_is_the_spiders(source: str) -> None:
    """What an export links to is the mention that a crawl stores."""
    mentions, *_ = read(spider_of(source), response_of(source))
    assert mentions
    in_links = [
        (origin.source, origin.native_id) for one in mentions if (origin := origin_of(one.url))
    ]
    has_own = source in ("google_play", "hackernews", "lobsters", "mozilla_addons", "reddit",
                         "telegram", "youtube")  # fmt: skip
    assert len(in_links) == (len(mentions) if has_own else 0)


@dataclass(frozen=True)
class Case:
    """A way in which a server may answer, and what the crawl must come to."""

    outcome: CrawlOutcome
    # One of these is said.
    said: str | tuple[str, ...]
    answers: tuple[Answer, ...] = ()
    most_requests: int = 12
    kept: bool = False


# What some APIs want first: an access token, or a session.
TOKEN = (
    b'{"access_token": "made-up", "token_type": "Bearer", "expires_in": 3600, '
    b'"accessJwt": "made-up", "refreshJwt": "made-up"}'
)
DOORS = ("token", "createSession")


def halved(asked: Asked) -> Reply:
    body = response_of(_source(asked))
    return Reply(body[: int(len(body) * 0.7)])


def whole(asked: Asked) -> Reply:
    return Reply(TOKEN if asked.path.endswith(DOORS) else response_of(_source(asked)))


def emptied(asked: Asked) -> Reply:
    """Give the source's own answer with nothing in it."""
    if asked.path.endswith(DOORS):
        return Reply(TOKEN)
    body = response_of(_source(asked))
    if body.lstrip().startswith((b"{", b"[")):
        return Reply(json.dumps(_without_entries(json.loads(body))).encode())
    return Reply(re.sub(rb"<(item|entry)[ >].*?</\1>", b"", body, flags=re.S))


def _without_entries(data: Any) -> Any:
    if isinstance(data, list):
        return []
    if isinstance(data, dict):
        return {key: _without_entries(value) for key, value in data.items()}
    return data


def cut(asked: Asked) -> Reply:
    body = response_of(_source(asked))
    return Reply(body, sent=int(len(body) * 0.7))


def endless(asked: Asked) -> Reply:
    """Give new entries and a next page to every request."""
    if asked.path.endswith(DOORS):
        return Reply(TOKEN)
    turn = len(asked.query.get("cursor", "")) + int(asked.at * 1000) % 10**6
    body = response_of(_source(asked)).replace(b"AoJwgMiH", f"Ao{turn}".encode())
    return Reply(body.replace(b"7000000000", f"7{turn}".encode()))


def _source(asked: Asked) -> str:
    return asked.path.split("/")[2]


PLAIN = {"Content-Type": "text/plain"}
CASES: dict[str, Case] = {
    "good": Case(CrawlOutcome.OK, "", (whole,), kept=True),
    "block_page": Case(
        CrawlOutcome.BLOCKED, "a web page titled 'Whoa there'", (Reply(BLOCK_PAGE),)
    ),
    "empty_body": Case(CrawlOutcome.BROKEN, "an empty body", (Reply(b""),)),
    "truncated": Case(CrawlOutcome.BROKEN, "cut off", (halved,)),
    "connection_cut": Case(CrawlOutcome.BROKEN, "", (cut,)),
    "wrong_shape": Case(
        CrawlOutcome.BROKEN, ("answered with", "Earful refused all"), (Reply(b'["a", 1]'),)
    ),
    "status_401": Case(CrawlOutcome.UNAUTHORISED, "answered 401", (Reply(b"{}", 401),)),
    "status_403": Case(CrawlOutcome.BLOCKED, "answered 403", (Reply(BLOCK_PAGE, 403),)),
    "status_404": Case(CrawlOutcome.FAILED, "check the id or address", (Reply(b"", 404),)),
    "status_429": Case(
        CrawlOutcome.BLOCKED,
        "answered 429 and asked to wait 1 s",
        (Reply(b"", 429, {"Retry-After": "1"}),),
    ),
    "status_429_long": Case(
        CrawlOutcome.BLOCKED,
        "asked to wait 86400 s",
        (Reply(b"", 429, {"Retry-After": "86400"}),),
        most_requests=1,
    ),
    "limit_spent": Case(
        CrawlOutcome.QUOTA,
        "its rate limit is spent until",
        (Reply(b"{}", 429, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "7200"}),),
        most_requests=1,
    ),
    "limit_spent_403": Case(
        CrawlOutcome.QUOTA,
        "its rate limit is spent until",
        (Reply(b"{}", 403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "7200"}),),
        most_requests=1,
    ),
    "emptied": Case(CrawlOutcome.EMPTY, "answered with no entries", (emptied,)),
    "status_500": Case(CrawlOutcome.FAILED, "answered 500", (Reply(b"oops", 500),)),
    "recovers": Case(CrawlOutcome.OK, "", (Reply(b"oops", 500), whole), kept=True),
    "endless": Case(CrawlOutcome.OK, "", (endless,), kept=True),
}
# Pages and undocumented formats, which nothing general can empty: their own tests do.
PAGES = {
    path.name.partition(".")[0]
    for path in RESPONSES.glob("*.*")
    if path.suffix in (".html", ".txt", ".eml")
}
# What a source answers to may differ from the rule, for a reason.
EXCEPTIONS = {
    # A list of wrong shape is no feed; JSON is what the others promise.
    ("wrong_shape", "feeds"): "neither RSS nor Atom",
    ("wrong_shape", "reddit"): "neither RSS nor Atom",
    ("wrong_shape", "appstore"): "without `feed`",
    ("wrong_shape", "chrome_web_store"): "without a list of reviews",
    ("wrong_shape", "google_play"): "without a list of reviews",
    ("wrong_shape", "hackernews"): "without `hits`",
    ("wrong_shape", "steam"): "without `reviews`",
}


STATES = {
    CrawlOutcome.EMPTY: SourceState.EMPTY,
    CrawlOutcome.BLOCKED: SourceState.BLOCKED,
    CrawlOutcome.UNAUTHORISED: SourceState.UNAUTHORISED,
    CrawlOutcome.QUOTA: SourceState.QUOTA,
    CrawlOutcome.BROKEN: SourceState.BROKEN,
    CrawlOutcome.FAILED: SourceState.FAILED,
}


@dataclass(frozen=True)
class Run:
    report: CrawlReport
    requests: int
    at: datetime


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, str], Run]]:
    """Crawl every source against every way of answering, side by side in one process."""
    db = tmp_path_factory.mktemp("contract") / "earful.db"
    Store.open(db, migrate=True).close()
    keys = [key for key in itertools.product(CASES, SOURCES) if not _is_left_out(*key)]
    with running_site() as site:
        jobs = []
        for case, source in keys:
            site.on(f"/{case}/{source}/", *CASES[case].answers)
            jobs.append(
                CrawlJob(
                    brand=f"Acme {case}",
                    query='"acme air"',
                    source=source,
                    options=EXAMPLES[source],
                    db=db,
                    contact="ops@acme.example",
                    base_url=f"{site.url}/{case}/{source}",
                )
            )
        reports = run_fleet(jobs)
        at = datetime.now(UTC)
        yield {
            (case, source): Run(report, len(site.asked(f"/{case}/{source}/")), at)
            for (case, source), report in zip(keys, reports, strict=True)
        }


def _is_left_out(case: str, source: str) -> bool:
    return case == "emptied" and source in PAGES


@pytest.mark.parametrize(
    ("case", "source"),
    [key for key in itertools.product(CASES, SOURCES) if not _is_left_out(*key)],
)
def test_whatever_answers_the_outcome_is_right(
    case: str, source: str, runs: dict[tuple[str, str], Run]
) -> None:
    expected, run = CASES[case], runs[case, source]
    report = run.report
    assert report.outcome is expected.outcome, report
    said = EXCEPTIONS.get((case, source), expected.said)
    wanted = (said,) if isinstance(said, str) else said
    assert any(words in (report.reason or "") for words in wanted), report.reason
    assert 1 <= run.requests <= expected.most_requests, run.requests
    assert "spider_exceptions/count" not in report.stats
    if expected.kept:
        assert report.seen >= 2
    if report.reason and not report.outcome.good:
        assert "\n" not in report.reason
        assert len(report.reason) < 400
    standing = stand(report, [], None, timedelta(hours=1), run.at)
    assert standing.state is STATES.get(report.outcome, SourceState.OK)
    if expected.most_requests == 1:
        assert standing.opens_at is not None
        assert standing.opens_at > run.at + timedelta(hours=1), "left alone for as long as it asks"


def test_the_second_run_adds_nothing(db: Path) -> None:
    with running_site() as site:
        jobs = []
        for source in SOURCES:
            site.on(f"/again/{source}/", whole)
            base_url = f"{site.url}/again/{source}"
            options = EXAMPLES[source]
            jobs.append(
                CrawlJob("Acme Air", '"acme air"', source, options, db=db, base_url=base_url)
            )
        runs = [run_fleet(jobs) for _ in range(2)]
    for first, second in zip(*runs, strict=True):
        assert first.outcome is second.outcome is CrawlOutcome.OK
        assert first.new >= 1
        assert first.new + first.irrelevant == first.seen, "a page that repeats counts once"
        assert (second.new, second.edited) == (0, 0)
        assert second.known + second.irrelevant == second.seen == first.seen
    with Store.open(db) as store:
        assert store.mentions.count() == sum(report.new for report in runs[0])


def test_since_is_carried_to_the_child_unharmed() -> None:
    since = datetime(2026, 9, 1, 12, 30, tzinfo=UTC)
    job = CrawlJob("B", "q", "steam", {"app_id": 1}, since, Path("/x.db"), "c", "http://h")
    assert CrawlJob.from_json(job.to_json()) == job
