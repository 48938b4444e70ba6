"""Apple App Store customer reviews, from Apple's public RSS in JSON and XML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import Field, StringConstraints
from scrapy.http import Request, Response

from crawler.base import MentionSpider, Yielded
from crawler.entry_problems import PageError, broken
from crawler.feed_bodies import read_feed
from crawler.json_bodies import items_at, read_json
from crawler.request_details import meta_of, page_of, real_url
from crawler.source_notes import Today
from crawler.source_options import SourceOptions
from storage import fields
from storage.fields import EntryError
from storage.models import CrawlOutcome, Mention

_CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2}$", to_lower=True)]

# Countries whose store is written in one language; of the others nothing is known.
_LANGUAGES = {
    **dict.fromkeys(("us", "gb", "au", "nz", "ie"), "en"),
    **dict.fromkeys(("de", "at"), "de"),
    **dict.fromkeys(("es", "mx", "ar", "co", "cl", "pe"), "es"),
    **dict.fromkeys(("br", "pt"), "pt"),
    "fr": "fr", "it": "it", "nl": "nl", "pl": "pl", "jp": "ja", "kr": "ko", "ru": "ru",
    "se": "sv", "dk": "da", "no": "nb", "fi": "fi", "tr": "tr", "cn": "zh-CN", "tw": "zh-TW",
}  # fmt: skip

# Apple's outages alternate between the forms, so each page is asked for in this order.
_FORMS = (
    "/{country}/rss/customerreviews/page={page}/id={app}/sortby=mostrecent/json",
    "/{country}/rss/customerreviews/page={page}/id={app}/sortby=mostrecent/xml",
    "/{country}/rss/customerreviews/id={app}/sortBy=mostRecent/page={page}/json",
)


class AppStoreSpider(MentionSpider):
    """Read the newest reviews of one app in the stores of one or more countries.

    robots.txt does not apply: the reviews feed is a documented, keyless feed made for programs.
    """

    name = "appstore"
    label = "Apple App Store"
    place = "on the App Store"
    default_base_url = "https://itunes.apple.com"
    robots = False
    matches_query = False
    always = ("rating", "author")
    needs = "the app's number, as in apps.apple.com/app/id123456789"
    limits = "the 500 newest reviews of each country, 50 a page; Apple sometimes gives none"
    terms = "public feed, no key"
    today = (
        Today(
            date(2026, 6, 15),
            "Apple often answers addresses of data centres with feeds that hold no review",
            "run Earful from another network, or read your own app with the source "
            "`app_store_connect`, which has all reviews",
            ("github.com/joeseesun/qiaomu-app-review-insights/pull/1",),
        ),
    )

    class Options(SourceOptions):
        """Which app, and in which countries' stores."""

        app_id: int = Field(gt=0, description="The number in the app's address, after `id`.")
        countries: list[_CountryCode] = Field(
            default=["us"], min_length=1, description="Two-letter codes of the stores to read."
        )
        pages: int = Field(
            default=10, ge=1, le=10, description="Pages of 50 reviews per country; 10 is all."
        )

        @property
        def target(self) -> str:
            return str(self.app_id)

    options: Options

    @property
    def advice(self) -> Mapping[CrawlOutcome, str]:
        stores = len(dict.fromkeys(self.options.countries))
        asked = "the store of the one country" if stores == 1 else f"all {stores} countries"
        return {
            CrawlOutcome.EMPTY: f"Earful asked {asked} in every form; Apple often answers so to "
            "addresses of data centres: run Earful from another network, or read your own app "
            "with the source app_store_connect; a wrong app_id looks the same"
        }

    def requests(self) -> Iterable[Request]:
        for country in dict.fromkeys(self.options.countries):
            yield self._page(country, 1)

    def parse(self, response: Response) -> Iterator[Yielded]:
        country = _country(response)
        form, page = meta_of(response).get("form", 0), page_of(response)
        problem: PageError | None = None
        try:
            entries, problem = _entries(response)
        except PageError as error:
            entries, problem = [], error
        # A page that is empty in one form is read once more in the next; past the end, once.
        if not entries or problem or not any(map(_dated, entries)):
            if response.request and form + 1 < len(_FORMS) and (page == 1 or problem):
                yield self._page(country, page, form + 1)
                return
            if problem and not entries:
                raise problem
        mentions = yield from self.each(entries, lambda entry: self._review(entry, country))
        if problem:
            raise problem
        yield from self.more(
            response, mentions, self.options.pages, self._page(country, page + 1, form)
        )

    def _page(self, country: str, page: int, form: int = 0) -> Request:
        path = _FORMS[form].format(country=country, page=page, app=self.options.app_id)
        return self.ask(path, page=page, form=form, country=country)

    def _review(self, entry: dict[str, Any], country: str) -> Mention | None:
        if "im:name" in entry and "im:rating" not in entry:
            return None  # older responses start with the app itself
        author_url = _label(_label(entry.get("author"), "uri"))
        author_id = re.search(r"/id(\d+)", author_url) if isinstance(author_url, str) else None
        app = self.options.app_id
        return self.mention(
            native_id=fields.identity(_label(entry.get("id"))),
            text=fields.plain(_label(entry.get("content")), "content"),
            title=fields.line(_label(entry.get("title")), "title"),
            created_at=fields.later(_label(entry.get("updated")), self.now, "updated"),
            url=f"https://apps.apple.com/{country}/app/id{app}?see-all=reviews",
            author=fields.line(_label(_label(entry.get("author"), "name")), "author"),
            author_native_id=author_id[1] if author_id else None,
            rating=fields.rating(_label(entry.get("im:rating")), 5),
            rating_max=5.0,
            language=_LANGUAGES.get(country),
            reach=fields.count(_label(entry.get("im:voteCount"))),
            country=country.upper(),
            product_version=fields.product_version(_label(entry.get("im:version"))),
        )


