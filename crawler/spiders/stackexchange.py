"""Questions, answers and comments of Stack Overflow and the other Stack Exchange sites."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints
from scrapy.http import Request, Response

from crawler.base import MentionSpider, Yielded
from crawler.entry_problems import PageError, blocked, failed, quota_spent, unauthorised
from crawler.json_bodies import at, error_body, items_at, object_in, objects, quoted, read_json
from crawler.markdown import from_markdown
from crawler.request_details import meta_of, page_of
from crawler.response_problems import response_problem
from crawler.search_terms import words_or_phrase
from crawler.source_options import SourceOptions
from storage import fields
from storage.models import Mention

_PER_PAGE = 100
# Without a key, page 26 is refused.
_KEYLESS_PAGES = 25
_HANDLED = [400, 401, 402, 403, 405, 406]
_SECONDS = re.compile(r"(?:available|again) in (\d{1,7}) second", re.IGNORECASE)
_HOSTS = {
    "askubuntu": "askubuntu.com", "mathoverflow": "mathoverflow.net",
    "serverfault": "serverfault.com", "stackapps": "stackapps.com",
    "stackoverflow": "stackoverflow.com", "superuser": "superuser.com",
}  # fmt: skip
_SPOKEN = re.compile(r"^(es|ja|pt|ru)\.")

_Site = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,60}$")]
_Tag = Annotated[str, StringConstraints(pattern=r"^[\w.#+-]{1,40}$")]


class StackExchangeSpider(MentionSpider):
    """Search a site's questions for the brand, those that moved last first, with their answers.

    robots.txt does not apply: this is a documented JSON API. The search finds words in any
    order, so what comes is matched against the brand's query here.
    """

    name = "stackexchange"
    label = "Stack Exchange"
    place = "on Stack Exchange"
    default_base_url = "https://api.stackexchange.com"
    robots = False
    asks_since = True
    always = ("url",)
    needs = "nothing; a free key raises the quota"
    limits = "300 requests a day for each address, 10,000 with a key; 100 items a request"
    terms = "texts are CC BY-SA: show the author and the link with them"
    optional_secrets: ClassVar[Mapping[str, str]] = {
        "STACKEXCHANGE_KEY": "a free API key: register an application at stackapps.com/apps/oauth"
    }
    daily_quota = 300

    class Options(SourceOptions):
        """Which site, and what of it."""

        site: _Site = Field(
            default="stackoverflow",
            description='A site by its name in the API, such as "superuser" or "gaming".',
        )
        tags: list[_Tag] = Field(
            default=[],
            description="Tags to read; without any, Earful searches the questions for the brand.",
        )
        about_brand: bool = Field(
            default=False,
            description="Take everything under the tags, whether or not it matches the query: "
            "for tags of the brand's own product.",
        )
        answers: bool = Field(
            default=True, description="Read the answers too: a request per page of questions."
        )
        comments: bool = Field(
            default=False, description="Read the comments too: a request per page."
        )
        pages: int = Field(
            default=5, ge=1, le=100, description="Pages of 100 questions per search, at most."
        )

        @property
        def target(self) -> str:
            return " ".join([_short(self.site), *(f"[{tag}]" for tag in self.tags)])

    options: Options

    def quota_limit(self) -> int | None:
        return 10_000 if self.secret("STACKEXCHANGE_KEY") else self.daily_quota

    @property
    def wants_match(self) -> bool:
        return not (self.options.about_brand and self.options.tags)

    def requests(self) -> Iterable[Request]:
        if self.options.tags:
            for tag in self.options.tags:
                yield self._get("/2.3/questions", {"tagged": tag}, lists="questions")
        else:
            for term in self.query.search_terms():
                params = {"q": words_or_phrase(term)}
                yield self._get("/2.3/search/advanced", params, lists="questions")

    def parse(self, response: Response) -> Iterator[Yielded]:
        if response.status >= 400:
            raise self._refused(response, error_body(response))
        data = read_json(response)
        if isinstance(data, dict) and "error_id" in data:
            raise self._refused(response, data)
        items = items_at(data, "items")
        backoff = data.get("backoff")
        if isinstance(backoff, int | float) and 0 < backoff < 86_400:
            self.wait(response, float(backoff))
        mentions = yield from self.each(_unfolded(items), self._item)
        meta = meta_of(response)
        if meta.get("lists") == "questions":
            yield from self._below(items)
        listing = meta.get("listing")
        if data.get("has_more") is not True or listing is None or not items:
            return
        path, params = listing
        following = self._get(path, params, page=page_of(response) + 1, lists=meta.get("lists"))
        pages = self.options.pages
        if not self.secret("STACKEXCHANGE_KEY"):
            pages = min(pages, _KEYLESS_PAGES)
        yield from self.more(response, mentions, pages, following)

    def reaches_since(self, mentions: Iterable[Mention]) -> bool:
        """Leave the end to `min`: an old question is listed for its new answer."""
        return True

    def _below(self, items: list[Any]) -> Iterator[Request]:
        """Ask for the answers and the comments to a page of questions, each in one request."""
        questions = [item for item in objects(items) if isinstance(item.get("question_id"), int)]
        answered = [q["question_id"] for q in questions if fields.count(q.get("answer_count"))]
        if self.options.answers and answered:
            yield self._get(f"/2.3/questions/{_joined(answered)}/answers", {}, lists="answers")
        if self.options.comments and questions:
            ids = [question["question_id"] for question in questions]
            yield self._get(f"/2.3/questions/{_joined(ids)}/comments", {}, lists="comments")

    def _get(
        self, path: str, params: Mapping[str, Any], *, page: int = 1, lists: str | None = None
    ) -> Request:
        asked_for: dict[str, Any] = {
            **params,
            "site": self.options.site,
            # Comments move only once: when they are written.
            "sort": "creation" if lists == "comments" else "activity",
            "order": "desc",
            "pagesize": _PER_PAGE,
            "page": page,
            "filter": "withbody",
        }
        if self.since is not None:
            asked_for["min"] = int(self.since.timestamp())
        if key := self.secret("STACKEXCHANGE_KEY"):
            asked_for["key"] = key
        return self.ask(
            path,
            asked_for,
            page=page,
            listing=(path, params),
            lists=lists,
            handle_httpstatus_list=_HANDLED,
        )

    def _refused(self, response: Response, error: Mapping[str, Any]) -> PageError:
        """Read the API's own error, which may come with any status."""
        number, name = error.get("error_id"), str(error.get("error_name") or "")
        words = quoted(error.get("error_message")) or quoted(name)
        if number == 502 or name == "throttle_violation":
            pause = _SECONDS.search(str(error.get("error_message") or ""))
            if pause is None:
                return blocked(f"throttled the crawl ({words})")
            self.wait(response, float(pause[1]))
            opens_at = datetime.now(UTC) + timedelta(seconds=int(pause[1]))
            return quota_spent(f"throttled the crawl ({words})", opens_at)
        if number in (401, 402, 403, 405, 406) or (number == 400 and "key" in words.casefold()):
            return unauthorised(f"refused the request ({words})")
        if number is not None:
            return failed(f"answered with an error of its own ({words or number})")
        return response_problem(response) or failed("answered with an error it does not explain")

    def _item(self, item: dict[str, Any]) -> Mention:
        native_id, parent = self._ids(item)
        owner = object_in(item, "owner")
        user = owner.get("user_id")
        is_question = parent is None and "comment_id" not in item
        return self.mention(
            native_id=native_id,
            text=_text(item),
            title=fields.line(item.get("title"), "title") if is_question else None,
            created_at=fields.moment(item.get("creation_date"), self.now, "creation_date"),
            edited_at=fields.later(item.get("last_edit_date"), self.now, "last_edit_date"),
            url=fields.address(item.get("link"), self._permalink(item)),
            author=fields.line(owner.get("display_name"), "display_name"),
            # A number means another person on every site.
            author_native_id=self._id(fields.identity(user, "user_id")) if user else None,
            language=self._language(),
            reach=_reach(item, owner),
            parent=parent,
        )

    def _ids(self, item: Mapping[str, Any]) -> tuple[str, str | None]:
        """Give an item's native id and its parent's: questions and answers share their numbers."""
        question, answer = item.get("question_id"), item.get("answer_id")
        if comment := item.get("comment_id"):
            post = item.get("post_id")
            parent = self._id(fields.identity(post, "post_id")) if post else None
            return self._id(f"comment/{fields.identity(comment, 'comment_id')}"), parent
        if answer:
            parent = self._id(fields.identity(question, "question_id")) if question else None
            return self._id(fields.identity(answer, "answer_id")), parent
        return self._id(fields.identity(question or item.get("post_id"), "question_id")), None

    def _id(self, number: str) -> str:
        return f"{_short(self.options.site)}/{number}"

    def _permalink(self, item: Mapping[str, Any]) -> str:
        host = _host(self.options.site)
        post = item.get("answer_id") or item.get("question_id") or item.get("post_id")
        comment = item.get("comment_id")
        if comment:
            return f"https://{host}/posts/comments/{fields.identity(comment, 'comment_id')}"
        kind = "a" if item.get("answer_id") else "q"
        return f"https://{host}/{kind}/{fields.identity(post, 'post_id')}"

    def _language(self) -> str:
        """Tell what is spoken on a site: English, where its name does not say otherwise."""
        spoken = _SPOKEN.match(self.options.site)
        return spoken[1] if spoken else "en"


