"""YouTube videos about the brand and the comments under them, from the Data API v3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints
from scrapy.http import Request, Response

from crawler.base import MentionSpider, Yielded
from crawler.daily_quota import day_spent
from crawler.entry_problems import unauthorised
from crawler.json_bodies import at, error_body, items_at, object_in, objects, quoted, read_json
from crawler.request_details import asked, meta_of, next_cursor, portions
from crawler.response_problems import refusal
from crawler.search_terms import words_or_phrase
from crawler.source_options import SourceOptions
from crawler.youtube_items import (
    channel_of,
    plain_line,
    replies_in,
    text_of,
    unfolded,
    video_of,
)
from storage import fields
from storage.fields import EntryError
from storage.models import Mention

_PER_PAGE = 100
_VIDEOS = 50
_HANDLED = [400, 403, 404]
# A search has a bucket of 100 calls a day; counted so, it can never overrun it.
_SEARCH_COST = 100
_SPENT = ("quotaExceeded", "dailyLimitExceeded", "rateLimitExceeded", "userRateLimitExceeded")
_NOT_THERE = ("commentsDisabled", "videoNotFound", "commentNotFound", "parentCommentNotFound")
_BAD_KEY = ("keyInvalid", "keyExpired", "accessNotConfigured", "ipRefererBlocked", "forbidden")

_Video = Annotated[str, StringConstraints(pattern=r"^[\w-]{11}$")]
_Channel = Annotated[str, StringConstraints(pattern=r"^UC[\w-]{22}$")]


class YoutubeSpider(MentionSpider):
    """Search videos for the brand once in a while, and read the comments under them, newest first.

    Under the brand's own channels every comment is read, and what the channel answers counts as
    its reply. The key travels in a header, so it stands in no URL. robots.txt does not apply: this
    is a documented JSON API.
    """

    name = "youtube"
    label = "YouTube"
    place = "on YouTube"
    default_base_url = "https://www.googleapis.com"
    robots = False
    always = ("url", "author")
    needs = "a free API key"
    limits = "100 searches a day; 10,000 other requests a day, of 100 comments each"
    terms = "YouTube API terms: you must refresh or delete what you store within 30 days"
    secrets: ClassVar[Mapping[str, str]] = {
        "YOUTUBE_API_KEY": "an API key of a Google Cloud project with the YouTube Data API v3: "
        "console.cloud.google.com/apis/credentials"
    }
    daily_quota = 10_000
    quota_zone = "America/Los_Angeles"

    class Options(SourceOptions):
        """What to read."""

        channels: list[_Channel] = Field(
            default=[],
            description='Ids of the brand\'s own channels ("UC…"): comments on all their videos '
            "are read.",
        )
        videos: list[_Video] = Field(
            default=[], description="Ids of videos whose comments are read at every crawl."
        )
        search: bool = Field(
            default=True,
            description="Search for videos that name the brand: each term takes 1 of the 100 "
            "searches a day.",
        )
        comments: bool = Field(
            default=True, description="Read the comments under the videos that the search finds."
        )
        replies: bool = Field(
            default=True, description="Ask for all replies where a thread shows only some."
        )
        about_brand: bool = Field(
            default=False,
            description="Take all comments under the listed videos and channels, whether or not "
            "they match the query.",
        )
        follow_days: int = Field(
            default=14,
            ge=1,
            le=365,
            description="For how many days Earful reads the comments under a video that it found.",
        )
        language: str | None = Field(
            default=None,
            pattern=r"^[a-z]{2,3}$",
            description='Prefer videos in a language, such as "en".',
        )
        pages: int = Field(
            default=5, ge=1, le=100, description="Pages of 100 comments per video, at most."
        )

        @property
        def target(self) -> str:
            return " ".join([*self.channels, *self.videos])

    options: Options

    @property
    def wants_match(self) -> bool:
        return not self.options.about_brand

    def quota_cost(self, request: Request) -> int:
        return _SEARCH_COST if "/youtube/v3/search" in request.url else 1

    def requests(self) -> Iterable[Request]:
        for channel in self.options.channels:
            yield self._threads({"allThreadsRelatedToChannelId": channel})
        if self.options.videos:
            for some in portions(self.options.videos, _VIDEOS):
                yield self._videos(some, listed=True)
        if self.options.search:
            for term in self.query.search_terms():
                yield self._search(words_or_phrase(term))

    def parse(self, response: Response) -> Iterator[Yielded]:
        if response.status >= 400:
            self._refused(response)
            return
        data = read_json(response)
        if isinstance(at(data, "error"), dict):
            self._refused(response)
            return
        items = items_at(data, "items")
        kind = str(data.get("kind") or "").partition("#")[2]
        if kind == "searchListResponse":
            yield from self._found(response, items)
        elif kind == "videoListResponse":
            yield from self._described(response, items)
        else:
            yield from self._comments(response, data, items)

    def _found(self, response: Response, items: list[Any]) -> Iterator[Yielded]:
        """Take what a search found; what it shows in part is asked for in full."""
        meta = meta_of(response)
        completes = "completes" in meta
        numbers = []
        for read in self.each(items, self._video):
            if isinstance(read, Mention):
                numbers.append(read.native_id)
            if not (completes and isinstance(read, Mention)):
                yield read
        if completes:
            for some in portions(numbers, _VIDEOS):
                yield self._videos(some)

    def _described(self, response: Response, items: list[Any]) -> Iterator[Yielded]:
        meta = meta_of(response)
        listed = meta.get("listed") is True
        for item in items:
            yield from self.each([item], self._video)
            video = video_of(item)
            if video and (listed or self._worth_reading(meta, item)):
                yield self._threads({"videoId": video["id"]}, video=video)

    def _worth_reading(self, meta: Mapping[str, Any], item: Mapping[str, Any]) -> bool:
        # Without a count the comments are closed; 0 costs a request for nothing.
        counted = fields.count(at(item, "statistics", "commentCount"))
        return "listed" in meta and self.options.comments and bool(counted)

    def _comments(
        self, response: Response, data: Mapping[str, Any], items: list[Any]
    ) -> Iterator[Yielded]:
        """Read threads, or the replies to one comment."""
        meta = meta_of(response)
        video = meta.get("video") or {}
        plain = asked(response, "textFormat") == "plainText"
        threaded = meta.get("asks", ("",))[0] == "commentThreads"
        mentions = []
        for item in items:
            for read in self.each(unfolded(item), lambda c: self._comment(c, video, plain)):
                if isinstance(read, Mention):
                    read = self._with_reply(read, item, plain)
                    mentions.append(read)
                yield read
            if self.options.replies and threaded and (parent := self._hidden(item)):
                yield self._replies(parent, video)
        token = next_cursor(response, data.get("nextPageToken"), "pageToken")
        if "asks" not in meta or token is None:
            return
        path, params = meta["asks"]
        request = self._get(path, {**params, "pageToken": token}, video=video)
        yield from self.more(response, mentions, self.options.pages, request)

    def _hidden(self, item: Any) -> str | None:
        """Name a thread that holds more replies than it shows, if it may hold new ones."""
        total = fields.count(at(item, "snippet", "totalReplyCount")) or 0
        number = at(item, "id")
        hidden = total > len(replies_in(item))
        return number if hidden and isinstance(number, str) and number else None

    def _search(self, term: str) -> Request:
        params: dict[str, Any] = {
            "part": "snippet",
            "q": term,
            "type": "video",
            "order": "date",
            "maxResults": _VIDEOS,
        }
        if self.since is not None:
            # A video draws comments for longer than it is new.
            earliest = self.since - timedelta(days=self.options.follow_days)
            params["publishedAfter"] = earliest.strftime("%Y-%m-%dT%H:%M:%SZ")
        if self.options.language:
            params["relevanceLanguage"] = self.options.language
        return self._get("search", params, completes=True)

    def _videos(self, numbers: Sequence[str], *, listed: bool = False) -> Request:
        params = {"part": "snippet,statistics", "id": ",".join(numbers), "maxResults": _VIDEOS}
        return self._get("videos", params, listed=listed)

    def _threads(
        self, where: Mapping[str, str], video: Mapping[str, Any] | None = None
    ) -> Request:
        params = {
            "part": "snippet,replies",
            **where,
            "order": "time",
            "maxResults": _PER_PAGE,
            "textFormat": "plainText",
        }
        return self._get("commentThreads", params, video=video)

    def _replies(self, parent: str, video: Mapping[str, Any]) -> Request:
        params = {
            "part": "snippet",
            "parentId": parent,
            "maxResults": _PER_PAGE,
            "textFormat": "plainText",
        }
        return self._get("comments", params, video=video)

    def _get(self, path: str, params: Mapping[str, Any], **meta: Any) -> Request:
        return self.ask(
            f"/youtube/v3/{path}",
            params,
            headers={"X-Goog-Api-Key": self.secret("YOUTUBE_API_KEY") or ""},
            handle_httpstatus_list=_HANDLED,
            asks=(path, params),
            **meta,
        )

    def _video(self, item: dict[str, Any]) -> Mention | None:
        snippet, number = object_in(item, "snippet"), item.get("id")
        if isinstance(number, dict):
            if number.get("kind") not in (None, "youtube#video"):
                return None  # a channel or a playlist
            number = number.get("videoId")
        if snippet.get("channelId") in self.options.channels:
            return None  # the brand itself
        native_id = fields.identity(number, "id")
        channel = snippet.get("channelId")
        spoken = snippet.get("defaultAudioLanguage") or snippet.get("defaultLanguage")
        return self.mention(
            native_id=native_id,
            text=fields.plain(snippet.get("description"), "description"),
            title=plain_line(snippet.get("title"), "title"),
            created_at=fields.moment(snippet.get("publishedAt"), self.now, "publishedAt"),
            url=fields.address(f"https://www.youtube.com/watch?v={native_id}"),
            author=plain_line(snippet.get("channelTitle"), "channelTitle"),
            author_native_id=fields.identity(channel, "channelId") if channel else None,
            language=fields.language(spoken),
            reach=fields.count(at(item, "statistics", "viewCount")),
        )

    def _comment(
        self, comment: dict[str, Any], video: Mapping[str, Any], plain: bool
    ) -> Mention | None:
        snippet = object_in(comment, "snippet")
        native_id = fields.identity(comment.get("id"), "id")
        channel = channel_of(snippet.get("authorChannelId"))
        if channel and channel in self.options.channels:
            return None  # the brand itself
        watched = snippet.get("videoId") or video.get("id")
        watched = fields.identity(watched, "videoId") if watched else None
        above = snippet.get("parentId")
        parent = fields.identity(above, "parentId") if above else watched
        page = f"watch?v={watched}&lc={native_id}" if watched else f"watch?lc={native_id}"
        return self.mention(
            native_id=native_id,
            text=text_of(snippet, plain),
            created_at=fields.moment(snippet.get("publishedAt"), self.now, "publishedAt"),
            edited_at=fields.later(snippet.get("updatedAt"), self.now, "updatedAt"),
            url=fields.address(f"https://www.youtube.com/{page}"),
            author=plain_line(snippet.get("authorDisplayName"), "authorDisplayName"),
            author_native_id=channel,
            reach=fields.count(snippet.get("likeCount")),
            parent=parent,
        )

    def _with_reply(self, mention: Mention, item: Any, plain: bool) -> Mention:
        """Give a comment with the first reply of the brand's own channels to it."""
        if at(item, "id") != mention.native_id:
            return mention
        replies = []
        for reply in objects(replies_in(item)):
            try:
                snippet = object_in(reply, "snippet")
                when = fields.moment(snippet.get("publishedAt"), self.now, "publishedAt")
                if channel_of(snippet.get("authorChannelId")) in self.options.channels:
                    replies.append((when, text_of(snippet, plain)))
            except EntryError:
                continue  # refused by name as an entry of its own
        if not replies:
            return mention
        when, text = min(replies)
        return replace(mention, owner_reply=text or None, owner_replied_at=when if text else None)

    def _refused(self, response: Response) -> None:
        """Say what is wrong, unless only a video's comments are closed."""
        error = error_body(response).get("error")
        reason = at(error, "errors", 0, "reason")
        words = quoted(at(error, "message")) or quoted(reason)
        if reason in _NOT_THERE:
            return
        if reason in _SPENT:
            raise day_spent(self, response, words)
        if reason in _BAD_KEY or "api key" in words.casefold():
            raise unauthorised(f"refused the key ({words}): check YOUTUBE_API_KEY")
        raise refusal(response, words)
