"""Answer as Reddit and a WordPress forum do: Atom and RSS in their shapes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from xml.sax.saxutils import escape, quoteattr

from earful.demo import world
from earful.demo.items import Sighting, newest_first
from earful.demo.story import Story

FORUM_ENTRIES = 100
_REDDIT_MOST = 100
_REDDIT_USUAL = 25
# Reddit's months and years have a day to spare.
_WINDOWS = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=31),
    "year": timedelta(days=366),
}
_FEED_NS = 'xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/"'
_RSS_NS = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/"\n'
    '\txmlns:wfw="http://wellformedweb.org/CommentAPI/"\n'
    '\txmlns:dc="http://purl.org/dc/elements/1.1/"\n'
    '\txmlns:atom="http://www.w3.org/2005/Atom"\n'
    '\txmlns:sy="http://purl.org/rss/1.0/modules/syndication/"\n'
    '\txmlns:slash="http://purl.org/rss/1.0/modules/slash/"'
)


def reddit_posts(
    story: Story,
    moment: datetime,
    *,
    subreddit: str | None,
    query: str | None,
    window: str = "all",
    after: str = "",
    limit: int = _REDDIT_USUAL,
) -> list[Sighting]:
    """Give posts, the newest first: of one subreddit or all, matching a query if one is given."""
    oldest = moment - _WINDOWS[window] if window in _WINDOWS else None
    wanted = [word.casefold() for word in re.findall(r'"[^"]+"|\S+', query or "")]
    posts = [
        sighting
        for sighting in newest_first(story.sightings(moment, "reddit", subreddit))
        if (oldest is None or sighting.item.created_at >= oldest)
        and all(word.strip('"') in _words(sighting) for word in wanted)
    ]
    ids = [sighting.item.native_id for sighting in posts]
    start = ids.index(after) + 1 if after in ids else 0
    return posts[start : start + max(1, min(limit, _REDDIT_MOST))]


def _words(sighting: Sighting) -> str:
    return f"{sighting.version.title}\n{sighting.version.text}".casefold()


def reddit_feed(
    posts: Sequence[Sighting], moment: datetime, *, site_url: str, path: str, title: str
) -> str:
    """Write posts as Reddit's Atom; links lead to the site that serves it."""
    place = title.partition(":")[0]
    address = f"{site_url}{path}"
    page = address.replace(".rss", "", 1)
    head = (
        f"<category term={quoteattr(place)} label={quoteattr('r/' + place)}/>"
        f"<updated>{_atom_time(moment)}</updated>"
        "<icon>https://www.redditstatic.com/icon.png/</icon>"
        f"<id>{escape(path)}</id>"
        f'<link rel="self" href={quoteattr(address)} type="application/atom+xml" />'
        f'<link rel="alternate" href={quoteattr(page)} type="text/html" />'
        "<subtitle>Trains you can sleep on.</subtitle>"
        f"<title>{escape(title)}</title>"
    )
    entries = "".join(_reddit_entry(post, site_url) for post in posts)
    return f'<?xml version="1.0" encoding="UTF-8"?><feed {_FEED_NS}>{head}{entries}</feed>'


def reddit_path(sighting: Sighting) -> str:
    slug = re.sub(r"[^a-z0-9]+", "_", sighting.version.title.casefold()).strip("_")[:50]
    number = sighting.item.native_id.removeprefix("t3_")
    return f"/r/{sighting.item.place}/comments/{number}/{slug}/"


def _reddit_entry(sighting: Sighting, site_url: str) -> str:
    item, version = sighting.item, sighting.version
    author = f"/u/{item.author.name}"
    user = f"{site_url}/user/{item.author.name}"
    link = f"{site_url}{reddit_path(sighting)}"
    body = (
        f'<!-- SC_OFF --><div class="md">{_paragraphs(version.text)} </div><!-- SC_ON -->'
        f' &#32; submitted by &#32; <a href="{user}"> {author} </a> <br/>'
        f' <span><a href="{link}">[link]</a></span>'
        f' &#32; <span><a href="{link}">[comments]</a></span>'
    )
    return (
        f"<entry><author><name>{author}</name><uri>{user}</uri></author>"
        f'<category term="{item.place}" label="r/{item.place}"/>'
        f'<content type="html">{escape(body, {chr(34): "&quot;"})}</content>'
        f"<id>{item.native_id}</id><link href={quoteattr(link)} />"
        f"<updated>{_atom_time(version.at)}</updated>"
        f"<published>{_atom_time(item.created_at)}</published>"
        f"<title>{escape(version.title)}</title></entry>"
    )


def forum_entries(story: Story, moment: datetime) -> list[Sighting]:
    """Give what the forum's feed holds: its newest topics."""
    return newest_first(story.sightings(moment, "feeds"))[:FORUM_ENTRIES]


def forum_path(sighting: Sighting) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", sighting.version.title.casefold()).strip("-")[:60]
    return f"/forum/{sighting.item.native_id}-{slug}/"


def forum_feed(entries: Sequence[Sighting], built_at: datetime, site_url: str) -> str:
    """Write topics as WordPress' RSS; guids stay the same on whatever port the site runs."""
    return f"""<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"
\t{_RSS_NS}
>

<channel>
\t<title>{escape(world.FORUM_NAME)}</title>
\t<atom:link href="{site_url}/forum/feed/" rel="self" type="application/rss+xml" />
\t<link>{site_url}/forum/</link>
\t<description>Reports, questions and small complaints from the night trains</description>
\t<lastBuildDate>{_rss_time(built_at)}</lastBuildDate>
\t<language>en-GB</language>
\t<sy:updatePeriod>
\thourly\t</sy:updatePeriod>
\t<sy:updateFrequency>
\t1\t</sy:updateFrequency>
\t<generator>https://wordpress.org/?v=7.0</generator>
{"".join(_forum_entry(entry, site_url) for entry in entries)}\t</channel>
</rss>
"""


def _forum_entry(sighting: Sighting, site_url: str) -> str:
    item, version = sighting.item, sighting.version
    link = f"{site_url}{forum_path(sighting)}"
    return f"""\t<item>
\t\t<title>{escape(version.title)}</title>
\t\t<link>{link}</link>

\t\t<dc:creator><![CDATA[{item.author.name}]]></dc:creator>
\t\t<pubDate>{_rss_time(item.created_at)}</pubDate>
\t\t\t\t<category><![CDATA[Trip reports]]></category>
\t\t<guid isPermaLink="false">https://{world.FORUM_HOST}/?p={item.native_id}</guid>

\t\t\t\t\t<description><![CDATA[{_paragraphs(_excerpt(version.text))}
]]></description>
\t\t\t\t\t\t\t\t\t\t<content:encoded><![CDATA[
{_paragraphs(version.text)}
]]></content:encoded>
\t\t\t</item>
"""


def _excerpt(text: str) -> str:
    words = text.split()
    return text if len(words) <= 30 else " ".join(words[:30]) + " […]"


def _paragraphs(text: str) -> str:
    return "\n".join(f"<p>{escape(part)}</p>" for part in text.split("\n\n"))


def _atom_time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _rss_time(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC))
