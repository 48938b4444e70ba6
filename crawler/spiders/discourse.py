"""Posts of a Discourse forum: its newest, or what its search finds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field
from scrapy.http import Request, Response

from crawler.base import MentionSpider, SourceOptions, Yielded, page_of
from crawler.bodies import error_body, quoted, read_json
from crawler.entry_problems import PageError, blocked, broken, failed
from crawler.markdown import from_markdown
from crawler.middlewares import of_response
from storage import fields
from storage.fields import EntryError
from storage.models import Mention

_HANDLED = [403, 404, 422, 429]
_TRIES = 3
# Discourse asks for posts of one topic in such portions.
_PORTION = 20
# Kinds of posts that people wrote: 2 too is a reply, by a moderator; 3 and 4 are the forum's own.
_SPOKEN = (1, 2, None)
# What a quote shows beside the words: controls, a face, a name.
_CONTROLS = re.compile(r'<div class="quote-controls">[^<>]{0,200}</div>')
_CHROME = re.compile(r'<div class="(?:title|meta)">(?:[^<]|<(?!div)){0,1000}?</div>', re.DOTALL)
# A face says how its author felt.
_EMOJI = re.compile(
    r'<img\b[^<>]{0,500}?\bclass="emoji[^<>]{0,500}?\balt="(:[\w+-]{1,60}:)"[^<>]{0,500}>'
)


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
    limits = "set by each forum; a few searches a minute without a key"
    terms = "each forum's own"
    optional_secrets: ClassVar[Mapping[str, str]] = {
        "DISCOURSE_API_KEY": "for a private forum, a read-only key: Admin, API, New API Key",
        "DISCOURSE_API_USERNAME": "the user whom DISCOURSE_API_KEY is for",
    }
    custom_settings = {"DOWNLOAD_DELAY": 2.0}  # noqa: RUF012 - Scrapy's name and type

    class Options(SourceOptions):
        """Which forum, and how it is read."""

        forum: str = Field(
            pattern=r"^https?://[A-Za-z0-9.-]+(?::\d+)?(?:/[\w./-]*)?$",
            description='The forum\'s address, such as "https://forum.acme.example".',
        )
        read: Literal["posts", "search"] = Field(
            default="posts",
            description='"posts" reads all new posts and keeps what matches; "search" asks the '
            "forum for the brand's terms, better where most posts are of other things, but most "
            "forums' robots.txt forbid it to programs without a key.",
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
                query = (
                    f'"{term}" order:latest{after}'
                    if " " in term
                    else (f"{term} order:latest{after}")
                )
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
        posts, topics = _shape(data)
        listing = response.request.meta.get("listing") if response.request else None
        if listing == "search":
            yield from self._found(response, data, posts, topics)
            return
        mentions: list[Mention] = []
        reply = response.request.meta.get("reply") if response.request else None
        for read in self._read(posts, topics, _first_id(data), [reply] if reply else ()):
            yield read
            if isinstance(read, Mention):
                mentions.append(read)
        if listing == "posts":
            yield from self._answered(posts)
            yield from self._older(response, posts, mentions)
        else:
            yield from self._rest(response, data, posts)

    def _read(
        self,
        posts: Sequence[Any],
        topics: Mapping[Any, Mapping[str, Any]],
        first: object = None,
        replies: Sequence[Any] = (),
    ) -> Iterator[Yielded]:
        thread = _Thread(self, [*posts, *replies], topics, first)
        yield from self.each(posts, thread.mention)
        for post in posts:
            if isinstance(post, dict) and (post.get("deleted_at") or post.get("user_deleted")):
                number = post.get("id")
                if isinstance(number, int | str) and str(number):
                    yield self.gone(self.id_of(number))

    def _found(
        self,
        response: Response,
        data: Any,
        posts: Sequence[Any],
        topics: Mapping[Any, Mapping[str, Any]],
    ) -> Iterator[Yielded]:
        """Ask for the posts that a search found: it shows an excerpt of each."""
        wanted: dict[int, list[int]] = {}
        whole = []
        for post in posts:
            number, topic = (
                (post.get("id"), post.get("topic_id")) if isinstance(post, dict) else (0, 0)
            )
            excerpted = isinstance(post, dict) and not (post.get("cooked") or post.get("raw"))
            if excerpted and isinstance(number, int) and isinstance(topic, int):
                wanted.setdefault(topic, []).append(number)
            else:
                whole.append(post)
        mentions = []
        for read in self._read(whole, topics):
            yield read
            if isinstance(read, Mention):
                mentions.append(read)
        for topic, numbers in wanted.items():
            title = topics.get(topic, {})
            for start in range(0, len(numbers), _PORTION):
                yield self._portion(topic, numbers[start : start + _PORTION], title)
        grouped = data.get("grouped_search_result") if isinstance(data, dict) else None
        more = grouped.get("more_full_page_results") if isinstance(grouped, dict) else None
        page = page_of(response) + 1
        if more is True and posts and response.request and page <= self.options.pages:
            query = response.request.meta["query"]
            params = {**query, "page": page}
            yield self._get("search.json", params, listing="search", page=page)

    def _portion(self, topic: int, numbers: Iterable[int], shown: Mapping[str, Any]) -> Request:
        ids = "&".join(f"post_ids[]={number}" for number in numbers)
        return self._get(f"t/{topic}/posts.json?{ids}", shown=dict(shown))

    def _older(
        self, response: Response, posts: Sequence[Any], mentions: Sequence[Mention]
    ) -> Iterator[Yielded]:
        numbers = [
            post["id"]
            for post in posts
            if isinstance(post, dict) and isinstance(post.get("id"), int)
        ]
        before = response.request.meta["query"].get("before") if response.request else None
        if not numbers or min(numbers) <= 1 or (before is not None and min(numbers) >= before):
            return
        following = self._get("posts.json", {"before": min(numbers)}, listing="posts")
        if mentions:
            yield from self.more(response, mentions, self.options.pages, following)
        elif page_of(response) < self.options.pages:
            following.meta["page"] = page_of(response) + 1
            yield following

    def _answered(self, posts: Sequence[Any]) -> Iterator[Request]:
        """Ask for the older posts to which the newest of the brand's answers were given."""
        thread = _Thread(self, posts, {}, None)
        for (topic, number), reply in thread.replies.items():
            recent = fields.later(reply.get("created_at"), self.now, "created_at")
            if (topic, number) in thread.numbered or not isinstance(topic, int):
                continue
            if isinstance(number, int) and recent and (self.since is None or recent >= self.since):
                yield self._get(f"posts/by_number/{topic}/{number}.json", reply=reply, shown={})

    def _rest(self, response: Response, data: Any, posts: Sequence[Any]) -> Iterator[Request]:
        """Ask for the posts of a whole topic that its first page leaves out."""
        meta = response.request.meta if response.request else {}
        stream = data["post_stream"].get("stream") if _is_topic(data) else None
        topic = meta.get("whole")
        if topic is None or not isinstance(stream, list):
            return
        seen = {post.get("id") for post in posts if isinstance(post, dict)}
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
        extras = error.get("extras") if isinstance(error.get("extras"), dict) else {}
        seconds = extras.get("wait_seconds", error.get("wait_seconds")) if extras else None
        listed = error.get("errors")
        said = quoted(listed[0] if isinstance(listed, list) and listed else listed)
        kind = error.get("error_type")
        request = response.request
        if kind == "rate_limit" or isinstance(seconds, int | float):
            tries = int(request.meta.get("tries", 0)) + 1 if request else _TRIES
            waits = float(seconds) if isinstance(seconds, int | float) else 10.0
            self.wait(response, min(max(waits, 1.0), 86_400.0))
            if request is None or tries >= _TRIES:
                raise blocked(f"limits how often it is asked ({said or 'rate_limit'})")
            yield request.replace(meta={**request.meta, "tries": tries})
            return
        problem = of_response(response)
        if problem is None:
            raise failed(f"answered with an error of its own ({said or kind})")
        if response.status == 404 and request and request.meta.get("shown") is not None:
            return  # the topic was deleted or made private since the search listed it
        raise PageError(problem.outcome, f"{problem.reason} ({said})") if said else problem

    def id_of(self, number: object) -> str:
        # Forums count for themselves, and several may be read.
        return f"{urlsplit(self.options.forum).netloc}/{fields.identity(number, 'id')}"


