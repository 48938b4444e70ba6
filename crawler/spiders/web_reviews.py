"""Reviews on any web page that marks them up with schema.org, as JSON-LD or microdata."""

from __future__ import annotations

import html
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any
from urllib.parse import urljoin, urlsplit

from extruct.jsonld import JsonLdExtractor
from extruct.w3cmicrodata import MicrodataExtractor
from pydantic import Field, StringConstraints
from scrapy.http import Request, Response

from crawler.base import MentionSpider, SourceOptions, Yielded, page_of, real_url
from crawler.entry_problems import Refusal
from crawler.web_pages import no_content, read_page
from storage import fields
from storage.fields import EntryError
from storage.models import Mention

_Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/?#]+\S*$")]
_Node = dict[str, Any]

_REVIEWS = {"Review", "UserReview", "CriticReview", "EmployerReview", "Recommendation"}
_MOST_NODES = 200_000
_LD_JSON = "application/ld+json"
_CDATA = re.compile(r"^\s*(?://|/\*)?\s*<!\[CDATA\[\s*(?:\*/)?|(?://|/\*)?\s*\]\]>\s*(?:\*/)?\s*$")
_WALL = re.compile(
    r"just a moment|attention required|access denied|are you a (?:robot|human)|robot check"
    r"|verify you are human|security check|pardon our interruption|captcha",
    re.IGNORECASE,
)
# What says that a page is a wall also by having next to nothing on it.
_LEAST_WORDS = 40
# Names of nobody: they must not make one person of many.
_NOBODY = {
    "anonymous", "anonymous user", "a customer", "customer", "guest", "user", "verified buyer",
    "verified customer", "a google user", "google user", "anonym", "gast", "anonyme", "anónimo",
    "anonimo", "anoniem", "invité", "n/a",
}  # fmt: skip
# "#review-3" numbers the places of a page, not its reviews.
_PLACE_ON_PAGE = re.compile(r"#\D*\d{1,3}$")
_ESCAPED_TAG = re.compile(
    r"<(?:br|/?p|/?div|/?span|/?b|/?i|/?em|/?strong|/?li|/?ul)\b[^<>]*>", re.I
)
_OUT_OF = re.compile(r"^\s*(\d+(?:[.,]\d+)?)\s*(?:/|out of|of|von|sur|de|av|su)\s*(\d+)", re.I)
_PERCENT = re.compile(r"^\s*(\d+(?:[.,]\d+)?)\s*%\s*$")
_DATES = ("%B %d, %Y", "%b %d, %Y", "%d %B %Y", "%d %b %Y", "%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y")
_ZONE = re.compile(r"\s+(?:(UTC|GMT|Z)|([+-]\d{2}:?\d{2}))$")
_ORGANISATIONS = ("Organization", "Business", "Store", "Corporation", "Brand")
# The same review may carry a day only in one form, a time with its zone in the other.
_SAME_DAY = timedelta(hours=26)


