"""Any RSS or Atom feed, by address or by the name of a preset."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from hashlib import sha256
from typing import Any, Self
from urllib.parse import urljoin, urlsplit, urlunsplit

from pydantic import Field, model_validator
from scrapy.http import Request, Response

from config.redaction import mask_url, told_apart
from config.secret_references import names_in
from crawler.base import MentionSpider, Yielded
from crawler.feed_bodies import Feed, read_feed, stamp
from crawler.feed_presets import PRESETS, Preset, doubtful_statuses
from crawler.request_details import page_of, real_url
from crawler.source_notes import Today
from crawler.source_options import SourceOptions
from storage import fields
from storage.models import Mention

_STARS = re.compile(r"^\s*(?:Replies:\s*\d+\s+)?Rating:\s*([0-5](?:\.\d)?)\s*stars?\s*", re.I)
_REPLIES = re.compile(r"^\s*Replies:\s*\d+\s*\n")
# What publishers add to a text: Product Hunt two links, WordPress a sentence with its own name.
_FOOTERS = (
    re.compile(r"\s*Discussion\s*\|\s*Link\s*$"),
    re.compile(r"\n\s*The post .{1,300} appeared first on .{1,200}\.$"),
)
# Ids without a scheme are unique within their feed only, unless they are long.
_GLOBAL_ID = re.compile(r"^[a-z][a-z0-9+.-]*:.|^.{24,}$|^t\d_\w+$", re.I)
_EMAIL = re.compile(r"[^\s()<>@]+@[^\s()<>@]+")
_PARAMETERS = ("slug", "channel_id", "tag", "site", "alert", "repository")


class FeedsSpider(MentionSpider):
    """Read one feed: asked only for what changed, matched against the brand's query.

    Feeds of dedicated review pages are about the brand as a whole and are not matched; the
    option `match` overrides either. `base_url` replaces scheme and host of the feed's address.
    """

    name = "feeds"
    label = "RSS and Atom feeds"
    place = "in a feed"
    default_base_url = "https://localhost"
    needs = "the address of a feed, or a preset: " + ", ".join(PRESETS)
    limits = "most feeds hold 10 to 50 entries: read them often enough"
    terms = "each publisher's own; Earful obeys robots.txt"
    today = (
        Today(
            date(2026, 2, 17),
            "YouTube's channel feeds answer 404 or 500 at random, for any channel, for some hours "
            "on many days",
            "nothing: Earful asks four times before it says so, and again at the next crawl; the "
            "source `youtube` reads a channel's comments with a key",
            (
                "github.com/ocaml/ocaml.org/issues/3512",
                "github.com/Ranchero-Software/NetNewsWire/issues/5402",
                "github.com/rumca-js/awesome-database-feeds/issues/35",
                "github.com/RSS-Bridge/rss-bridge/issues/2113",
            ),
        ),
    )

    class Options(SourceOptions):
        """Which feed: a `url`, or a `preset` with what it needs."""

        url: str | None = Field(
            default=None, pattern=r"^https?://[^\s/?#]+\S*$", description="The feed's address."
        )
        preset: str | None = Field(
            default=None, description="A known feed: " + ", ".join(PRESETS) + "."
        )
        slug: str | None = Field(
            default=None, pattern=r"^[\w-]+$", description="The plugin's name in its address."
        )
        channel_id: str | None = Field(
            default=None, pattern=r"^[\w-]+$", description='The channel\'s id, "UC…".'
        )
        tag: str | None = Field(
            default=None, pattern=r"^[\w.#+-]+$", description="A tag, as it stands in addresses."
        )
        site: str | None = Field(
            default=None,
            pattern=r"^[\w.-]+$",
            description='A host name, such as "stackoverflow.com".',
        )
        alert: str | None = Field(
            default=None,
            pattern=r"^\d+/\d+$",
            description="The two numbers in a Google Alerts feed's address.",
        )
        repository: str | None = Field(
            default=None, pattern=r"^[\w.-]+/[\w.-]+$", description='"owner/name" at GitHub.'
        )
        match: bool | None = Field(
            default=None,
            description="Whether entries must match the brand's query; by default they must, "
            "except on pages that are about the brand as a whole.",
        )
        pages: int = Field(
            default=3, ge=1, le=50, description="Pages at most, where a feed has pages."
        )

        @model_validator(mode="after")
        def _one_feed(self) -> Self:
            if (self.url is None) == (self.preset is None):
                raise ValueError("name one feed: either `url` or `preset`")
            if self.preset is not None and self.preset not in PRESETS:
                raise ValueError(f"no preset {self.preset!r}: there are " + ", ".join(PRESETS))
            needed = PRESETS[self.preset].needs if self.preset else ()
            for parameter in _PARAMETERS:
                given = getattr(self, parameter) is not None
                if parameter in needed and not given:
                    raise ValueError(f"preset {self.preset!r} needs `{parameter}`")
                if given and parameter not in needed:
                    raise ValueError(f"`{parameter}` is not used by this feed: remove it")
            return self

        @property
        def address(self) -> str:
            if self.url is not None:
                return self.url
            assert self.preset is not None  # the validator saw to it
            given = {name: getattr(self, name) for name in PRESETS[self.preset].needs}
            return PRESETS[self.preset].url.format_map(
                {
                    name: value.replace("#", "%23").replace("+", "%2B")
                    for name, value in given.items()
                }
            )

        @property
        def target(self) -> str:
            return self.address

    options: Options

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        # Which entry has the guid that several of this crawl share; "": the store has another.
        self._holders: dict[str, str] = {}

    @property
    def _preset(self) -> Preset | None:
        return PRESETS[self.options.preset] if self.options.preset else None

    @property
    def wants_match(self) -> bool:
        if self.options.match is not None:
            return self.options.match
        return not (self._preset and self._preset.about_brand)

    @property
    def always(self) -> tuple[str, ...]:  # type: ignore[override]  # it depends on the preset
        return ("rating",) if self.options.preset == "wordpress_reviews" else ()

    def requests(self) -> Iterable[Request]:
        address = self.options.address
        yield self.ask(address, conditional=True, doubtful=doubtful_statuses(address))

    def parse(self, response: Response) -> Iterator[Yielded]:
        feed = read_feed(response)
        where = real_url(response)
        mentions: list[Mention] = []
        for read in self._apart(
            list(self.each(feed.entries, lambda entry: self._entry(entry, feed, where)))
        ):
            if isinstance(read, Mention):
                mentions.append(read)
            yield read
        if feed.problem:
            raise feed.problem
        paged_by = self._preset.paged_by if self._preset else None
        if paged_by:
            page = page_of(response) + 1
            following = self.ask(self.options.address, {paged_by: page}, page=page)
            yield from self.more(response, mentions, self.options.pages, following)

    def _apart(self, given: list[Yielded]) -> Iterator[Yielded]:
        """Give each text of entries that share a guid or a link an id of its own.

        The one that the store has keeps the id; of new ones it is the oldest, so that the next
        entry of the feed takes no other's place. The others are named by what they say.
        """
        texts: dict[str, dict[str, Mention]] = {}
        for one in given:
            if isinstance(one, Mention):
                texts.setdefault(one.native_id, {}).setdefault(_said_by(one), one)
        apart = [f"{native_id}#{words}" for native_id, each in texts.items() for words in each]
        stored = self.stored([*texts, *apart])
        for native_id, each in texts.items():
            if len(each) > 1:
                holder = _holder(each, stored.get(native_id), self.kept)
                self._holders.setdefault(native_id, holder)
        for one in given:
            if isinstance(one, Mention):
                named = f"{one.native_id}#{_said_by(one)}"
                holder = self._holders.get(one.native_id, named)
                if named in stored or holder != named:
                    yield replace(one, native_id=named)
                    continue
            yield one

    def _entry(self, entry: Any, feed: Feed, where: str) -> Mention:
        leads_to = fields.behind_redirect(fields.link(entry.get("link"), where))
        url = _shown(fields.link(leads_to), where)
        title = fields.line(entry.get("title"), "title")
        author = _author(entry)
        publisher = entry.get("source") or {}
        if publisher.get("title") and title and title.endswith(f" - {publisher['title']}"):
            title = title[: -len(publisher["title"]) - 3].strip()  # Google News
        author = author or fields.line(publisher.get("title"), "source")
        text = fields.from_html(_body(entry, feed.version))
        for footer in _FOOTERS:
            text = footer.sub("", text)
        text, rating = _stars(text)
        # A feed promises no date: what has none, or one that nobody can read, is undated.
        updated = fields.later(stamp(entry, "updated", self.now), self.now, "updated")
        published = fields.later(stamp(entry, "published", self.now), self.now, "published")
        statistics = entry.get("media_statistics") or {}
        return self.mention(
            native_id=_native_id(entry.get("id"), url, where),
            text=text,
            title=title,
            created_at=published or updated,
            edited_at=updated,
            url=url,
            author=author,
            author_native_id=_author_id(entry, publisher, url or where),
            rating=rating,
            rating_max=5.0,
            language=fields.language(_language(entry)) or fields.language(feed.language),
            reach=fields.count(statistics.get("views")),
        )


def _body(entry: Any, version: str) -> object:
    """Choose the fullest text: `content`, unless it is only a picture's caption."""
    contents = [c for c in entry.get("content") or () if c.get("value")]
    summary = entry.get("summary")
    # In RSS, feedparser files `media:description` under `content`, as plain text.
    if contents and not (
        summary and version.startswith("rss") and contents[0].get("type") == "text/plain"
    ):
        return contents[0]["value"]
    return summary