class _Thread:
    """The posts of one page, which answer one another."""

    def __init__(
        self,
        spider: DiscourseSpider,
        posts: Sequence[Any],
        topics: Mapping[Any, Mapping[str, Any]],
        first: object,
    ) -> None:
        self.spider = spider
        self.options = spider.options
        self.topics = topics
        self.first = first
        self.staff = {name.casefold() for name in self.options.staff}
        self.numbered: dict[tuple[object, object], Mapping[str, Any]] = {}
        self.replies: dict[tuple[object, object], Mapping[str, Any]] = {}
        for post in posts:
            if not isinstance(post, dict):
                continue
            topic, number = _hashable(post.get("topic_id")), _hashable(post.get("post_number"))
            self.numbered[topic, number] = post
            if self._official(post):
                answers = _hashable(post.get("reply_to_post_number")) or 1
                earlier = self.replies.get((topic, answers))
                if earlier is None or str(post.get("created_at")) < str(earlier["created_at"]):
                    self.replies[topic, answers] = {"created_at": "", **post}

    def mention(self, post: Any) -> Mention | None:
        if not isinstance(post, dict):
            raise EntryError("it is no object")
        if post.get("post_type") not in _SPOKEN or post.get("hidden") is True:
            return None
        if post.get("deleted_at") or post.get("user_deleted") or self._official(post):
            return None
        number, topic_id = post.get("post_number"), post.get("topic_id")
        topic = self.topics.get(_hashable(topic_id), {})
        title = post.get("topic_title") or topic.get("title")
        created = fields.moment(post.get("created_at"), self.spider.now, "created_at")
        edited = fields.later(post.get("updated_at"), self.spider.now, "updated_at")
        # Likes and rebuilds touch a post too: only a further version was written.
        written_again = post.get("version") not in (None, 1) and edited and edited > created
        text = _text(post)
        if not text and number not in (1, None):
            return None  # a picture without words, which the topic's title does not stand for
        reply = self._reply(post)
        user = post.get("user_id")
        return self.spider.mention(
            native_id=self.spider.id_of(post.get("id")),
            text=text,
            title=fields.line(title, "topic_title"),
            created_at=created,
            edited_at=edited if written_again else None,
            url=self._address(post, topic),
            author=fields.line(post.get("username"), "username"),
            author_native_id=self.spider.id_of(user) if user else self._named(post),
            reach=_reach(post, topic),
            parent_id=self._parent(post, number),
            owner_reply=_text(reply) or None if reply else None,
            owner_replied_at=fields.later(reply.get("created_at"), self.spider.now, "created_at")
            if reply
            else None,
        )

    def _official(self, post: Mapping[str, Any]) -> bool:
        """Tell whether someone who answers for the brand wrote a post."""
        if str(post.get("username")).casefold() in self.staff:
            return True
        flags = (post.get("staff"), post.get("admin"), post.get("moderator"))
        return self.options.own and True in flags

    def _reply(self, post: Mapping[str, Any]) -> Mapping[str, Any] | None:
        place = _hashable(post.get("topic_id")), _hashable(post.get("post_number"))
        return self.replies.get(place)

    def _named(self, post: Mapping[str, Any]) -> str | None:
        name = post.get("username")
        return self.spider.id_of(name) if name else None

    def _address(self, post: Mapping[str, Any], topic: Mapping[str, Any]) -> str:
        forum = self.options.forum.rstrip("/")
        topic_id, number = post.get("topic_id"), post.get("post_number")
        slug = post.get("topic_slug") or topic.get("slug") or "-"
        numbered = f"/{number}" if isinstance(number, int) else ""
        place = f"{forum}/t/{slug}/{fields.identity(topic_id)}{numbered}" if topic_id else None
        # Discourse leads from there to wherever the post has moved.
        return fields.address(place, f"{forum}/p/{post.get('id')}")

    def _parent(self, post: Mapping[str, Any], number: object) -> str | None:
        """Name the post that another answers, where this page or its topic tells its id."""
        if number in (1, None):
            return None
        topic = _hashable(post.get("topic_id"))
        answered = _hashable(post.get("reply_to_post_number")) or 1
        above = self.numbered.get((topic, answered))
        given = above.get("id") if above else (self.first if answered == 1 else None)
        return f"{self.spider.name}:{self.spider.id_of(given)}" if given else None


