"""Google reviews of the owner's places, from the Business Profile API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints
from scrapy.http import Request, Response

from crawler import grants
from crawler.base import MentionSpider, Yielded
from crawler.json_bodies import items_at, object_in, read_json
from crawler.request_details import meta_of, next_cursor
from crawler.source_options import SourceOptions
from storage import fields
from storage.models import Mention

_STARS = {"ONE": 1.0, "TWO": 2.0, "THREE": 3.0, "FOUR": 4.0, "FIVE": 5.0}

_Number = Annotated[str, StringConstraints(pattern=r"^\d+$")]


class GoogleBusinessSpider(MentionSpider):
    """Read the reviews of your own places on Google, with your replies, last changed first.

    robots.txt does not apply: this is a documented JSON API with the owner's consent. Of comments
    that Google translated, the original is read.
    """

    name = "google_business"
    label = "Google Business Profile"
    place = "on Google Maps"
    default_base_url = "https://mybusiness.googleapis.com"
    robots = False
    matches_query = False
    always = ("rating",)
    needs = "Google's approval for the API, an OAuth client, and the places' numbers"
    limits = "50 reviews a request; 300 requests a minute"
    terms = "official API for the owner of the places"
    secrets: ClassVar[Mapping[str, str]] = {
        "GOOGLE_BUSINESS_CLIENT_ID": "OAuth client id of a Google Cloud project that Google has "
        "approved for the Business Profile APIs",
        "GOOGLE_BUSINESS_CLIENT_SECRET": "the secret of that OAuth client",
        "GOOGLE_BUSINESS_REFRESH_TOKEN": "refresh token that an owner of the places granted it, "
        "with the scope business.manage",
    }

    class Options(SourceOptions):
        """Which places."""

        account: str = Field(pattern=r"^\d+$", description="The account's number.")
        locations: list[_Number] = Field(
            min_length=1, description="The places' numbers, as in accounts/…/locations/NUMBER."
        )
        place_id: str | None = Field(
            default=None,
            pattern=r"^[\w-]+$",
            description="Google Maps' id of the place, for links to its reviews.",
        )
        pages: int = Field(
            default=5, ge=1, le=100, description="Pages of 50 reviews per place, at most."
        )

        @property
        def target(self) -> str:
            return " ".join(self.locations)

    options: Options
    token = ""

    def requests(self) -> Iterable[Request]:
        claims = {
            "client_id": grants.key(self, "GOOGLE_BUSINESS_CLIENT_ID"),
            "client_secret": grants.key(self, "GOOGLE_BUSINESS_CLIENT_SECRET"),
            "refresh_token": grants.key(self, "GOOGLE_BUSINESS_REFRESH_TOKEN"),
            "grant_type": "refresh_token",
        }
        yield grants.token_request(self, grants.GOOGLE_TOKENS, claims)

    def authorised(self, response: Response) -> Iterator[Yielded]:
        """Begin to read with the access token that came."""
        self.token = grants.access_token(response)
        for location in dict.fromkeys(self.options.locations):
            yield self._page(location)

    def parse(self, response: Response) -> Iterator[Yielded]:
        data = read_json(response)
        # A place without reviews is an empty object.
        reviews = [] if data == {} else items_at(data, "reviews")
        mentions = yield from self.each(reviews, self._review)
        token = next_cursor(response, data.get("nextPageToken"), "pageToken")
        if token is None:
            return
        location = meta_of(response).get("location") or self.options.locations[0]
        yield from self.more(response, mentions, self.options.pages, self._page(location, token))

    def _page(self, location: str, token: str | None = None) -> Request:
        params: dict[str, object] = {"pageSize": 50, "orderBy": "updateTime desc"}
        if token:
            params["pageToken"] = token
        return self.ask(
            f"/v4/accounts/{self.options.account}/locations/{location}/reviews",
            params,
            headers={"Authorization": f"Bearer {self.token}"},
            dont_redirect=True,
            location=location,
        )

    def _review(self, review: dict[str, Any]) -> Mention:
        native_id = fields.identity(review.get("reviewId") or _last(review.get("name")))
        given = review.get("starRating")
        stars = _STARS.get(given) if isinstance(given, str) else None
        reviewer, reply = object_in(review, "reviewer"), object_in(review, "reviewReply")
        created = review.get("createTime") or review.get("updateTime")
        name = fields.line(reviewer.get("displayName"), "displayName")
        place = self.options.place_id
        return self.mention(
            native_id=native_id,
            text=fields.original(fields.plain(review.get("comment"), "comment")),
            created_at=fields.moment(created, self.now, "createTime"),
            edited_at=fields.later(review.get("updateTime"), self.now, "updateTime"),
            # The API gives no address of a review.
            url=f"https://search.google.com/local/reviews?placeid={place}"
            if place
            else "https://business.google.com/reviews",
            # "A Google user" is everybody.
            author=None if reviewer.get("isAnonymous") is True else name,
            rating=stars,
            rating_max=5.0,
            owner_reply=fields.original(fields.plain(reply.get("comment"), "reply")),
            owner_replied_at=fields.later(reply.get("updateTime"), self.now, "reply's time"),
        )


def _last(name: object) -> str | None:
    return name.rpartition("/")[2] if isinstance(name, str) else None
