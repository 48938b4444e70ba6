"""GitHub issues, pull requests, their comments, and discussions that name the brand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints
from scrapy.http import Request, Response

from crawler import github_discussions
from crawler.base import MentionSpider, Yielded
from crawler.entry_problems import PageError, broken, failed, unauthorised
from crawler.json_bodies import at, error_body, items_at, object_in, objects, quoted, read_json
from crawler.markdown import from_markdown
from crawler.request_details import meta_of, page_of
from crawler.response_problems import refusal
from crawler.search_terms import phrase
from crawler.source_options import SourceOptions
from storage import fields
from storage.fields import EntryError
from storage.models import Mention

_PER_PAGE = 100
_DISCUSSIONS = 50
_HANDLED = [401, 403, 422]
_STAMP = "%Y-%m-%dT%H:%M:%SZ"
_COMMENTS = re.compile(r"/repos/[\w.-]{1,100}/[\w.-]{1,100}/issues/\d{1,12}/comments$")
_ISSUE = re.compile(r"/repos/([\w.-]{1,100}/[\w.-]{1,100}/issues/\d{1,12})$")
# Who speaks for a repository; contributors do not.
_OWNERS = ("OWNER", "MEMBER", "COLLABORATOR")

_Repository = Annotated[str, StringConstraints(pattern=r"^[\w.-]{1,40}/[\w.-]{1,100}$")]


class GithubSpider(MentionSpider):
    """Search issues, pull requests and, with a token, discussions, those that moved last first.

    A search reaches no further than 1000 results, so each further page is a search of what moved
    before the last one. In the brand's own repositories all is read, and what the owners answer
    counts as the reply. robots.txt does not apply: this is a documented JSON API.
    """

    name = "github"
    label = "GitHub"
    place = "on GitHub"
    default_base_url = "https://api.github.com"
    names_are_ids = True
    robots = False
    asks_since = True
    always = ("url",)
    needs = "nothing for issues; a token for discussions"
    limits = "10 searches a minute, 30 with a token; 60 other requests an hour, 5000 with one"
    terms = "public API; GitHub's terms forbid spam and selling personal data"
    optional_secrets: ClassVar[Mapping[str, str]] = {
        "GITHUB_TOKEN": "a personal access token without any scope: "
        "github.com/settings/personal-access-tokens"
    }
    delay = 2.0

    class Options(SourceOptions):
        """What to read."""

        repositories: list[_Repository] = Field(
            default=[],
            description='The brand\'s own repositories, as "owner/name": all of their issues are '
            "read. Without any, Earful searches all of GitHub for the brand.",
        )
        kinds: list[Literal["issue", "pull-request"]] = Field(
            default=["issue"], min_length=1, description="Issues, pull requests or both."
        )
        comments: bool = Field(
            default=False,
            description="Read the comments too, and what owners reply: a request per issue.",
        )
        discussions: bool = Field(
            default=False, description="Read discussions too: needs GITHUB_TOKEN."
        )
        bots: bool = Field(default=False, description="Read what bots write too.")
        pages: int = Field(
            default=5, ge=1, le=50, description="Pages of 100 issues per search, at most."
        )

        @property
        def target(self) -> str:
            return " ".join(self.repositories)

    options: Options

    @classmethod
    def needed_secrets(cls, options: SourceOptions) -> Mapping[str, str]:
        assert isinstance(options, cls.Options)
        return cls.optional_secrets if options.discussions else {}

    @property
    def wants_match(self) -> bool:
        return not self.options.repositories

    def requests(self) -> Iterable[Request]:
        for terms in self._terms():
            for kind in self.options.kinds:
                yield self._search(f"{terms} is:{kind}", self.now + timedelta(hours=1))
            if self.options.discussions:
                yield self._discussions(terms)

    def parse(self, response: Response) -> Iterator[Yielded]:
        if response.status >= 400:
            raise self._refused(response)
        data = read_json(response)
        if isinstance(data, list):
            yield from self._comments(response, data)
        elif isinstance(data, dict) and ("data" in data or "errors" in data):
            yield from self._graph(response, data)
        else:
            yield from self._issues(response, data)

    def reaches_since(self, mentions: Iterable[Mention]) -> bool:
        """Leave the end to the search: an old issue is found for its new comment."""
        return True

    def _issues(self, response: Response, data: Any) -> Iterator[Yielded]:
        items = items_at(data, "items")
        waiting = "terms" in meta_of(response)
        mentions = []
        for item, read in self._paired(items):
            if isinstance(read, Mention):
                mentions.append(read)
                if waiting and self.options.comments and _answered(item):
                    # Yielded with its comments, among which may be the owner's reply.
                    yield self._comments_of(item, read)
                    continue
            if read is not None:
                yield read
        yield from self._older(response, items, mentions)
        if data.get("incomplete_results") is True:
            raise failed("answered with incomplete results, its search ran out of time")

    def _paired(self, items: Sequence[Any]) -> Iterator[tuple[Any, Mention | Any]]:
        for item in items:
            for read in self.each([item], self._issue):
                yield item, read

    def _older(
        self, response: Response, items: Sequence[Any], mentions: Sequence[Mention]
    ) -> Iterator[Yielded]:
        meta = meta_of(response)
        moved = [
            when
            for item in objects(items)
            if (when := fields.later(item.get("updated_at"), self.now, "updated_at"))
        ]
        if "terms" not in meta or not moved or len(items) < _PER_PAGE:
            return
        until = min(moved)
        if until >= meta["until"]:
            return  # more of one second than a response holds, or a server that ignores bounds
        yield from self.more(
            response, mentions, self.options.pages, self._search(meta["terms"], until)
        )

    def _search(self, terms: str, until: datetime) -> Request:
        since = self.since.strftime(_STAMP) if self.since else "*"
        query = f"{terms} updated:{since}..{until.strftime(_STAMP)}"
        params = {"q": query, "sort": "updated", "order": "desc", "per_page": _PER_PAGE}
        return self._ask("/search/issues", params, terms=terms, until=until)

    def _comments_of(self, item: Mapping[str, Any], issue: Mention, page: int = 1) -> Request:
        params: dict[str, Any] = {"per_page": _PER_PAGE, "page": page}
        path = _COMMENTS.search(str(item.get("comments_url")))
        assert path is not None  # else it would not count as answered
        return self._ask(path[0], params, page=page, issue=issue, item=dict(item))

    def _ask(self, path: str, params: Mapping[str, Any] | None = None, **more: Any) -> Request:
        token = self.secret("GITHUB_TOKEN")
        headers = {
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            **({"Authorization": f"Bearer {token}"} if token else {}),
        }
        return self.ask(path, params, headers=headers, handle_httpstatus_list=_HANDLED, **more)

    def _comments(self, response: Response, items: list[Any]) -> Iterator[Yielded]:
        """Read comments; with those of an issue comes the issue, answered or not."""
        meta = meta_of(response)
        issue: Mention | None = meta.get("issue")
        parent = issue.native_id if issue else None
        read = list(self.each(items, lambda item: self._comment(item, parent)))
        if issue is not None and page_of(response) == 1:
            yield self._with_reply(issue, items)
        yield from read
        if issue is not None and len(items) >= _PER_PAGE and page_of(response) < 10:
            yield self._comments_of(meta["item"], issue, page_of(response) + 1)

    def _with_reply(self, issue: Mention, items: list[Any]) -> Mention:
        """Give an issue with the first reply that its repository's owners gave to it."""
        if not self.options.repositories:
            return issue  # the owners of other repositories do not speak for the brand
        for item in objects(items):
            try:
                user, reply = object_in(item, "user"), from_markdown(item.get("body"))
                official = item.get("author_association") in _OWNERS and not _is_bot(user)
                if official and reply and user.get("login") not in (None, issue.author):
                    return _replied(issue, reply, item.get("created_at"), self.now)
            except EntryError:
                continue  # refused by name as an entry of its own
        return issue

    def _issue(self, item: dict[str, Any]) -> Mention | None:
        user = object_in(item, "user")
        if _is_bot(user) and not self.options.bots:
            return None
        return self.mention(
            native_id=fields.identity(item.get("id"), "id"),
            text=from_markdown(item.get("body"), "body"),
            title=fields.line(_unmarked(item.get("title")), "title"),
            created_at=fields.moment(item.get("created_at"), self.now, "created_at"),
            url=fields.address(item.get("html_url"), _page(item.get("url"))),
            author=fields.line(user.get("login"), "login"),
            author_native_id=_user_id(user),
            reach=_reactions(item.get("reactions")),
        )

    def _comment(self, item: dict[str, Any], parent: str | None) -> Mention | None:
        if "title" in item:
            return self._issue(item)  # a list of issues has the same shape
        user = object_in(item, "user")
        if _is_bot(user) and not self.options.bots:
            return None
        if self.options.repositories and item.get("author_association") in _OWNERS:
            return None  # the brand itself
        return self.mention(
            # Comments are numbered by themselves.
            native_id=f"comment/{fields.identity(item.get('id'), 'id')}",
            text=from_markdown(item.get("body"), "body"),
            created_at=fields.moment(item.get("created_at"), self.now, "created_at"),
            url=fields.address(item.get("html_url")),
            author=fields.line(user.get("login"), "login"),
            author_native_id=_user_id(user),
            reach=_reactions(item.get("reactions")),
            parent=parent,
        )

    def _discussions(self, terms: str, after: str | None = None) -> Request:
        since = f" updated:>={self.since.strftime(_STAMP)}" if self.since else ""
        variables = {"query": f"{terms}{since} sort:updated-desc", "first": _DISCUSSIONS}
        if after:
            variables["after"] = after
        body = json.dumps({"query": github_discussions.SEARCH, "variables": variables})
        return self._ask("/graphql", method="POST", body=body, graph=terms, after=after)

    def _graph(self, response: Response, data: Mapping[str, Any]) -> Iterator[Yielded]:
        listed = github_discussions.connection(data.get("data"))
        nodes = at(listed, "nodes")
        if not isinstance(nodes, list):
            raise github_discussions.graph_error(data) or broken("answered without discussions")
        discussions = [node for node in nodes if node]  # null: nothing that may be seen
        mentions = yield from self.each(discussions, self._discussion)
        yield from self.each(github_discussions.answers(discussions), self._answer, tuple)
        meta = meta_of(response)
        cursor = at(listed, "pageInfo", "endCursor")
        goes_on = at(listed, "pageInfo", "hasNextPage") is True and cursor != meta.get("after")
        if goes_on and isinstance(cursor, str) and "graph" in meta:
            following = self._discussions(meta["graph"], cursor)
            yield from self.more(response, mentions, self.options.pages, following)
        if error := github_discussions.graph_error(data):
            raise error  # what came beside the error is kept

    def _discussion(self, node: dict[str, Any]) -> Mention | None:
        author = object_in(node, "author")
        if _is_bot(author) and not self.options.bots:
            return None
        created = fields.moment(node.get("createdAt"), self.now, "createdAt")
        mention = self.mention(
            native_id=github_discussions.discussion_id(node),
            text=github_discussions.words_of(node),
            title=fields.line(_unmarked(node.get("title")), "title"),
            created_at=created,
            edited_at=fields.later(node.get("lastEditedAt"), self.now, "lastEditedAt"),
            url=fields.address(node.get("url"), github_discussions.discussion_page(node)),
            author=fields.line(author.get("login"), "login"),
            author_native_id=_user_id(author),
            reach=_reactions(node.get("reactions")),
        )
        if not self.options.repositories:
            return mention
        for answer, _ in github_discussions.answers([node]):
            try:
                by = object_in(answer, "author").get("login")
                official = answer.get("authorAssociation") in _OWNERS and by != mention.author
                if official and (reply := github_discussions.words_of(answer)):
                    return _replied(mention, reply, answer.get("createdAt"), self.now)
            except EntryError:
                continue  # refused by name as an entry of its own
        return mention

    def _answer(self, answer: tuple[Mapping[str, Any], str | None]) -> Mention | None:
        node, parent = answer
        author = object_in(node, "author")
        if "body" not in node or (_is_bot(author) and not self.options.bots):
            return None
        if self.options.repositories and node.get("authorAssociation") in _OWNERS:
            return None  # the brand itself
        created = fields.moment(node.get("createdAt"), self.now, "createdAt")
        number = node.get("databaseId") or node.get("id")
        return self.mention(
            native_id=f"discussioncomment/{fields.identity(number, 'databaseId')}",
            text=github_discussions.words_of(node),
            created_at=created,
            edited_at=fields.later(node.get("lastEditedAt"), self.now, "lastEditedAt"),
            url=fields.address(node.get("url")),
            author=fields.line(author.get("login"), "login"),
            author_native_id=_user_id(author),
            parent=parent,
        )

    def _terms(self) -> Iterator[str]:
        if self.options.repositories:
            for repository in self.options.repositories:
                yield f"repo:{repository}"
            return
        for term in self.query.search_terms():
            yield f"{phrase(term)} in:title,body,comments"

    def _refused(self, response: Response) -> PageError:
        words = quoted(error_body(response).get("message"))
        problem = refusal(response, words)
        if words and response.status == 401:
            return unauthorised(f"{problem.reason}: check GITHUB_TOKEN")
        if words and response.status == 422:
            advice = "check the query and the repositories in earful.toml"
            return failed(f"{problem.reason}: {advice}")
        return problem


def _page(api: object) -> str | None:
    """Give the page that an API's address of an issue stands for."""
    issue = _ISSUE.search(api) if isinstance(api, str) else None
    return f"https://github.com/{issue[1]}" if issue else None


def _answered(item: Any) -> bool:
    counted = fields.count(at(item, "comments"))
    return bool(counted) and bool(_COMMENTS.search(str(item.get("comments_url"))))


def _replied(mention: Mention, reply: str, when: object, now: datetime) -> Mention:
    return replace(
        mention, owner_reply=reply, owner_replied_at=fields.later(when, now, "created_at")
    )


def _user_id(user: Mapping[str, Any]) -> str | None:
    number = user.get("id") if isinstance(user.get("id"), int) else user.get("databaseId")
    given = number or user.get("login")
    return fields.identity(given, "user.id") if given else None


def _is_bot(user: Mapping[str, Any]) -> bool:
    return "Bot" in (user.get("type"), user.get("__typename"))


def _unmarked(title: object) -> object:
    # Titles hold code marks and generics, never HTML.
    return title.replace("<", "&lt;") if isinstance(title, str) else title


def _reactions(reactions: object) -> int | None:
    counted = at(reactions, "total_count")
    return fields.count(at(reactions, "totalCount") if counted is None else counted)
