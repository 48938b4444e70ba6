"""Posts of public Telegram channels, from the preview that t.me shows to everybody."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

from parsel import Selector
from pydantic import Field, StringConstraints
from scrapy.http import Request, Response

from crawler.base import MentionSpider, Yielded
from crawler.entry_problems import failed
from crawler.request_details import meta_of
from crawler.source_options import SourceOptions
from crawler.web_pages import no_content, read_page
from storage import fields
from storage.models import Mention

_Channel = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]\w{3,31}$")]

_POST = re.compile(r"^\w+/\d+$")
_SHORT = re.compile(r"^([\d.,\s]+)\s*([KMB]?)$", re.IGNORECASE)
# Channels part their paragraphs by two breaks, which count as one in HTML.
_PARAGRAPH = re.compile(r"(?:<br\s*/?>\s*){2,}", re.IGNORECASE)
_TIMES = {"": 1, "K": 1_000, "M": 1_000_000, "B": 1_000_000_000}


def _has(name: str) -> str:
    return f"contains(concat(' ', normalize-space(@class), ' '), ' {name} ')"


# The text of what a post answers is quoted within it; grouped media nest the text once more.
_TEXT = (
    f".//*[{_has('js-message_text')}]"
    f"[not(ancestor::*[{_has('tgme_widget_message_reply')} or {_has('js-message_text')}])]"
)


class TelegramSpider(MentionSpider):
    """Read the newest posts of named public channels; comments and groups have no preview."""

    name = "telegram"
    label = "Telegram channels"
    place = "in a Telegram channel"
    default_base_url = "https://t.me"
    always = ("author", "url")
    needs = "the names of public channels whose preview is on"
    limits = "about 20 posts a page; Telegram expects programs to read slowly"
    terms = "public previews; Earful obeys robots.txt"
    delay = 3.0

    class Options(SourceOptions):
        """Which channels."""

        channels: list[_Channel] = Field(
            min_length=1, description="Names as in t.me/NAME, without the @."
        )
        match: bool = Field(
            default=True,
            description="Whether posts must match the brand's query; false for channels that "
            "are about the brand as a whole.",
        )
        search: bool = Field(
            default=False,
            description="Search the channels for the brand's terms instead of reading their "
            "newest posts: for channels that post a lot.",
        )
        pages: int = Field(
            default=5, ge=1, le=100, description="Pages of 20 posts per channel, at most."
        )

        @property
        def target(self) -> str:
            return " ".join(self.channels)

    options: Options

    @property
    def wants_match(self) -> bool:
        return self.options.match

    def requests(self) -> Iterable[Request]:
        for channel in dict.fromkeys(self.options.channels):
            for term in self.query.search_terms() if self.options.search else [""]:
                yield self._page(channel, term)

    def parse(self, response: Response) -> Iterator[Yielded]:
        page = read_page(response)
        messages = page.root.xpath("//*[@data-post]")
        if not messages and not page.root.xpath(f"//*[{_has('tgme_channel_info')}]"):
            if page.root.xpath("//*[starts-with(@class, 'tgme_page')]"):
                raise failed(
                    "shows no preview: the channel does not exist, is private, or has it off"
                )
            raise no_content(response)
        if page.problem:
            messages = messages[:-1]  # of the last one there may be half only
        followers = _followers(page.root)
        # The newest stands last on the page.
        newest_first = reversed(messages)
        mentions = yield from self.each(
            newest_first, lambda message: self._message(message, followers), Selector
        )
        if page.problem:
            raise page.problem
        oldest = _oldest(messages)
        if oldest > 1:
            meta = meta_of(response)
            channel = meta.get("channel") or self.options.channels[0]
            following = self._page(channel, meta.get("term", ""), oldest)
            # A page of pictures says nothing of what is older.
            yield from self.more(
                response, mentions, self.options.pages, following, past_empty=True
            )

    def _page(self, channel: str, term: str, before: int | None = None) -> Request:
        params: dict[str, object] = {"q": term} if term else {}
        if before:
            params["before"] = before
        return self.ask(f"/s/{channel}", params, channel=channel, term=term)

    def _message(self, message: Selector, followers: int | None) -> Mention | None:
        if "service_message" in _attribute(message, "class").split():
            return None  # "Channel created", "pinned a message"
        native_id = fields.identity(_attribute(message, "data-post"), "data-post")
        body = message.xpath(_TEXT)
        html = _PARAGRAPH.sub("<p></p>", body[0].get()) if body else ""
        question = message.xpath(f".//*[{_has('tgme_widget_message_poll_question')}]").get()
        text = "\n".join(part for part in map(fields.from_html, (html, question)) if part)
        if not text:
            return None  # a picture, a film, a sticker
        owner = message.xpath(f".//*[{_has('tgme_widget_message_owner_name')}]").get()
        signed = message.xpath(f".//*[{_has('tgme_widget_message_from_author')}]").get()
        when = message.xpath(f".//*[{_has('tgme_widget_message_date')}]//time/@datetime").get()
        views = message.xpath(f".//*[{_has('tgme_widget_message_views')}]//text()").get()
        answered = message.xpath(f".//a[{_has('tgme_widget_message_reply')}]/@href").get() or ""
        parent = answered.partition("://t.me/")[2].partition("?")[0]
        seen = _count(views)
        return self.mention(
            native_id=native_id,
            text=text,
            created_at=fields.moment(when, self.now, "time"),
            url=f"https://t.me/{native_id}"
            if _POST.match(native_id)
            else f"https://t.me/s/{self.options.channels[0]}",
            author=fields.line(signed or owner, "author"),
            author_native_id=native_id.partition("/")[0],
            reach=followers if seen is None else seen,
            parent=parent if _POST.match(parent) else None,
        )


def _attribute(message: Selector, name: str) -> str:
    """Give one attribute alone: `attrib` fails over any whose name has a control character."""
    return message.xpath("@*[name() = $name]", name=name).get("")


def _oldest(messages: Iterable[Selector]) -> int:
    numbers = [
        int(place)
        for message in messages
        if (place := _attribute(message, "data-post").rpartition("/")[2]).isdecimal()
        and len(place) < 12
    ]
    return min(numbers, default=0)


def _followers(root: Selector) -> int | None:
    for counter in root.xpath(f"//*[{_has('tgme_channel_info_counter')}]"):
        kind = counter.xpath(f"string(.//*[{_has('counter_type')}])").get() or ""
        if kind.strip().startswith("subscriber"):
            return _count(counter.xpath(f"string(.//*[{_has('counter_value')}])").get())
    return None


def _count(text: Any) -> int | None:
    """Read "1.2K" and the like."""
    short = _SHORT.match((text or "").strip())
    if not short:
        return None
    digits = short[1].replace(",", "." if short[2] else "")
    try:
        number = float(re.sub(r"\s", "", digits))
    except ValueError:
        return None
    return fields.count(round(number * _TIMES[short[2].upper()]))
