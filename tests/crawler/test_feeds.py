"""The feeds spider: RSS and Atom of all kinds, whole, cut and malformed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from crawler.spiders.feeds import FeedsSpider
from storage.models import CrawlOutcome, Mention
from storage.store import Store
from tests.crawler.reading import NOW, first_requests, read, response_of, spider_of

BODY = response_of("feeds").decode()
URL = {"url": "https://blog.example/feed"}


def atom(entry: str, head: str = "") -> str:
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de">{head}<title>t</title>'
        f"<entry><updated>2026-09-20T10:00:00Z</updated>{entry}</entry></feed>"
    )


def test_a_wordpress_review_becomes_a_whole_mention() -> None:
    mentions, refusals, requests, problem = read(spider_of("feeds"), BODY)

    assert mentions[0] == Mention(
        brand="Acme Air",
        source="feeds",
        native_id="https://wordpress.org/support/topic/saved-our-summer/",
        title="Saved our summer",
        text="Set up in ten minutes.\n\nSupport answered on a Sunday – wow.",
        fetched_at=NOW,
        created_at=datetime(2026, 9, 20, 8, 30, tzinfo=UTC),
        url="https://wordpress.org/support/topic/saved-our-summer/",
        author="baggagebetty",
        rating=5.0,
        rating_max=5.0,
        language="en-US",
    )
    assert [mention.rating for mention in mentions] == [5.0, 1.0, None]
    assert mentions[1].created_at == datetime(2026, 9, 19, 19, tzinfo=UTC)
    assert (mentions[2].title, mentions[2].created_at) == ("No date on this one", None)
    assert (refusals, problem) == ([], None)
    assert requests[0].url.endswith("/acme-air/reviews/feed/?paged=2")


@pytest.mark.parametrize(
    ("was", "becomes", "dated"),
    [
        ("<dc:creator>baggagebetty</dc:creator>", "", 2),
        ("<title><![CDATA[Saved our summer]]></title>", "", 2),
        ("<guid>https://wordpress.org/support/topic/saved-our-summer/</guid>", "", 2),
        ("Sun, 20 Sep 2026", "Thu, 01 Jan 1970", 1),
        ("Sun, 20 Sep 2026", "Thu, 01 Jan 2099", 1),
        ("Sun, 20 Sep 2026 08:30:00 +0000", "yesterday", 1),
        ("<p>Rating: 5 stars</p>", "", 2),
        ("Rating: 5 stars", "Rating: many stars", 2),
    ],
)
def test_a_bad_field_costs_no_entry(was: str, becomes: str, dated: int) -> None:
    mentions, refusals, _, problem = read(spider_of("feeds"), BODY.replace(was, becomes))
    assert (len(mentions), refusals, problem) == (3, [], None)
    assert sum(mention.created_at is not None for mention in mentions) == dated


def test_a_feed_cut_in_half_keeps_its_whole_entries() -> None:
    cut = BODY[: BODY.index("White screen")]
    mentions, _, _, problem = read(spider_of("feeds"), cut)
    assert [mention.title for mention in mentions] == ["Saved our summer"]
    assert problem is not None
    assert problem.outcome is CrawlOutcome.BROKEN
    assert "cut off after 1 entries" in problem.reason


def test_malformed_xml_that_loses_nothing_is_no_problem() -> None:
    mentions, _, _, problem = read(spider_of("feeds"), BODY.replace("Broke checkout", "A & B", 1))
    assert len(mentions) == 3
    assert problem is None


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("", CrawlOutcome.BROKEN),
        ("{}", CrawlOutcome.BROKEN),
        ("plain words", CrawlOutcome.BROKEN),
        ("<html><body>Sign in</body></html>", CrawlOutcome.BLOCKED),
        ("/etc/hostname", CrawlOutcome.BROKEN),
    ],
)
def test_what_is_no_feed_is_named(body: str, outcome: CrawlOutcome) -> None:
    mentions, _, _, problem = read(spider_of("feeds"), body)
    assert mentions == []
    assert problem is not None
    assert problem.outcome is outcome


def test_short_ids_and_names_are_told_apart_between_feeds() -> None:
    entry = "<id>5</id><title>Hi</title><author><name>admin</name></author>"
    (mention,) = read(spider_of("feeds", URL), atom(entry))[0]
    assert mention.native_id == "blog.example/feed#5"
    assert (mention.author, mention.author_native_id) == ("admin", None), "anybody's name"
    assert mention.language == "de"


def test_views_of_a_video_are_its_reach() -> None:
    entry = (
        '<id>yt:video:abc</id><title>Acme Air</title><media:group xmlns:media="http://search.'
        'yahoo.com/mrss/"><media:description>A tour</media:description><media:community>'
        '<media:statistics views="3600"/></media:community></media:group>'
    )
    (mention,) = read(spider_of("feeds", URL), atom(entry))[0]
    assert (mention.reach, mention.text) == (3600, "A tour")


def test_a_google_alert_links_to_the_article() -> None:
    link = "https://www.google.com/url?rct=j&amp;sa=t&amp;url=https://news.example/a%3Fb%3D1"
    entry = (
        '<id>tag:google.com,2013:googlealerts/feed:1</id><title type="html">&lt;b&gt;Acme '
        f'Air&lt;/b&gt; grows</title><link href="{link}&amp;ct=ga"/>'
        '<content type="html">x</content>'
    )
    (mention,) = read(
        spider_of("feeds", {"preset": "google_alerts", "alert": "1/2"}), atom(entry)
    )[0]
    assert mention.url == "https://news.example/a?b=1"
    assert mention.title == "Acme Air grows"


def test_addresses_of_authors_are_dropped() -> None:
    for signed, author in (
        ("rita@acme.example (Rita M.)", "Rita M."),
        ("rita@example.com (Rita M.)", "Rita M."),
        ("Rita M. &lt;rita@help.online&gt;", "Rita M."),
        ("jim@example.com", None),
    ):
        body = BODY.replace("<dc:creator>baggagebetty</dc:creator>", f"<author>{signed}</author>")
        assert read(spider_of("feeds"), body)[0][0].author == author


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "ftp://x.example/", "file:///etc/passwd", "http://"]
)
def test_only_web_links_are_kept(link: str) -> None:
    entry = f'<id>tag:x,1</id><title>Hi</title><link href="{link}"/>'
    (mention,) = read(spider_of("feeds", URL), atom(entry))[0]
    assert mention.url is None


def test_presets_know_whether_they_are_about_the_brand() -> None:
    assert not spider_of("feeds").wants_match
    assert spider_of("feeds", URL).wants_match
    assert not spider_of("feeds", {**URL, "match": False}).wants_match


def test_base_url_moves_any_address_and_links_stay_public() -> None:
    spider = spider_of("feeds", URL, base_url="http://127.0.0.1:9/replay/")
    (request,) = first_requests(spider)
    assert request.url == "http://127.0.0.1:9/replay/feed"
    entry = '<id>tag:x,1</id><title>Hi</title><link href="/post/1"/>'
    (mention,) = read(spider, atom(entry), request)[0]
    assert mention.url == "https://blog.example/post/1"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "either `url` or `preset`"),
        ({**URL, "preset": "producthunt"}, "either `url` or `preset`"),
        ({"preset": "nonesuch"}, "no preset 'nonesuch'"),
        ({"preset": "lobsters_tag"}, "needs `tag`"),
        ({"preset": "producthunt", "tag": "x"}, "`tag` is not used"),
        ({"url": "file:///etc/passwd"}, "pattern"),
        ({"preset": "lobsters_tag", "tag": "../x"}, "pattern"),
        ({**URL, "pagse": 3}, "Extra inputs"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        FeedsSpider.Options.model_validate(options)


def rss(*items: str) -> str:
    entries = "".join(f"<item>{item}</item>" for item in items)
    return f'<rss version="2.0"><channel><title>t</title>{entries}</channel></rss>'


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("Sat, 28 Nov 2026 09:07:41 GMT", "2026-11-28T09:07:41"),
        ("2026-11-28", "2026-11-28T00:00:00"),
        ("Sat, 28 Nov 2026 23:30:00 -0500", "2026-11-29T04:30:00"),
        ("2026-11", None),
        ("2026-01", None),
        ("2026", None),
        ("gestern", None),
        ("0000-00-00", None),
        ("", None),
    ],
)
def test_a_date_is_what_is_written_or_none(written: str, read_as: str | None) -> None:
    spider = FeedsSpider(query="x", options=URL, now=datetime(2026, 12, 1, tzinfo=UTC))
    body = rss(f"<guid>tag:x,1</guid><title>Hi</title><pubDate>{written}</pubDate>")
    (mention,), refusals, _, problem = read(spider, body)
    when = mention.created_at.isoformat().removesuffix("+00:00") if mention.created_at else None
    assert (when, refusals, problem) == (read_as, [], None)


@pytest.mark.parametrize("day", ["2026/11/28", "2026/01/28", "2026/02/28 02:07:41"])
def test_the_first_of_the_month_is_no_guess(day: str) -> None:
    """feedparser reads all of these as the first of their month."""
    spider = FeedsSpider(query="x", options=URL, now=datetime(2026, 12, 1, tzinfo=UTC))
    body = rss(f"<guid>tag:x,1</guid><title>Hi</title><pubDate>{day}</pubDate>")
    ((mention,), *_) = read(spider, body)
    assert mention.created_at is None or mention.created_at.day == 28


def said(*texts: str, place: str = "<guid>https://shop.example/reviews</guid>") -> str:
    return rss(*(f"{place}<title>Review</title><description>{t}</description>" for t in texts))


@pytest.mark.parametrize(
    "place",
    [
        "<guid>https://shop.example/reviews</guid>",
        "<guid>17</guid>",
        "<link>https://shop.example/reviews</link>",
    ],
)
def test_entries_that_share_an_id_are_as_many_as_they_have_texts(
    place: str, tmp_path: Path
) -> None:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:

        def crawl(*texts: str) -> dict[str, str]:
            spider = spider_of("feeds", URL)
            spider.stored = lambda ids: store.mentions.known("feeds", ids, NOW)
            mentions, refusals, _, problem = read(spider, said(*texts, place=place))
            assert (refusals, problem) == ([], None)
            saved = store.mentions.save(mentions)
            assert saved.edited == 0, "nobody's words take another's place"
            return {mention.text: mention.native_id for mention in mentions}

        alone = crawl("One")
        first = crawl("Two", "One", "Two")
        assert first["One"] == alone["One"], "the store's own keeps the id"
        again = crawl("Four", "Three", "Two", "One")
        assert again.items() >= first.items()
        assert crawl("Four", "Three")["Three"] == again["Three"], "the first has left the feed"
        assert crawl("Four") == {"Four": again["Four"]}
        assert store.mentions.count() == 4


def test_an_entry_with_an_id_of_its_own_is_edited_in_place(tmp_path: Path) -> None:
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        for text in ("Slow", "Slow. Edit: they called."):
            spider = spider_of("feeds", URL)
            spider.stored = lambda ids: store.mentions.known("feeds", ids, NOW)
            store.mentions.save(read(spider, said(text))[0])
        assert store.mentions.count() == 1


def test_a_text_as_long_as_a_bomb_is_refused_and_counted_alone() -> None:
    body = said("Fine", "word " * 30_000, "Good")
    mentions, refusals, _, problem = read(spider_of("feeds", URL), body)
    assert [mention.text for mention in mentions] == ["Fine", "Good"]
    assert problem is None
    (refusal,) = refusals
    assert "100,000 is the most" in str(refusal)
