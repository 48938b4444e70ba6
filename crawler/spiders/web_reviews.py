"""Reviews on any web page that marks them up with schema.org, as JSON-LD or microdata."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints
from scrapy.http import Request, Response

from crawler.base import MentionSpider, Yielded
from crawler.request_details import page_of, real_url
from crawler.review_nodes import (
    author_of,
    date_of,
    first,
    language_of,
    letters_of,
    literal,
    owner_reply_of,
    rating_of,
    stated_name,
    stated_names,
    text_of,
)
from crawler.schema_org import Node, marked_up, reviews_in
from crawler.source_options import SourceOptions
from crawler.web_pages import no_content, read_page
from storage import fields
from storage.models import Mention

_Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/?#]+\S*$")]

_WALL = re.compile(
    r"just a moment|attention required|access denied|are you a (?:robot|human)|robot check"
    r"|verify you are human|security check|pardon our interruption|captcha",
    re.IGNORECASE,
)
# What says that a page is a wall also by having next to nothing on it.
_LEAST_WORDS = 40
# The same review may carry a day only in one form, a time with its zone in the other.
_SAME_DAY = timedelta(hours=26)


class WebReviewsSpider(MentionSpider):
    """Read the reviews on the pages that you list: shops, recipe sites, directories.

    Only what the pages mark up for search engines is read, and only where their robots.txt
    allows it. Averages are no reviews; stars without a text are one where they have an author or
    a date.
    """

    name = "web_reviews"
    label = "Web pages with reviews"
    place = "on a web page"
    default_base_url = "https://localhost"
    matches_query = False
    always = ("url",)
    needs = "the addresses of pages that have schema.org reviews"
    limits = "only what a page shows, mostly its newest or most helpful reviews"
    terms = "each site's own; Earful obeys robots.txt and refuses hosts that forbid programs"

    class Options(SourceOptions):
        """Which pages."""

        urls: list[_Url] = Field(min_length=1, description="The pages' addresses.")
        match: bool = Field(
            default=False,
            description="Whether reviews must match the brand's query; by default the pages are "
            "about the brand as a whole.",
        )
        pages: int = Field(
            default=3, ge=1, le=50, description="Pages to follow from each address, at most."
        )

        @property
        def target(self) -> str:
            return " ".join(self.urls)

    options: Options

    @property
    def wants_match(self) -> bool:
        return self.options.match

    def requests(self) -> Iterable[Request]:
        for url in dict.fromkeys(self.options.urls):
            yield self.ask(url)

    def parse(self, response: Response) -> Iterator[Yielded]:
        page = read_page(response)
        where = real_url(response)
        marked, refusals = marked_up(page.root.root, where, cut=page.problem is not None)
        if not marked and _is_wall(page.root.root):
            raise page.problem or no_content(response)
        yield from refusals
        reviews = list(reviews_in(marked))
        language = page.root.xpath("/html/@lang").get()
        names = stated_names(reviews, where)
        mentions: list[Mention] = []
        for read in _once(
            list(self.each(reviews, lambda one: self._review(one, where, names, language)))
        ):
            if isinstance(read, Mention):
                mentions.append(read)
            yield read
        if page.problem:
            raise page.problem
        if following := _next_page(page.root.root, where):
            request = self.ask(following, page=page_of(response) + 1)
            yield from self.more(response, mentions, self.options.pages, request)

    def _review(
        self, review: Node, where: str, names: Mapping[str, set[str]], language: str | None
    ) -> Mention | None:
        text = text_of(review)
        title = fields.line(literal(first(review, "name", "headline", "summary")), "name")
        stars, top = rating_of(first(review, "reviewRating", "rating"))
        created = self._time(review)
        author, author_url = author_of(first(review, "author", "creator", "reviewer"))
        wordless, nobodys = not text and not title, author is None and created is None
        stub = review.keys() <= {"@type", "@id"}
        if wordless and nobodys and (stars is not None or stub):
            return None  # the stars of the page itself, or a review that stands elsewhere
        host = urlsplit(where).netloc.casefold().removeprefix("www.")
        stated = stated_name(review, where)
        if stated and len(names[stated]) == 1:
            native_id = stated if "://" in stated else f"{host}#{stated}"
        else:
            day = f"{created:%Y-%m-%d}" if created else ""
            content = letters_of(text or title or "") or f"{stars} of {top}"
            signs = [host, author or "", day, content]
            native_id = sha256(json.dumps(signs).encode("utf-8", "replace")).hexdigest()[:24]
        reply, replied = owner_reply_of(review)
        own = fields.link(literal(review.get("url")), where)
        return self.mention(
            native_id=native_id,
            text=text,
            title=title,
            created_at=created,
            edited_at=fields.later(date_of(review.get("dateModified")), self.now, "edited"),
            url=own if own and urlsplit(own).hostname == urlsplit(where).hostname else where,
            author=author,
            author_native_id=author_url,
            rating=stars,
            rating_max=top,
            language=fields.language(language_of(review) or language),
            reach=fields.count(literal(review.get("upvoteCount"))),
            owner_reply=reply,
            owner_replied_at=fields.later(replied, self.now, "reply's time"),
        )

    def _time(self, review: Node) -> datetime | None:
        """Give when a review was written, as far as it says: schema.org asks for no date."""
        given = first(review, "datePublished", "dateCreated", "dtreviewed", "dateModified")
        return fields.later(date_of(given), self.now, "datePublished")


def _once(given: Sequence[Yielded]) -> Iterator[Yielded]:
    """Leave out what the page says in both forms, or twice: what has a date goes before."""
    moments: dict[str, list[datetime]] = defaultdict(list)
    for one in given:
        if isinstance(one, Mention) and one.created_at is not None:
            moments[_said_by(one)].append(one.created_at)
    seen: dict[str, list[datetime]] = defaultdict(list)
    undated = set()
    for one in given:
        if isinstance(one, Mention):
            words = _said_by(one)
            if one.created_at is None:
                if moments[words] or words in undated:
                    continue
                undated.add(words)
            elif any(abs(one.created_at - moment) < _SAME_DAY for moment in seen[words]):
                continue
            else:
                seen[words].append(one.created_at)
        yield one


def _said_by(mention: Mention) -> str:
    words = mention.text or f"{mention.rating} of {mention.rating_max}"
    return letters_of(f"{mention.author} {words}")


def _is_wall(root: Any) -> bool:
    title = " ".join(root.xpath("string(//title[1])").split())
    words = root.xpath("string(//body)").split()
    return bool(_WALL.search(title)) or len(words) < _LEAST_WORDS


def _next_page(root: Any, where: str) -> str | None:
    """Give the page that this one calls its next, at the same host."""
    for link in root.xpath("//link[@href] | //a[@href]"):
        if "next" in (link.get("rel") or "").lower().split():
            url = fields.link(link.get("href"), where)
            if url and url != where and urlsplit(url).netloc == urlsplit(where).netloc:
                return url
    return None
