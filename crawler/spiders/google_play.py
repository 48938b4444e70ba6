"""Google Play reviews, from the store's own endpoint or the owner's official API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, StringConstraints, model_validator
from scrapy.http import Request, Response

from crawler import batchexecute, grants
from crawler.base import MentionSpider, Yielded
from crawler.entry_problems import broken
from crawler.json_bodies import at, items_at, objects, read_json
from crawler.request_details import asked
from crawler.source_options import SourceOptions
from storage import fields
from storage.fields import EntryError
from storage.models import Mention

_PER_PAGE = 150
_RPC = "UsvDTd"
_NEWEST = 2
_OWNER_API = "https://androidpublisher.googleapis.com/androidpublisher/v3/applications"
_SCOPE = "https://www.googleapis.com/auth/androidpublisher"

_Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z]{2,4})?$")]


class GooglePlaySpider(MentionSpider):
    """Read an app's newest reviews with the owner's replies, in one or more languages.

    Google documents no public way to read reviews: the store's web pages ask an endpoint of
    their own, which `accept_unofficial = true` lets Earful ask too, with whatever Google's terms
    and robots.txt say about it; whoever sets it decides for their own crawler. Owners of the app
    set `owner_api = true` instead and use the official API, which gives the last seven days.
    """

    name = "google_play"
    label = "Google Play"
    place = "on Google Play"
    default_base_url = "https://play.google.com"
    matches_query = False
    always = ("rating", "author")
    needs = "the app's package name, and `accept_unofficial = true` or `owner_api = true`"
    limits = "150 reviews a request, some 6,000 in all; owner API: the last 7 days, 200 an hour"
    terms = "unofficial endpoint, off unless you accept it; owner API: your own app's reviews"
    optional_secrets: ClassVar[Mapping[str, str]] = {
        "GOOGLE_PLAY_SERVICE_ACCOUNT": "JSON key of a service account that may read the app's "
        "reviews, or its path: Play Console, Users and permissions; used by `owner_api` only"
    }
    delay = 2.0

    class Options(SourceOptions):
        """Which app, and by which of the two ways."""

        app_id: str = Field(
            pattern=r"^[A-Za-z]\w*(\.\w+)+$",
            description='The package name, as in details?id=… , such as "com.acme.air".',
        )
        languages: list[_Language] = Field(
            default=["en"],
            min_length=1,
            description="Languages whose reviews are read; the owner's API gives all of them.",
        )
        country: str = Field(
            default="us", pattern=r"^[a-z]{2}$", description="The store's country."
        )
        pages: int = Field(
            default=10, ge=1, le=40, description="Pages of 150 reviews per language, at most."
        )
        accept_unofficial: bool = Field(
            default=False,
            description="Google offers no public API: Earful does not ask the store's own "
            "endpoint unless you set this to true, at your own responsibility.",
        )
        owner_api: bool = Field(
            default=False,
            description="Use the official API of the app's owner, with a service account.",
        )

        @model_validator(mode="after")
        def _one_way(self) -> Self:
            if self.owner_api == self.accept_unofficial:
                raise ValueError(
                    "choose how to read Google Play: `owner_api = true` for an app of yours, or "
                    "`accept_unofficial = true` to use the store's own endpoint at your own "
                    "responsibility"
                )
            return self

        @property
        def target(self) -> str:
            return self.app_id

    options: Options
    token = ""

    @classmethod
    def needed_secrets(cls, options: SourceOptions) -> Mapping[str, str]:
        return cls.optional_secrets if getattr(options, "owner_api", False) else {}

    def requests(self) -> Iterable[Request]:
        if self.options.owner_api:
            key = grants.key_or_file(self, "GOOGLE_PLAY_SERVICE_ACCOUNT", "{")
            claims = grants.service_account_claims(key, _SCOPE)
            yield grants.token_request(self, grants.GOOGLE_TOKENS, claims)
            return
        for language in dict.fromkeys(self.options.languages):
            yield self._page(language)

    def authorised(self, response: Response) -> Iterator[Yielded]:
        """Begin to read with the access token that came."""
        self.token = grants.access_token(response)
        yield self._owner_page()

    def parse(self, response: Response) -> Iterator[Yielded]:
        if self.options.owner_api:
            yield from self._parse_owner(response)
            return
        language = asked(response, "hl", self.options.languages[0])
        reviews, token = _reviews(response)
        mentions = yield from self.each(
            reviews, lambda review: self._review(review, language), list
        )
        if token and reviews:
            following = self._page(language, token)
            yield from self.more(response, mentions, self.options.pages, following)

    def _page(self, language: str, token: str | None = None) -> Request:
        paging = [2, _NEWEST, [_PER_PAGE, None, token], None, []]
        inner = [None, None, paging, [self.options.app_id, 7]]
        return self.ask(
            f"/_/PlayStoreUi/data/batchexecute?hl={language}&gl={self.options.country}",
            method="POST",
            headers=batchexecute.FORM,
            body=batchexecute.form(_RPC, inner),
            obey_robots=False,
        )

    def _review(self, review: list[Any], language: str) -> Mention:
        native_id = fields.identity(at(review, 0))
        title, author_id = at(review, 3), at(review, 9, 0)
        app = self.options.app_id
        return self.mention(
            native_id=native_id,
            text=fields.from_html(at(review, 4)),
            title=fields.line(title, "title") if isinstance(title, str) else None,
            # The time of the last edit: Google keeps no other.
            created_at=fields.moment(at(review, 5, 0), self.now, "time"),
            url=f"https://play.google.com/store/apps/details?id={app}&reviewId={native_id}",
            author=fields.line(at(review, 1, 0), "author"),
            author_native_id=author_id if isinstance(author_id, str) and author_id else None,
            rating=fields.rating(at(review, 2), 5),
            rating_max=5.0,
            language=fields.language(language),
            reach=fields.count(at(review, 6)),
            product_version=fields.product_version(at(review, 10)),
            owner_reply=fields.plain(at(review, 7, 1), "reply"),
            owner_replied_at=fields.later(at(review, 7, 2, 0), self.now, "reply's time"),
        )

    def _owner_page(self, token: str | None = None) -> Request:
        return self.ask(
            f"{_OWNER_API}/{self.options.app_id}/reviews",
            {"maxResults": 100} | ({"token": token} if token else {}),
            headers={"Authorization": f"Bearer {self.token}"},
            obey_robots=False,
            dont_redirect=True,
        )

    def _parse_owner(self, response: Response) -> Iterator[Yielded]:
        data = read_json(response)
        # Without a review in seven days the response is an empty object.
        reviews = [] if data == {} else items_at(data, "reviews")
        mentions = yield from self.each(reviews, self._owner_review)
        token = at(data, "tokenPagination", "nextPageToken")
        if isinstance(token, str) and token:
            following = self._owner_page(token)
            yield from self.more(response, mentions, self.options.pages, following)

    def _owner_review(self, review: dict[str, Any]) -> Mention:
        comment, reply = _comments(review.get("comments"))
        native_id = fields.identity(review.get("reviewId"), "reviewId")
        # A title of the time when there were titles stands before a tab.
        title, tab, text = fields.string(comment.get("text"), "text").partition("\t")
        app = self.options.app_id
        return self.mention(
            native_id=native_id,
            text=fields.from_html(text if tab else title),
            title=fields.line(title, "title") if tab else None,
            created_at=fields.moment(_seconds(comment), self.now, "lastModified"),
            url=f"https://play.google.com/store/apps/details?id={app}&reviewId={native_id}",
            author=fields.line(review.get("authorName"), "authorName"),
            rating=fields.rating(comment.get("starRating"), 5),
            rating_max=5.0,
            language=fields.language(comment.get("reviewerLanguage")),
            reach=fields.count(comment.get("thumbsUpCount")),
            product_version=fields.product_version(comment.get("appVersionName")),
            owner_reply=fields.plain(reply.get("text"), "reply"),
            owner_replied_at=fields.later(_seconds(reply), self.now, "reply's time"),
        )


def _reviews(response: Response) -> tuple[list[Any], str | None]:
    """Give the reviews and the token of the next page, wherever this version has them."""
    payloads = batchexecute.payloads(response)
    payload = payloads[0] if len(payloads) == 1 else next(filter(_has_reviews, payloads), None)
    if payload is None:
        raise broken("answered without a list of reviews")
    if payload == []:
        return [], None  # an unknown app, or one without reviews
    reviews = at(payload, 0)
    if reviews is None and isinstance(payload, list):
        return [], None
    if not isinstance(reviews, list):
        raise broken("answered without a list of reviews")
    # The token is the last of its list; where a list stands in its place there is no more.
    tokens = (at(part, -1) for part in payload[1:])
    return reviews, next((token for token in tokens if isinstance(token, str) and token), None)


def _has_reviews(payload: Any) -> bool:
    first = at(payload, 0, 0)
    return (
        isinstance(at(first, 0), str)
        and isinstance(at(first, 1, 0), str)
        and at(first, 2) in range(1, 6)
        and isinstance(at(first, 5), list)
    )


def _comments(comments: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give the customer's last comment, and the developer's reply."""
    comment: dict[str, Any] = {}
    reply: dict[str, Any] = {}
    for part in objects(comments):
        comment = part.get("userComment") or comment
        reply = part.get("developerComment") or reply
    if not isinstance(comment, dict) or not comment:
        raise EntryError("it has no userComment")
    return comment, reply if isinstance(reply, dict) else {}


def _seconds(comment: dict[str, Any]) -> Any:
    modified = comment.get("lastModified")
    return modified.get("seconds") if isinstance(modified, dict) else modified
