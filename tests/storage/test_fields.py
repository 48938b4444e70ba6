"""Readers of single fields: what is cleaned, what is refused and how it is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from storage import fields
from storage.fields import AmbiguousDateError, DateOrder, DateReading, EntryError
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


@pytest.mark.parametrize(
    ("written", "value", "most"),
    [
        ("4/5", 4, 5), ("9 / 10", 9, 10), ("5.0 out of 5 stars", 5, 5), ("4 von 5", 4, 5),
        ("4,5 sur 5 étoiles", 4.5, 5), ("3 (out of 7)", 3, 7), ("★★★★☆", 4, 5), ("⭐⭐", 2, 5),
        ("★★★½", 3.5, 5), ("80 %", 80, 100), ("FIVE", 5, 5), ("five stars", 5, 5),
        ("5-star", 5, 5), ("4 Sterne", 4, 5), ("👍", 1, 1), ("thumbs_down", 0, 1), ("Good", 1, 1),
        ("Very satisfied", 5, 5), ("4,5", 4.5, None), ("４", 4, None), ("“5”", 5, None),
        ("10 - Extremely likely", 10, None), ("1 (poor)", 1, None), (7, 7, None), (-1, -1, None),
    ],
)  # fmt: skip
def test_ratings_in_all_their_forms(written: object, value: float, most: float | None) -> None:
    assert fields.rated(written) == fields.Rated(value, most)


@pytest.mark.parametrize("nothing", [None, "", " ", "N/A", "-", "null", "NaN", "Unoffered"])
def test_no_rating(nothing: object) -> None:
    assert fields.rated(nothing) is None


@pytest.mark.parametrize("value", ["fine", "4 or 5", "4/0", True, {}, "2026-09-05", float("inf")])
def test_what_is_no_rating_is_refused_by_name(value: object) -> None:
    with pytest.raises(EntryError, match=r"^rating "):
        fields.rated(value)


def test_a_rating_of_another_scale_is_brought_to_the_sources() -> None:
    assert fields.rating("80%", 5) == 4
    assert fields.rating("9/10", 5) == 4.5


@pytest.mark.parametrize(
    "written",
    [
        "Sept. 20, 2026 10:00", "September 20th, 2026 at 10:00 AM", "20 Sep 2026 10:00",
        "2026-09-20 10:00:00 UTC", "2026-09-20T10:00:00.000+0000", "2026/9/20 10:00",
        "20.09.2026 10:00 Uhr", "20/9/26, 10:00", "9/20/2026 10:00 AM", "20. September 2026 10:00",
        "20 septembre 2026 à 10h00", "20 de septiembre de 2026 10:00", "2026年9月20日 10:00",
        "2026-09-20 12:00:00 GMT+2", "20-Sep-2026 10:00", 46285.416666667, "46285,416666667",
        1789898400000000, "20260920T100000Z", "2026/09/20 06:00:00 AM EDT",
        "Reviewed in the United States on September 20, 2026 10:00",
        "Montag, 20. September 2026, 10:00 Uhr", "20 сентября 2026 г. 10:00",
        "20 Sep 2026 03:00 PDT",
    ],
)  # fmt: skip
def test_dates_as_people_write_them(written: object) -> None:
    assert fields.moment(written, NOW) == datetime(2026, 9, 20, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    ["2 weeks ago", "yesterday", "May 2026", "13/13/2026", "2026-13-01", "3 of 2026", "12:30"],
)
def test_what_is_no_whole_date_is_refused(written: str) -> None:
    with pytest.raises(EntryError, match="cannot be read as a time"):
        fields.moment(written, NOW)


def test_a_date_that_may_be_either_is_refused_unless_its_order_is_told() -> None:
    with pytest.raises(AmbiguousDateError, match="is 3 April or 4 March"):
        fields.moment("03/04/2026", NOW)
    told = {
        order: fields.moment("03/04/2026", NOW, reading=DateReading(order))
        for order in (DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST)
    }
    assert [day.strftime("%d %b") for day in told.values()] == ["03 Apr", "04 Mar"]


def test_a_zone_is_that_of_the_column_unless_the_date_has_one() -> None:
    york = DateReading(zone=ZoneInfo("America/New_York"))
    assert fields.moment("2026-09-20 06:00", NOW, reading=york).hour == 10
    assert fields.moment("2026-09-20 06:00Z", NOW, reading=york).hour == 6


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("1,234", 1234), ("1.234.567", 1234567), ("1 234", 1234), ("12.3K", 12300),
        ("1,2 Mio", 1200000), ("10K+", 10000), (7.0, 7), ("-", None), ("N/A", None), (None, None),
    ],
)  # fmt: skip
def test_counts_as_people_write_them(written: object, number: int | None) -> None:
    assert fields.whole_number(written, "reach") == number


def test_html_is_html_only_where_it_has_a_usual_tag() -> None:
    assert fields.plain_or_html("one<br />two &amp; three") == "one\ntwo & three"
    assert fields.plain_or_html("say <name> &amp; wait") == "say <name> & wait"


# Each that reads one value of a source or a file for the store, and what else it must be given.
READERS = {
    "address": (), "count": (), "country": (), "country_code": (), "from_bbcode": (),
    "from_html": (), "identity": (), "language": (), "line": ("field",), "link": (), "plain": (),
    "plain_or_html": (), "product_version": (), "rating": (5.0,), "version_name": (),
    "whole_number": ("field",),
}  # fmt: skip


def test_the_readers_of_single_values_are_all_tried() -> None:
    others = {
        "behind_redirect", "is_no_moment", "later", "moment", "order_shown", "original", "rated",
        "require_readable", "string",
    }  # fmt: skip
    made = {name for name in fields.__all__ if callable(getattr(fields, name)) and name.islower()}
    assert READERS.keys() | others == made


@pytest.mark.parametrize("value", ["\ud800", "en\ud83d", "5\udfff", " \ud800 2026", "\x00\udfff"])
@pytest.mark.parametrize("name", READERS)
def test_half_a_character_stops_no_reader(name: str, value: str) -> None:
    try:
        read = getattr(fields, name)(value, *READERS[name])
    except EntryError:
        return
    # What the store can hold.
    assert read is None or str(read) == str(read).encode().decode()
