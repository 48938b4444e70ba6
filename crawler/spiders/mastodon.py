"""Public Mastodon posts: an instance's hashtag timelines, and its search with a token."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints
from scrapy.http import Request, Response

from crawler.base import MentionSpider, Yielded
from crawler.entry_problems import PageError, unauthorised
from crawler.json_bodies import at, error_body, items_at, object_in, objects, quoted, read_json
from crawler.request_details import asked, meta_of
from crawler.response_problems import refusal
from crawler.search_terms import phrase
from crawler.source_options import Host, SourceOptions
from storage import fields
from storage.models import Mention

_PER_PAGE = 40
_LINK = re.compile(r'<([^<>]*)>\s*;\s*rel="?next"?')
_MAX_ID = re.compile(r"[?&]max_id=([\w-]{1,64})(?:&|$)")
_NO_WORD = re.compile(r"[^\w]+")
# Hashtags, handles and links stand in spans that are no words of their own.
_INLINE = re.compile(r"</?(?:a|span)\b[^<>]{0,4000}>", re.IGNORECASE)
# What a quote says to servers that cannot show one: the address of the quoted post.
_QUOTED = re.compile(r"^(?:RE|QT):\s*https?://\S+\s*$\n*", re.MULTILINE)
_PUBLIC = ("public", "unlisted", None)

_Hashtag = Annotated[str, StringConstraints(pattern=r"^#?\w{1,100}$")]


class MastodonSpider(MentionSpider):
    """Read the newest posts under hashtags on one instance; with a token, search its posts too.

    A post is known by its `uri`, so the same one read through several instances counts once.
    Boosts are left out, and by default so are bots and authors who ask not to be found: those
    whose account says `indexable: false` or `discoverable: false`. robots.txt does not apply:
    this is a documented JSON API.
    """

    name = "mastodon"
    label = "Mastodon"
    place = "on Mastodon"
    default_base_url = "https://mastodon.social"
    names_are_ids = True
    robots = False
    always = ("url", "author_native_id")
    needs = "nothing for hashtags; a token of the instance for `search` and closed instances"
    limits = "300 requests in 5 minutes; finds only posts that reached the instance"
    terms = "public API; Earful respects authors who ask not to be indexed"
    optional_secrets: ClassVar[Mapping[str, str]] = {
        "MASTODON_TOKEN": "an access token of the instance: Preferences, Development, New "
        "application, with the scope read"
    }

    class Options(SourceOptions):
        """Which instance, and what of it."""

        instance: Host = Field(
            default="mastodon.social", description="The host whose timelines are read."
        )
        hashtags: list[_Hashtag] = Field(
            default=[],
            description="Hashtags to read; without any, the brand's terms written as one word.",
        )
        search: bool = Field(
            default=False, description="Search posts too: needs MASTODON_TOKEN for the instance."
        )
        about_brand: bool = Field(
            default=False,
            description="Take every post under the hashtags, whether or not it matches the query.",
        )
        bots: bool = Field(default=False, description="Read accounts that say they are bots.")
        unindexed: bool = Field(
            default=False,
            description="Also read authors who ask not to be indexed or discovered; most people "
            "who ask for that would not want it.",
        )
        pages: int = Field(
            default=5, ge=1, le=100, description="Pages of 40 posts per hashtag, at most."
        )

        @property
        def target(self) -> str:
            return " ".join([self.instance, *(f"#{tag.lstrip('#')}" for tag in self.hashtags)])

    options: Options

    @classmethod
    def needed_secrets(cls, options: SourceOptions) -> Mapping[str, str]:
        assert isinstance(options, cls.Options)
        return cls.optional_secrets if options.search else {}

    @property
    def wants_match(self) -> bool:
        return not self.options.about_brand

    def requests(self) -> Iterable[Request]:
        for tag in self._hashtags():
            yield self._page(f"/api/v1/timelines/tag/{tag}", {"limit": _PER_PAGE})
        if self.options.search:
            for term in self.query.search_terms():
                params = {"q": phrase(term), "type": "statuses", "limit": _PER_PAGE}
                yield self._page("/api/v2/search", params)

    def parse(self, response: Response) -> Iterator[Yielded]:
        if response.status >= 400:
            raise self._refused(response)
        data = read_json(response)
        statuses = items_at(data, "statuses") if isinstance(data, dict) else items_at(data)
        uris = {
            str(status["id"]): status["uri"]
            for status in objects(statuses)
            if status.get("id") and _is_id(status.get("uri"))
        }
        mentions = yield from self.each(statuses, lambda status: self._status(status, uris))
        following = self._following(response, statuses)
        if following is not None:
            # A page of boosts, bots and unindexed authors says nothing of what lies behind it.
            yield from self.more(
                response, mentions, self.options.pages, following, past_empty=True
            )

    def _following(self, response: Response, statuses: list[Any]) -> Request | None:
        listing = meta_of(response).get("listing")
        if listing is None or not statuses:
            return None
        path, params = listing
        if path.endswith("/search"):
            # Without a token an instance gives no second page, and refuses `offset`.
            if len(statuses) < _PER_PAGE or not self.secret("MASTODON_TOKEN"):
                return None
            offset = int(asked(response, "offset", "0")) + len(statuses)
            return self._page(path, {**params, "offset": offset})
        last = self._next_id(response, statuses)
        if last is None or last == asked(response, "max_id"):
            return None
        return self._page(path, {**params, "max_id": last})

    def _next_id(self, response: Response, statuses: list[Any]) -> str | None:
        header = (response.headers.get("Link") or b"").decode("latin-1")
        if header:
            link = _LINK.search(header)
            bound = _MAX_ID.search(link[1]) if link else None
            return bound[1] if bound else None
        # Servers that only resemble Mastodon may send no Link.
        last = at(statuses, -1, "id")
        return str(last) if last and len(statuses) >= _PER_PAGE // 2 else None

    def _page(self, path: str, params: dict[str, Any]) -> Request:
        token = self.secret("MASTODON_TOKEN")
        return self.ask(
            f"https://{self.options.instance}{path}",
            params,
            headers={"Authorization": f"Bearer {token}"} if token else None,
            listing=(path, params),
            handle_httpstatus_list=[401, 403, 422],
        )

    def _hashtags(self) -> Iterable[str]:
        if self.options.hashtags:
            tags = [tag.lstrip("#") for tag in self.options.hashtags]
        else:
            # A hashtag holds no spaces, and one of digits only is none.
            words = [_NO_WORD.sub("", term) for term in self.query.search_terms()]
            tags = [word for word in words if word and not word.isdecimal()]
        return dict.fromkeys(tag.casefold() for tag in tags)

    def _refused(self, response: Response) -> PageError:
        words = quoted(error_body(response).get("error"))
        problem = refusal(response, words)
        if words and response.status in (401, 422):
            token = self.secret("MASTODON_TOKEN")
            advice = "check MASTODON_TOKEN" if token else "set MASTODON_TOKEN for this instance"
            closed = f"{problem.reason}, so it shows this to its members only: {advice}"
            return unauthorised(f"{closed} or name another instance")
        return problem

    def _status(self, status: dict[str, Any], uris: Mapping[str, str]) -> Mention | None:
        account = object_in(status, "account")
        if status.get("reblog") or status.get("visibility") not in _PUBLIC:
            return None
        if account.get("bot") is True and not self.options.bots:
            return None
        if False in (account.get("indexable"), account.get("discoverable")) and (
            not self.options.unindexed
        ):
            return None
        uri = fields.identity(status.get("uri") or status.get("url"), "uri")
        content = fields.string(status.get("content"), "content")
        written = fields.from_html(_INLINE.sub("", content), "content")
        text = _QUOTED.sub("", written).strip()
        title = fields.line(status.get("spoiler_text"), "spoiler_text")
        if not text and not title:
            text = "\n".join(_described(status.get("media_attachments")))
            if not text and (written or status.get("media_attachments")):
                return None  # a quote or a picture without words
        return self.mention(
            native_id=uri,
            text=text,
            title=title,
            created_at=fields.moment(status.get("created_at"), self.now, "created_at"),
            edited_at=fields.later(status.get("edited_at"), self.now, "edited_at"),
            url=fields.address(status.get("url"), uri),
            author=self._handle(account),
            author_native_id=_author_id(account),
            language=fields.language(status.get("language")),
            reach=fields.count(account.get("followers_count")),
            parent=self._parent(status.get("in_reply_to_id"), uris),
        )

    def _parent(self, replied_to: object, uris: Mapping[str, str]) -> str | None:
        if not replied_to:
            return None
        number = fields.identity(replied_to, "in_reply_to_id")
        # Another page's post is known here by its number on this instance only.
        return uris.get(number) or f"{self.options.instance}/{number}"

    def _handle(self, account: Mapping[str, Any]) -> str | None:
        """Give name@host: an instance leaves its own host out, and others must see the same."""
        handle = fields.line(account.get("acct") or account.get("username"), "acct")
        if not handle or "@" in handle:
            return handle
        home = account.get("url")
        host = _host(home) if isinstance(home, str) else None
        return f"{handle}@{host or self.options.instance}"


def _author_id(account: Mapping[str, Any]) -> str | None:
    given = account.get("uri") or account.get("url")
    return fields.identity(given, "account.uri") if given else None


def _described(attachments: object) -> Iterator[str]:
    for attachment in objects(attachments):
        described = attachment.get("description")
        if isinstance(described, str) and (text := fields.plain(described)):
            yield text


def _is_id(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= fields.LONGEST_ID


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
