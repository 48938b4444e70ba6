"""The Mastodon spider: hashtags and search, people who ask not to be found, closed doors."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from storage.models import CrawlOutcome, Mention
from tests.crawler.reading import NOW, answer, first_requests, read, response_of, spider_of

BODY = response_of("mastodon")
NEXT = (
    '<https://mastodon.social/api/v1/timelines/tag/acmeair?limit=40&max_id=777>; rel="next", '
    '<https://mastodon.social/api/v1/timelines/tag/acmeair?limit=40&min_id=999>; rel="prev"'
)


def changed(of_account: bool = False, **change: Any) -> str:
    data = json.loads(BODY)
    target = data[0]["account"] if of_account else data[0]
    for name, value in change.items():
        if value is ...:
            del target[name]
        else:
            target[name] = value
    return json.dumps(data)


def test_a_post_becomes_a_whole_mention() -> None:
    mentions, refusals, requests, problem = read(spider_of("mastodon"), BODY)

    assert mentions[0] == Mention(
        brand="Acme Air",
        source="mastodon",
        native_id="https://social.example/users/mina/statuses/5",
        title="Travel rant",
        text="Three hours at the gate & no word, @acme.\n\nNever again, Acme Air: "
        "https://www.blog.example/late-again #AcmeAir",
        fetched_at=NOW,
        created_at=datetime(2026, 10, 20, 15, 30, tzinfo=UTC),
        edited_at=datetime(2026, 10, 20, 15, 40, tzinfo=UTC),
        url="https://social.example/@mina/5",
        author="mina@social.example",
        author_native_id="https://social.example/users/mina",
        language="en",
        reach=420,
        parent_id="mastodon:https://mastodon.social/users/local/statuses/3",
    )
    assert len(mentions) == 2, "no boost, no bot, nobody who asks not to be indexed"
    assert mentions[1].author == "local@mastodon.social", "named as other instances name them"
    assert (refusals, requests, problem) == ([], [], None)


@pytest.mark.parametrize(
    ("options", "count"),
    [({"bots": True}, 3), ({"unindexed": True}, 3), ({"bots": True, "unindexed": True}, 4)],
)
def test_who_is_left_out_is_a_choice(options: dict[str, Any], count: int) -> None:
    assert len(read(spider_of("mastodon", options), BODY)[0]) == count


@pytest.mark.parametrize("name", ["indexable", "discoverable"])
def test_either_wish_not_to_be_found_is_heard(name: str) -> None:
    body = changed(of_account=True, **{name: False})
    assert len(read(spider_of("mastodon"), body)[0]) == 1
    # Servers before 4.2 do not know the wish.
    assert len(read(spider_of("mastodon"), changed(of_account=True, **{name: ...}))[0]) == 2
    assert len(read(spider_of("mastodon"), changed(of_account=True, **{name: None}))[0]) == 2


def test_hashtags_are_the_terms_without_their_spaces() -> None:
    (request,) = first_requests(spider_of("mastodon", {"instance": "social.example"}))
    assert request.url == "https://social.example/api/v1/timelines/tag/acmeair?limit=40"
    options = {"hashtags": ["#AcmeAir", "acmeair", "flyacme"], "about_brand": True}
    spider = spider_of("mastodon", options)
    assert [r.url.split("/tag/")[1] for r in first_requests(spider)] == [
        "acmeair?limit=40",
        "flyacme?limit=40",
    ]
    assert not spider.wants_match


def test_search_needs_a_token_which_no_url_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    spider = spider_of("mastodon", {"search": True})
    assert "MASTODON_TOKEN" in spider.needed_secrets(spider.options)
    assert not spider.needed_secrets(spider_of("mastodon").options)
    monkeypatch.setenv("MASTODON_TOKEN", "s3cret")
    _, search = first_requests(spider)
    assert search.url.endswith("/api/v2/search?q=%22acme+air%22&type=statuses&limit=40")
    assert search.headers["Authorization"] == b"Bearer s3cret"
    found = json.dumps({"accounts": [{"id": "1"}], "statuses": json.loads(BODY), "hashtags": []})
    mentions, refusals, requests, problem = answer(search, found)
    assert (len(mentions), refusals, requests, problem) == (2, [], [], None)


def test_the_link_header_leads_on_and_a_repeating_page_ends_it() -> None:
    (request,) = first_requests(spider_of("mastodon"))
    (second,) = answer(request, BODY, headers={"Link": NEXT})[2]
    assert second.url.endswith("/tag/acmeair?limit=40&max_id=777")
    assert answer(second, BODY, headers={"Link": NEXT})[2] == []
    other = BODY.replace(b"statuses/5", b"statuses/55")
    assert answer(second, other, headers={"Link": NEXT})[2] == [], "the same place once more"
    (third,) = answer(second, other, headers={"Link": NEXT.replace("777", "666")})[2]
    assert "max_id=666" in third.url
    elsewhere = NEXT.replace("https://mastodon.social", "https://evil.example")
    (followed,) = answer(request, BODY, headers={"Link": elsewhere})[2]
    assert followed.url.startswith("https://mastodon.social/")


def test_paging_is_bounded_and_ends_before_since() -> None:
    (request,) = first_requests(spider_of("mastodon", {"pages": 1}))
    assert answer(request, BODY, headers={"Link": NEXT})[2] == []
    (request,) = first_requests(spider_of("mastodon", since=datetime(2026, 10, 25, tzinfo=UTC)))
    assert answer(request, BODY, headers={"Link": NEXT})[2] == []


def test_a_page_of_people_left_out_does_not_end_the_paging() -> None:
    bots = json.dumps([s for s in json.loads(BODY) if s["account"]["bot"]])
    (request,) = first_requests(spider_of("mastodon"))
    mentions, _, (second,), _ = answer(request, bots, headers={"Link": NEXT})
    assert (mentions, second.meta["page"]) == ([], 2)


@pytest.mark.parametrize(
    ("status", "error", "outcome", "said"),
    [
        (401, "The access token is invalid", CrawlOutcome.UNAUTHORISED, "set MASTODON_TOKEN"),
        (
            422,
            "This method requires an authenticated user",
            CrawlOutcome.UNAUTHORISED,
            "set MASTODON_TOKEN",
        ),
        (403, "This action is not allowed", CrawlOutcome.BLOCKED, "not allowed"),
    ],
)
def test_a_closed_timeline_says_so(
    status: int, error: str, outcome: CrawlOutcome, said: str
) -> None:
    (request,) = first_requests(spider_of("mastodon"))
    problem = answer(request, json.dumps({"error": error}), status)[3]
    assert problem is not None
    assert (problem.outcome, f"answered {status}" in problem.reason) == (outcome, True)
    assert error in problem.reason
    assert said in problem.reason


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"uri": ...}, True),
        ({"uri": ..., "url": None}, False),
        ({"uri": ["x"]}, False),
        ({"url": None}, True),
        ({"content": None, "spoiler_text": ""}, False),
        ({"content": {}}, False),
        ({"spoiler_text": None}, True),
        ({"created_at": ...}, False),
        ({"created_at": "soon"}, False),
        ({"edited_at": "soon"}, True),
        ({"language": 5}, True),
        ({"account": "x"}, False),
        ({"account": None}, True),
        ({"in_reply_to_id": 7}, True),
        ({"in_reply_to_id": {"id": 7}}, False),
    ],
)
def test_one_bad_field_costs_one_post_at_most(change: dict[str, Any], kept: bool) -> None:
    mentions, refusals, _, problem = read(spider_of("mastodon"), changed(**change))
    assert problem is None
    assert (len(mentions), len(refusals)) == (1 + kept, 1 - kept)


def test_a_picture_speaks_through_its_description() -> None:
    picture = [{"id": "1", "type": "image", "description": "The queue at Acme Air"}]
    body = changed(content="", spoiler_text="", media_attachments=picture)
    assert read(spider_of("mastodon"), body)[0][0].text == "The queue at Acme Air"
    body = changed(content="", spoiler_text="", media_attachments=[{"id": "1"}])
    mentions, refusals, _, _ = read(spider_of("mastodon"), body)
    assert (len(mentions), refusals) == (1, [])


@pytest.mark.parametrize(
    "quote",
    [
        '<p class="quote-inline">RE: <a href="https://a.example/@b/1"><span class="invisible">'
        'https://</span><span class="ellipsis">a.example/@b/</span>1</a></p><p>So true</p>',
        '<p>So true<span class="quote-inline"><br/><br/>RE: <a href="https://a.example/n/1">'
        "https://a.example/n/1</a></span></p>",
    ],
)
def test_the_address_of_what_a_post_quotes_is_none_of_its_words(quote: str) -> None:
    mention = read(spider_of("mastodon"), changed(content=quote, spoiler_text=""))[0][0]
    assert mention.text == "So true"


def test_a_quote_without_words_says_nothing() -> None:
    bare = '<p class="quote-inline">RE: <a href="https://a.example/1">https://a.example/1</a></p>'
    mentions, refusals, *_ = read(
        spider_of("mastodon"), changed(content=bare, spoiler_text="", media_attachments=[])
    )
    assert refusals == []
    assert all("RE:" not in mention.text for mention in mentions)
    about = changed(content="<p>RE: my refund, still nothing</p>", spoiler_text="")
    assert read(spider_of("mastodon"), about)[0][0].text == "RE: my refund, still nothing"


def test_the_same_post_through_two_instances_is_one() -> None:
    here, there = (
        read(spider_of("mastodon", {"instance": name, "hashtags": ["acmeair"]}), BODY)[0]
        for name in ("mastodon.social", "fosstodon.org")
    )
    assert [m.id for m in here] == [m.id for m in there]
    assert [m.author for m in here] == [m.author for m in there]