def _shape(data: Any) -> tuple[list[Any], dict[Any, Mapping[str, Any]]]:
    """Find the posts, and the topics by number, in whichever answer of the API this is."""
    if not isinstance(data, dict):
        raise broken("answered with something that is no object")
    listed = data.get("topics")
    if _is_topic(data):
        posts = data["post_stream"].get("posts")
        topics: list[Any] = [data]
    elif "latest_posts" in data:
        posts, topics = data["latest_posts"], []
    elif "grouped_search_result" in data or isinstance(data.get("posts"), list):
        # A search without hits leaves both lists out.
        posts, topics = data.get("posts") or [], listed if isinstance(listed, list) else []
    elif "cooked" in data or "raw" in data:
        posts, topics = [data], []
    elif isinstance(data.get("topic_list"), dict):
        topics = data["topic_list"].get("topics")
        posts = [_as_post(topic) for topic in topics] if isinstance(topics, list) else None
    else:
        raise broken("answered without `latest_posts`, `post_stream` or `posts`")
    if not isinstance(posts, list):
        raise broken("answered with posts that are no list")
    known: dict[Any, Mapping[str, Any]] = {
        _hashable(topic.get("id")): topic for topic in topics or [] if isinstance(topic, dict)
    }
    return posts, known


def _as_post(topic: Any) -> Any:
    """Give what a list of topics tells of one in the shape of its first post."""
    if not isinstance(topic, dict):
        return topic
    posters = topic.get("posters")
    first = posters[0] if isinstance(posters, list) and posters else None
    return {
        "id": f"topic/{topic.get('id')}" if topic.get("id") else None,
        "topic_id": topic.get("id"),
        "topic_title": topic.get("title"),
        "topic_slug": topic.get("slug"),
        "post_number": 1,
        "created_at": topic.get("created_at"),
        "raw": "",
        "cooked": topic.get("excerpt"),
        "views": topic.get("views"),
        "user_id": first.get("user_id") if isinstance(first, dict) else None,
    }


def _is_topic(data: Any) -> bool:
    return isinstance(data, dict) and isinstance(data.get("post_stream"), dict)


def _first_id(data: Any) -> object:
    stream = data["post_stream"].get("stream") if _is_topic(data) else None
    first = stream[0] if isinstance(stream, list) and stream else None
    return first if isinstance(first, int) else None


def _shown(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: data.get(name) for name in ("id", "title", "slug", "views")}


def _text(post: Mapping[str, Any]) -> str:
    cooked = post.get("cooked")
    if cooked:
        shown = _CONTROLS.sub("", fields.string(cooked, "cooked"))
        return fields.from_html(_EMOJI.sub(r"\1", _CHROME.sub("", shown)), "cooked")
    if raw := post.get("raw"):
        return from_markdown(raw, "raw")
    return fields.from_html(post.get("blurb") or post.get("excerpt"), "blurb")


def _reach(post: Mapping[str, Any], topic: Mapping[str, Any]) -> int | None:
    reads = fields.count(post.get("reads"))
    return reads if reads is not None else fields.count(post.get("views", topic.get("views")))


def _hashable(value: object) -> object:
    return value if isinstance(value, int | str | None) else None