def _author(entry: Any) -> str | None:
    """Name the author; RSS has an address there by its standard, which is not ours to keep."""
    given = entry.get("author")
    # feedparser cuts addresses with newer top-level domains in the middle.
    whole = isinstance(given, str) and "@" in given
    name = given if whole else (entry.get("author_detail") or {}).get("name") or given
    named = fields.line(name, "author")
    return (" ".join(_EMAIL.sub("", named).split()).strip("()<> ") or None) if named else None


def _stars(text: str) -> tuple[str, float | None]:
    """Take the stars out of a wordpress.org review, which says them in its first lines."""
    stars = _STARS.match(text)
    if stars:
        return text[stars.end() :].strip(), fields.rating(stars[1], 5)
    return _REPLIES.sub("", text), None


def _shown(url: str | None, where: str) -> str | None:
    """Give an entry's link, but for one beside a private feed: it would show the feed's key.

    Where an entry has no link, its id counts as one beside the feed.
    """
    beside = urljoin(where, ".")
    is_private = mask_url(beside) != beside or bool([*names_in(beside)])
    return None if url and is_private and url.startswith(beside) else url


def _native_id(guid: object, url: str | None, where: str) -> str:
    """Give an id that holds across feeds: the guid, scoped to its feed where it is short."""
    given = " ".join(fields.string(guid, "guid").split())
    if not given:
        return fields.identity(url, "guid and link")
    if _GLOBAL_ID.match(given):
        return fields.identity(given, "guid")
    # A private feed's key stays out of the ids of its entries.
    parts = urlsplit(told_apart(urlunsplit(urlsplit(where)._replace(query="", fragment=""))))
    return fields.identity(f"{parts.hostname}{parts.path}#{given}", "guid")


