"""Posts on X, from the official search API, which is paid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints
from scrapy.http import Request, Response

from crawler import grants
from crawler.base import MentionSpider, Yielded
from crawler.entry_problems import broken, failed, quota_spent
from crawler.json_bodies import at, objects, read_object
from crawler.request_details import asked, next_cursor
from crawler.search_terms import OR, groups, phrase
from crawler.source_options import SourceOptions
from storage import fields
from storage.models import Mention

_PER_PAGE = 100
_LONGEST_QUERY = 500
_REACHES_BACK = timedelta(days=7)
# Ids carry the millisecond of their making since this one, above 22 bits.
_FIRST_MS = 1_288_834_974_657
_FIRST_ID = 1 << 35

_Object = dict[str, Any]
_Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]


class XSpider(MentionSpider):
    """Search the posts of the last seven days for the brand's terms, newest first.

    robots.txt does not apply: this is a documented JSON API with a key. X charges for every
    post that is read: `pages` bounds a crawl.
    """

    name = "x"
    label = "X (Twitter)"
    place = "on X"
    default_base_url = "https://api.x.com"
    names_are_ids = True
    robots = False
    needs = "a bearer token of a paid X developer account"
    asks_since = True
    limits = "7 days back; 100 posts a request, you pay for each; 60 requests in 15 minutes"
    terms = "official API, paid; what X deletes you must delete too"
    secrets: ClassVar[Mapping[str, str]] = {
        "X_BEARER_TOKEN": "app-only bearer token: developer.x.com, your app, Keys and tokens"
    }

    class Options(SourceOptions):
        """What is searched."""

        languages: list[_Language] = Field(
            default=[], description="Only posts in these languages, as X detects them."
        )
        retweets: bool = Field(default=False, description="Read reposts too; you pay for each.")
        pages: int = Field(
            default=2, ge=1, le=100, description="Pages of 100 posts a crawl, at most."
        )

    options: Options

    def requests(self) -> Iterable[Request]:
        for query in self._queries():
            yield self._page(query)

    def parse(self, response: Response) -> Iterator[Yielded]:
        if response.status == 402:
            raise quota_spent("answered 402: the account has no credits left")
        data = read_object(response)
        posts = data.get("data")
        if posts is None:
            posts = self._nothing(data)
        posts = [posts] if isinstance(posts, dict) else posts
        if not isinstance(posts, list):
            raise broken("answered with `data` that is not a list")
        users, others = _included(data, "users"), _included(data, "tweets")
        mentions = yield from self.each(posts, lambda post: self._post(post, users, others))
        token = next_cursor(response, at(data, "meta", "next_token"), "next_token")
        if token:
            following = self._page(asked(response, "query"), token)
            yield from self.more(response, mentions, self.options.pages, following)

    def _nothing(self, data: _Object) -> list[Any]:
        """Tell a response without posts from an error in a good status."""
        if at(data, "meta", "result_count") == 0:
            return []
        first = at(data, "errors", 0) or data
        words = at(first, "title") or at(first, "message")
        if isinstance(words, str):
            raise failed(f"answered with an error: {' '.join(words.split())[:80]}")
        raise broken("answered without `data`")

    def _queries(self) -> Iterator[str]:
        """Join the brand's terms into as few searches as their length allows."""
        suffix = "" if self.options.retweets else " -is:retweet"
        if self.options.languages:
            suffix += " (" + OR.join(f"lang:{code}" for code in self.options.languages) + ")"
        room = _LONGEST_QUERY - len(suffix) - len("()")
        for group in groups(map(phrase, self.query.search_terms()), room):
            yield f"({OR.join(group)}){suffix}"

    def _page(self, query: str, token: str | None = None) -> Request:
        params: dict[str, object] = {
            "query": query,
            "max_results": _PER_PAGE,
            "tweet.fields": "created_at,lang,public_metrics,referenced_tweets,entities,note_tweet"
            ",edit_history_tweet_ids",
            "expansions": "author_id,referenced_tweets.id",
            "user.fields": "name,username,public_metrics",
        }
        if self.since is not None:
            # Anything older is refused as an error.
            earliest = self.now - _REACHES_BACK + timedelta(minutes=5)
            params["start_time"] = f"{max(self.since, earliest):%Y-%m-%dT%H:%M:%SZ}"
        if token:
            params["next_token"] = token
        return self.ask(
            "/2/tweets/search/recent",
            params,
            headers={"Authorization": f"Bearer {grants.key(self, 'X_BEARER_TOKEN')}"},
            dont_redirect=True,
            handle_httpstatus_list=[402],
        )

    def _post(
        self,
        post: _Object,
        users: dict[str, _Object],
        others: dict[str, _Object],
    ) -> Mention:
        newest = fields.identity(post.get("id"))
        # Each edit is a post of its own: the first one's id holds for all.
        history = post.get("edit_history_tweet_ids")
        edits = [str(each) for each in history] if isinstance(history, list) else []
        native_id = edits[0] if len(edits) > 1 else newest
        stated = post.get("created_at") or _made_at(newest)
        written = fields.moment(stated, self.now, "created_at")
        created = written if native_id == newest else _made_at(native_id) or written
        author_id = str(post.get("author_id") or "")
        user = users.get(author_id, {})
        username = fields.line(user.get("username"), "username")
        return self.mention(
            native_id=native_id,
            text=_text(post, others),
            created_at=created,
            edited_at=written,
            url=f"https://x.com/{username or 'i'}/status/{newest}",
            author=username or fields.line(user.get("name"), "name"),
            author_native_id=author_id or None,
            language=_language(post.get("lang")),
            reach=_reach(user, post),
            parent=_referenced(post, "replied_to"),
        )


