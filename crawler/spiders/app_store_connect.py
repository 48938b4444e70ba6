"""App Store reviews of the owner's app, from the App Store Connect API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from pydantic import Field
from scrapy.http import Request, Response

from crawler import grants
from crawler.base import MentionSpider, Yielded
from crawler.json_bodies import at, items_at, objects, read_json
from crawler.source_options import SourceOptions
from storage import fields
from storage.fields import EntryError
from storage.models import Mention

_PER_PAGE = 200

# Apple's three letters, the store's two, and the language where a country has one.
_TERRITORIES = {
    "USA": ("us", "en"), "GBR": ("gb", "en"), "AUS": ("au", "en"), "NZL": ("nz", "en"),
    "IRL": ("ie", "en"), "CAN": ("ca", None), "IND": ("in", None), "ZAF": ("za", None),
    "DEU": ("de", "de"), "AUT": ("at", "de"), "CHE": ("ch", None), "FRA": ("fr", "fr"),
    "BEL": ("be", None), "NLD": ("nl", "nl"), "LUX": ("lu", None), "ESP": ("es", "es"),
    "MEX": ("mx", "es"), "ARG": ("ar", "es"), "COL": ("co", "es"), "CHL": ("cl", "es"),
    "PER": ("pe", "es"), "BRA": ("br", "pt"), "PRT": ("pt", "pt"), "ITA": ("it", "it"),
    "POL": ("pl", "pl"), "CZE": ("cz", "cs"), "HUN": ("hu", "hu"), "ROU": ("ro", "ro"),
    "GRC": ("gr", "el"), "TUR": ("tr", "tr"), "RUS": ("ru", "ru"), "UKR": ("ua", "uk"),
    "SWE": ("se", "sv"), "DNK": ("dk", "da"), "NOR": ("no", "nb"), "FIN": ("fi", "fi"),
    "JPN": ("jp", "ja"), "KOR": ("kr", "ko"), "CHN": ("cn", "zh-CN"), "TWN": ("tw", "zh-TW"),
    "HKG": ("hk", None), "SGP": ("sg", None), "THA": ("th", "th"), "VNM": ("vn", "vi"),
    "IDN": ("id", "id"), "MYS": ("my", None), "PHL": ("ph", None), "ISR": ("il", None),
    "SAU": ("sa", "ar"), "ARE": ("ae", None), "EGY": ("eg", "ar"),
}  # fmt: skip


class AppStoreConnectSpider(MentionSpider):
    """Read all reviews of your own app in every country, newest first, with your responses.

    robots.txt does not apply: this is a documented JSON API with the owner's key. A review has
    another id here than in the public feed of the source `appstore`: read an app by one of them.
    """

    name = "app_store_connect"
    label = "App Store Connect"
    place = "on the App Store"
    default_base_url = "https://api.appstoreconnect.apple.com"
    robots = False
    matches_query = False
    always = ("rating", "author")
    needs = "a key of App Store Connect, and the app's number"
    limits = "200 reviews a request; 3,600 requests an hour"
    terms = "official API for the owner of the app"
    secrets: ClassVar[Mapping[str, str]] = {
        "APP_STORE_CONNECT_ISSUER_ID": "issuer id: App Store Connect, Users and Access, "
        "Integrations",
        "APP_STORE_CONNECT_KEY_ID": "id of a key there with the role Customer Support",
        "APP_STORE_CONNECT_PRIVATE_KEY": "that key's .p8 file, its text or its path",
    }

    class Options(SourceOptions):
        """Which app."""

        app_id: int = Field(gt=0, description="The number in the app's address, after `id`.")
        pages: int = Field(
            default=5, ge=1, le=100, description="Pages of 200 reviews a crawl, at most."
        )

        @property
        def target(self) -> str:
            return str(self.app_id)

    options: Options
    token = ""

    def requests(self) -> Iterable[Request]:
        self.token = grants.apple_token(
            grants.key(self, "APP_STORE_CONNECT_ISSUER_ID"),
            grants.key(self, "APP_STORE_CONNECT_KEY_ID"),
            grants.key_or_file(self, "APP_STORE_CONNECT_PRIVATE_KEY", "-----BEGIN"),
        )
        yield self._page()

    def parse(self, response: Response) -> Iterator[Yielded]:
        data = read_json(response)
        reviews = items_at(data, "data")
        replies = _replies(data.get("included"))
        mentions = yield from self.each(reviews, lambda review: self._review(review, replies))
        if cursor := _cursor(at(data, "links", "next")):
            yield from self.more(response, mentions, self.options.pages, self._page(cursor))

    def _page(self, cursor: str | None = None) -> Request:
        params: dict[str, object] = {
            "sort": "-createdDate",
            "limit": _PER_PAGE,
            "include": "response",
        }
        if cursor:
            params["cursor"] = cursor
        return self.ask(
            f"/v1/apps/{self.options.app_id}/customerReviews",
            params,
            headers={"Authorization": f"Bearer {self.token}"},
            dont_redirect=True,
        )

    def _review(self, review: dict[str, Any], replies: dict[str, dict[str, Any]]) -> Mention:
        given = review.get("attributes")
        if not isinstance(given, dict):
            raise EntryError("it has no attributes")
        native_id = fields.identity(review.get("id"))
        reply = replies.get(_linked(review, "response") or native_id, {})
        territory = given.get("territory")
        country, language = _TERRITORIES.get(
            territory if isinstance(territory, str) else "", (None, None)
        )
        app = f"app/id{self.options.app_id}?see-all=reviews"
        return self.mention(
            native_id=native_id,
            text=fields.plain(given.get("body"), "body"),
            title=fields.line(given.get("title"), "title"),
            created_at=fields.moment(given.get("createdDate"), self.now, "createdDate"),
            url=f"https://apps.apple.com/{country}/{app}"
            if country
            else f"https://apps.apple.com/{app}",
            author=fields.line(given.get("reviewerNickname"), "reviewerNickname"),
            rating=fields.rating(given.get("rating"), 5),
            rating_max=5.0,
            language=language,
            country=country.upper() if country else None,
            owner_reply=fields.plain(reply.get("responseBody"), "responseBody"),
            owner_replied_at=fields.later(
                reply.get("lastModifiedDate"), self.now, "lastModifiedDate"
            ),
        )


def _replies(included: object) -> dict[str, dict[str, Any]]:
    """Give the attributes of the owner's replies by their own id and by that of their review."""
    replies: dict[str, dict[str, Any]] = {}
    for item in objects(included):
        if item.get("type") == "customerReviewResponses":
            attributes = item.get("attributes")
            for name in (item.get("id"), _linked(item, "review")):
                if isinstance(name, str) and isinstance(attributes, dict):
                    replies[name] = attributes
    return replies


def _linked(item: dict[str, Any], name: str) -> str | None:
    linked = at(item, "relationships", name, "data", "id")
    return linked if isinstance(linked, str) else None


def _cursor(following: object) -> str | None:
    """Take the cursor alone out of the next page's address: the key goes nowhere else."""
    if not isinstance(following, str):
        return None
    try:
        return parse_qs(urlsplit(following).query).get("cursor", [None])[0]
    except ValueError:
        return None
