"""Product reviews of a WooCommerce shop, from its public Store API or the owner's API."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator
from scrapy.http import Request, Response

from crawler import grants
from crawler.base import MentionSpider, Yielded
from crawler.json_bodies import error_body, items_at, read_json
from crawler.request_details import login_apart, meta_of, page_of
from crawler.response_problems import refusal, status_problem
from crawler.source_options import SourceOptions
from crawler.web_pages import html_page, no_content
from storage import fields
from storage.models import Mention, iso

_PER_PAGE = 100
_PUBLIC = "/wc/store/v1/products/reviews"
_OWNER = "/wc/v3/products/reviews"
# Where the API stands with pretty permalinks, and where with plain ones.
_DOORS = ("/wp-json", "/?rest_route=")
# What the owner's API may hold that the public never saw, or no longer sees.
_GONE = {"spam", "trash"}


class WooCommerceSpider(MentionSpider):
    """Read the product reviews of one shop, newest first.

    Where the Store API is closed, the shop's owner reads the same reviews, under the same ids,
    with a key: `owner_api = true`. Addresses of reviewers that this API gives are not kept.
    """

    name = "woocommerce"
    label = "WooCommerce shop"
    place = "in a WooCommerce shop"
    default_base_url = "https://localhost"
    matches_query = False
    always = ("author",)
    needs = "the shop's address; with `owner_api = true` a REST API key of the shop"
    limits = "100 reviews a request"
    terms = "the shop's own; Earful obeys robots.txt, except with the owner's key"
    optional_secrets: ClassVar[Mapping[str, str]] = {
        "WOOCOMMERCE_KEY": "consumer key, from WooCommerce, Settings, Advanced, REST API; used "
        "by `owner_api` only",
        "WOOCOMMERCE_SECRET": "the secret that belongs to WOOCOMMERCE_KEY",
    }

    class Options(SourceOptions):
        """Which shop, and by which of the two ways."""

        site: str = Field(
            pattern=r"^https?://[^\s/?#]+[^\s?#]*$",
            description='The shop\'s address, such as "https://shop.example".',
        )
        product_id: int | None = Field(
            default=None, gt=0, description="Read the reviews of one product only."
        )
        pages: int = Field(
            default=5, ge=1, le=100, description="Pages of 100 reviews a crawl, at most."
        )
        owner_api: bool = Field(
            default=False, description="Use the owner's API, with a key; needs https."
        )

        @model_validator(mode="after")
        def _no_key_in_the_clear(self) -> Self:
            if self.owner_api and not self.site.startswith("https://"):
                raise ValueError("owner_api: the shop's address must begin with https://")
            return self

        @property
        def address(self) -> str:
            return self.site.rstrip("/")

        @property
        def target(self) -> str:
            product = f"#{self.product_id}" if self.product_id else ""
            return self.address + product

    options: Options

    @classmethod
    def needed_secrets(cls, options: SourceOptions) -> Mapping[str, str]:
        return cls.optional_secrets if getattr(options, "owner_api", False) else {}

    @property
    def asked_since(self) -> bool:
        """Only the owner's API can be asked for what is newer."""
        return self.options.owner_api and self.since is not None

    def requests(self) -> Iterable[Request]:
        yield self._page(1)

    def parse(self, response: Response) -> Iterator[Yielded]:
        door = meta_of(response).get("door", _DOORS[0])
        if response.status == 404:
            # What WordPress itself refuses is refused by either way.
            if error_body(response):
                raise refusal(response)
            yield self._page(1, _DOORS[1])
            return
        if door == _DOORS[1] and html_page(response.body):
            # Where there is no such API, a shop's home page answers to whatever is asked of it.
            raise status_problem(404) or no_content(response)
        data = read_json(response)
        if isinstance(data, dict) and "data" in data and "code" not in data:
            data = data["data"]  # Jetpack hands the owner's API on in an object
        if isinstance(data, dict) and "review" in data:
            data = [data]
        reviews = items_at({"reviews": data} if isinstance(data, list) else data, "reviews")
        for review in filter(_gone, reviews):
            yield self.gone(self._id(review))
        mentions = yield from self.each(reviews, self._review)
        if len(reviews) >= _PER_PAGE:
            following = self._page(page_of(response) + 1, door)
            yield from self.more(response, mentions, self.options.pages, following)

    def _page(self, page: int, door: str = _DOORS[0]) -> Request:
        owner = self.options.owner_api
        params: dict[str, object] = {
            "per_page": _PER_PAGE,
            "page": page,
            "orderby": "date_gmt",
            "order": "desc",
        }
        if self.options.product_id:
            params["product" if owner else "product_id"] = self.options.product_id
        headers = {}
        if owner:
            params["status"] = "approved"
            if self.since is not None:
                # Shops compare with their own time of day, whatever the zone says.
                params["after"] = iso(self.since - timedelta(days=1))
            pair = [grants.key(self, name) for name in self.optional_secrets]
            headers["Authorization"] = "Basic " + b64encode(":".join(pair).encode()).decode()
        return self.ask(
            self.options.address + door + (_OWNER if owner else _PUBLIC),
            params,
            page=page,
            door=door,
            handle_httpstatus_list=[404] if page == 1 and door == _DOORS[0] else [],
            headers=headers,
            obey_robots=not owner,
            dont_redirect=owner,
        )

    def _review(self, review: dict[str, Any]) -> Mention | None:
        native_id = self._id(review)
        if _gone(review):
            return None
        # 0 is how WooCommerce writes that there are no stars.
        stars = fields.rating(review.get("rating") or None, 5)
        author = fields.line(review.get("reviewer"), "reviewer")
        number = native_id.rpartition("#")[2]
        product = fields.link(review.get("product_permalink"))
        product = product or f"{self.options.address}/?p={review.get('product_id') or ''}"
        return self.mention(
            native_id=native_id,
            text=fields.from_html(review.get("review"), "review"),
            created_at=fields.moment(
                review.get("date_created_gmt") or review.get("date_created"),
                self.now,
                "date_created_gmt",
            ),
            url=fields.link(f"{product}#comment-{number}") or self.options.address,
            author=author,
            rating=stars,
            rating_max=5.0,
        )

    @property
    def _shop(self) -> str:
        parts = urlsplit(login_apart(self.options.address)[0])
        return parts.netloc.casefold() + parts.path

    def _id(self, review: dict[str, Any]) -> str:
        """Number reviews per shop: each shop counts from one."""
        return f"{self._shop}#{fields.identity(review.get('id'))}"


def _gone(review: Any) -> bool:
    return (
        isinstance(review, dict)
        and str(review.get("status")) in _GONE
        and isinstance(review.get("id"), int)
    )
