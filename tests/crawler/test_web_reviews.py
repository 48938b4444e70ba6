"""The spider of schema.org reviews: both forms of markup, and what people make of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from crawler.entry_problems import Refusal
from crawler.spiders.web_reviews import WebReviewsSpider
from storage.models import CrawlOutcome, Mention
from tests.crawler.reading import EXAMPLES, NOW, first_requests, read, response_of, spider_of

BODY = response_of("web_reviews").decode()
PAGE = "https://shop.acme.example/cabin-bag"
REVIEW = {
    "@type": "Review",
    "author": {"@type": "Person", "name": "Mia Doe"},
    "datePublished": "2026-09-20",
    "reviewBody": "Acme Air lost my bag.",
    "reviewRating": {"@type": "Rating", "ratingValue": "2"},
}


def page(*scripts: str, body: str = "", head: str = "") -> str:
    blocks = "".join(f'<script type="application/ld+json">{each}</script>' for each in scripts)
    return f"<!DOCTYPE html><html><head>{head}{blocks}</head><body>{body}</body></html>"


def reviewed(**change: Any) -> dict[str, Any]:
    return {key: value for key, value in {**REVIEW, **change}.items() if value is not ...}


def read_one(review: Any) -> tuple[list[Mention], list[Refusal]]:
    body = page(json.dumps({"@type": "Product", "review": review}))
    mentions, refusals, _, problem = read(spider_of("web_reviews"), body)
    assert problem is None
    return mentions, refusals


def test_a_review_becomes_a_whole_mention() -> None:
    mentions, refusals, requests, problem = read(spider_of("web_reviews"), BODY)

    assert mentions[0] == Mention(
        brand="Acme Air",
        source="web_reviews",
        native_id=f"{PAGE}#rev-7000000001",
        title="Lost a wheel",
        text="The Acme Air bag lost a wheel & nobody answers.\nDay four.",
        fetched_at=NOW,
        created_at=datetime(2026, 9, 20, 10, 26, 40, tzinfo=UTC),
        edited_at=datetime(2026, 9, 21, tzinfo=UTC),
        url=PAGE,
        author="Mia Doe",
        author_native_id="https://shop.acme.example/people/mia",
        rating=2.5,
        rating_max=10.0,
        language="en",
        reach=7,
        owner_reply="Sorry, Mia!",
        owner_replied_at=datetime(2026, 9, 20, 13, 13, 20, tzinfo=UTC),
    )
    assert [mention.author for mention in mentions] == ["Mia Doe", "Ole", None, "Zoë"]
    assert [mention.author_native_id for mention in mentions[1:]] == [None] * 3, "only names"
    assert [(m.rating, m.rating_max) for m in mentions[1:]] == [
        (5.0, 5.0),
        (4.0, 5.0),
        (60.0, 100.0),
    ]
    assert mentions[2].text == "", "stars alone are a mention"
    assert mentions[3].text == "Color faded, says Acme Air’s best customer.\n\nStill good."
    assert mentions[3].language == "en-GB"
    assert (refusals, problem) == ([], None)
    assert requests[0].url == f"{PAGE}?page=2"


def test_ids_stay_when_reviews_move_and_other_pages_repeat_them() -> None:
    again = spider_of("web_reviews", {"urls": [PAGE, f"{PAGE}?page=2"]})
    _, second = first_requests(again)
    moved = BODY.replace('"author": "Ole"', '"position": 9, "author": "Ole"')
    one = {mention.author: mention.native_id for mention in read(again, BODY)[0]}
    two = {mention.author: mention.native_id for mention in read(again, moved, second)[0]}
    assert one["Ole"] == two["Ole"]
    assert one["Zoë"] == two["Zoë"]


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"author": ...}, True),
        ({"author": "Mia Doe"}, True),
        ({"author": [{"name": "Mia Doe"}, {"name": "Ole"}]}, True),
        ({"author": {"name": {"@value": "Mia Doe"}}}, True),
        ({"author": 7}, True),
        ({"author": {"name": ["Mia", "Doe"]}}, True),
        ({"datePublished": ...}, True),
        ({"datePublished": None}, True),
        ({"datePublished": "soon"}, True),
        ({"datePublished": []}, True),
        ({"datePublished": {"@type": "Date", "@value": "2026-09-20"}}, True),
        ({"reviewBody": {"said": "x"}}, False),
        ({"reviewBody": {"@value": "Acme Air", "@language": "de"}}, True),
        ({"reviewBody": ["Acme Air", "lost my bag."]}, True),
        ({"reviewBody": ..., "description": "Acme Air lost my bag."}, True),
        ({"reviewBody": ..., "name": "Lost bag"}, True),
        ({"reviewRating": None}, True),
        ({"reviewRating": []}, True),
        ({"reviewRating": "x"}, True),
        ({"inLanguage": {"@type": "Language", "name": "English"}}, True),
        ({"url": "javascript:void(0)"}, True),
        ({"@id": 7}, True),
        ({"comment": "x"}, True),
    ],
)
def test_one_bad_field_costs_one_review_at_most(change: dict[str, Any], kept: bool) -> None:
    other = reviewed(author="Ole", reviewBody="Fine")
    mentions, refusals = read_one([reviewed(**change), other])
    assert (len(mentions), len(refusals)) == (1 + kept, 1 - kept)


@pytest.mark.parametrize(
    ("given", "rating", "top"),
    [
        ({"ratingValue": 4}, 4.0, 5.0),
        ({"ratingValue": "4,5"}, 4.5, 5.0),
        ({"ratingValue": "8", "bestRating": "10"}, 8.0, 10.0),
        ({"ratingValue": 87, "bestRating": 100, "worstRating": 0}, 87.0, 100.0),
        ({"ratingValue": "4/5"}, 4.0, 5.0),
        ({"ratingValue": "9 out of 10"}, 9.0, 10.0),
        ({"ratingValue": "80%"}, 80.0, 100.0),
        ({"ratingValue": {"@value": "3"}}, 3.0, 5.0),
        ({"ratingValue": ["3", "4"]}, 3.0, 5.0),
        ([{"ratingValue": 3}], 3.0, 5.0),
        (3, 3.0, 5.0),
        ("2", 2.0, 5.0),
        ({"ratingValue": 7}, None, None),
        ({"ratingValue": "many"}, None, None),
        ({"ratingValue": True}, None, None),
        ({"ratingValue": 3, "bestRating": "x"}, 3.0, 5.0),
        ({}, None, None),
    ],
)
def test_ratings_in_any_form(given: Any, rating: float | None, top: float | None) -> None:
    (mention,) = read_one(reviewed(reviewRating=given))[0]
    assert (mention.rating, mention.rating_max) == (rating, top)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-09-20T23:30:00-05:00", "2026-09-21T04:30:00+00:00"),
        ("2026-09-20 10:00:00 UTC", "2026-09-20T10:00:00+00:00"),
        ("2026-09-20 10:00:00 +0200", "2026-09-20T08:00:00+00:00"),
        ("20.09.2026", "2026-09-20T00:00:00+00:00"),
        ("Sep 20, 2026", "2026-09-20T00:00:00+00:00"),
        ("20 September 2026", "2026-09-20T00:00:00+00:00"),
    ],
)
def test_dates_as_people_write_them(written: str, day: str) -> None:
    (mention,) = read_one(reviewed(datePublished=written))[0]
    assert mention.created_at == datetime.fromisoformat(day)


@pytest.mark.parametrize(
    "block",
    [
        json.dumps(REVIEW)[:-1] + ",}",
        "<!-- made by a plugin -->\n" + json.dumps(REVIEW),
        "/* made by a plugin */ " + json.dumps(REVIEW),
        "//<![CDATA[\n" + json.dumps(REVIEW) + "\n//]]>",
        json.dumps(REVIEW) + ";",
        json.dumps(REVIEW).replace('"', "&quot;"),
        json.dumps(REVIEW).replace("lost my", "lost\tmy").replace("bag.", "bag.\n"),
        json.dumps([REVIEW]),
        json.dumps({"@graph": [{"@type": "ItemList", "itemListElement": [{"item": REVIEW}]}]}),
        json.dumps({"@type": "Hotel", "reviews": [reviewed(**{"@type": ...})]}),
        json.dumps(reviewed(**{"@type": ["Review", "CreativeWork"]})),
        json.dumps(reviewed(**{"@type": "http://schema.org/UserReview"})),
        json.dumps({**REVIEW, "itemReviewed": {"@type": "Product", "review": REVIEW}}),
    ],
)
def test_json_ld_as_it_is_found(block: str) -> None:
    mentions, refusals, _, problem = read(spider_of("web_reviews"), page(block))
    assert [mention.author for mention in mentions] == ["Mia Doe"]
    assert "Acme Air lost" in mentions[0].text
    assert (refusals, problem) == ([], None)


def test_a_block_that_cannot_be_read_costs_no_other() -> None:
    body = page('{"@type": "Review", "reviewBody": "half', json.dumps(REVIEW), "{]")
    mentions, refusals, _, problem = read(spider_of("web_reviews"), body)
    assert (len(mentions), problem) == (1, None)
    assert [refusal.entry for refusal in refusals] == ["script 1"]


@pytest.mark.parametrize(
    "node",
    [
        {"@type": "AggregateRating", "ratingValue": 4.2, "reviewCount": 12},
        {"@type": "ClaimReview", "reviewBody": "False", "datePublished": "2026-09-20"},
        {"@type": "Review", "@id": "#stub"},
        {"@type": "Review", "reviewRating": {"ratingValue": 4}},
        {"@type": "Product", "name": "Cabin bag"},
    ],
)
def test_what_is_no_customers_review_is_no_mention(node: dict[str, Any]) -> None:
    assert read_one(node) == ([], [])


def test_a_page_without_dates_is_read_whole_and_says_each_review_once() -> None:
    bare = [reviewed(author=name, datePublished=...) for name in ("Mia", "Ole", "Guest")]
    dated = reviewed(author="Ole")
    mentions, refusals = read_one([*bare, dated, bare[0]])
    assert [(m.author, m.created_at is None) for m in mentions] == [
        ("Mia", True), (None, True), ("Ole", False),
    ]  # fmt: skip
    assert refusals == []
    again, _ = read_one([*bare, dated])
    assert {m.id for m in again} == {m.id for m in mentions}


def test_microdata_alone_and_in_pieces() -> None:
    body = page(
        body="""
        <div itemscope itemtype="http://schema.org/Product" itemref="far">
          <div itemprop="review" itemscope itemtype="http://schema.org/Review" itemid="/r/48213">
            <a itemprop="author" href="/people/mia">Mia</a>
            <time itemprop="datePublished" datetime="2026-09-20">a while ago</time>
            <span itemprop="name">Lost bag</span>
            <span itemprop="description">Acme Air<br>lost my bag.</span>
            <div itemprop="reviewRating" itemscope itemtype="http://schema.org/Rating">
              <span itemprop="ratingValue">2</span></div>
          </div></div>
        <div id="far"><span itemprop="name">Cabin bag</span></div>"""
    )
    ((mention,), refusals, _, _) = read(spider_of("web_reviews"), body)
    assert mention.native_id == "https://shop.acme.example/r/48213"
    assert mention.text == "Acme Air\nlost my bag."
    assert (mention.title, mention.rating, refusals) == ("Lost bag", 2.0, [])


def test_the_vocabulary_before_schema_org_is_read() -> None:
    body = page(
        body="""<div itemscope itemtype="http://data-vocabulary.org/Review">
          <span itemprop="reviewer">Mia</span><span itemprop="summary">Lost bag</span>
          <time itemprop="dtreviewed" datetime="2010-9-3">3 Sept</time>
          <span itemprop="description">Acme Air lost my bag.</span>
          <span itemprop="rating">2</span></div>"""
    )
    (mention,) = read(spider_of("web_reviews"), body)[0]
    assert (mention.author, mention.title, mention.rating) == ("Mia", "Lost bag", 2.0)
    assert mention.created_at == datetime(2010, 9, 3, tzinfo=UTC)


def test_names_that_several_reviews_bear_and_places_name_none() -> None:
    for stated in (PAGE, f"{PAGE}#reviews", "#review-2", "_:b1"):
        one, two = read_one(
            [reviewed(**{"@id": stated}), reviewed(**{"@id": stated}, reviewBody="Fine")]
        )[0]
        assert one.native_id != two.native_id
        assert "#" not in one.native_id
    (mention,) = read_one(reviewed(identifier={"@type": "PropertyValue", "value": 48213}))[0]
    assert mention.native_id == "shop.acme.example#48213"


def test_nobody_is_no_author() -> None:
    for name in ("Anonymous", "a customer", "Gast", "Anonyme."):
        (mention,) = read_one(reviewed(author=name))[0]
        assert mention.author_id is None


def test_only_the_owner_replies() -> None:
    said = {"@type": "Comment", "text": "Sorry!", "author": {"@type": "Person", "name": "Rita"}}
    assert read_one(reviewed(comment=said))[0][0].owner_reply is None
    said["author"] = {"@type": "LocalBusiness", "name": "Acme Air"}
    assert read_one(reviewed(comment=[said]))[0][0].owner_reply == "Sorry!"


@pytest.mark.parametrize(
    ("link", "followed"),
    [
        ('<link rel="next" href="?page=2">', "?page=2"),
        ('<a rel="nofollow next" href="/cabin-bag/2">Next</a>', "/2"),
        ('<link rel="next" href="https://elsewhere.example/">', None),
        ('<link rel="next" href="">', None),
        (f'<link rel="next" href="{PAGE}">', None),
        ("", None),
    ],
)
def test_the_next_page_is_followed_at_the_same_host(link: str, followed: str | None) -> None:
    requests = read(spider_of("web_reviews"), page(json.dumps(REVIEW), head=link))[2]
    assert [request.url for request in requests] == ([PAGE + followed] if followed else [])


def test_the_bound_ends_the_paging() -> None:
    spider = spider_of("web_reviews", {**EXAMPLES["web_reviews"], "pages": 1, "match": True})
    assert read(spider, BODY)[2] == []
    assert spider.wants_match


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("", CrawlOutcome.BROKEN),
        ('["a", 1]', CrawlOutcome.BROKEN),
        (page(head="<title>Just a moment...</title>", body="word " * 99), CrawlOutcome.BLOCKED),
        (page(body="Are you human?"), CrawlOutcome.BLOCKED),
        (BODY[: BODY.index("Still good")], CrawlOutcome.BROKEN),
    ],
)
def test_what_is_no_page_of_reviews_is_named(body: str, outcome: CrawlOutcome) -> None:
    problem = read(spider_of("web_reviews"), body)[3]
    assert problem is not None
    assert problem.outcome is outcome


def test_a_page_without_reviews_is_empty_and_no_error() -> None:
    long = page(body="<p>" + "A page about bags. " * 50 + "</p>")
    assert read(spider_of("web_reviews"), long) == ([], [], [], None)


def test_hosts_that_forbid_it_are_refused() -> None:
    for host in ("www.yelp.com", "www.amazon.co.uk", "www.trustpilot.com"):
        with pytest.raises(ValidationError, match="earful import"):
            WebReviewsSpider.Options(urls=[PAGE, f"https://{host}/acme"])