class WebReviewsSpider(MentionSpider):
    """Read the reviews on the pages that you list: shops, recipe sites, directories.

    Only what the pages mark up for search engines is read, and only where their robots.txt
    allows it. Averages are no reviews; stars without a text are left out.
    """

    name = "web_reviews"
    label = "Web pages with reviews"
    place = "on a web page"
    default_base_url = "https://localhost"
    matches_query = False
    always = ("url",)
    needs = "the addresses of pages that have schema.org reviews"
    limits = "what a page shows: the newest or most helpful reviews, most of the time"
    terms = "each site's own; robots.txt is obeyed, hosts that forbid it are refused"

    class Options(SourceOptions):
        """Which pages."""

        urls: list[_Url] = Field(min_length=1, description="The pages' addresses.")
        match: bool = Field(
            default=False,
            description="Whether reviews must match the brand's query; by default the pages are "
            "about the brand as a whole.",
        )
        pages: int = Field(
            default=3, ge=1, le=50, description="Pages to follow from each address, at most."
        )

        @property
        def target(self) -> str:
            return " ".join(self.urls)

    options: Options

    @property
    def wants_match(self) -> bool:
        return self.options.match

    def requests(self) -> Iterable[Request]:
        for url in dict.fromkeys(self.options.urls):
            yield self.ask(url)

    def parse(self, response: Response) -> Iterator[Yielded]:
        page = read_page(response)
        where = real_url(response)
        marked, refusals = _structured(page.root.root, where, cut=page.problem is not None)
        if not marked and _is_wall(page.root.root):
            raise page.problem or no_content(response)
        yield from refusals
        reviews = list(_reviews(marked))
        language = page.root.xpath("/html/@lang").get()
        names = _stated_names(reviews, where)
        mentions: list[Mention] = []
        seen: dict[str, list[datetime]] = defaultdict(list)
        for read in self.each(
            reviews, lambda review: self._review(review, where, names, language)
        ):
            if isinstance(read, Mention):
                moments = seen[_words(f"{read.author} {read.text}")]
                at = read.created_at or self.now
                if any(abs(at - moment) < _SAME_DAY for moment in moments):
                    continue  # the page says it in both forms, or twice
                moments.append(at)
                mentions.append(read)
            yield read
        if page.problem:
            raise page.problem
        if following := _next_page(page.root.root, where):
            request = self.ask(following, page=page_of(response) + 1)
            yield from self.more(response, mentions, self.options.pages, request)

    def _review(
        self, review: _Node, where: str, names: Mapping[str, set[str]], language: str | None
    ) -> Mention | None:
        text = fields.from_html(_text(review), "reviewBody")
        if _ESCAPED_TAG.search(text):
            text = fields.from_html(text)  # it was escaped once more than it had to be
        title = fields.line(_literal(_first(review, "name", "headline", "summary")), "name")
        stars, top = _rating(_first(review, "reviewRating", "rating"))
        if not text and not title and (stars is not None or review.keys() <= {"@type", "@id"}):
            return None
        created = self._time(review)
        edited = fields.later(_date(_literal(review.get("dateModified"))), self.now, "edited")
        author, author_url = _author(_first(review, "author", "creator", "reviewer"))
        host = urlsplit(where).netloc.casefold().removeprefix("www.")
        stated = _stated(review, where)
        if stated and len(names[stated]) == 1:
            native_id = stated if "://" in stated else f"{host}#{stated}"
        else:
            said = [host, author or "", f"{created:%Y-%m-%d}", _words(text or title or "")]
            native_id = sha256(json.dumps(said).encode("utf-8", "replace")).hexdigest()[:24]
        reply, replied = _owner_reply(review)
        body = _first(review, "reviewBody", "description")
        said_in = body.get("@language") if isinstance(body, dict) else None
        spoken = said_in or _literal(_first(review, "inLanguage")) or language
        own = fields.link(_literal(review.get("url")), where)
        return self.mention(
            native_id=native_id,
            text=text,
            title=title,
            created_at=created,
            edited_at=edited if edited and edited > created else None,
            url=own if own and urlsplit(own).hostname == urlsplit(where).hostname else where,
            author=author,
            author_native_id=author_url or (f"{host}:{author}" if author else None),
            rating=stars,
            rating_max=top if stars is not None else None,
            language=fields.language(spoken),
            reach=fields.count(_literal(review.get("upvoteCount"))),
            owner_reply=reply,
            owner_replied_at=fields.later(replied, self.now, "reply's time") if reply else None,
        )

    def _time(self, review: _Node) -> datetime:
        given = _literal(
            _first(review, "datePublished", "dateCreated", "dtreviewed", "dateModified")
        )
        return fields.moment(_date(given), self.now, "datePublished")


