"""Posts on X, from the official search API, which is paid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints
from scrapy.http import Request, Response

from crawler import grants
from crawler.base import MentionSpider, SourceOptions, Yielded, asked, page_of
from crawler.bodies import read_json
from crawler.entry_problems import broken, failed, quota_spent
from storage import fields
from storage.fields import EntryError
from storage.models import Mention

_PER_PAGE = 100
_LONGEST_QUERY = 500
_REACHES_BACK = timedelta(days=7)
# Ids carry the millisecond of their making since this one, above 22 bits.
_FIRST_MS = 1_288_834_974_657
_FIRST_ID = 1 << 35

_Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]


class XSpider(MentionSpider):
    """Search the posts of the last seven days for the brand's terms, newest first.

    robots.txt does not apply: this is a documented JSON API with a key. X charges for every
    post that is read: `pages` bounds a crawl.
    """

    name = "x"
    label = "X (Twitter)"
    default_base_url = "https://api.x.com"
    robots = False
    needs = "a bearer token of a paid X developer account"
    limits = "7 days back; 100 posts a request, each paid for; 60 requests in 15 minutes"
    terms = "official API, paid; posts deleted there must be deleted here"
    secrets: ClassVar[Mapping[str, str]] = {
        "X_BEARER_TOKEN": "app-only bearer token: developer.x.com, your app, Keys and tokens"
    }

    class Options(SourceOptions):
        """What is searched."""

        languages: list[_Language] = Field(
            default=[], description="Only posts in these languages, by X's reckoning."
        )
        retweets: bool = Field(default=False, description="Read reposts too; each is paid for.")
        pages: int = Field(
            default=2, ge=1, le=100, description="Pages of 100 posts a crawl, at most."
        )

    options: Options

    @property
    def asked_since(self) -> bool:
        return self.since is not None

    def requests(self) -> Iterable[Request]:
        for query in self._queries():
            yield self._page(query)

    def parse(self, response: Response) -> Iterator[Yielded]:
        if response.status == 402:
            raise quota_spent("answered 402: the account has no credits left")
        data = read_json(response)
        if not isinstance(data, dict):
            raise broken("answered without `data`")
        posts = data.get("data")
        if posts is None:
            posts = self._nothing(data)
        posts = [posts] if isinstance(posts, dict) else posts
        if not isinstance(posts, list):
            raise broken("answered with `data` that is no list")
        users, others = _included(data, "users"), _included(data, "tweets")
        mentions = []
        for read in self.each(posts, lambda post: self._post(post, users, others)):
            yield read
            if isinstance(read, Mention):
                mentions.append(read)
        meta = data.get("meta")
        token = meta.get("next_token") if isinstance(meta, dict) else None
        if isinstance(token, str) and token:
            following = self._page(asked(response, "query"), token, page_of(response) + 1)
            yield from self.more(response, mentions, self.options.pages, following)

    def _nothing(self, data: dict[str, Any]) -> list[Any]:
        """Tell an answer without posts from an error in a good status."""
        meta, errors = data.get("meta"), data.get("errors")
        if isinstance(meta, dict) and meta.get("result_count") == 0:
            return []
        first = errors[0] if isinstance(errors, list) and errors else data
        said = first.get("title") or first.get("message") if isinstance(first, dict) else None
        if isinstance(said, str):
            raise failed(f"answered with an error: {' '.join(said.split())[:80]}")
        raise broken("answered without `data`")

    def _queries(self) -> Iterator[str]:
        """Join the brand's terms into as few searches as their length allows."""
        suffix = "" if self.options.retweets else " -is:retweet"
        if self.options.languages:
            suffix += " (" + " OR ".join(f"lang:{code}" for code in self.options.languages) + ")"
        joined = ""
        for term in self.query.search_terms():
            quoted = '"' + term.replace('"', " ") + '"'
            longer = f"{joined} OR {quoted}" if joined else quoted
            if joined and len(longer) + len(suffix) + 2 > _LONGEST_QUERY:
                yield f"({joined}){suffix}"
                longer = quoted
            joined = longer
        if joined:
            yield f"({joined}){suffix}"

    def _page(self, query: str, token: str | None = None, page: int = 1) -> Request:
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
            page=page,
            headers={"Authorization": f"Bearer {grants.key(self, 'X_BEARER_TOKEN')}"},
            dont_redirect=True,
            handle_httpstatus_list=[402],
        )

    def _post(
        self, post: Any, users: dict[str, dict[str, Any]], others: dict[str, dict[str, Any]]
    ) -> Mention:
        if not isinstance(post, dict):
            raise EntryError("it is no object")
        newest = fields.identity(post.get("id"))
        # Each edit is a post of its own: the first one's id holds for all.
        history = post.get("edit_history_tweet_ids")
        edits = [str(each) for each in history] if isinstance(history, list) else []
        native_id = edits[0] if len(edits) > 1 else newest
        told = post.get("created_at") or _made_at(newest)
        written = fields.moment(told, self.now, "created_at")
        created = written if native_id == newest else _made_at(native_id) or written
        author_id = str(post.get("author_id") or "")
        user = users.get(author_id, {})
        username = fields.line(user.get("username"), "username")
        parent = _referenced(post, "replied_to")
        return self.mention(
            native_id=native_id,
            text=_text(post, others),
            created_at=created,
            edited_at=written if written > created else None,
            url=f"https://x.com/{username or 'i'}/status/{newest}",
            author=username or fields.line(user.get("name"), "name"),
            author_native_id=author_id or None,
            language=_language(post.get("lang")),
            reach=_reach(user, post),
            parent_id=f"{self.name}:{parent}" if parent else None,
        )


def _included(data: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    included = data.get("includes")
    found = included.get(kind) if isinstance(included, dict) else None
    return {
        str(item["id"]): item
        for item in (found if isinstance(found, list) else ())
        if isinstance(item, dict) and "id" in item
    }


def _referenced(post: dict[str, Any], kind: str) -> str | None:
    references = post.get("referenced_tweets")
    for each in references if isinstance(references, list) else ():
        if isinstance(each, dict) and each.get("type") == kind and each.get("id"):
            return str(each["id"])
    return None


def _text(post: dict[str, Any], others: dict[str, dict[str, Any]]) -> str:
    """Give the whole text with its links as they lead, of a repost the original's."""
    original = others.get(_referenced(post, "retweeted") or "")
    text = _written(post)
    if original and text.startswith("RT @"):
        return f"{text.partition(': ')[0]}: {_written(original)}"  # a repost's own is cut off
    return text


def _written(post: dict[str, Any]) -> str:
    note = post.get("note_tweet")
    longer = note if isinstance(note, dict) and note.get("text") else {}
    text = fields.plain(longer.get("text") or post.get("text"))
    entities = longer.get("entities") or post.get("entities")
    urls = entities.get("urls") if isinstance(entities, dict) else None
    shown = text
    for url in urls if isinstance(urls, list) else ():
        short, whole = (
            (url.get("url"), url.get("expanded_url")) if isinstance(url, dict) else (0, 0)
        )
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


def _reach(user: dict[str, Any], post: dict[str, Any]) -> int | None:
    for item, name in (
        (user, "followers_count"),
        (post, "impression_count"),
        (post, "like_count"),
    ):
        metrics = item.get("public_metrics")
        number = fields.count(metrics.get(name)) if isinstance(metrics, dict) else None
        if number is not None:
            return number
    return None