def _author_id(entry: Any, publisher: Any, where: str) -> str | None:
    """Name a person by their page, a publisher by its own or by its name at its host.

    The name of a person in a feed is what anybody may call themselves.
    """
    page = fields.link((entry.get("author_detail") or {}).get("href"))
    if page or entry.get("author"):
        return page
    named = fields.line(publisher.get("title"), "source")
    host = urlsplit(where).hostname
    return fields.link(publisher.get("href")) or (f"{host}:{named}" if named else None)


def _holder(
    each: Mapping[str, Mention], stored: str | None, kept: Callable[[Mention], Mention]
) -> str:
    """Choose which of the entries that share an id keeps it; "" where the store has another."""
    newest_first = list(each.values())
    if stored is not None:
        holder = next((one for one in newest_first if kept(one).text_hash == stored), None)
    else:
        holder = min(reversed(newest_first), key=lambda one: one.created_at or one.fetched_at)
    return f"{holder.native_id}#{_said_by(holder)}" if holder else ""


def _said_by(mention: Mention) -> str:
    """Name what somebody says, whatever else of an entry changes: 12 hex digits."""
    return sha256(f"{mention.author or ''}\n{mention.text_hash}".encode()).hexdigest()[:12]


def _language(entry: Any) -> object:
    for part in (*(entry.get("content") or ()), entry.get("title_detail") or {}):
        if part.get("language"):
            return part["language"]
    return entry.get("language")
