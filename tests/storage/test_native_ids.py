"""Links as their places write them, and which mention each leads to."""

from __future__ import annotations

import pytest

from storage.native_ids import Origin, origin_of


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://www.reddit.com/r/a/comments/1ab/slug/", Origin("reddit", "t3_1ab")),
        ("https://old.reddit.com/comments/1ab", Origin("reddit", "t3_1ab")),
        ("https://reddit.com/user/jo/comments/1ab/slug", Origin("reddit", "t3_1ab")),
        ("https://www.reddit.com/r/a/comments/1ab/slug/m7x/",
         Origin("reddit", "t1_m7x", "t3_1ab")),
        ("https://www.reddit.com/r/a/comments/1ab/s/c/m7x", Origin("reddit", "t1_m7x", "t3_1ab")),
        ("https://www.reddit.com/r/a/comments/1ab/comment/m7x?context=3",
         Origin("reddit", "t1_m7x", "t3_1ab")),
        ("https://www.reddit.com/r/a/", None),
        ("https://notreddit.com/r/a/comments/1ab/slug/", None),
        ("https://news.ycombinator.com/item?id=42", Origin("hackernews", "42")),
        ("https://news.ycombinator.com/item?id=42x", None),
        ("https://news.ycombinator.com/user?id=42", None),
        ("https://lobste.rs/s/abc123/a_title", Origin("lobsters", "abc123")),
        ("https://lobste.rs/s/abc123/a_title#c_zzzzzz", None),
        ("https://play.google.com/store/apps/details?id=com.a&reviewId=gp:A-b",
         Origin("google_play", "gp:A-b")),
        ("https://play.google.com/apps/publish?account=1#ReviewDetailsPlace:p=a&reviewid=gp:A",
         Origin("google_play", "gp:A")),
        ("https://play.google.com/store/apps/details?id=com.a", None),
        ("https://uk.trustpilot.com/reviews/0123456789abcdef01234567",
         Origin("trustpilot", "0123456789abcdef01234567")),
        ("https://www.trustpilot.com/review/acme.example", None),
        ("https://trustpilot.com.evil.example/reviews/0123456789abcdef01234567", None),
        ("https://www.yelp.com/biz/acme-air?hrid=Rv1-_x&utm_source=y", Origin("yelp", "Rv1-_x")),
        ("https://m.yelp.co.uk/biz/acme-air?hrid=Rv1-_x", Origin("yelp", "Rv1-_x")),
        ("https://www.yelp.com/biz/acme-air", None),
        ("https://yelp.com.evil.example/biz/acme-air?hrid=Rv1-_x", None),
        ("https://itunes.apple.com/us/review?id=1&userReviewId=7001", Origin("appstore", "7001")),
        ("https://apps.apple.com/us/app/id1?see-all=reviews", None),
        ("https://addons.mozilla.org/firefox/addon/a/reviews/7/", Origin("mozilla_addons", "7")),
        ("https://twitter.com/kai/status/19000?s=20", Origin("x", "19000")),
        ("https://x.com/kai", None),
        ("https://t.me/s/acmeair/7", Origin("telegram", "acmeair/7")),
        ("https://youtu.be/vid00000001", Origin("youtube", "vid00000001")),
        ("https://www.youtube.com/watch?v=vid00000001&lc=Ugx.r1", Origin("youtube", "Ugx.r1")),
        ("https://www.youtube.com/@acme", None),
        ("https://[bad", None),
        ("", None),
        (None, None),
    ],
)  # fmt: skip
def test_a_link_leads_to_one_mention_or_to_none(url: str | None, origin: Origin | None) -> None:
    assert origin_of(url) == origin
