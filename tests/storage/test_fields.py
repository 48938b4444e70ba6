"""Readers of single fields: what is cleaned, what is refused and how it is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from storage import fields
from storage.fields import EntryError
from tests.crawler.reading import NOW


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two<br>three</p>", "One\n\nTwo\nthree"),
        ("plain &amp; simple", "plain & simple"),
        ("5 <3 you", "5 <3 you"),
        ("twice &amp;#39;escaped&amp;#39;", "twice 'escaped'"),
        ("<script>alert(1)</script>Hi <b>there</b>", "Hi there"),
        ("cafÃ© â€” trÃ¨s bien", "café — très bien"),
        ("a\x00b\ud800c\ufeff", "abc"),
        ("\ud83d\ude00 fine", "😀 fine"),
        ("“kept” as ｔｙｐｅｄ", "“kept” as ｔｙｐｅｄ"),
        ("🔥🔥", "🔥🔥"),
        ("<div>" * 3000 + "deep", "deep"),
        (None, ""),
        (42, "42"),
    ],
)
def test_html_becomes_plain_text(html: object, text: str) -> None:
    assert fields.from_html(html) == text


def test_a_text_of_a_megabyte_is_read_in_time() -> None:
    assert len(fields.from_html("<p>" + "so good é " * 110_000)) > 1_000_000


@pytest.mark.parametrize("value", [{}, [], {"a": 1}, True])
def test_objects_are_no_text(value: object) -> None:
    with pytest.raises(EntryError, match=r"^title is "):
        fields.line(value, "title")


@pytest.mark.parametrize(
    ("bbcode", "text"),
    [
        ("[b]Bold[/b] [i]move[/i]", "Bold move"),
        ("[url=https://x.example]site[/url]", "site"),
        ("[list][*]one[*]two[/list]after", "- one\n- two\nafter"),
        ("[quote=bob]no[/quote]yes", "no\nyes"),
        ("[10/10] would [not a tag]", "[10/10] would [not a tag]"),
        ("[h1]Title[/h1]body[hr][/hr]end", "Title\nbody\nend"),
    ],
)
def test_bbcode_becomes_plain_text(bbcode: str, text: str) -> None:
    assert fields.from_bbcode(bbcode) == text


@pytest.mark.parametrize(
    "value",
    [
        1789898400,
        1789898400.0,
        1789898400000,
        "1789898400",
        "2026-09-20T10:00:00Z",
        "2026-09-20T10:00:00.000Z",
        "2026-09-20T03:00:00-07:00",
        "2026-09-20T10:00:00",
        "Sun, 20 Sep 2026 12:00:00 +0200",
        "Sun, 20 Sep 2026 10:00:00 GMT",
        datetime(2026, 9, 20, 10),  # noqa: DTZ001 - zoneless on purpose
    ],
)
def test_times_in_all_their_forms(value: object) -> None:
    assert fields.moment(value, NOW) == datetime(2026, 9, 20, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        *(None, "", "soon", 0, -1, True, {}, [], float("nan"), float("inf"), 1e300, "0000-00-00"),
        *("1970-01-01T00:00:00Z", "1994-12-31T23:59:59Z", "2099-01-01", "9999-12-31T23:59:59-14"),
    ],
)
def test_times_that_cannot_be_are_refused_by_name(value: object) -> None:
    with pytest.raises(EntryError, match=r"^created_at "):
        fields.moment(value, NOW)


def test_clocks_may_differ_by_two_days() -> None:
    assert fields.moment(NOW + timedelta(days=2), NOW)
    with pytest.raises(EntryError):
        fields.moment(NOW + timedelta(days=2, seconds=1), NOW)


@pytest.mark.parametrize(
    ("value", "stars"),
    [("5", 5.0), (0, 0.0), ("4,5", 4.5), (3.5, 3.5), (None, None), ("", None)],
)
def test_ratings_in_range(value: object, stars: float | None) -> None:
    assert fields.rating(value, 5) == stars


@pytest.mark.parametrize("value", ["5.1", -1, "inf", "fine", True, [5]])
def test_other_ratings_are_refused_by_name(value: object) -> None:
    with pytest.raises(EntryError, match=r"^rating "):
        fields.rating(value, 5)


@pytest.mark.parametrize(
    ("value", "link"),
    [
        ("https://x.example/a?b=1", "https://x.example/a?b=1"),
        ("/post", "https://base.example/post"),
        ("https://x.example/?utm_source=rss&id=7", "https://x.example/?id=7"),
        ("https://x.example/?utm_source=rss", "https://x.example/"),
        ("javascript:alert(1)", None),
        ("mailto:a@b.example", None),
        ("https://x.example/a b", None),
        ('https://x.example/"><script>', None),
        ("http://[::1", None),
        (None, None),
        (7, None),
        ("https://x.example/" + "a" * 5000, None),
    ],
)
def test_only_web_links(value: object, link: str | None) -> None:
    assert fields.link(value, "https://base.example/feed") == link


@pytest.mark.parametrize(
    ("value", "tag"),
    [
        ("en-us", "en-US"),
        ("EN", "en"),
        ("zh_hant_tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("English", "en"),
        ("eng", "en"),
        ("Deutsch", "de"),
        ("Português (Brasil)", "pt"),
        ("en_GB.UTF-8", "en-GB"),
        ("nonsense", None),
        ("und", None),
        ("", None),
        (None, None),
        (5, None),
    ],
)
def test_languages_are_tags(value: object, tag: str | None) -> None:
    assert fields.language(value) == tag


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (7, 7),
        ("7", 7),
        (0, 0),
        (-1, None),
        (True, None),
        (2**32 - 1, None),
        ("x", None),
        ({}, None),
    ],
)
def test_counts(value: object, number: int | None) -> None:
    assert fields.count(value) == number


@pytest.mark.parametrize(("value", "text"), [("a1", "a1"), (17, "17"), (17.0, "17"), (" x ", "x")])
def test_ids(value: object, text: str) -> None:
    assert fields.identity(value) == text


@pytest.mark.parametrize("value", [None, "", " ", [], {}, True, "x" * 2001])
def test_no_id_is_refused_by_name(value: object) -> None:
    with pytest.raises(EntryError, match=r"^id is "):
        fields.identity(value)
