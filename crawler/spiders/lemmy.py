"""Lemmy posts and comments, from an instance's search: API v3, and v4 of Lemmy 1.0."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field
from scrapy.http import Request, Response

from crawler.base import MentionSpider, Yielded
from crawler.entry_problems import blocked, broken
from crawler.json_bodies import at, error_body, object_in, objects, quoted, read_object
from crawler.markdown import from_markdown
from crawler.request_details import asked, next_cursor, page_of
from crawler.response_problems import refusal
from crawler.search_terms import words_or_phrase
from crawler.source_options import Host, SourceOptions
from storage import fields
from storage.fields import EntryError
from storage.models import Mention

_PER_PAGE = 50
# The lists that hold results: of v3, of v4 as it was drafted, and of v4.
_LISTS = ("posts", "comments", "results", "search", "items")
_HANDLED = [400, 404]


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
    names_are_ids = True
    robots = False
    always = ("url", "author_native_id")
    limits = "each instance sets its own, often 60 searches in 10 minutes; finds what reached it"
    terms = "public API, no key"
    delay = 3.0

    class Options(SourceOptions):
        """Which instance, and what of it."""

        instance: Host = Field(default="lemmy.world", description="The host that is searched.")
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
        data = read_object(response)
        searched = asked(response, "q") or asked(response, "search_term")
        if not searched and ("version" in data or "site_view" in data):
            yield from self._site(data)
            return
        lists = [data[name] for name in _LISTS if isinstance(data.get(name), list)]
        if not lists:
            raise broken("answered without `posts`, `comments` or `items`")
        entries = [entry for listed in lists for entry in listed]
        addresses = _addresses(entries)
        mentions = yield from self.each(entries, lambda entry: self._entry(entry, addresses))
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
            for language in objects(spoken)
            if isinstance(language.get("code"), str)
            # The first of Lemmy's languages is "undetermined".
            if isinstance(language.get("id"), int) and language["code"] != "und"
        }
        major = str(data.get("version") or "0").split(".")[0]
        yield from self._searches(v4=major.isdecimal() and int(major) >= 1)

    def _refused(self, response: Response) -> Iterator[Request]:
        words = quoted(error_body(response).get("error"))
        if response.status == 404 and response.url.rstrip("/").endswith("/api/v3/site"):
            # Once Lemmy no longer speaks v3, this is the only sign of it.
            yield from self._searches(v4=True)
            return
        problem = refusal(response, words)
        raise blocked(problem.reason) if words.startswith("rate_limit") else problem

    def _searches(self, *, v4: bool) -> Iterator[Request]:
        for term in self.query.search_terms():
            yield self._search(words_or_phrase(term) if v4 else term, v4=v4)

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
            cursor = next_cursor(response, data.get("next_page"), "page_cursor")
            return self._search(term, v4=True, cursor=cursor) if cursor else None
        term = asked(response, "q")
        if not term or not entries:
            return None
        return self._search(term, v4=False, page=page_of(response) + 1)

    def _entry(self, entry: dict[str, Any], addresses: Mapping[str, str]) -> Mention | None:
        comment, post = object_in(entry, "comment"), object_in(entry, "post")
        if not comment and not post:
            if entry.keys() & {"community", "person", "person_view", "multi_community"}:
                return None  # a search of everything finds those too
            raise EntryError("it has neither post nor comment")
        written, creator = comment or post, object_in(entry, "creator")
        if written.get("deleted") is True or written.get("removed") is True:
            return None
        if creator.get("bot_account") is True and not self.options.bots:
            return None
        native_id = fields.identity(written.get("ap_id"), "ap_id")
        published = written.get("published_at") or written.get("published")
        updated = written.get("updated_at") or written.get("updated")
        person = creator.get("actor_id") or creator.get("ap_id")
        return self.mention(
            native_id=native_id,
            text=from_markdown(written.get("content" if comment else "body")),
            title=None if comment else fields.line(written.get("name"), "name"),
            created_at=fields.moment(published, self.now, "published"),
            edited_at=fields.later(updated, self.now, "updated"),
            url=fields.address(native_id),
            author=_handle(creator, person),
            author_native_id=fields.identity(person, "actor_id") if person else None,
            language=self._language(written.get("language_id")),
            reach=_reach(entry, written),
            parent=_parent(comment, post, addresses) if comment else None,
        )

    def _language(self, number: object) -> str | None:
        return fields.language(self.languages.get(number)) if isinstance(number, int) else None


def _parent(
    comment: Mapping[str, Any], post: Mapping[str, Any], addresses: Mapping[str, str]
) -> str | None:
    """Name what a comment answers: the comment above, where this page has it, or the post."""
    path = fields.string(comment.get("path"), "path").split(".")
    above = addresses.get(path[-2]) if len(path) > 2 else None
    parent = above or post.get("ap_id")
    return fields.identity(parent, "post.ap_id") if parent else None


def _addresses(entries: Iterable[Any]) -> dict[str, str]:
    """Map the instance's own numbers of the comments on a page to their public addresses."""
    comments = [at(entry, "comment") for entry in entries]
    return {
        str(comment.get("id")): comment["ap_id"]
        for comment in objects(comments)
        if isinstance(comment.get("ap_id"), str)
    }


def _deleted(entries: Iterable[Any]) -> Iterator[str]:
    written = [at(entry, "comment") or at(entry, "post") for entry in entries]
    for one in objects(written):
        if True in (one.get("deleted"), one.get("removed")):
            address = one.get("ap_id")
            if isinstance(address, str) and 0 < len(address) <= fields.LONGEST_ID:
                yield address


def _handle(creator: Mapping[str, Any], person: object) -> str | None:
    name = fields.line(creator.get("name"), "creator.name")
    try:
        host = urlsplit(person).hostname if isinstance(person, str) else None
    except ValueError:
        host = None
    return f"{name}@{host}" if name and host else name


def _reach(entry: Mapping[str, Any], written: Mapping[str, Any]) -> int | None:
    """Give the subscribers of the community, or where v3 leaves them out, the score."""
    subscribers, counts = at(entry, "community", "subscribers"), entry.get("counts")
    if subscribers is None:
        scored = counts if isinstance(counts, dict) else written
        subscribers = scored.get("subscribers", scored.get("score"))
    return fields.count(subscribers)
