"""Comments under an owner's posts from the Graph API, which Facebook and Instagram share."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from scrapy.http import Request, Response

from crawler import grants
from crawler.base import MentionSpider, Yielded
from crawler.entry_problems import PageError, Refusal, blocked, name_of, quota_spent, unauthorised
from crawler.json_bodies import at, error_body, items_at, objects, quoted, read_json
from crawler.request_details import meta_of
from crawler.response_problems import refusal
from storage import fields
from storage.models import Mention

VERSION = "v26.0"
# Codes of developers.facebook.com/docs/graph-api/guides/error-handling and .../rate-limiting.
_BAD_TOKEN = frozenset({102, 190, 463, 467})
_NO_PERMISSION = frozenset({3, 10, *range(200, 300)})
_SPENT = frozenset({4, 17, 32, 341, 613, *range(80001, 80015)})
_BLOCKED = 368
# Limits are counted over the last hour.
_HOUR = timedelta(hours=1)
_ID = re.compile(r"^\d+(?:_\d+)?$")


class GraphComments(MentionSpider):
    """Read the newest posts of an owner, the comments under each, and the replies to these.

    What the owner replies counts as the reply to the comment. The token travels in a header.
    """

    robots = False
    matches_query = False
    always = ("url",)
    # The edge of the owner that lists posts; that of a comment that lists its replies.
    posts_edge: ClassVar[str]
    replies_edge: ClassVar[str]
    # What is asked of a post, and of a comment.
    post_fields: ClassVar[str]
    comment_fields: ClassVar[str]
    # How many comments a request gives at most.
    per_page: ClassVar[int]

    @property
    @abstractmethod
    def owner(self) -> str:
        """Name the account whose posts are read, by its id."""

    @property
    def api(self) -> str:
        """Name the host that the token is for."""
        return self.default_base_url

    @property
    @abstractmethod
    def bounds(self) -> tuple[int, int]:
        """Give how many posts are read, and how many pages of comments under each."""

    @abstractmethod
    def comment(
        self, comment: dict[str, Any], post: Mapping[str, Any], reply: Mapping[str, Any]
    ) -> Mention | None:
        """Make a mention of a comment under a post, with the owner's reply to it, if any."""

    @abstractmethod
    def is_own(self, comment: Mapping[str, Any]) -> bool:
        """Tell whether the owner wrote a comment."""

    def requests(self) -> Iterable[Request]:
        comments = f"comments{self._comments_asked()}"
        params = {"fields": f"{self.post_fields},{comments}", "limit": self.bounds[0]}
        yield self._get(f"{self.owner}/{self.posts_edge}", params, self.parse)

    def parse(self, response: Response) -> Iterator[Yielded]:
        for number, post in enumerate(self._data(response), 1):
            if isinstance(post, dict):
                yield from self._under(response, post, post.get("comments"))
            else:
                yield Refusal(name_of(post, number), "it is not an object")

    def further(self, response: Response) -> Iterator[Yielded]:
        """Read another page of the comments under a post."""
        comments = self._data(response)
        yield from self._under(
            response, meta_of(response)["post"], {**read_json(response), "data": comments}
        )

    def _data(self, response: Response) -> list[Any]:
        if response.status >= 400:
            raise self._refused(response)
        return items_at(read_json(response), "data")

    def _under(self, response: Response, post: dict[str, Any], edge: Any) -> Iterator[Yielded]:
        """Read comments with their replies, and ask for older ones."""
        comments = [] if edge is None else at(edge, "data")
        if not isinstance(comments, list):
            yield Refusal(name_of(post, 1), "its comments are not a list")
            return
        mentions: list[Mention] = []
        for comment in comments:
            given = at(comment, self.replies_edge, "data")
            replies = given if isinstance(given, list) else []
            answer = self._answer(replies)
            mentions += yield from self.each(
                [comment], partial(self._read, post=post, answer=answer)
            )
            above = {**post, "parent": at(comment, "id")}
            mentions += yield from self.each(replies, partial(self._read, post=above, answer={}))
        after, number = at(edge, "paging", "cursors", "after"), post.get("id")
        if not (at(edge, "paging", "next") and isinstance(after, str) and after):
            return
        if not (isinstance(number, str) and _ID.match(number)):
            return
        params = {
            "fields": self._comment_asked(),
            "limit": self.per_page,
            "after": after,
            **self.comment_order(),
        }
        kept = {name: value for name, value in post.items() if name != "comments"}
        following = self._get(f"{number}/comments", params, self.further, post=kept)
        # The owner's own comments alone say nothing of what is older.
        yield from self.more(
            response, mentions, self.bounds[1], following, past_empty=bool(comments)
        )

    def comment_order(self) -> dict[str, str]:
        """Give the parameters that bring the newest comments first; none where they come so."""
        return {}

    def _read(
        self, comment: dict[str, Any], post: Mapping[str, Any], answer: Mapping[str, Any]
    ) -> Mention | None:
        return None if self.is_own(comment) else self.comment(comment, post, answer)

    def _answer(self, replies: list[Any]) -> dict[str, Any]:
        """Give the owner's first reply among these; {} where there is none."""
        own = [
            (when, reply)
            for reply in objects(replies)
            if self.is_own(reply) and (when := self._time(reply))
        ]
        return min(own, key=lambda one: one[0], default=(None, {}))[1]

    def _time(self, comment: Mapping[str, Any]) -> datetime | None:
        given = comment.get("created_time") or comment.get("timestamp")
        return fields.later(given, self.now, "reply's time")

    def _comments_asked(self) -> str:
        order = "".join(f".{name}({value})" for name, value in self.comment_order().items())
        return f".limit({self.per_page}){order}{{{self._comment_asked()}}}"

    def _comment_asked(self) -> str:
        replies = f"{self.replies_edge}.limit({self.per_page}){{{self.comment_fields}}}"
        return f"{self.comment_fields},{replies}"

    def _get(self, path: str, params: Mapping[str, object], callback: Any, **more: Any) -> Request:
        (secret,) = self.secrets
        return self.ask(
            f"{self.api}/{VERSION}/{path}",
            params,
            headers={"Authorization": f"Bearer {grants.key(self, secret)}"},
            callback=callback,
            dont_redirect=True,
            handle_httpstatus_list=[400, 401, 403, 404],
            **more,
        )

    def _refused(self, response: Response) -> PageError:
        error = error_body(response).get("error")
        code, words = at(error, "code"), quoted(at(error, "message"))
        (secret,) = self.secrets
        if code in _BAD_TOKEN:
            return unauthorised(f"refused the token ({words}): renew {secret}")
        if code in _NO_PERMISSION:
            return unauthorised(f"wants a permission that {secret} lacks ({words})")
        if code in _SPENT:
            self.wait(response, _HOUR.total_seconds(), spent=True)
            return quota_spent(f"says that the hour's requests are spent ({words})", _in_an_hour())
        if code == _BLOCKED:
            return blocked(f"blocks the app for a while ({words})")
        return refusal(response, words)


def _in_an_hour() -> datetime:
    return (datetime.now(UTC) + _HOUR).replace(microsecond=0)
