"""Chrome Web Store reviews of an extension, from the store's own endpoint or its page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Self

from pydantic import Field, model_validator
from scrapy.http import Request, Response

from crawler import batchexecute
from crawler.base import MentionSpider, Yielded
from crawler.entry_problems import Bounded, broken
from crawler.json_bodies import at
from crawler.request_details import real_url
from crawler.source_options import SourceOptions
from storage import fields
from storage.models import Mention

_RPC = "x1DgCd"
_NEWEST = 2
# Both times are set when a review is written, some milliseconds apart.
_SAME = timedelta(minutes=1)


class ChromeWebStoreSpider(MentionSpider):
    """Read an extension's newest reviews with the developer's replies, in one request.

    Google documents no way to read reviews: the store's web pages ask an endpoint of their own,
    which `accept_unofficial = true` lets Earful ask too, with whatever Google's terms and
    robots.txt say about it; whoever sets it decides for their own crawler. Ratings without a
    text are not given out.
    """

    name = "chrome_web_store"
    label = "Chrome Web Store"
    place = "in the Chrome Web Store"
    default_base_url = "https://chromewebstore.google.com"
    matches_query = False
    always = ("rating", "author")
    needs = "the extension's id, and `accept_unofficial = true`"
    limits = "the 500 newest reviews, in one request"
    terms = "unofficial endpoint, off unless you accept it"

    class Options(SourceOptions):
        """Which extension."""

        extension_id: str = Field(
            pattern=r"^[a-p]{32}$", description="The 32 letters at the end of its address."
        )
        language: str = Field(
            default="en",
            pattern=r"^[a-z]{2,3}(-[A-Za-z]{2,4})?$",
            description="The language in which to ask the store; reviews come in all languages.",
        )
        reviews: int = Field(
            default=200, ge=10, le=500, description="How many of the newest reviews to read."
        )
        accept_unofficial: bool = Field(
            default=False,
            description="Google offers no public API: Earful reads nothing unless you set "
            "this to true, at your own responsibility.",
        )

        @model_validator(mode="after")
        def _accepted(self) -> Self:
            if not self.accept_unofficial:
                raise ValueError(
                    "the Chrome Web Store has no public API: set `accept_unofficial = true` to "
                    "use the store's own endpoint at your own responsibility"
                )
            return self

        @property
        def target(self) -> str:
            return self.extension_id

    options: Options

    def requests(self) -> Iterable[Request]:
        # The token that comes with a response leads nowhere: the size wanted is asked for.
        size = [self.options.reviews]
        inner = [self.options.extension_id, size, _NEWEST, None, None, None, 0]
        yield self.ask(
            "/_/ChromeWebStoreConsumerFeUi/data/batchexecute",
            {"rpcids": _RPC, "hl": self.options.language, "rt": "c"},
            method="POST",
            headers=batchexecute.FORM,
            body=batchexecute.form(_RPC, inner),
            obey_robots=False,
        )

    def parse(self, response: Response) -> Iterator[Yielded]:
        reviews = _reviews(response)
        mentions = yield from self.each(reviews, self._review, list)
        if len(reviews) >= self.options.reviews and self.reaches_since(mentions[-1:]):
            yield Bounded(real_url(response))

    def _review(self, review: list[Any]) -> Mention:
        created, edited = self._times(at(review, 4, 0), at(review, 5, 0))
        replied = [
            moment
            for place in (3, 4)
            if (moment := fields.later(at(review, 8, place, 0), self.now, "reply's time"))
        ]
        given = at(review, 14)
        # It becomes a part of an address: what is no id is left out.
        known = isinstance(given, str) and given.isascii() and given.isalnum()
        extension = given if known else self.options.extension_id
        return self.mention(
            native_id=fields.identity(at(review, 0)),
            text=fields.from_html(at(review, 3)),
            created_at=created,
            edited_at=edited,
            url=f"https://chromewebstore.google.com/detail/{extension}/reviews",
            author=fields.line(at(review, 1, 0), "author"),
            rating=fields.rating(at(review, 2), 5),
            rating_max=5.0,
            language=fields.language(at(review, 13)),
            reach=fields.count(at(review, 6)),
            owner_reply=fields.plain(at(review, 8, 2), "reply"),
            owner_replied_at=min(replied, default=None),
        )

    def _times(self, *given: Any) -> tuple[datetime, datetime | None]:
        moments = [moment for each in given if (moment := fields.later(each, self.now, "time"))]
        if not moments:
            return fields.moment(given[0], self.now, "time"), None
        first, last = min(moments), max(moments)
        return first, last if last - first > _SAME else None


def _reviews(response: Response) -> list[Any]:
    """Give the reviews of a response, of the data within the page, or of that data alone."""
    payloads = batchexecute.payloads(response)
    payload = payloads[0] if len(payloads) == 1 else next(filter(_has_reviews, payloads), None)
    reviews = at(payload, 1)
    if payload == [] or (reviews is None and isinstance(payload, list) and payload[0] is None):
        return []  # an unknown extension, or one without reviews
    if not isinstance(reviews, list):
        raise broken("answered without a list of reviews")
    return reviews


def _has_reviews(payload: Any) -> bool:
    first = at(payload, 1, 0)
    return (
        isinstance(at(first, 0), str)
        and isinstance(at(first, 1, 0), str)
        and at(first, 2) in range(1, 6)
        and isinstance(at(first, 4), list)
    )