def _country(response: Response) -> str:
    place = re.search(r"/([a-z]{2})/rss/", real_url(response))
    return place[1] if place else "us"


def _entries(response: Response) -> tuple[list[Any], PageError | None]:
    """Give the entries of either form in the JSON form's shape."""
    if response.body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<?xml", b"<feed")):
        feed = read_feed(response)
        return [_as_json(entry) for entry in feed.entries], feed.problem
    data = read_json(response)
    feed_data = data.get("feed") if isinstance(data, dict) else None
    if not isinstance(feed_data, dict):
        raise broken("answered without `feed`")
    if isinstance(feed_data.get("entry"), dict):
        return [feed_data["entry"]], None  # a single review comes bare
    if feed_data.get("entry") is None:
        return [], None
    return items_at(data, "feed", "entry"), None


def _as_json(entry: Any) -> dict[str, Any]:
    """Give an entry of the XML form in the shape of the JSON form."""
    contents = entry.get("content") or [{}]
    plain = next((c for c in contents if c.get("type") == "text/plain"), contents[0])
    detail = entry.get("author_detail") or {}
    shaped: dict[str, Any] = {
        "id": {"label": entry.get("id")},
        "title": {"label": entry.get("title")},
        "content": {"label": plain.get("value")},
        "updated": {"label": entry.get("updated")},
        "author": {"name": {"label": entry.get("author")}, "uri": {"label": detail.get("href")}},
        "im:voteCount": {"label": entry.get("im_votecount")},
    }
    if "im_version" in entry:
        shaped["im:version"] = {"label": entry["im_version"]}
    if "im_rating" in entry:
        shaped["im:rating"] = {"label": entry["im_rating"]}
    elif "im_name" in entry:
        shaped["im:name"] = {"label": entry["im_name"]}
    return shaped


def _label(value: Any, key: str = "label") -> Any:
    """Take Apple's `{"label": …}` apart; null stays null, another shape is refused."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise EntryError(f"{str(value)[:40]!r} stands where an object with `{key}` belongs")
    return value.get(key)


def _dated(entry: Any) -> bool:
    # The JSON form left `updated` out for years; the XML form always has it.
    return isinstance(entry, dict) and ("updated" in entry or "im:name" in entry)