def _unfolded(items: Iterable[Any]) -> Iterator[Any]:
    """Give items with the answers and comments that a filter may have put into them."""
    for item in items:
        yield item
        if not isinstance(item, dict):
            continue
        for name in ("answers", "comments"):
            below = item.get(name)
            for entry in below if isinstance(below, list) else []:
                yield entry
                remarks = at(entry, "comments")
                yield from remarks if isinstance(remarks, list) else []


def _text(item: Mapping[str, Any]) -> str:
    if body := item.get("body"):
        return fields.from_html(body, "body")
    if written := item.get("body_markdown"):
        # The API escapes Markdown as if it were HTML.
        return from_markdown(html.unescape(fields.string(written, "body_markdown")))
    return fields.from_html(item.get("excerpt"), "excerpt")


def _reach(item: Mapping[str, Any], owner: Mapping[str, Any]) -> int | None:
    views = fields.count(item.get("view_count"))
    return views if views is not None else fields.count(owner.get("reputation"))


def _short(site: str) -> str:
    return site.removesuffix(".stackexchange.com").removesuffix(".com").removesuffix(".net")


def _host(site: str) -> str:
    short = _short(site)
    if known := _HOSTS.get(short.rpartition(".")[2]):
        return f"{short.rpartition('.')[0]}.{known}".lstrip(".")
    return f"{short}.stackexchange.com"


def _joined(numbers: Iterable[int]) -> str:
    return ";".join(str(number) for number in list(dict.fromkeys(numbers))[:100])
