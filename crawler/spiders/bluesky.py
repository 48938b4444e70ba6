"""Bluesky posts: searched with an account's app password, or from the stream, without a key."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Literal

from pydantic import Field
from scrapy.http import Request, Response

from crawler.base import MentionSpider, Yielded
from crawler.bluesky_accounts import is_left_out, profiles_path, with_profiles
from crawler.entry_problems import PageError, broken, unauthorised
from crawler.jetstream import STREAM, Wanted, deleted_uri, post_of, stream_request, words_of
from crawler.json_bodies import at, error_body, items_at, object_in, objects, quoted, read_json
from crawler.request_details import meta_of, next_cursor, portions
from crawler.response_problems import refusal
from crawler.search_terms import words_or_phrase
from crawler.source_notes import Today
from crawler.source_options import SourceOptions
from storage import fields
from storage.fields import EntryError
from storage.models import Mention

_PER_PAGE = 100
_ACTORS = 25
_HANDLED = [400, 401, 403]
_POST = re.compile(r"^at://(did:[\w.:%-]{1,200})/app\.bsky\.feed\.post/([\w.:~-]{1,100})$")
_JETSTREAM = "https://jetstream.us-east.bsky.network"
# Shows anybody what signed-out people may see.
_PUBLIC = "https://public.api.bsky.app"
_DEEPEST = 100


class BlueskySpider(MentionSpider):
    """Search posts for each term of the brand's query, newest first.

    Searching needs an account: the session is opened with an app password and renewed when its
    token expires. `mode = "stream"` needs none: it reads every post of the network since the last
    crawl from Jetstream (bsky.network/docs/jetstream), keeps those with the brand's words, and
    goes on from there the next time. Posts that their authors deleted are marked. Authors who ask
    to be seen by signed-in people only are left out. robots.txt does not apply: these are
    documented APIs.
    """

    name = "bluesky"
    label = "Bluesky"
    place = "on Bluesky"
    default_base_url = "https://bsky.social"
    names_are_ids = True
    robots = False
    asks_since = True
    always = ("url", "author", "author_native_id")
    needs = 'an account and an app password of it; nothing with `mode = "stream"`'
    limits = (
        "3000 requests in 5 minutes; search is meant for few terms, not for bulk; the stream "
        "keeps a day or two: crawl it every hour at least"
    )
    terms = "public posts only; Earful respects the label !no-unauthenticated"
    today = (
        Today(
            date(2025, 5, 10),
            "search often answers 403 to who has not signed in",
            'give Earful an app password, or read the stream, which needs none: `mode = "stream"`',
            (
                "github.com/bluesky-social/atproto/issues/3891",
                "github.com/bluesky-social/bsky-docs/issues/296",
            ),
        ),
    )
    secrets: ClassVar[Mapping[str, str]] = {
        "BLUESKY_HANDLE": "the account's handle, such as acme.bsky.social",
        "BLUESKY_APP_PASSWORD": "an app password of the account: bsky.app/settings/app-passwords",
    }

    class Options(SourceOptions):
        """What to search, and how."""

        mode: Literal["search", "stream"] = Field(
            default="search",
            description='"search" asks Bluesky for the brand\'s words, with an account; "stream" '
            "reads all posts as they come and keeps those with the words, without one.",
        )
        language: str | None = Field(
            default=None, pattern=r"^[a-z]{2,3}$", description='One language only, such as "en".'
        )
        followers: bool = Field(
            default=False,
            description="Take an author's followers for the reach instead of the post's likes: "
            "a request for every 25 authors.",
        )
        pages: int = Field(
            default=5, ge=1, le=100, description="Pages of 100 posts per search term, at most."
        )
        hours: int = Field(
            default=1, ge=0, le=24, description="How far back the first crawl reads the stream."
        )
        seconds: int = Field(
            default=180,
            ge=5,
            le=3600,
            description="For how long a crawl reads the stream, at most, which must be less than "
            "[crawl] time_limit; the next crawl goes on from there.",
        )

        @property
        def target(self) -> str:
            stream = "stream" if self.mode == "stream" else ""
            return f"{stream} {self.language or ''}".strip()

    options: Options
    # Of this crawl's session; never in a URL, so in no log.
    access: str | None = None
    refresh: str | None = None

    @classmethod
    def needed_secrets(cls, options: SourceOptions) -> Mapping[str, str]:
        return {} if getattr(options, "mode", "") == "stream" else cls.secrets

    @property
    def asked_since(self) -> bool:
        """A stream that goes on and names no brand is as it should be."""
        return self.options.mode == "stream" or super().asked_since

    def requests(self) -> Iterable[Request]:
        if self.options.mode == "stream":
            yield self._stream()
            return
        given = {
            "identifier": self.secret("BLUESKY_HANDLE") or "",
            "password": self.secret("BLUESKY_APP_PASSWORD") or "",
        }
        if not all(given.values()):
            raise unauthorised("needs BLUESKY_HANDLE and BLUESKY_APP_PASSWORD in the environment")
        yield self.ask(
            "/xrpc/com.atproto.server.createSession",
            method="POST",
            headers={"Content-Type": "application/json"},
            body=json.dumps(given),
            callback=self.opened,
            handle_httpstatus_list=_HANDLED,
            # Only the way in: a check of one page still has its page to ask for.
            door=True,
        )

    def opened(self, response: Response) -> Iterator[Yielded]:
        """Take up a session and search, or go on where the old session ended."""
        if response.status >= 400:
            if response.status in (400, 401):
                words = _words(error_body(response))
                quote = f" ({words})" if words else ""
                raise unauthorised(
                    f"answered {response.status}{quote} to the app password: check "
                    "BLUESKY_HANDLE and BLUESKY_APP_PASSWORD"
                )
            raise self._refused(response)
        data = read_json(response)
        access = at(data, "accessJwt")
        if not isinstance(access, str) or not access:
            raise broken("answered without `accessJwt`")
        self.access, self.refresh = access, data.get("refreshJwt")
        interrupted = meta_of(response).get("interrupted")
        if interrupted is not None:
            yield self._authorised(interrupted)
            return
        for term in self.query.search_terms():
            yield self._search(words_or_phrase(term))

    def parse(self, response: Response) -> Iterator[Yielded]:
        if response.status >= 400:
            yield from self._unanswered(response)
            return
        data = read_json(response)
        posts = _posts(data)
        mentions = []
        for read in self.each(posts, self._post):
            if isinstance(read, Mention):
                mentions.append(read)
            else:
                yield read
        term = meta_of(response).get("term")
        if term is not None and self.options.followers and mentions:
            yield from self._profiles(mentions)
        else:
            yield from mentions
        cursor = next_cursor(response, data.get("cursor"), "cursor")
        if term is not None and cursor:
            following = self._search(term, cursor)
            yield from self.more(response, mentions, self.options.pages, following)

    def streamed(self, response: Response) -> Iterator[Yielded]:
        """Take the posts that came by the stream, once their authors' profiles are known."""
        events = items_at(read_json(response), "events")
        deleted = {uri for event in objects(events) if (uri := deleted_uri(event))}
        for uri in self.stored(list(deleted)):
            yield self.gone(uri)
        mentions = []
        for read in self.each(events, self._event):
            if not isinstance(read, Mention):
                yield read
            elif read.native_id not in deleted:
                mentions.append(read)
        authors = list(dict.fromkeys(mention.author_native_id or "" for mention in mentions))
        for some in portions(authors, _ACTORS):
            waiting = [mention for mention in mentions if mention.author_native_id in some]
            url = f"{_PUBLIC}{profiles_path(some)}"
            yield self.ask(url, callback=self.named, waiting=waiting)

    def named(self, response: Response) -> Iterator[Yielded]:
        """Yield posts of the stream with their authors' names, unless these ask to stay unseen."""
        profiles = objects(items_at(read_json(response), "profiles"))
        waiting = meta_of(response).get("waiting", [])
        yield from with_profiles(waiting, profiles, followers=self.options.followers)

    def reaches_since(self, mentions: Iterable[Mention]) -> bool:
        """Leave the end to the search: it knows when a post came, whatever its author says."""
        return True

    def counted(self, response: Response) -> Iterator[Yielded]:
        """Yield posts that waited for how many follow their authors."""
        waiting: list[Mention] = meta_of(response)["waiting"]
        if response.status >= 400:
            yield from self._unanswered(response)
            return
        followers = {
            profile.get("did"): fields.count(profile.get("followersCount"))
            for profile in objects(items_at(read_json(response), "profiles"))
        }
        for mention in waiting:
            yield replace(mention, reach=followers.get(mention.author_native_id))

    def _profiles(self, mentions: list[Mention]) -> Iterator[Request]:
        authors = list(dict.fromkeys(mention.author_native_id for mention in mentions))
        for some in portions(authors, _ACTORS):
            waiting = [mention for mention in mentions if mention.author_native_id in some]
            request = self.ask(
                profiles_path(author for author in some if author),
                callback=self.counted,
                waiting=waiting,
                handle_httpstatus_list=_HANDLED,
            )
            yield self._authorised(request)

    def _stream(self) -> Request:
        options = self.options
        wanted = Wanted(
            words=words_of(self.query.search_terms()),
            first=self.since or self.now - timedelta(hours=options.hours),
            seconds=options.seconds,
        )
        # The next crawl's cursor is the answer's ETag: it is kept once all that came is stored.
        url = f"{_JETSTREAM}{STREAM}"
        request = self.ask(url, callback=self.streamed, conditional=True, stream=wanted)
        return stream_request(request)

    def _search(self, term: str, cursor: str | None = None) -> Request:
        params: dict[str, Any] = {"q": term, "sort": "latest", "limit": _PER_PAGE}
        if self.since is not None:
            params["since"] = self.since.strftime("%Y-%m-%dT%H:%M:%SZ")
        if self.options.language:
            params["lang"] = self.options.language
        if cursor:
            params["cursor"] = cursor
        path = "/xrpc/app.bsky.feed.searchPosts"
        return self._authorised(self.ask(path, params, term=term, handle_httpstatus_list=_HANDLED))

    def _authorised(self, request: Request) -> Request:
        request.headers["Authorization"] = f"Bearer {self.access}"
        return request

    def _unanswered(self, response: Response) -> Iterator[Request]:
        """Renew a session that has expired, once for a request; say what else is wrong."""
        expired = error_body(response).get("error") in ("ExpiredToken", "InvalidToken")
        request = response.request
        if not expired or request is None or request.meta.get("renewed") or not self.refresh:
            raise self._refused(response)
        again = request.replace(meta={**request.meta, "renewed": True})
        yield self.ask(
            "/xrpc/com.atproto.server.refreshSession",
            method="POST",
            headers={"Authorization": f"Bearer {self.refresh}"},
            callback=self.opened,
            interrupted=again,
            handle_httpstatus_list=_HANDLED,
        )

    def _refused(self, response: Response) -> PageError:
        error = error_body(response)
        problem = refusal(response, _words(error))
        if error.get("error") in ("ExpiredToken", "InvalidToken", "AuthMissing"):
            return unauthorised(problem.reason)
        return problem

    def _event(self, event: dict[str, Any]) -> Mention | None:
        post = post_of(event)
        mention = self._post(post) if post else None
        wanted = self.options.language
        if mention is None or not wanted or not mention.language:
            return mention
        return mention if mention.language.partition("-")[0] == wanted else None

    def _post(self, post: dict[str, Any]) -> Mention | None:
        author, record = object_in(post, "author"), object_in(post, "record")
        if is_left_out(author.get("labels"), post.get("labels")):
            return None
        uri = fields.identity(post.get("uri"), "uri")
        place = _POST.match(uri)
        if place is None:
            raise EntryError("uri is not the address of a post")
        did = author.get("did") or place[1]
        return self.mention(
            native_id=uri,
            text=fields.plain(record.get("text"), "text") or "\n".join(_described(record)),
            created_at=self._written(post, record),
            url=f"https://bsky.app/profile/{place[1]}/post/{place[2]}",
            author=fields.line(author.get("handle"), "handle"),
            author_native_id=fields.identity(did, "did"),
            language=_language(record.get("langs")),
            reach=fields.count(post.get("likeCount")),
            parent=_parent(record.get("reply")),
        )

    def _written(self, post: Mapping[str, Any], record: Mapping[str, Any]) -> datetime:
        """Give when a post was written: its author's clock may lie, but not past its arrival."""
        written = fields.later(record.get("createdAt"), self.now, "createdAt")
        arrived = fields.later(post.get("indexedAt"), self.now, "indexedAt")
        if moments := [moment for moment in (written, arrived) if moment]:
            return min(moments)
        return fields.moment(record.get("createdAt"), self.now, "createdAt")