def _structured(root: Any, where: str, *, cut: bool) -> tuple[list[Any], list[Refusal]]:
    """Give all JSON-LD and microdata of a page in one shape, and what could not be read."""
    found: list[Any] = []
    refusals = []
    for number, script in enumerate(root.iter("script"), 1):
        if not (script.get("type") or "").strip().lower().startswith(_LD_JSON):
            continue
        said = script.xpath("string()")
        try:
            found.extend(_json_ld(script, said))
        except (ValueError, RecursionError) as error:
            if "Review" in said:
                reason = f"its JSON cannot be read ({' '.join(str(error).split())[:80]})"
                refusals.append(Refusal(f"script {number}", reason))
    for moment in root.iter("time"):
        if not moment.get("datetime"):
            moment.set("datetime", (moment.text or "").strip())
    try:
        items = MicrodataExtractor().extract_items(root, where)
    except Exception as error:
        refusals.append(Refusal("microdata", f"it cannot be read ({type(error).__name__})"))
        items = []
    if cut:
        items = items[:-1]  # of the last one there may be half only
    found.extend(map(_as_json_ld, items))
    return found, refusals


def _json_ld(script: Any, said: str) -> list[Any]:
    """Decode a block, with the comments, commas and escapes that people leave in it."""
    script.set("type", _LD_JSON)
    error: Exception | None = None
    unwrapped = _CDATA.sub("", said.strip().removesuffix(";"))
    for text in dict.fromkeys((said, unwrapped, html.unescape(unwrapped))):
        script.text = text
        try:
            return list(JsonLdExtractor().extract_items(script))
        except (ValueError, RecursionError) as problem:
            error = error or problem
    assert error is not None  # or a list was returned
    raise error


def _as_json_ld(item: Any, depth: int = 0) -> Any:
    if isinstance(item, list):
        return [_as_json_ld(each, depth) for each in item]
    if not isinstance(item, dict) or depth > 50:
        return item
    if "properties" not in item:
        return item.get("value", item)
    node: _Node = {
        name: _as_json_ld(value, depth + 1) for name, value in item["properties"].items()
    }
    node["@type"] = item.get("type", "")
    if "id" in item:
        node["@id"] = item["id"]
    return node


def _reviews(marked: list[Any]) -> Iterator[_Node]:
    """Find the reviews wherever they stand, in the order of the page."""
    waiting: list[tuple[str, Any]] = [("", marked)]
    for _ in range(_MOST_NODES):
        if not waiting:
            return
        key, node = waiting.pop()
        if isinstance(node, list):
            waiting.extend((key, each) for each in reversed(node))
        elif isinstance(node, dict):
            if _is_review(key, node):
                yield node
            waiting.extend(reversed(node.items()))


def _is_review(key: str, node: _Node) -> bool:
    given = node.get("@type")
    types = given if isinstance(given, list) else [given]
    names = {re.split(r"[/#:]", each)[-1] for each in types if isinstance(each, str) and each}
    if names:
        return bool(names & _REVIEWS)
    # Left without a type by some shops, told by its place and its properties.
    return key in ("review", "reviews") and ("reviewBody" in node or "reviewRating" in node)


def _is_wall(root: Any) -> bool:
    title = " ".join(root.xpath("string(//title[1])").split())
    words = root.xpath("string(//body)").split()
    return bool(_WALL.search(title)) or len(words) < _LEAST_WORDS


def _next_page(root: Any, where: str) -> str | None:
    """Give the page that this one calls its next, at the same host."""
    for link in root.xpath("//link[@href] | //a[@href]"):
        if "next" in (link.get("rel") or "").lower().split():
            url = fields.link(link.get("href"), where)
            if url and url != where and urlsplit(url).netloc == urlsplit(where).netloc:
                return url
    return None


def _first(node: _Node, *keys: str) -> Any:
    """Give the first of these properties that is there, of several values the first."""
    for key in keys:
        value = node.get(key)
        if isinstance(value, list):
            value = next((each for each in value if each not in (None, "")), None)
        if value not in (None, "", {}):
            return value
    return None


def _literal(value: Any) -> Any:
    """Take a JSON-LD literal out of its object."""
    if isinstance(value, list):
        value = next((each for each in value if each not in (None, "")), None)
    return value.get("@value") if isinstance(value, dict) and "@value" in value else value


