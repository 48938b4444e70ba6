"""Reviews of a Firefox add-on, from the public API of addons.mozilla.org."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from pydantic import Field
from scrapy.http import Request, Response

from crawler.base import MentionSpider, Yielded
from crawler.json_bodies import items_at, object_in, read_json
from crawler.request_details import page_of
from crawler.source_options import SourceOptions
from storage import fields
from storage.models import Mention

_PER_PAGE = 50


class MozillaAddonsSpider(MentionSpider):
    """Read an add-on's reviews, newest first, with the developer's replies.

    robots.txt does not apply: this is a documented JSON API. Each user's latest review counts.
    """

    name = "mozilla_addons"
    label = "Firefox Add-ons"
    place = "on Firefox Add-ons"
    default_base_url = "https://addons.mozilla.org"
    robots = False
    matches_query = False
    always = ("rating", "author")
    needs = "the add-on's name in its address, or its id"
    limits = "50 reviews a request; Mozilla may slow frequent readers down"
    terms = "public API, no key; Mozilla may change it"

    class Options(SourceOptions):
        """Which add-on."""

        addon: str = Field(
            pattern=r"^[^\s/?#]+$",
            description="Its name in the address, after `addon/`, or its number or GUID.",
        )
        pages: int = Field(
            default=10, ge=1, le=200, description="Pages of 50 reviews a crawl, at most."
        )

        @property
        def target(self) -> str:
            return self.addon

    options: Options

    def requests(self) -> Iterable[Request]:
        yield self._page(1)

    def parse(self, response: Response) -> Iterator[Yielded]:
        data = read_json(response)
        ratings = items_at(data, "results")
        for rating in filter(_deleted, ratings):
            yield self.gone(fields.identity(rating["id"]))
        kept = [rating for rating in ratings if not _deleted(rating)]
        mentions = yield from self.each(kept, self._rating)
        if data.get("next") and ratings:
            following = self._page(page_of(response) + 1)
            yield from self.more(response, mentions, self.options.pages, following)

    def _page(self, page: int) -> Request:
        params = {
            "addon": self.options.addon,
            "page": page,
            "page_size": _PER_PAGE,
        }
        return self.ask("/api/v5/ratings/rating/", params, page=page)

    def _rating(self, rating: dict[str, Any]) -> Mention | None:
        native_id = fields.identity(rating.get("id"))
        stars = fields.rating(rating.get("score"), 5, "score")
        if rating.get("is_developer_reply"):
            return None
        user, reply = object_in(rating, "user"), object_in(rating, "reply")
        addon = object_in(rating, "addon").get("slug") or self.options.addon
        return self.mention(
            native_id=native_id,
            text=fields.from_html(rating.get("body"), "body"),
            title=fields.line(rating.get("title"), "title"),
            created_at=fields.moment(rating.get("created"), self.now, "created"),
            url=f"https://addons.mozilla.org/firefox/addon/{quote(str(addon))}/reviews/{native_id}/",
            author=fields.line(user.get("name") or user.get("username"), "user"),
            author_native_id=fields.identity(user["id"], "user") if user.get("id") else None,
            rating=stars,
            rating_max=5.0,
            product_version=fields.product_version(_version(rating)),
            owner_reply=fields.from_html(reply.get("body"), "reply"),
            owner_replied_at=fields.later(reply.get("created"), self.now, "reply's time"),
        )


def _version(rating: dict[str, Any]) -> object:
    version = rating.get("version")
    return version.get("version") if isinstance(version, dict) else None


def _deleted(rating: Any) -> bool:
    return (
        isinstance(rating, dict)
        and rating.get("is_deleted") is True
        and isinstance(rating.get("id"), int)
    )