def _words(error: Mapping[str, Any]) -> str:
    return quoted(error.get("message")) or quoted(error.get("error"))


def _parent(reply: object) -> str | None:
    uri = at(reply, "parent", "uri")
    return uri if isinstance(uri, str) and _POST.match(uri) else None


def _posts(data: Any) -> list[Any]:
    """Give the posts of a search, a list of quotes, or a thread from its top to its leaves."""
    if isinstance(at(data, "thread"), dict):
        posts: list[Any] = []
        waiting: list[tuple[Any, int]] = [(data["thread"], 0)]
        while waiting:
            node, depth = waiting.pop()
            if not isinstance(node, dict) or depth > _DEEPEST:
                continue
            if "post" in node:  # else it is blocked or was deleted
                posts.append(node["post"])
            below = node.get("replies")
            waiting += [(reply, depth + 1) for reply in below] if isinstance(below, list) else []
            if node.get("parent"):
                waiting.append((node["parent"], depth + 1))
        return posts
    return items_at(data, "posts")


def _described(record: Mapping[str, Any]) -> Iterator[str]:
    """Give what a post without words says of its pictures or its film."""
    embed = object_in(record, "embed")
    media = embed.get("media") or embed  # of a quote with pictures
    pictures = at(media, "images")
    for one in (*objects(pictures if isinstance(pictures, list) else []), media):
        alt = at(one, "alt")
        if isinstance(alt, str) and (text := fields.plain(alt)):
            yield text


def _language(languages: object) -> str | None:
    return fields.language(at(languages, 0))
