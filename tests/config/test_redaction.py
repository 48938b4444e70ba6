"""Secrets stay out of what is written down."""

from __future__ import annotations

import io
import logging
import string
import time
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.redaction import HIDDEN, Redactor, mask_url, redact_logs, told_apart


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://x.example/f?a=1&token=s3cr3t#p", "https://x.example/f?a=1&token=***#p"),
        ("https://x.example/f?api_key=s&page=2", "https://x.example/f?api_key=***&page=2"),
        ("https://x.example/f?feed_token=s&Signature=t", None),
        ("https://x.example/f?access_token=s&X-Amz-Signature=t", None),
        ("https://user:pw@x.example/f", "https://***@x.example/f"),
        ("see https://x.example/?key=s then go", "see https://x.example/?key=*** then go"),
        ("https://u:p@ss@x.example/f?mail=a", "https://***@x.example/f?mail=***"),
        # Private feeds as they come: Reddit, GitLab, Slack, Google Calendar, Pinboard, Substack.
        (
            "https://r.example/.rss?feed=01234567890abcdef&user=jo",
            "https://r.example/.rss?feed=***&user=***",
        ),
        (
            "https://r.example/.rss?user=jo&feed=short&limit=5",
            "https://r.example/.rss?user=***&feed=***&limit=5",
        ),
        ("https://g.example/a.atom?feed_token=glft-x", "https://g.example/a.atom?feed_token=***"),
        (
            "https://h.example/services/T00000000/B00000000/XXXXXXXX12XXXXXXXXXX",
            "https://h.example/services/T00000000/B00000000/***",
        ),
        (
            "https://c.example/ical/private-0123456789abcdef0123/basic.ics",
            "https://c.example/ical/***/basic.ics",
        ),
        ("https://p.example/rss/secret:abc1/u:jo/", "https://p.example/rss/secret:***/u:jo/"),
        (
            "https://s.example/private/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f.rss",
            "https://s.example/private/***.rss",
        ),
        ("https://x.example/f#accessToken=s&a=1", "https://x.example/f#accessToken=***&a=1"),
        (
            "https://x.example/f?a=http://y/?token=s&b=1",
            "https://x.example/f?a=http://y/?token=***&b=1",
        ),
        (
            "https://x.example/f?u=https%3A%2F%2Fy%2F%3Ftoken%3Ds&b=1",
            "https://x.example/f?u=https%3A%2F%2Fy%2F%3Ftoken%3D***&b=1",
        ),
        ("/f.xml?apiKey=s", "/f.xml?apiKey=***"),
        # What is public stays: which feed, which channel, a slug, a number, a file.
        ("https://x.example/?feed=comments-rss2", "same"),
        ("https://y.example/feeds/videos.xml?channel_id=UC0123456789abcdefABCDEF", "same"),
        ("https://x.example/2026/11/acme-air-grounds-its-a320-fleet-and-says-sorry.html", "same"),
        ("https://www.example/alerts/feeds/01234567890123456789/9876543210", "same"),
        ("https://x.example/f?keyboard=qwerty&monkey=1&authors=a", "same"),
        ("https://x.example/keys/token?tag=key", "same"),
        ("no address: token=5", "same"),
    ],
)
def test_what_looks_like_a_secret_in_a_url_is_masked(url: str, shown: str | None) -> None:
    masked = mask_url(url)
    if shown is None:
        assert "=s" not in masked
        assert masked.count(HIDDEN) == 2
    else:
        assert masked == (url if shown == "same" else shown)
    assert mask_url(masked) == masked


_MADE = st.text(string.ascii_letters + string.digits, min_size=20, max_size=60).filter(
    lambda made: not made.isalpha() and not made.isdigit()
)
_NAMES = st.sampled_from(
    ["key", "token", "api_key", "feed_token", "accessToken", "X-Amz-Signature", "auth", "rsskey"]
)
_SHORT = st.text(string.ascii_letters + string.digits + "-_.~+", min_size=1, max_size=12)