def _text(review: _Node) -> Any:
    body = next(
        (given for key in ("reviewBody", "description", "text") if (given := review.get(key))),
        None,
    )
    if isinstance(body, list) and all(isinstance(each, str) for each in body):
        return "\n".join(body)
    return _literal(body)


def _author(given: Any, depth: int = 0) -> tuple[str | None, str | None]:
    """Give the author's name and page, where there is somebody behind the name."""
    if isinstance(given, dict) and "@value" not in given:
        name = _literal(_first(given, "name", "alternateName"))
        if isinstance(name, dict) and depth < 3:
            return _author(name, depth + 1)
        named = fields.line(name, "author")
        page = fields.link(_literal(_first(given, "url", "sameAs")))
    else:
        named, page = fields.line(_literal(given), "author"), None
    if named is None or named.casefold().strip(" .") in _NOBODY:
        return None, None
    return named, page


def _rating(given: Any) -> tuple[float | None, float]:
    """Read stars and their scale; what makes no sense is none: the text is worth keeping."""
    node = given if isinstance(given, dict) and "@value" not in given else {"ratingValue": given}
    value, best = (_literal(_first(node, name)) for name in ("ratingValue", "bestRating"))
    top = _number(best) or 5.0
    if isinstance(value, str):
        if found := _OUT_OF.match(value):
            value, top = found[1], float(found[2])
        elif found := _PERCENT.match(value):
            value, top = found[1], 100.0
    try:
        return fields.rating(value, top), top
    except EntryError:
        return None, top


def _number(value: Any) -> float | None:
    try:
        number = float(str(value).replace(",", "."))
    except ValueError:
        return None
    return number if 0 < number <= 1000 else None


def _date(given: Any) -> Any:
    """Give a date as written for people in a form that machines read."""
    if not isinstance(given, str):
        return given
    text = " ".join(given.split())
    for form in _DATES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    # As Rails writes it, with the zone apart.
    return _ZONE.sub(lambda zone: "+00:00" if zone[1] else zone[2], text)


def _owner_reply(review: _Node) -> tuple[str | None, Any]:
    """Give the answer of an organisation; other comments are other people's."""
    comments = review.get("comment") or review.get("comments")
    for comment in comments if isinstance(comments, list) else [comments]:
        if not isinstance(comment, dict) or not isinstance(comment.get("author"), dict):
            continue
        types = str(comment["author"].get("@type"))
        text = _literal(_first(comment, "text", "description"))
        if any(name in types for name in _ORGANISATIONS) and isinstance(text, str):
            when = _date(_literal(_first(comment, "dateCreated", "datePublished")))
            return fields.from_html(text) or None, when
    return None, None


def _stated(review: _Node, where: str) -> str | None:
    """Give the name that a page gives its review, unless it names the page or a place on it."""
    for key in ("@id", "identifier", "url"):
        given = _literal(review.get(key))
        if isinstance(given, dict):
            given = _literal(given.get("value"))
        if not isinstance(given, str | int) or isinstance(given, bool) or not str(given).strip():
            continue
        name = str(given).strip()
        if key == "identifier" and "/" not in name:
            return name[:200]
        try:
            name = urljoin(where, name)
        except ValueError:
            continue
        if name.startswith("_:") or _PLACE_ON_PAGE.search(name) or len(name) > 500:
            continue
        if name.rstrip("/#") != where.rstrip("/#"):
            return name
    return None


def _stated_names(reviews: list[_Node], where: str) -> dict[str, set[str]]:
    """Tell what each name is given to: what several reviews bear names none of them."""
    names: dict[str, set[str]] = defaultdict(set)
    for review in reviews:
        if stated := _stated(review, where):
            names[stated].add(
                _words(json.dumps([review.get("author"), _text(review)], default=str))
            )
    return names


def _words(text: str) -> str:
    """Reduce a text to what tells it apart in any markup."""
    return re.sub(r"\W+", " ", text).casefold().strip()
