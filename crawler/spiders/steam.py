"""Steam user reviews of a game, from Valve's documented appreviews endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import Field
from scrapy.http import Request, Response

from crawler.base import MentionSpider, Yielded
from crawler.entry_problems import failed
from crawler.json_bodies import at, items_at, object_in, read_json
from crawler.request_details import asked, next_cursor
from crawler.source_options import SourceOptions
from storage import fields
from storage.fields import EntryError
from storage.models import Mention

_PER_PAGE = 100

# Steam's own names of languages: partner.steamgames.com/doc/store/localization/languages
_LANGUAGES = {
    "arabic": "ar", "bulgarian": "bg", "schinese": "zh-CN", "tchinese": "zh-TW", "czech": "cs",
    "danish": "da", "dutch": "nl", "english": "en", "finnish": "fi", "french": "fr",
    "german": "de", "greek": "el", "hungarian": "hu", "indonesian": "id", "italian": "it",
    "japanese": "ja", "koreana": "ko", "korean": "ko", "malay": "ms", "norwegian": "no",
    "polish": "pl", "portuguese": "pt", "brazilian": "pt-BR", "romanian": "ro",
    "russian": "ru", "spanish": "es", "latam": "es-419", "swedish": "sv", "thai": "th",
    "turkish": "tr", "ukrainian": "uk", "vietnamese": "vi",
}  # fmt: skip


class SteamSpider(MentionSpider):
    """Read a game's reviews by creation, then those edited or answered since.

    robots.txt does not apply: this is a documented JSON endpoint. A thumb up is 1 of 1, a thumb
    down 0 of 1.
    """

    name = "steam"
    label = "Steam"
    place = "on Steam"
    default_base_url = "https://store.steampowered.com"
    robots = False
    matches_query = False
    always = ("rating", "author_native_id")
    needs = "the game's app id, as in store.steampowered.com/app/440"
    limits = "150 requests in 5 minutes; 100 reviews a request"
    terms = "public endpoint, no key"
    # 150 requests in 5 minutes, then Steam closes the door for as long.
    delay = 2.0

    class Options(SourceOptions):
        """Which game, and in which language."""

        app_id: int = Field(gt=0, description="The number in the game's address, after `app/`.")
        language: str = Field(
            default="all",
            pattern=r"^[a-z]+$",
            description='Steam\'s name of a language, such as "english"; "all" for every one.',
        )
        pages: int = Field(
            default=10, ge=1, le=500, description="Pages of 100 reviews a crawl, at most."
        )

        @property
        def target(self) -> str:
            return str(self.app_id)

    options: Options

    def requests(self) -> Iterable[Request]:
        yield self._page("recent", "*")
        if self.since is not None:
            yield self._page("updated", "*")

    def parse(self, response: Response) -> Iterator[Yielded]:
        data = read_json(response)
        if at(data, "success") not in (1, True, None):
            raise failed("answered `success` false: check app_id")
        reviews = items_at(data, "reviews")
        mentions = yield from self.each(reviews, self._review)
        cursor = next_cursor(response, data.get("cursor"), "cursor")
        if cursor and cursor != "*":  # which is how the first page is asked for
            following = self._page(asked(response, "filter", "recent"), cursor)
            yield from self.more(response, mentions, self.options.pages, following)

    def _page(self, order: str, cursor: str) -> Request:
        params = {
            "json": 1,
            "filter": order,
            "language": self.options.language,
            "purchase_type": "all",
            "review_type": "all",
            "filter_offtopic_activity": 0,
            "num_per_page": _PER_PAGE,
            "cursor": cursor,
        }
        return self.ask(f"/appreviews/{self.options.app_id}", params)

    def _review(self, review: dict[str, Any]) -> Mention:
        author = object_in(review, "author")
        steam_id = author.get("steamid")
        author_id = fields.identity(steam_id, "steamid") if steam_id else None
        voted_up = review.get("voted_up")
        if voted_up is not None and not isinstance(voted_up, bool):
            raise EntryError(f"voted_up is {str(voted_up)[:40]!r}, not true or false")
        language = str(review.get("language") or "")
        app = self.options.app_id
        return self.mention(
            native_id=fields.identity(review.get("recommendationid"), "recommendationid"),
            text=fields.from_bbcode(review.get("review"), "review"),
            created_at=fields.moment(
                review.get("timestamp_created"), self.now, "timestamp_created"
            ),
            edited_at=fields.later(review.get("timestamp_updated"), self.now, "timestamp_updated"),
            url=f"https://steamcommunity.com/profiles/{author_id}/recommended/{app}/"
            if author_id
            else f"https://store.steampowered.com/app/{app}/",
            author=fields.line(author.get("personaname"), "personaname"),
            author_native_id=author_id,
            rating=None if voted_up is None else float(voted_up),
            rating_max=1.0,
            language=_LANGUAGES.get(language) or fields.language(language),
            reach=fields.count(review.get("votes_up")),
            owner_reply=fields.from_bbcode(review.get("developer_response"), "developer_response"),
            # Steam may say 0 although there is a reply: when it came is then unknown.
            owner_replied_at=fields.later(
                review.get("timestamp_dev_responded"), self.now, "timestamp"
            ),
        )
