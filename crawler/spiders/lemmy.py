"""Lemmy posts and comments, from an instance's search: API v3, and v4 of Lemmy 1.0."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints
from scrapy.http import Request, Response

from crawler.base import MentionSpider, SourceOptions, Yielded, asked, page_of
from crawler.bodies import error_body, quoted, read_json
from crawler.entry_problems import PageError, blocked, broken
from crawler.markdown import from_markdown
from crawler.middlewares import of_response
from storage import fields
from storage.fields import EntryError
from storage.models import Mention

_PER_PAGE = 50
# The lists that hold results: of v3, of v4 as it was drafted, and of v4.
_LISTS = ("posts", "comments", "results", "search", "items")
_HANDLED = [400, 404]

_Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]+\.[A-Za-z]{2,}$")]


class LemmySpider(MentionSpider):
    """Search an instance for each term of the brand's query, newest first.

    The instance's version says which API it speaks. A post is known by its `ap_id`, so the same
    one read through several instances counts once. robots.txt does not apply: this is a
    documented JSON API.
    """

    name = "lemmy"
    label = "Lemmy"
    place = "on Lemmy"
    default_base_url = "https://lemmy.world"
    robots = False
    always = ("url", "author_native_id")
    limits = "set by each instance, often 60 searches in 10 minutes; what reached the instance"
    terms = "public API, no key"
    custom_settings = {"DOWNLOAD_DELAY": 3.0}  # noqa: RUF012 - Scrapy's name and type

    class Options(SourceOptions):
        """Which instance, and what of it."""

        instance: _Host = Field(default="lemmy.world", description="The host that is searched.")
        kinds: list[Literal["post", "comment"]] = Field(
            default=["post", "comment"], min_length=1, description="Posts, comments or both."
        )
        community: str | None = Field(
            default=None,
            pattern=r"^\w{1,100}(?:@[A-Za-z0-9.-]+)?$",
            description='One community only, such as "technology@lemmy.world".',
        )
        bots: bool = Field(default=False, description="Read accounts that say they are bots.")
        pages: int = Field(
            default=5, ge=1, le=50, description="Pages of 50 entries per search, at most."
        )

        @property
        def target(self) -> str:
            return " ".join(filter(None, [self.instance, self.community]))

    options: Options
    languages: Mapping[object, str] = {}

    def requests(self) -> Iterable[Request]:
        yield self._get("/api/v3/site")

    def parse(self, response: Response) -> Iterator[Yielded]:
        if response.status >= 400:
            yield from self._refused(response)
            return
        data = read_json(response)
        if not isinstance(data, dict):
            raise broken("answered with something that is no object")
        searched = asked(response, "q") or asked(response, "search_term")
        if not searched and ("version" in data or "site_view" in data):
            yield from self._site(data)
            return
        lists = [data[name] for name in _LISTS if isinstance(data.get(name), list)]
        if not lists:
            raise broken("answered without `posts`, `comments` or `items`")
        entries = [entry for found in lists for entry in found]
        addresses = _addresses(entries)
        mentions = []
        for read in self.each(entries, lambda entry: self._entry(entry, addresses)):
            yield read
            if isinstance(read, Mention):
                mentions.append(read)
        for gone in _deleted(entries):
            yield self.gone(gone)
        following = self._following(response, data, entries)
        if following is not None and mentions:
            yield from self.more(response, mentions, self.options.pages, following)

    def _site(self, data: Mapping[str, Any]) -> Iterator[Request]:
        """Learn the API and the languages of an instance, then search it."""
        spoken = data.get("all_languages")
        self.languages = {
            language.get("id"): language["code"]
            for language in (spoken if isinstance(spoken, list) else [])
            if isinstance(language, dict) and isinstance(language.get("code"), str)
            # The first of Lemmy's languages is "undetermined".
            if isinstance(language.get("id"), int) and language["code"] != "und"
        }
        major = str(data.get("version") or "0").split(".")[0]
        yield from self._searches(v4=major.isdecimal() and int(major) >= 1)

    def _refused(self, response: Response) -> Iterator[Request]:
        error = error_body(response)
        said = quoted(error.get("error"))
        if response.status == 404 and response.url.rstrip("/").endswith("/api/v3/site"):
            # Once Lemmy no longer speaks v3, only this tells so.
            yield from self._searches(v4=True)
            return
        problem = of_response(response)
        assert problem is not None  # only errors come here
        if said.startswith("rate_limit"):
            raise blocked(f"{problem.reason} ({said})")
        raise PageError(problem.outcome, f"{problem.reason} ({said})") if said else problem

    def _searches(self, *, v4: bool) -> Iterator[Request]:
        for term in self.query.search_terms():
            yield self._search(f'"{term}"' if " " in term and v4 else term, v4=v4)

    def _search(self, term: str, *, v4: bool, page: int = 1, cursor: str | None = None) -> Request:
        kinds = self.options.kinds
        kind = "all" if len(kinds) > 1 else f"{kinds[0]}s"
        params: dict[str, Any] = {"limit": _PER_PAGE}
        if v4:
            params |= {"search_term": term, "type_": kind, "sort": "new", "listing_type": "all"}
            if self.since is not None:
                age = self.now - self.since
                params["time_range_seconds"] = max(60, int(age.total_seconds()))
            if cursor:
                params["page_cursor"] = cursor
        else:
            params |= {"q": term, "type_": kind.title(), "sort": "New", "listing_type": "All"}
            params["page"] = page
        if self.options.community:
            params["community_name"] = self.options.community
        return self._get(f"/api/{'v4' if v4 else 'v3'}/search", params)

    def _get(self, path: str, params: Mapping[str, Any] | None = None) -> Request:
        url = f"https://{self.options.instance}{path}"
        return self.ask(url, params, handle_httpstatus_list=_HANDLED)

    def _following(
        self, response: Response, data: Mapping[str, Any], entries: list[Any]
    ) -> Request | None:
        term = asked(response, "search_term")
        if term:
            cursor = data.get("next_page")
            if not isinstance(cursor, str) or cursor in ("", asked(response, "page_cursor")):
                return None
            return self._search(term, v4=True, cursor=cursor)
        term = asked(response, "q")
        if not term or not entries:
            return None
        return self._search(term, v4=False, page=page_of(response) + 1)

    def _entry(self, entry: Any, addresses: Mapping[str, str]) -> Mention | None:
        if not isinstance(entry, dict):
            raise EntryError("it is no object")
        comment, post = entry.get("comment"), entry.get("post")
        if not comment and not post:
            if entry.keys() & {"community", "person", "person_view", "multi_community"}:
                return None  # a search of everything finds those too
            raise EntryError("it has neither post nor comment")
        said, creator = comment or post, entry.get("creator") or {}
        if not isinstance(said, dict) or not isinstance(creator, dict):
            raise EntryError("its post, comment or creator is no object")
        if said.get("deleted") is True or said.get("removed") is True:
            return None
        if creator.get("bot_account") is True and not self.options.bots:
            return None
        native_id = fields.identity(said.get("ap_id"), "ap_id")
        published = said.get("published_at") or said.get("published")
        created = fields.moment(published, self.now, "published")
        updated = said.get("updated_at") or said.get("updated")
        edited = fields.later(updated, self.now, "updated")
        person = creator.get("actor_id") or creator.get("ap_id")
        return self.mention(
            native_id=native_id,
            text=from_markdown(said.get("content") if comment else said.get("body")),
            title=None if comment else fields.line(said.get("name"), "name"),
            created_at=created,
            edited_at=edited if edited and edited > created else None,
            url=fields.address(native_id),
            author=_handle(creator, person),
            author_native_id=fields.identity(person, "actor_id") if person else None,
            language=self._language(said.get("language_id")),
            reach=_reach(entry, said),
            parent_id=self._parent(said, post, addresses) if comment else None,
        )

    def _language(self, number: object) -> str | None:
        return fields.language(self.languages.get(number)) if isinstance(number, int) else None

    def _parent(
        self, comment: Mapping[str, Any], post: object, addresses: Mapping[str, str]
    ) -> str | None:
        """Name what a comment answers: the comment above, where this page has it, or the post."""
        path = fields.string(comment.get("path"), "path").split(".")
        above = addresses.get(path[-2]) if len(path) > 2 else None
        root = post.get("ap_id") if isinstance(post, dict) else None
        parent = above or root
        return f"{self.name}:{fields.identity(parent, 'post.ap_id')}" if parent else None


def _addresses(entries: Iterable[Any]) -> dict[str, str]:
    """Map the instance's own numbers of the comments on a page to their public addresses."""
    found = {}
    for entry in entries:
        comment = entry.get("comment") if isinstance(entry, dict) else None
        if isinstance(comment, dict) and isinstance(comment.get("ap_id"), str):
            found[str(comment.get("id"))] = comment["ap_id"]
    return found


def _deleted(entries: Iterable[Any]) -> Iterator[str]:
    for entry in entries:
        said = (entry.get("comment") or entry.get("post")) if isinstance(entry, dict) else None
        if isinstance(said, dict) and True in (said.get("deleted"), said.get("removed")):
            address = said.get("ap_id")
            if isinstance(address, str) and 0 < len(address) <= fields.LONGEST_ID:
                yield address


def _handle(creator: Mapping[str, Any], person: object) -> str | None:
    name = fields.line(creator.get("name"), "creator.name")
    try:
        host = urlsplit(person).hostname if isinstance(person, str) else None
    except ValueError:
        host = None
    return f"{name}@{host}" if name and host else name


def _reach(entry: Mapping[str, Any], said: Mapping[str, Any]) -> int | None:
    """Give the subscribers of the community, or where v3 leaves them out, the score."""
    community, counts = entry.get("community"), entry.get("counts")
    subscribers = community.get("subscribers") if isinstance(community, dict) else None
    if subscribers is None:
        scored = counts if isinstance(counts, dict) else said
        subscribers = scored.get("subscribers", scored.get("score"))
    return fields.count(subscribers)