def _included(data: _Object, kind: str) -> dict[str, _Object]:
    included = objects(at(data, "includes", kind))
    return {str(item["id"]): item for item in included if "id" in item}


def _referenced(post: _Object, kind: str) -> str | None:
    for reference in objects(post.get("referenced_tweets")):
        if reference.get("type") == kind and reference.get("id"):
            return str(reference["id"])
    return None


def _text(post: _Object, others: dict[str, _Object]) -> str:
    """Give the whole text with its links as they lead, of a repost the original's."""
    original = others.get(_referenced(post, "retweeted") or "")
    text = _written(post)
    if original and text.startswith("RT @"):
        return f"{text.partition(': ')[0]}: {_written(original)}"  # a repost's own is cut off
    return text


def _written(post: _Object) -> str:
    note = post.get("note_tweet")
    longer = note if isinstance(note, dict) and note.get("text") else {}
    text = fields.plain(longer.get("text") or post.get("text"))
    entities = longer.get("entities") or post.get("entities")
    shown = text
    for url in objects(at(entities, "urls")):
        short, whole = url.get("url"), url.get("expanded_url")
        if isinstance(short, str) and short and isinstance(whole, str):
            # A picture of the post's own is linked to from its text.
            own = "/photo/" in whole or "/video/" in whole
            shown = shown.replace(short, "" if own else fields.plain(whole, "expanded_url"))
    return shown.strip() or text


def _made_at(native_id: str) -> datetime | None:
    """Read the moment out of an id, which all ids since November 2010 carry."""
    if not native_id.isascii() or not native_id.isdecimal() or len(native_id) > 20:
        return None
    number = int(native_id)
    if number < _FIRST_ID:
        return None
    moment = datetime.fromtimestamp(((number >> 22) + _FIRST_MS) / 1000, UTC)
    return moment.replace(microsecond=0)


def _language(code: object) -> str | None:
    """Give a language's code; X has codes for none at all, for links, for hashtags."""
    if not isinstance(code, str) or code in ("und", "zxx", "art") or code.startswith("q"):
        return None
    return fields.language({"in": "id", "iw": "he"}.get(code, code))


def _reach(user: _Object, post: _Object) -> int | None:
    for item, name in (
        (user, "followers_count"),
        (post, "impression_count"),
        (post, "like_count"),
    ):
        number = fields.count(at(item, "public_metrics", name))
        if number is not None:
            return number
    return None
