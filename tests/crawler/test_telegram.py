"""The Telegram spider: posts out of the preview's markup, and channels that show none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from storage.models import CrawlOutcome, Mention
from tests.crawler.reading import NOW, first_requests, read, response_of, spider_of

BODY = response_of("telegram").decode()


def test_a_post_becomes_a_whole_mention() -> None:
    mentions, refusals, requests, problem = read(spider_of("telegram"), BODY)

    assert mentions[1] == Mention(
        brand="Acme Air",
        source="telegram",
        native_id="acmeair/70000000002",
        text="Acme Air lost my bag 😞\n\nDay four & counting. #bags",
        fetched_at=NOW,
        created_at=datetime(2026, 9, 20, 10, 26, 40, tzinfo=UTC),
        url="https://t.me/acmeair/70000000002",
        author="Planes & people",
        author_native_id="acmeair",
        reach=1200,
    )
    assert len(mentions) == 2, "neither a service message nor a picture alone"
    assert (refusals, problem) == ([], None)
    assert requests[0].url == "https://t.me/s/acmeair?before=70000000001"


def test_the_newest_comes_first_without_what_it_quotes() -> None:
    newest = read(spider_of("telegram"), BODY)[0][0]
    assert newest.text == "They found it. Well done, Acme Air!"
    assert newest.parent_id == "telegram:acmeair/70000000002"
    assert newest.reach == 10_500, "without views, those who follow"


@pytest.mark.parametrize(
    ("was", "becomes", "kept"),
    [
        ('data-post="acmeair/70000000002"', 'data-post=""', False),
        ('datetime="2026-09-20T10:26:40+00:00"', "", False),
        ('datetime="2026-09-20T10:26:40+00:00"', 'datetime="yesterday"', False),
        (">1.2K<", ">many<", True),
        ("tgme_widget_message_owner_name", "made_up", True),
        ("counter_type", "made_up", True),
        ('data-view="made-up"', 'data\x01view="made-up"', True),
    ],
)
def test_one_bad_field_costs_one_post_at_most(was: str, becomes: str, kept: bool) -> None:
    mentions, refusals, _, problem = read(spider_of("telegram"), BODY.replace(was, becomes))
    assert problem is None
    assert (len(mentions), len(refusals)) == (1 + kept, 1 - kept)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("7", 7), ("1 234", 1234), ("1.2K", 1200), ("10.5M", 10_500_000), ("3,1k", 3100)],
)
def test_short_numbers_are_read(written: str, meant: int) -> None:
    body = BODY.replace(">1.2K<", f">{written}<")
    assert read(spider_of("telegram"), body)[0][1].reach == meant


def test_a_poll_is_read_with_its_question() -> None:
    poll = '<div class="tgme_widget_message_poll_question">Acme Air, yes or no?</div>'
    body = BODY.replace('<a class="tgme_widget_message_photo_wrap"', f"{poll}<a")
    assert read(spider_of("telegram"), body)[0][1].text == "Acme Air, yes or no?"


def test_the_first_post_since_and_the_bound_end_the_paging() -> None:
    options = {"channels": ["acmeair"], "pages": 1}
    assert read(spider_of("telegram", options), BODY)[2] == []
    assert read(spider_of("telegram", since=NOW), BODY)[2] == []
    beginning = BODY.replace("acmeair/70000000001", "acmeair/1")
    assert read(spider_of("telegram"), beginning)[2] == []


def test_a_page_of_pictures_does_not_end_the_paging() -> None:
    pictures = BODY.replace("js-message_text", "made_up")
    (following,) = read(spider_of("telegram"), pictures)[2]
    assert "before=70000000001" in following.url
    bounded = spider_of("telegram", {"channels": ["acmeair"], "pages": 1})
    assert read(bounded, pictures)[2] == []


def test_channels_are_read_or_searched() -> None:
    options = {"channels": ["acmeair", "planes"], "search": True, "match": False}
    spider = spider_of("telegram", options)
    first, second = first_requests(spider)
    assert first.url == "https://t.me/s/acmeair?q=acme+air"
    assert second.url == "https://t.me/s/planes?q=acme+air"
    assert not spider.wants_match
    (older,) = read(spider, BODY, second)[2]
    assert older.url == "https://t.me/s/planes?q=acme+air&before=70000000001"


def test_a_channel_without_preview_is_named() -> None:
    page = "<!DOCTYPE html><html><body><div class='tgme_page'>View in Telegram</div></body></html>"
    problem = read(spider_of("telegram"), page)[3]
    assert problem is not None
    assert problem.outcome is CrawlOutcome.FAILED
    assert "no preview" in problem.reason
    empty = BODY[: BODY.index('<div class="tgme_widget_message_wrap')] + "</body></html>"
    assert read(spider_of("telegram"), empty) == ([], [], [], None)


def test_of_a_page_that_is_cut_the_whole_posts_are_kept() -> None:
    mentions, _, _, problem = read(spider_of("telegram"), BODY[: BODY.index("Well done")])
    assert [mention.native_id for mention in mentions] == ["acmeair/70000000002"]
    assert problem is not None
    assert problem.outcome is CrawlOutcome.BROKEN
