"""Articles and comments of DEV (dev.to) and other Forem communities, from their open API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field, StringConstraints
from scrapy.http import Request, Response

from crawler.base import MentionSpider, Yielded
from crawler.json_bodies import items_at, object_in, objects, read_json
from crawler.markdown import from_markdown
from crawler.request_details import meta_of, page_of
from crawler.source_options import Host, SourceOptions
from storage import fields
from storage.models import Mention

_PER_PAGE = 100
_TAKEN_BACK = ("[deleted]", "[hidden by post author]")

_Tag = Annotated[str, StringConstraints(pattern=r"^\w{1,60}$")]


class DevtoSpider(MentionSpider):
    """Read the newest articles, of some tags or all, and on wish what was answered to them.

    The API has no search: what is read is matched against the brand's query here.
    robots.txt does not apply: this is a documented JSON API.
    """

    name = "devto"
    label = "DEV (dev.to)"
    place = "on DEV"
    default_base_url = "https://dev.to"
    robots = False
    always = ("url", "author", "author_native_id")
    limits = "about 3 requests in 30 seconds; no search"
    terms = "public API, no key"
    delay = 3.0

    class Options(SourceOptions):
        """What to read."""

        host: Host = Field(
            default="dev.to", description="The host of another community that runs on Forem."
        )
        tags: list[_Tag] = Field(
            default=[], description="Tags to read; without any, the newest articles of all tags."
        )
        whole: bool = Field(
            default=False,
            description="Ask for each article's text, a request each: lists hold its first "
            "line only. Then Earful also finds a brand that an article names further down.",
        )
        comments: bool = Field(
            default=False, description="Read the comments too: a request for each article."
        )
        about_brand: bool = Field(
            default=False,
            description="Take all of the tags' articles, whether or not they match the query.",
        )
        pages: int = Field(
            default=2, ge=1, le=50, description="Pages of 100 articles per tag, at most."
        )

        @property
        def target(self) -> str:
            return " ".join([self.host, *self.tags])

    options: Options

    @property
    def wants_match(self) -> bool:
        return not self.options.about_brand

    def requests(self) -> Iterable[Request]:
        for tag in self.options.tags:
            yield self._get("/api/articles", {"tag": tag, "per_page": _PER_PAGE, "page": 1})
        if not self.options.tags:
            yield self._get("/api/articles/latest", {"per_page": _PER_PAGE, "page": 1})

    def parse(self, response: Response) -> Iterator[Yielded]:
        data = read_json(response)
        entries = [data] if isinstance(data, dict) and "id" in data else items_at(data)
        meta = meta_of(response)
        mentions = []
        unfolded = list(_unfolded(entries, meta.get("article")))
        # By identity: equal entries may answer different ones.
        places = {id(entry): (parent, page) for entry, parent, page in unfolded}
        unfolded_entries = [entry for entry, _, _ in unfolded]
        for read in self.each(
            unfolded_entries, lambda entry: self._entry(entry, *places[id(entry)])
        ):
            # What lists shorten comes whole from a request of its own.
            if not (self._whole(meta) and isinstance(read, Mention)):
                yield read
            if isinstance(read, Mention):
                mentions.append(read)
        if "listing" not in meta:
            return
        yield from self._details(entries)
        if mentions and len(entries) >= _PER_PAGE // 2:
            path, params = meta["listing"]
            following = self._get(path, {**params, "page": page_of(response) + 1})
            yield from self.more(response, mentions, self.options.pages, following)

    def _whole(self, meta: Mapping[str, Any]) -> bool:
        return self.options.whole and "listing" in meta

    def _details(self, entries: list[Any]) -> Iterator[Request]:
        for entry in objects(entries):
            number = entry.get("id")
            if not isinstance(number, int) or isinstance(number, bool) or not self._is_new(entry):
                continue
            if self.options.whole:
                yield self.ask(f"https://{self.options.host}/api/articles/{number}")
            if self.options.comments and fields.count(entry.get("comments_count")):
                yield self.ask(
                    f"https://{self.options.host}/api/comments",
                    {"a_id": number},
                    article=(number, fields.link(entry.get("url"))),
                )

    def _is_new(self, entry: Mapping[str, Any]) -> bool:
        """Tell whether an article was written, edited or answered to since the last crawl."""
        names = ("last_comment_at", "edited_at", "published_at", "published_timestamp")
        moments = [fields.later(entry.get(name), self.now, name) for name in names]
        return self.since is None or any(when and when >= self.since for when in moments)

    def _get(self, path: str, params: dict[str, Any]) -> Request:
        return self.ask(f"https://{self.options.host}{path}", params, listing=(path, params))

    def _entry(
        self, entry: dict[str, Any], parent: str | None, page: str | None
    ) -> Mention | None:
        if entry.get("id_code"):
            return self._comment(entry, parent, page)
        user = object_in(entry, "user")
        created = fields.moment(
            entry.get("published_timestamp") or entry.get("published_at"), self.now, "published_at"
        )
        edited = fields.later(entry.get("edited_at"), self.now, "edited_at")
        whole = entry.get("body_markdown")
        native_id = fields.identity(entry.get("id"), "id")
        return self.mention(
            native_id=self._id(native_id),
            text=from_markdown(whole) if whole else fields.from_html(entry.get("description")),
            title=fields.line(entry.get("title"), "title"),
            created_at=created,
            edited_at=edited,
            url=fields.address(
                entry.get("url"), entry.get("path"), base=f"https://{self.options.host}/"
            ),
            author=fields.line(user.get("username") or user.get("name"), "username"),
            author_native_id=_user_id(user),
            language=fields.language(entry.get("language")),
            reach=_reach(entry),
        )

    def _comment(
        self, entry: Mapping[str, Any], parent: str | None, page: str | None
    ) -> Mention | None:
        native_id = fields.identity(entry.get("id_code"), "id_code")
        text = fields.from_html(entry.get("body_html"), "body_html")
        if text in _TAKEN_BACK:
            return None
        user = object_in(entry, "user")
        username = fields.line(user.get("username"), "username")
        permalink = f"https://{self.options.host}/{username}/comment/{native_id}"
        return self.mention(
            native_id=self._id(f"comment/{native_id}"),
            text=text,
            created_at=fields.moment(entry.get("created_at"), self.now, "created_at"),
            url=fields.address(permalink if username else None, page),
            author=username or fields.line(user.get("name"), "name"),
            author_native_id=_user_id(user),
            parent=self._id(parent) if parent else None,
        )

    def _id(self, native_id: str) -> str:
        # Each community counts for itself.
        host = self.options.host
        return native_id if host == "dev.to" else f"{host}/{native_id}"


def _unfolded(
    entries: Iterable[Any], article: tuple[int, str | None] | None
) -> Iterator[tuple[Any, str | None, str | None]]:
    """Give entries with what they answer: comments hold the comments below them."""
    page = article[1] if article else None
    waiting = [(entry, str(article[0]) if article else None) for entry in reversed(list(entries))]
    while waiting:
        entry, parent = waiting.pop()
        yield entry, parent, page
        below = entry.get("children") if isinstance(entry, dict) else None
        if isinstance(below, list):
            code = entry.get("id_code")
            above = f"comment/{code}" if isinstance(code, str) and code else parent
            waiting += [(child, above) for child in reversed(below)]


def _user_id(user: Mapping[str, Any]) -> str | None:
    given = user.get("user_id") or user.get("username")
    return fields.identity(given, "user_id") if given else None


def _reach(entry: Mapping[str, Any]) -> int | None:
    views = fields.count(entry.get("page_views_count"))
    reactions = entry.get("public_reactions_count", entry.get("positive_reactions_count"))
    return views if views is not None else fields.count(reactions)
