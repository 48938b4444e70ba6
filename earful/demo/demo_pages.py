"""Pages for people: what the site serves, and the page behind each item's link."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from html import escape

from earful.demo import world
from earful.demo.demo_feeds import forum_path, reddit_path
from earful.demo.items import Sighting, newest_first
from earful.demo.story import Story

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;"
    "color:#1d2733;background:#fbfaf7}article{border-top:1px solid #ccd;padding:.7rem 0}"
    "small,.note{color:#667}a{color:#0b5d7a}h1{line-height:1.2}code{font-size:.9em}"
)
_NOTE = (
    f"{world.BRAND} is made up, and so is everybody who speaks of it. "
    "This page comes from Earful's demo on your own machine."
)
_LABELS = {
    "appstore": "App Store",
    "hackernews": "Hacker News",
    "reddit": "Reddit",
    "feeds": "Forum",
    "steam": "Steam",
}


def item_path(sighting: Sighting) -> str:
    """Give the path of an item's page: that of its public address, but for one review of many."""
    item = sighting.item
    if item.source == "appstore":
        return f"/{item.place}/app/id{world.APP_ID}?see-all=reviews#{item.native_id}"
    if item.source == "hackernews":
        return f"/item?id={item.native_id}"
    if item.source == "steam":
        return f"/profiles/{item.author.native_id}/recommended/{world.GAME_ID}/"
    return reddit_path(sighting) if item.source == "reddit" else forum_path(sighting)


def index_page(story: Story, moment: datetime) -> str:
    """List what the site serves, and what was said last."""
    served = {
        "appstore": [
            f"/{country}/rss/customerreviews/page=1/id={world.APP_ID}/sortby=mostrecent/json"
            for country in world.COUNTRIES
        ],
        "hackernews": ["/api/v1/search_by_date?query=%22kittiwake%22&tags=(story,comment)"],
        "reddit": [
            "/search.rss?q=%22kittiwake%22&sort=new&t=month&limit=100",
            f"/r/{world.SUBREDDIT}/new.rss",
        ],
        "feeds": ["/forum/feed/"],
        "steam": [f"/appreviews/{world.GAME_ID}?json=1&filter=recent"],
    }
    rows = []
    latest: list[Sighting] = []
    for source, paths in served.items():
        sightings = story.sightings(moment, source)
        latest += newest_first(sightings)[:5]
        links = "<br>".join(
            f'<a href="{escape(path)}"><code>{escape(path)}</code></a>' for path in paths
        )
        count = len(sightings)
        rows.append(f"<article><b>{_LABELS[source]}</b>, {count} items<br>{links}</article>")
    newest = _articles(newest_first(latest)[:12], linked=True)
    return _page(
        f"{world.BRAND}: the demo's world",
        f"<p>Earful's spiders read these addresses as they read the real ones.</p>{''.join(rows)}"
        f"<h2>Said last</h2>{newest}",
    )


def list_page(title: str, sightings: Iterable[Sighting]) -> str:
    """Show several items on one page, the newest first, each with an anchor."""
    return _page(title, _articles(newest_first(sightings, by_edit=True), linked=False))


def item_page(sighting: Sighting) -> str:
    title = sighting.version.title or f"{sighting.item.author.name} on {world.BRAND}"
    return _page(title, _articles([sighting], linked=False))


def missing_page(path: str) -> str:
    return _page("Not found", f"<p>Nothing lies at <code>{escape(path)}</code>.</p>")


def _articles(sightings: Iterable[Sighting], *, linked: bool) -> str:
    return "".join(_article(sighting, linked) for sighting in sightings)


def _article(sighting: Sighting, linked: bool) -> str:
    item, version = sighting.item, sighting.version
    title = f"<b>{escape(version.title)}</b><br>" if version.title else ""
    when = f"{version.at:%d %b %Y, %H:%M} UTC" + (" (edited)" if sighting.edited else "")
    link = f' · <a href="{escape(item_path(sighting))}">open</a>' if linked else ""
    return (
        f'<article id="{escape(item.native_id)}">{title}{escape(version.text)}<br>'
        f"<small>{escape(item.author.name)} · {_LABELS[item.source]}{_rating(sighting)} · "
        f"{when}{link}</small></article>"
    )


def _rating(sighting: Sighting) -> str:
    rating = sighting.version.rating
    if rating is None or sighting.item.source not in ("appstore", "steam"):
        return ""
    if sighting.item.source == "steam":
        return " · recommended" if rating else " · not recommended"
    return f" · {'★' * rating}{'☆' * (5 - rating)}"


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        f'<h1>{escape(title)}</h1>{body}<p class="note">{_NOTE}</p>'
        '<p><a href="/">All that is served here</a></p></body></html>'
    )
