"""Lobsters stories, from the JSON form of its pages of newest stories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

from pydantic import Field, StringConstraints
from scrapy.http import Request, Response

from crawler.base import MentionSpider, Yielded
from crawler.json_bodies import items_at, read_json
from crawler.request_details import meta_of, page_of
from crawler.source_options import SourceOptions
from storage import fields
from storage.models import Mention

_Tag = Annotated[str, StringConstraints(pattern=r"^[\w.+-]{1,50}$")]


class LobstersSpider(MentionSpider):
    """Read the newest stories, or those of some tags, and keep what is about the brand.

    Lobsters has no search that programs may ask, so its pages are read and matched here.
    """

    name = "lobsters"
    label = "Lobsters"
    place = "on Lobsters"
    default_base_url = "https://lobste.rs"
    names_are_ids = True
    always = ("author", "url")
    limits = "25 stories a page; a request a second"
    terms = "public pages, no key; Earful obeys robots.txt"

    class Options(SourceOptions):
        """Which stories; without tags, all of them."""

        tags: list[_Tag] = Field(
            default=[], description='Tags as in lobste.rs/t/…, such as "release"; none for all.'
        )
        pages: int = Field(
            default=5, ge=1, le=40, description="Pages of 25 stories a crawl, at most."
        )

        @property
        def target(self) -> str:
            return " ".join(self.tags)

    options: Options

    def requests(self) -> Iterable[Request]:
        for tag in self.options.tags or [""]:
            yield self._page(tag)

    def parse(self, response: Response) -> Iterator[Yielded]:
        stories = items_at(read_json(response))
        mentions = yield from self.each(stories, self._story)
        tag = meta_of(response).get("tag", "")
        following = self._page(tag, page_of(response) + 1)
        yield from self.more(response, mentions, self.options.pages, following)

    def _page(self, tag: str, page: int = 1) -> Request:
        path = f"/t/{tag}" if tag else "/newest"
        if page > 1:
            path += f"/page/{page}"
        return self.ask(f"{path}.json", page=page, tag=tag)

    def _story(self, story: dict[str, Any]) -> Mention:
        native_id = fields.identity(story.get("short_id"), "short_id")
        author = fields.line(story.get("submitter_user"), "submitter_user")
        return self.mention(
            native_id=native_id,
            text=fields.from_html(story.get("description"), "description"),
            title=fields.line(story.get("title"), "title"),
            created_at=fields.moment(story.get("created_at"), self.now, "created_at"),
            url=fields.link(story.get("short_id_url")) or f"https://lobste.rs/s/{native_id}",
            author=author,
            reach=fields.count(story.get("score")),
        )