@pytest.mark.parametrize(
    "address",
    [
        "https://x.example/feeds/{}/rss",
        "https://x.example/{}.xml?page=2",
        "https://x.example/feed?anything={}",
        "https://x.example/feed?page=2&anything={}#top",
        "https://x.example/feed#anything={}",
        "https://jo:{}@x.example:8443/feed",
        "https://x.example/go?to=https%3A%2F%2Fy.example%2F{}%2Frss",
        "reads https://x.example/feeds/{}: answered 403, and http://y.example/b?c=d answered 200",
    ],
)
@given(made=_MADE)
def test_what_a_program_made_up_is_hidden_wherever_it_stands(address: str, made: str) -> None:
    masked = mask_url(address.format(made))
    assert made not in masked
    assert masked.startswith(address[:8])
    assert mask_url(masked) == masked


@given(name=_NAMES, value=_SHORT)
def test_a_named_secret_is_hidden_however_short_and_however_often_quoted(
    name: str, value: str
) -> None:
    inner = f"https://y.example/?{name}={value}"
    shown = f"https://y.example/?{name}={HIDDEN}"
    assert mask_url(inner) == shown
    for _ in range(3):
        inner = f"https://x.example/?to={quote(inner, safe='')}"
        shown = f"https://x.example/?to={quote(shown, safe='*')}"
    assert mask_url(inner) == shown


@given(st.text(st.sampled_from(list("ab1?&;#=/:.@%2F *'")) | st.characters(), max_size=80))
def test_masked_twice_is_masked_once(text: str) -> None:
    masked = mask_url(text)
    assert mask_url(masked) == masked


@given(st.lists(st.from_regex(r"[a-z]{1,12}", fullmatch=True), min_size=1, max_size=12))
def test_words_are_left_alone(words: list[str]) -> None:
    address = f"https://x.example/{'/'.join(words)}/{'-'.join(words)}.html?q={'+'.join(words)}"
    assert mask_url(address) == address


@given(_MADE, _MADE)
def test_two_private_feeds_stay_two_targets(one: str, other: str) -> None:
    names = [told_apart(f"https://x.example/feed?token={each}") for each in (one, other)]
    assert (names[0] == names[1]) is (one == other)
    assert not any(each in name for each in (one, other) for name in names)
    assert told_apart("https://x.example/feed") == "https://x.example/feed"


def test_a_text_that_is_made_to_take_long_does_not() -> None:
    began = time.thread_time()
    mask_url("?a=" * 5000)
    mask_url("https://x.example" + "/a1" * 10000)
    mask_url("://" * 10000)
    assert time.thread_time() - began < 2


def test_known_values_are_hidden_however_they_are_quoted_and_however_deep() -> None:
    redactor = Redactor(["a+b/c d=ü", "short", "line one\nline two that is long enough"])
    given = {"reason": ["x a+b/c d=ü y", {"u": "q=a%2Bb%2Fc%20d%3D%C3%BC&a%2Bb%2Fc+d%3D%C3%BC"}]}
    assert redactor.anything(given) == {"reason": ["x *** y", {"u": "q=***&***"}]}
    assert redactor.text("short is no secret") == "short is no secret"
    assert "long enough" not in redactor.text("line two that is long enough")
    assert redactor.anything((3, None)) == (3, None)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    make = logging.getLogRecordFactory()
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    logger = logging.getLogger("redaction under test")
    logger.addHandler(handler)
    yield written
    logger.removeHandler(handler)
    logging.setLogRecordFactory(make)


def test_logs_hide_them_in_messages_arguments_and_tracebacks(log: io.StringIO) -> None:
    redact_logs(Redactor(["hunter2hunter2"]))
    logger = logging.getLogger("redaction under test")
    logger.warning("asked %s", "https://x.example/?q=hunter2hunter2")
    try:
        raise ValueError("hunter2hunter2 is wrong")
    except ValueError:
        logger.exception("no luck")
    assert "hunter2" not in log.getvalue()
    assert "ValueError: *** is wrong" in log.getvalue()
