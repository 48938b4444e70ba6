"""Yelp reviews of businesses, three excerpts each, from the Places API with a key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints
from scrapy.http import Request, Response

from crawler import grants
from crawler.base import MentionSpider, Yielded
from crawler.daily_quota import day_spent
from crawler.entry_problems import PageError, unauthorised
from crawler.json_bodies import at, error_body, items_at, object_in, quoted, read_json
from crawler.response_problems import refusal
from crawler.source_options import SourceOptions
from storage import fields
from storage.models import Mention

# What Yelp cuts ends so.
_CUT = ("...", "…")
# Yelp writes its times so, without naming the zone.
_ZONE = ZoneInfo("America/Los_Angeles")

_Business = Annotated[str, StringConstraints(pattern=r"^[\w-]+$", max_length=200)]


class YelpSpider(MentionSpider):
    """Read the newest reviews of businesses: three each, the first 160 characters of every one.

    That is all the API gives, so crawl often where reviews come often. A review that is cut is
    kept as it came first; one that is whole is read anew when its author changes it. The API has
    no replies of owners. robots.txt does not apply: this is a documented JSON API with a key
    (docs.developer.yelp.com/reference/v3_business_reviews). Yelp's pages must not be crawled.
    """

    name = "yelp"
    label = "Yelp"
    place = "on Yelp"
    default_base_url = "https://api.yelp.com"
    robots = False
    matches_query = False
    always = ("rating", "author", "url")
    needs = "an API key of a Yelp developer account, and the ids of the businesses"
    limits = (
        "the 3 newest reviews of a business, 160 characters of each; a request a business, 300 a "
        "day with a starter plan"
    )
    terms = "official API; Yelp lets nobody keep its content for over 24 hours without a contract"
    secrets: ClassVar[Mapping[str, str]] = {
        "YELP_API_KEY": "API key of an app at Yelp: yelp.com/developers/v3/manage_app"
    }

    class Options(SourceOptions):
        """Which businesses."""

        businesses: list[_Business] = Field(
            min_length=1,
            description="Ids or aliases of businesses: what follows yelp.com/biz/, such as "
            '"acme-air-lounge-san-francisco".',
        )
        locale: str | None = Field(
            default=None,
            pattern=r"^[a-z]{2,3}_[A-Z]{2}$",
            description='Reviews in the language of a locale, such as "de_DE"; English without.',
        )
        daily_requests: int = Field(
            default=300, ge=1, description="How many requests a day the key's plan allows."
        )

        @property
        def target(self) -> str:
            return " ".join(self.businesses)

    options: Options

    def quota_limit(self) -> int:
        return self.options.daily_requests

    def requests(self) -> Iterable[Request]:
        params: dict[str, object] = {"sort_by": "newest"}
        if self.options.locale:
            params["locale"] = self.options.locale
        for business in dict.fromkeys(self.options.businesses):
            yield self.ask(
                f"/v3/businesses/{business}/reviews",
                params,
                headers={"Authorization": f"Bearer {grants.key(self, 'YELP_API_KEY')}"},
                dont_redirect=True,
                handle_httpstatus_list=[400, 403, 404, 429],
            )

    def parse(self, response: Response) -> Iterator[Yielded]:
        if response.status >= 400:
            raise self._refused(response)
        yield from self.each(items_at(read_json(response), "reviews"), self._review)

    def _refused(self, response: Response) -> PageError:
        error = error_body(response).get("error")
        code, words = at(error, "code"), quoted(at(error, "description"))
        if code == "ACCESS_LIMIT_REACHED":
            return day_spent(self, response, words)
        if code == "VALIDATION_ERROR" and at(error, "field") == "Authorization":
            return unauthorised("refused the key as malformed")
        return refusal(response, words or quoted(code))

    def _review(self, review: dict[str, Any]) -> Mention:
        user = object_in(review, "user")
        user_id = user.get("id")
        text = fields.plain(review.get("text"))
        return self.mention(
            native_id=fields.identity(review.get("id")),
            text=text,
            created_at=self._written(review.get("time_created")),
            url=fields.link(review.get("url")),
            author=fields.line(user.get("name"), "name"),
            author_native_id=user_id if isinstance(user_id, str) and user_id else None,
            rating=fields.rating(review.get("rating"), 5),
            rating_max=5.0,
            excerpt=text.endswith(_CUT),
        )

    def _written(self, given: object) -> datetime:
        when = given
        if isinstance(given, str):
            try:
                when = datetime.fromisoformat(given)
            except ValueError:
                pass
            else:
                when = when if when.tzinfo else when.replace(tzinfo=_ZONE)
        return fields.moment(when, self.now, "time_created")
