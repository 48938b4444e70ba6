"""Google Maps reviews of places, five each, from the Places API (New) with a key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints
from scrapy.http import Request, Response

from crawler import grants
from crawler.base import MentionSpider, Yielded
from crawler.daily_quota import day_spent
from crawler.entry_problems import PageError, unauthorised
from crawler.json_bodies import (
    at,
    error_body,
    items_at,
    object_in,
    objects,
    quoted,
    read_object,
)
from crawler.response_problems import refusal
from crawler.source_options import SourceOptions
from storage import fields
from storage.models import Mention

# How Google's APIs say that the key is bad, or may not be used so.
_BAD_KEY = re.compile(r"API_KEY_|SERVICE_DISABLED|BILLING_DISABLED|CONSUMER_INVALID")
_CONTRIBUTOR = re.compile(r"/maps/contrib/(\d+)")

_Place = Annotated[str, StringConstraints(pattern=r"^[\w-]{10,}$", max_length=300)]


class GooglePlacesSpider(MentionSpider):
    """Read the five reviews of each place that Google finds most relevant, as they were written.

    That is all the API gives, of any place, without the owner's replies: for all reviews of your
    own places, with replies, there is `google_business`. The key travels in a header.
    robots.txt does not apply: this is a documented JSON API with a key
    (developers.google.com/maps/documentation/places/web-service/place-details).
    """

    name = "google_places"
    label = "Google Maps (Places API)"
    place = "on Google Maps"
    default_base_url = "https://places.googleapis.com"
    robots = False
    matches_query = False
    always = ("rating", "author")
    needs = "an API key of a Google Cloud project with billing, and the places' ids"
    limits = (
        "the 5 most relevant reviews of a place; a request a place, of which Google bills those "
        "past the month's free 1,000"
    )
    terms = (
        "official API; Google Maps Platform's terms want reviews shown with author and link, and "
        "restrict how long you may keep them"
    )
    secrets: ClassVar[Mapping[str, str]] = {
        "GOOGLE_PLACES_API_KEY": "API key of a Google Cloud project with the Places API (New): "
        "console.cloud.google.com/apis/credentials"
    }
    quota_zone = "America/Los_Angeles"

    class Options(SourceOptions):
        """Which places."""

        places: list[_Place] = Field(
            min_length=1,
            description='Ids of places at Google Maps, such as "ChIJ…": '
            "developers.google.com/maps/documentation/places/web-service/place-id finds them.",
        )
        daily_requests: int = Field(
            default=30,
            ge=1,
            description="How many requests a day, at most: 30 stay within the month's free 1,000.",
        )

        @property
        def target(self) -> str:
            return " ".join(self.places)

    options: Options

    def quota_limit(self) -> int:
        return self.options.daily_requests

    def requests(self) -> Iterable[Request]:
        for place in dict.fromkeys(self.options.places):
            yield self.ask(
                f"/v1/places/{place}",
                headers={
                    "X-Goog-Api-Key": grants.key(self, "GOOGLE_PLACES_API_KEY"),
                    # Only what is asked for comes, and is billed.
                    "X-Goog-FieldMask": "reviews",
                },
                dont_redirect=True,
                handle_httpstatus_list=[400, 403, 404, 429],
            )

    def parse(self, response: Response) -> Iterator[Yielded]:
        if response.status >= 400:
            raise self._refused(response)
        data = read_object(response)
        # A place without reviews is an empty object.
        yield from self.each(items_at(data, "reviews") if data else [], self._review)

    def _refused(self, response: Response) -> PageError:
        error = error_body(response).get("error")
        words = quoted(at(error, "message")) or quoted(at(error, "status"))
        details = objects(at(error, "details"))
        reasons = " ".join(str(detail.get("reason", "")) for detail in details)
        if at(error, "status") == "PERMISSION_DENIED" or _BAD_KEY.search(reasons):
            return unauthorised(f"refused the key ({words}): check GOOGLE_PLACES_API_KEY")
        limits = " ".join(str(at(detail, "metadata", "quota_limit")) for detail in details)
        if response.status == 429 and "day" in limits.casefold():
            return day_spent(self, response, words)
        return refusal(response, words)

    def _review(self, review: dict[str, Any]) -> Mention:
        author = object_in(review, "authorAttribution")
        # `text` is a translation where the reader's language is another.
        written = object_in(review, "originalText") or object_in(review, "text")
        return self.mention(
            # A place's id may change, its reviews' do not.
            native_id=fields.identity(_last(review.get("name")), "name"),
            text=fields.plain(written.get("text")),
            created_at=fields.moment(review.get("publishTime"), self.now, "publishTime"),
            url=fields.link(review.get("googleMapsUri")),
            author=fields.line(author.get("displayName"), "displayName"),
            author_native_id=_contributor(author.get("uri")),
            rating=fields.rating(review.get("rating"), 5),
            rating_max=5.0,
            language=fields.language(written.get("languageCode")),
        )


def _last(name: object) -> str | None:
    return name.rpartition("/")[2] if isinstance(name, str) else None


def _contributor(uri: object) -> str | None:
    """Name an author by the number in the address of their profile."""
    match = _CONTRIBUTOR.search(uri) if isinstance(uri, str) else None
    return match[1] if match else None
