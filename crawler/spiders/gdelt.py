"""News articles that name the brand, from GDELT's DOC 2.0 search."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from pydantic import Field, StringConstraints
from scrapy.http import Request, Response

from crawler.base import MentionSpider, Yielded
from crawler.entry_problems import PageError, broken, failed
from crawler.json_bodies import items_at, quoted, read_json
from crawler.request_details import asked, once_more
from crawler.search_terms import OR, groups, phrase
from crawler.source_notes import Today
from crawler.source_options import SourceOptions
from crawler.web_pages import html_page
from storage import fields
from storage.models import CrawlOutcome, Mention

_MOST = 250
_STAMP = "%Y%m%d%H%M%S"
# What JSON knows may follow a backslash; GDELT lets titles through with any.
_WHOLE_ESCAPE = re.compile(r'\\\\|\\(?!["\\/bfnrt]|u[0-9a-fA-F]{4})')
_SECONDS = re.compile(r"one every (\d{1,3}) seconds", re.IGNORECASE)
_THROTTLED = re.compile(r"limit requests|too many|rate limit|throttl|try again later", re.I)
_LONGEST_QUERY = 250
_TRIES = 3

# GDELT names languages in English: data.gdeltproject.org/api/v2/guides/LOOKUP-LANGUAGES.TXT
_LANGUAGES = {
    "afrikaans": "af", "albanian": "sq", "arabic": "ar", "armenian": "hy", "azerbaijani": "az",
    "basque": "eu", "belarusian": "be", "bengali": "bn", "bosnian": "bs", "bulgarian": "bg",
    "burmese": "my", "catalan": "ca", "chinese": "zh", "croatian": "hr", "czech": "cs",
    "danish": "da", "dutch": "nl", "english": "en", "estonian": "et", "finnish": "fi",
    "french": "fr", "galician": "gl", "georgian": "ka", "german": "de", "greek": "el",
    "gujarati": "gu", "hebrew": "he", "hindi": "hi", "hungarian": "hu", "icelandic": "is",
    "indonesian": "id", "italian": "it", "japanese": "ja", "kannada": "kn", "kazakh": "kk",
    "khmer": "km", "korean": "ko", "kyrgyz": "ky", "lao": "lo", "latvian": "lv",
    "lithuanian": "lt", "macedonian": "mk", "malay": "ms", "malayalam": "ml", "maltese": "mt",
    "marathi": "mr", "mongolian": "mn", "nepali": "ne", "norwegian": "no",
    "norwegiannynorsk": "nn", "pashto": "ps", "persian": "fa", "polish": "pl",
    "portuguese": "pt", "punjabi": "pa", "romanian": "ro", "russian": "ru", "serbian": "sr",
    "sinhalese": "si", "slovak": "sk", "slovenian": "sl", "somali": "so", "spanish": "es",
    "swahili": "sw", "swedish": "sv", "tagalog": "tl", "tamil": "ta", "telugu": "te",
    "thai": "th", "tibetan": "bo", "turkish": "tr", "ukrainian": "uk", "urdu": "ur",
    "uzbek": "uz", "vietnamese": "vi", "welsh": "cy",
}  # fmt: skip

_Word = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,30}$")]
_Domain = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]+\.[A-Za-z]{2,}$")]


class GdeltSpider(MentionSpider):
    """Search the world's news for the brand's terms, newest first, by slices of time.

    A response holds 250 articles and has no second page, so what is older than the last one is a
    search of its own. GDELT tells titles and when it first saw an article, not its text.
    robots.txt does not apply: this is a documented JSON API.
    """

    name = "gdelt"
    label = "GDELT news"
    place = "in GDELT news"
    default_base_url = "https://api.gdeltproject.org"
    names_are_ids = True
    robots = False
    asks_since = True
    always = ("url", "author", "language")
    limits = "a request every 5 seconds; the last 3 months; 250 articles a request"
    terms = "open data; link to the GDELT Project where you show it"
    # Faster, and GDELT answers with a notice in plain text instead of articles.
    delay = 6.0
    rest = timedelta(minutes=30)
    today = (
        Today(
            date(2026, 7, 30),
            "at busy hours GDELT answers 429 to everybody, at the first request too, whatever "
            "the address",
            "nothing: Earful leaves it alone for half an hour, asks again at the next crawl, and "
            "loses no article by it",
            (
                "github.com/koala73/worldmonitor/issues/5843",
                "github.com/koala73/worldmonitor/pull/5830",
            ),
        ),
    )

    class Options(SourceOptions):
        """Which news."""

        languages: list[_Word] = Field(
            default=[], description='Languages by their English names, such as "german".'
        )
        countries: list[_Word] = Field(
            default=[],
            description='Where the outlets are, by English name without spaces: "unitedkingdom".',
        )
        without_domains: list[_Domain] = Field(
            default=[], description="Outlets to leave out, such as the brand's own news room."
        )
        title_only: bool = Field(
            default=True,
            description="Keep only articles whose title matches the brand's query. False keeps "
            "all that GDELT finds: it searches their text, which it does not show.",
        )
        days: int = Field(
            default=7, ge=1, le=90, description="How many days back the first crawl reads."
        )
        pages: int = Field(
            default=5, ge=1, le=50, description="Requests of 250 articles per search, at most."
        )

        @property
        def target(self) -> str:
            return " ".join([*self.languages, *self.countries])

    options: Options

    @property
    def wants_match(self) -> bool:
        return self.options.title_only

    @property
    def advice(self) -> Mapping[CrawlOutcome, str]:
        return {
            CrawlOutcome.BLOCKED: "GDELT is overloaded at times and answers so to everybody, at "
            "the first request too; you need to do nothing, Earful asks again later"
        }

    def requests(self) -> Iterable[Request]:
        for query in self._queries():
            yield self._search(query, self.now)

    def parse(self, response: Response) -> Iterator[Yielded]:
        if notice := _notice(response):
            yield from self._after_notice(response, notice)
            return
        data = _decoded(response)
        # Without a hit there is no `articles`.
        articles = (
            [] if data == {} else data if isinstance(data, list) else items_at(data, "articles")
        )
        mentions = yield from self.each(articles, self._article)
        moments = [mention.created_at for mention in mentions if mention.created_at]
        if not moments or len(articles) < _MOST:
            return
        # The oldest article's own quarter of an hour is asked for again: it may hold more.
        until = min(moments) + timedelta(seconds=1)
        end = _stamped(asked(response, "enddatetime"))
        if end is not None and until >= end:
            until = min(moments)
            if until >= end:
                return  # more in one moment than a response holds
        query = asked(response, "query")
        yield from self.more(response, mentions, self.options.pages, self._search(query, until))

    def _after_notice(self, response: Response, notice: str) -> Iterator[Yielded]:
        """Ask again later where the notice asks for that; a query that GDELT refuses is named."""
        words = quoted(notice)
        if not _THROTTLED.search(notice):
            raise failed(f"answered with a notice instead of articles ({words}): change the query")
        pause = _SECONDS.search(notice)
        seconds = float(pause[1]) if pause else 5.0
        again = once_more(response, _TRIES)
        if again is None:
            reason = f"answered with a notice instead of articles ({words})"
            raise PageError(CrawlOutcome.BLOCKED, reason, datetime.now(UTC) + self.rest)
        self.wait(response, seconds * 2 ** again.meta["tries"])
        yield again

    def _queries(self) -> Iterator[str]:
        """Put as many terms into a search as it takes: requests are dear here."""
        limits = "".join(
            [
                _any_of("sourcelang", self.options.languages),
                _any_of("sourcecountry", self.options.countries),
                *(f" -domain:{domain}" for domain in self.options.without_domains),
            ]
        )
        # A quoted single word is refused as too short a phrase.
        terms = [term if term.isalnum() else phrase(term) for term in self.query.search_terms()]
        for group in groups(terms, _LONGEST_QUERY):
            yield _either(group) + limits

    def _search(self, query: str, until: datetime) -> Request:
        since = self.since or self.now - timedelta(days=self.options.days)
        # Officially three months back; for an older beginning a notice comes.
        since = max(since, self.now - timedelta(days=90))
        params = {
            "query": query,
            "mode": "artlist",
            "format": "json",
            "maxrecords": _MOST,
            "sort": "datedesc",
            "startdatetime": since.strftime(_STAMP),
            "enddatetime": max(until, since + timedelta(seconds=1)).strftime(_STAMP),
        }
        return self.ask("/api/v2/doc/doc", params)

    def _article(self, article: dict[str, Any]) -> Mention | None:
        url = fields.address(article.get("url"))
        language = "".join(fields.string(article.get("language"), "language").split()).casefold()
        domain = fields.line(article.get("domain"), "domain")
        return self.mention(
            native_id=fields.identity(url, "url"),
            text="",
            title=fields.line(article.get("title"), "title"),
            created_at=fields.moment(article.get("seendate"), self.now, "seendate"),
            url=url,
            author=domain,
            language=_LANGUAGES.get(language) or fields.language(language),
        )


def _notice(response: Response) -> str | None:
    """Give the plain text that GDELT answers with, whatever the status, instead of data."""
    body = response.body.lstrip(b"\xef\xbb\xbf").strip()
    if not body or body[:1] in (b"{", b"[") or html_page(body):
        return None
    return body[:500].decode("utf-8", "replace")


def _decoded(response: Response) -> Any:
    try:
        data = read_json(response)
    except PageError as problem:
        repaired = _repaired(response.body)
        if repaired is None:
            raise problem from None
        data = repaired
    if not isinstance(data, dict | list):
        raise broken("answered with JSON that is not a list of articles")
    return data


def _repaired(body: bytes) -> Any:
    """Decode JSON with escapes that JSON does not know and raw control characters in it."""
    text = body.decode("utf-8-sig", "replace")
    try:
        fixed = _WHOLE_ESCAPE.sub(lambda escape: escape[0] if len(escape[0]) == 2 else "", text)
        return json.loads(fixed, strict=False)
    except (RecursionError, ValueError):
        return None


def _stamped(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


def _either(terms: list[str]) -> str:
    # Around a single term, GDELT refuses the parentheses.
    return terms[0] if len(terms) == 1 else f"({OR.join(terms)})"


def _any_of(operator: str, values: list[str]) -> str:
    return f" {_either([f'{operator}:{value}' for value in values])}" if values else ""
