"""Posts of a Discourse forum: its newest, or what its search finds."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field
from scrapy.http import Request, Response

from crawler.base import MentionSpider, Yielded
from crawler.discourse_posts import (
    Thread,
    Topics,
    first_id,
    posts_and_topics,
    reach_of,
    text_of,
)
from crawler.entry_problems import blocked
from crawler.json_bodies import at, error_body, objects, quoted, read_json
from crawler.request_details import meta_of, once_more, page_of, portions
from crawler.response_problems import refusal
from crawler.search_terms import words_or_phrase
from crawler.source_options import SourceOptions
from storage import fields
from storage.models import Mention

_HANDLED = [403, 404, 422, 429]
_TRIES = 3
# Discourse asks for posts of one topic in such portions.
_PORTION = 20
# Forums before 2024 give the posts among so many ids at once; so many empty windows are the end.
_WINDOW = 50
_EMPTY_WINDOWS = 20


class DiscourseSpider(MentionSpider):
    """Read a forum's newest posts, or search it for each term of the brand's query.

    On the brand's own forum all is about the brand, and what its staff answers counts as the
    reply to what it answers. Edits are seen for as long as a post is among the newest.
    """

    name = "discourse"
    label = "Discourse forum"
    place = "in a Discourse forum"
    default_base_url = "https://meta.discourse.org"
    always = ("author", "url")
    needs = "the address of a public forum, or an API key of a private one"
    limits = "each forum sets its own; a few searches a minute without a key"
    terms = "each forum's own"
    optional_secrets: ClassVar[Mapping[str, str]] = {
        "DISCOURSE_API_KEY": "for a private forum, a read-only key: Admin, API, New API Key",
        "DISCOURSE_API_USERNAME": "the user whom DISCOURSE_API_KEY is for",
    }
    delay = 2.0

    class Options(SourceOptions):
        """Which forum, and how it is read."""

        forum: str = Field(
            pattern=r"^https?://[A-Za-z0-9.-]+(?::\d+)?(?:/[\w./-]*)?$",
            description='The forum\'s address, such as "https://forum.acme.example".',
        )
        read: Literal["posts", "search"] = Field(
            default="posts",
            description='"posts" reads all new posts and keeps what matches; "search" asks the '
            "forum for the brand's terms: better where most posts are about other things, but "
            "most forums' robots.txt forbids it to programs without a key.",
        )
        own: bool = Field(
            default=False,
            description="The forum is the brand's: every post is about it, and staff, moderators "
            "and admins answer for it.",
        )
        staff: list[str] = Field(
            default=[], description="User names, beside the forum's staff, who answer for it."
        )
        topics: list[int] = Field(
            default=[], description="Numbers of topics that are read whole at every crawl."
        )
        pages: int = Field(
            default=5, ge=1, le=100, description="Pages of 50 posts, or of one search, at most."
        )

        @property
        def target(self) -> str:
            return self.forum

    options: Options

    @property
    def wants_match(self) -> bool:
        return not self.options.own

    def requests(self) -> Iterable[Request]:
        if self.options.read == "search":
            for term in self.query.search_terms():
                after = f" after:{self.since:%Y-%m-%d}" if self.since else ""
                query = f"{words_or_phrase(term)} order:latest{after}"
                yield self._get("search.json", {"q": query, "page": 1}, listing="search")
        else:
            yield self._get("posts.json", listing="posts")
        for topic in self.options.topics:
            yield self._get(f"t/{topic}.json", whole=topic)

    def parse(self, response: Response) -> Iterator[Yielded]:
        if response.status >= 400:
            yield from self._refused(response)
            return
        data = read_json(response)
        if isinstance(data, dict) and "errors" in data and "posts" not in data:
            yield from self._refused(response)
            return
        posts, topics = posts_and_topics(data)
        listing = meta_of(response).get("listing")
        if listing == "search":
            yield from self._found(response, data, posts, topics)
            return
        reply = meta_of(response).get("reply")
        thread = self._thread([*posts, reply] if reply else posts, topics, first_id(data))
        mentions = yield from self._read(posts, thread)
        if listing == "posts":
            yield from self._replied_to(thread)
            yield from self._older(response, posts, mentions)
        else:
            yield from self._rest(response, data, posts)

    def _thread(self, posts: Sequence[Any], topics: Topics, first: object = None) -> Thread:
        return Thread(posts, topics, self.options.staff, own=self.options.own, first=first)

    def _read(
        self, posts: Sequence[Any], thread: Thread
    ) -> Generator[Yielded, None, list[Mention]]:
        mentions = yield from self.each(posts, lambda post: self._post(post, thread))
        for post in objects(posts):
            number = post.get("id")
            deleted = post.get("deleted_at") or post.get("user_deleted")
            if deleted and isinstance(number, int | str) and str(number):
                yield self.gone(self.id_of(number))
        return mentions

    def _found(
        self, response: Response, data: Any, posts: Sequence[Any], topics: Topics
    ) -> Iterator[Yielded]:
        """Ask for the posts that a search found: it shows an excerpt of each."""
        wanted: dict[int, list[int]] = {}
        whole = []
        for post in posts:
            number, topic = at(post, "id"), at(post, "topic_id")
            excerpted = isinstance(post, dict) and not (post.get("cooked") or post.get("raw"))
            if excerpted and isinstance(number, int) and isinstance(topic, int):
                wanted.setdefault(topic, []).append(number)
            else:
                whole.append(post)
        yield from self._read(whole, self._thread(whole, topics))
        for topic, numbers in wanted.items():
            for some in portions(numbers, _PORTION):
                yield self._portion(topic, some, topics.get(topic, {}))
        more = at(data, "grouped_search_result", "more_full_page_results")
        page = page_of(response) + 1
        if more is True and posts and response.request and page <= self.options.pages:
            params = {**response.request.meta["query"], "page": page}
            yield self._get("search.json", params, listing="search", page=page)

    def _portion(self, topic: int, numbers: Iterable[int], shown: Mapping[str, Any]) -> Request:
        ids = "&".join(f"post_ids[]={number}" for number in numbers)
        return self._get(f"t/{topic}/posts.json?{ids}", shown=dict(shown))

    def _older(
        self, response: Response, posts: Sequence[Any], mentions: Sequence[Mention]
    ) -> Iterator[Yielded]:
        """Ask for the next 50 posts or, of a forum before 2024, for those among the next 50 ids.

        Most of such a window may be deleted or stand in private places. An empty one is not the
        end, and a window takes of the page limit as much as it holds of a page.
        """
        meta, pages = meta_of(response), self.options.pages
        before, empty = meta.get("query", {}).get("before"), meta.get("empty", 0)
        numbers = [post["id"] for post in objects(posts) if isinstance(post.get("id"), int)]
        older = [number for number in numbers if before is None or number < before]
        newest = before or max(numbers, default=0)
        windows = meta.get("windows", True) and newest - min(older, default=newest) < _WINDOW
        if older:
            last = min(older)
        elif windows and before and empty < _EMPTY_WINDOWS and max(numbers, default=0) <= before:
            last = before - _WINDOW
        else:
            return  # the end, or a forum that gives the newest whatever is asked
        if last <= 1:
            return
        read, asked = meta.get("read", 0) + len(older), meta.get("asked", 1) + 1
        following = self._get(
            "posts.json",
            {"before": last},
            listing="posts",
            windows=windows,
            empty=0 if older else empty + 1,
            read=read,
            asked=asked,
        )
        # A page of pictures and of the forum's own posts says nothing of what is older.
        new = mentions if older else []  # a window begins with the last post of the one before
        for one in self.more(response, new, pages, following, past_empty=True):
            following.meta["page"] = 1 + read // _WINDOW if windows else asked
            yield one

    def _replied_to(self, thread: Thread) -> Iterator[Request]:
        """Ask for the older posts to which the newest of the brand's replies were given."""
        for (topic, number), reply in thread.replies.items():
            recent = fields.later(reply.get("created_at"), self.now, "created_at")
            if (topic, number) in thread.numbered or not isinstance(topic, int):
                continue
            if isinstance(number, int) and recent and (self.since is None or recent >= self.since):
                yield self._get(f"posts/by_number/{topic}/{number}.json", reply=reply, shown={})

    def _rest(self, response: Response, data: Any, posts: Sequence[Any]) -> Iterator[Request]:
        """Ask for the posts of a whole topic that its first page leaves out."""
        meta = meta_of(response)
        stream, topic = at(data, "post_stream", "stream"), meta.get("whole")
        if topic is None or not isinstance(stream, list):
            return
        seen = {post.get("id") for post in objects(posts)}
        missing = [number for number in stream if isinstance(number, int) and number not in seen]
        # The newest are wanted most.
        for start in range(0, min(len(missing), self.options.pages * 50), _PORTION):
            end = len(missing) - start
            yield self._portion(topic, missing[max(0, end - _PORTION) : end], _shown(data))

    def _get(self, path: str, params: Mapping[str, Any] | None = None, **meta: Any) -> Request:
        key, user = self.secret("DISCOURSE_API_KEY"), self.secret("DISCOURSE_API_USERNAME")
        headers = {"Api-Key": key, "Api-Username": user or "system"} if key else {}
        return self.ask(
            f"{self.options.forum.rstrip('/')}/{path}",
            params,
            headers={"Accept": "application/json", **headers},
            query=dict(params or {}),
            # A key is the forum's own permission.
            obey_robots=False if key else None,
            handle_httpstatus_list=_HANDLED,
            **meta,
        )

    def _refused(self, response: Response) -> Iterator[Request]:
        """Wait as the body asks and ask again; else say what is wrong."""
        error = error_body(response)
        kind = error.get("error_type")
        words = quoted(at(error, "errors", 0) or error.get("errors"))
        seconds = at(error, "extras", "wait_seconds")
        if kind == "rate_limit" or isinstance(seconds, int | float):
            waits = float(seconds) if isinstance(seconds, int | float) else 10.0
            self.wait(response, min(max(waits, 1.0), 86_400.0))
            again = once_more(response, _TRIES)
            if again is None:
                raise blocked(f"limits how often it is asked ({words or 'rate_limit'})")
            yield again
            return
        if response.status == 404 and meta_of(response).get("shown") is not None:
            return  # the topic was deleted or made private since the search listed it
        raise refusal(response, words or quoted(kind))

    def _post(self, post: dict[str, Any], thread: Thread) -> Mention | None:
        if not thread.is_voice(post):
            return None
        number, user, topic = post.get("post_number"), post.get("user_id"), thread.topic(post)
        created = fields.moment(post.get("created_at"), self.now, "created_at")
        text = text_of(post)
        if not text and number not in (1, None):
            return None  # a picture without words, which the topic's title does not stand for
        reply, answered = thread.reply(post), thread.answered(post)
        # Likes and rebuilds touch a post too: only a further version was written.
        rewritten = post.get("version") not in (None, 1)
        name = post.get("username")
        author_id = user or name
        return self.mention(
            native_id=self.id_of(post.get("id")),
            text=text,
            title=fields.line(post.get("topic_title") or topic.get("title"), "topic_title"),
            created_at=created,
            edited_at=fields.later(post.get("updated_at"), self.now, "updated_at")
            if rewritten
            else None,
            url=self._address(post, topic),
            author=fields.line(name, "username"),
            author_native_id=self.id_of(author_id) if author_id else None,
            reach=reach_of(post, topic),
            parent=self.id_of(answered) if answered else None,
            owner_reply=text_of(reply),
            owner_replied_at=fields.later(reply.get("created_at"), self.now, "created_at"),
        )

    def _address(self, post: Mapping[str, Any], topic: Mapping[str, Any]) -> str:
        forum = self.options.forum.rstrip("/")
        topic_id, number = post.get("topic_id"), post.get("post_number")
        slug = post.get("topic_slug") or topic.get("slug") or "-"
        numbered = f"/{number}" if isinstance(number, int) else ""
        place = f"{forum}/t/{slug}/{fields.identity(topic_id)}{numbered}" if topic_id else None
        # Discourse leads from there to wherever the post has moved.
        return fields.address(place, f"{forum}/p/{post.get('id')}")

    def id_of(self, number: object) -> str:
        # Forums count for themselves, and several may be read.
        return f"{urlsplit(self.options.forum).netloc}/{fields.identity(number, 'id')}"


def _shown(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: data.get(name) for name in ("id", "title", "slug", "views")}
