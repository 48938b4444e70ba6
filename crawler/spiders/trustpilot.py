"""Trustpilot reviews of a business, from the official API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator
from scrapy.http import Request, Response

from crawler import grants
from crawler.base import MentionSpider, Yielded
from crawler.entry_problems import broken
from crawler.json_bodies import at, items_at, object_in, read_json
from crawler.request_details import meta_of, page_of
from crawler.source_options import SourceOptions
from storage import fields
from storage.models import Mention

_PER_PAGE = 100


class TrustpilotSpider(MentionSpider):
    """Read a business's reviews with its replies, newest first, through the official API.

    robots.txt does not apply: this is a documented JSON API with a key. Trustpilot's pages must
    not be crawled; reviews exported there come in by `earful import`.
    """

    name = "trustpilot"
    label = "Trustpilot"
    place = "on Trustpilot"
    default_base_url = "https://api.trustpilot.com"
    robots = False
    matches_query = False
    always = ("rating", "author")
    needs = "an API key, and the business's domain or id"
    limits = "100 reviews a request; Trustpilot sets how many requests a plan has"
    terms = "official API of business accounts; no program may crawl its pages"
    secrets: ClassVar[Mapping[str, str]] = {
        "TRUSTPILOT_API_KEY": "API key of a Trustpilot business account: Trustpilot Business, "
        "Integrations, API"
    }

    class Options(SourceOptions):
        """Which business."""

        domain: str | None = Field(
            default=None,
            pattern=r"^[\w-]+(\.[\w-]+)+$",
            description='The business\'s domain at Trustpilot, such as "acme.example".',
        )
        business_unit_id: str | None = Field(
            default=None,
            pattern=r"^[0-9a-f]{16,40}$",
            description="Trustpilot's id of the business, where it is known: saves a request.",
        )
        language: str | None = Field(
            default=None, pattern=r"^[a-z]{2}$", description="Read one language only."
        )
        pages: int = Field(
            default=5, ge=1, le=100, description="Pages of 100 reviews a crawl, at most."
        )

        @model_validator(mode="after")
        def _one_business(self) -> Self:
            if (self.domain is None) == (self.business_unit_id is None):
                raise ValueError("name one business: either `domain` or `business_unit_id`")
            return self

        @property
        def target(self) -> str:
            return self.domain or self.business_unit_id or ""

    options: Options

    def requests(self) -> Iterable[Request]:
        if self.options.business_unit_id:
            yield self._page(self.options.business_unit_id, 1)
            return
        params: dict[str, object] = {"name": self.options.domain}
        yield self._ask("/v1/business-units/find", params, self.identified, door=True)

    def identified(self, response: Response) -> Iterator[Yielded]:
        """Go on with the id of the business that has the domain."""
        unit = at(read_json(response), "id")
        if not isinstance(unit, str) or not unit.isalnum():
            raise broken("answered without the `id` of the business")
        yield self._page(unit, 1)

    def parse(self, response: Response) -> Iterator[Yielded]:
        data = read_json(response)
        for name in ("props", "pageProps"):  # around what the site's own pages hold
            if isinstance(data, dict) and name in data:
                data = data[name]
        reviews = items_at({"reviews": data} if isinstance(data, list) else data, "reviews")
        mentions = yield from self.each(reviews, self._review)
        unit = meta_of(response).get("unit")
        if unit and len(reviews) >= _PER_PAGE:
            following = self._page(unit, page_of(response) + 1)
            yield from self.more(response, mentions, self.options.pages, following)

    def _page(self, unit: str, page: int) -> Request:
        params: dict[str, object] = {
            "perPage": _PER_PAGE,
            "page": page,
            "orderBy": "createdat.desc",
        }
        if self.options.language:
            params["language"] = self.options.language
        return self._ask(f"/v1/business-units/{unit}/reviews", params, page=page, unit=unit)

    def _ask(
        self, path: str, params: dict[str, object], callback: Any = None, **more: Any
    ) -> Request:
        headers = {"apikey": grants.key(self, "TRUSTPILOT_API_KEY")}
        return self.ask(
            path, params, callback=callback, headers=headers, dont_redirect=True, **more
        )

    def _review(self, review: dict[str, Any]) -> Mention | None:
        native_id = fields.identity(review.get("id"))
        if review.get("isPending") is True or review.get("pending") is True:
            return None  # not public yet
        # The site's own pages name some fields otherwise: exports carry either.
        dates, consumer = object_in(review, "dates"), object_in(review, "consumer")
        reply = object_in(review, "companyReply") or object_in(review, "reply")
        stars = fields.rating(review.get("stars", review.get("rating")), 5, "stars")
        created = review.get("createdAt") or dates.get("publishedDate")
        updated = review.get("updatedAt") or dates.get("updatedDate")
        replied = reply.get("createdAt") or reply.get("publishedDate")
        likes = review.get("numberOfLikes", review.get("likes"))
        author_id = consumer.get("id")
        return self.mention(
            native_id=native_id,
            text=fields.plain(review.get("text")),
            title=fields.line(review.get("title"), "title"),
            created_at=fields.moment(created, self.now, "createdAt"),
            edited_at=fields.later(updated, self.now, "updatedAt"),
            url=f"https://www.trustpilot.com/reviews/{native_id}",
            author=fields.line(consumer.get("displayName"), "displayName"),
            author_native_id=author_id if isinstance(author_id, str) and author_id else None,
            rating=stars,
            rating_max=5.0,
            language=fields.language(review.get("language")),
            reach=fields.count(likes),
            country=fields.country(consumer.get("countryCode")),
            owner_reply=fields.plain(reply.get("text") or reply.get("message"), "reply"),
            owner_replied_at=fields.later(replied, self.now, "reply's time"),
        )
