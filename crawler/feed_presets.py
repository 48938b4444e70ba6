"""Feeds that are known by name: where they are, what they need, how relevant they are."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Preset:
    """A feed address with `{…}` for what the user names; `about_brand` feeds are not matched."""

    url: str
    needs: tuple[str, ...]
    about_brand: bool = False
    # WordPress pages its feeds with this parameter; the others hold only the newest.
    paged_by: str | None = None


# Pages that answer so at random, for any id and for hours: YouTube's since 2021, often in 2026.
_DOUBTFUL = {"www.youtube.com/feeds/videos.xml": (404, 500)}

PRESETS: dict[str, Preset] = {
    "wordpress_reviews": Preset(
        "https://wordpress.org/support/plugin/{slug}/reviews/feed/",
        ("slug",),
        about_brand=True,
        paged_by="paged",
    ),
    "wordpress_support": Preset(
        "https://wordpress.org/support/plugin/{slug}/feed/", ("slug",), about_brand=True
    ),
    "youtube_channel": Preset(
        "https://www.youtube.com/feeds/videos.xml?channel_id={channel_id}", ("channel_id",)
    ),
    "producthunt": Preset("https://www.producthunt.com/feed", ()),
    "lobsters_newest": Preset("https://lobste.rs/newest.rss", ()),
    "lobsters_comments": Preset("https://lobste.rs/comments.rss", ()),
    "lobsters_tag": Preset("https://lobste.rs/t/{tag}.rss", ("tag",)),
    "stackexchange_tag": Preset(
        "https://{site}/feeds/tag?tagnames={tag}&sort=newest", ("site", "tag")
    ),
    "google_alerts": Preset("https://www.google.com/alerts/feeds/{alert}", ("alert",)),
    "discourse_posts": Preset("https://{site}/posts.rss", ("site",)),
    "github_releases": Preset("https://github.com/{repository}/releases.atom", ("repository",)),
}


def doubtful_statuses(address: str) -> tuple[int, ...]:
    """Give the statuses that a feed answers with at random, whatever its id."""
    parts = urlsplit(address)
    return _DOUBTFUL.get(f"{parts.hostname}{parts.path}", ())
