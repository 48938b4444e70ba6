"""Whose mails tell of mentions, and how each sender's mails read: one entry a sender.

F5Bot, Google Alerts, the Play Console and Google Business Profile are read in the layouts that
public code reads. Of Trustpilot, the App Store, Yelp and Tripadvisor no mail was at hand: their
notices are read whole, with the stars and the link that they name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from crawler.mails import Mail
from storage import fields
from storage.fields import EntryError
from storage.native_ids import origin_of


@dataclass(frozen=True, slots=True)
class Passage:
    """One mention as a mail tells of it.

    Of an `excerpt` the mail has not the words alone and whole. The `native_id` is for those that
    a link names; others are named by their source's spider or by their mail.
    """

    text: str
    title: str | None = None
    url: str | None = None
    author: str | None = None
    author_id: str | None = None
    rating: float | None = None
    native_id: str | None = None
    excerpt: bool = False


@dataclass(frozen=True, slots=True)
class Sender:
    """A sender of mails, by its domain or address.

    What has another `subject` (a receipt, a newsletter) holds no mention by design. Of `reviews`
    the mail names what was reviewed, not the review: the brand's query is asked of both.
    """

    address: str
    label: str
    subject: re.Pattern[str]
    read: Callable[[Mail], Iterator[Passage]]
    reviews: bool = False

    def sends(self, address: str) -> bool:
        return is_from(address, self.address)


def sender_of(mail: Mail) -> Sender | None:
    """Give the entry of a mail's sender; None for one that is not known."""
    return next((one for one in SENDERS if one.sends(mail.sender)), None)


def is_from(address: str, wanted: str) -> bool:
    """Tell whether an address is the one wanted, or lies in the domain that is wanted."""
    wanted = wanted.casefold().lstrip("@")
    domain = address.rpartition("@")[2]
    return wanted in (address, domain) or domain.endswith(f".{wanted}")


def passages_in(mail: Mail) -> list[Passage]:
    """Give what a mail tells; the mail itself where its sender is not known.

    EntryError where a known sender's mail should hold mentions and none can be read.
    """
    sender = sender_of(mail)
    if sender is None:
        return [_itself(mail)]
    if not sender.subject.search(mail.subject):
        return []
    passages = list(sender.read(mail))
    if not passages:
        raise EntryError(f"its layout is not that of a mail from {sender.label}")
    return passages


def _itself(mail: Mail) -> Passage:
    """Take a mail as what its sender says."""
    author = None if mail.automatic else mail.sender_name
    return Passage(mail.text, mail.subject or None, author=author)


_F5BOT_BY = re.compile(r"^\s*by\s+(\S+)")
_F5BOT_LINE = re.compile(
    r"^[ \t]*[^\n:]*(?:\([^)\n]*\))?[ \t]*:[ \t]*'?(?P<title>[^\n]+?)'?[ \t]+by[ \t]+(?P<by>\S+)"
    r"[ \t]*\n\s*(?P<url>https?://\S+)[ \t]*(?P<words>(?:\n[ \t]*(?!Keyword:)\S[^\n:]*)*)",
    re.MULTILINE,
)


def _f5bot(mail: Mail) -> Iterator[Passage]:
    """Read a paragraph a mention: site, linked title, author, the words around the keyword."""
    for paragraph in mail.page.xpath("//p[a/@href]"):
        link = paragraph.xpath("./a[1]")
        url = fields.behind_redirect(link.xpath("./@href").get())
        by = _F5BOT_BY.match("".join(link.xpath("./following-sibling::text()[1]").getall()))
        if by is None and origin_of(url) is None:
            continue  # what stands at the end: advice, an advertisement
        words = paragraph.xpath(".//span").get()
        yield _post(url, link.get(), words, by[1] if by else None)
    if mail.html:
        return
    for match in _F5BOT_LINE.finditer(mail.plain):
        yield _post(
            fields.behind_redirect(match["url"]), match["title"], match["words"], match["by"]
        )


def _post(url: str | None, title: str | None, words: str | None, by: str | None) -> Passage:
    author = fields.line(by, "author")
    author = author.removeprefix("/").removeprefix("u/") if author else None
    return Passage(
        text=fields.from_html(words),
        title=fields.line(title, "title"),
        url=url,
        author=author,
        author_id=author,
        native_id=fields.link(url),
        excerpt=True,
    )


_ALERT_BLOCK = re.compile(r"((?:[^\n]+\n)+)<(https?://www\.google\.[a-z.]+/url\?[^>\s]+)>")


def _google_alerts(mail: Mail) -> Iterator[Passage]:
    """Read the articles that the HTML marks up as schema.org does, else those of the text."""
    for article in mail.page.xpath('//*[contains(@itemtype, "schema.org/Article")]'):
        link = article.xpath('.//a[@itemprop="url"]')
        publisher = article.xpath('.//*[@itemprop="publisher"]//*[@itemprop="name"]').get()
        yield _article(
            link.xpath("./@href").get(),
            link.xpath('.//*[@itemprop="name"]').get(),
            publisher,
            article.xpath('.//*[@itemprop="description"]').get(),
        )
    if mail.html:
        return
    for block, url in _ALERT_BLOCK.findall(mail.plain):
        title, *words = block.strip().split("\n")
        # The publisher stands on the second line, but for titles that take two.
        yield _article(url, title, None, "\n".join(words))


def _article(
    url: str | None, title: str | None, publisher: str | None, words: str | None
) -> Passage:
    target = fields.link(fields.behind_redirect(url))
    author = fields.line(publisher, "publisher")
    host = urlsplit(target or "").hostname
    return Passage(
        text=fields.from_html(words),
        title=fields.line(title, "title"),
        url=target,
        author=author,
        # The site that published it, as `gdelt` names it: a publisher's name alone is no id.
        author_id=host,
        # The same article comes with several alerts, and is one mention.
        native_id=target,
        excerpt=True,
    )


_PLAY = re.compile(r"(?P<stars>★+)☆*[ \t]*\n\s*\n(?P<words>.*?)\n\s*\n\s*Reply\b", re.DOTALL)
_BUSINESS = re.compile(
    r"got a new (?P<stars>[1-5])-star review.*?Read review\s*<[^>]*>\s*"
    r"(?P<author>[^\n]+)\n\s*\n(?P<words>.*?)\n\s*\n\s*Reply to review",
    re.DOTALL | re.IGNORECASE,
)


def _play(mail: Mail) -> Iterator[Passage]:
    """Read a review between its stars and "Reply", which links to it."""
    if match := _PLAY.search(mail.plain or mail.text):
        words = fields.plain(match["words"])
        yield Passage(
            words, url=_review_link(mail, "google.com"), rating=float(len(match["stars"]))
        )


def _business(mail: Mail) -> Iterator[Passage]:
    """Read a review of a place: its stars, and the words below the reviewer's name."""
    if match := _BUSINESS.search(mail.plain or mail.text):
        yield Passage(
            fields.plain(match["words"]),
            url=_review_link(mail, "google.com"),
            author=fields.line(match["author"], "author"),
            rating=float(match["stars"]),
        )


def _notice(domain: str) -> Callable[[Mail], Iterator[Passage]]:
    """Read a notice whose layout is not known: all its words, its stars, its link."""

    def read(mail: Mail) -> Iterator[Passage]:
        yield Passage(
            text=mail.text,
            title=mail.subject or None,
            url=_review_link(mail, domain),
            rating=_stars(mail.text),
            excerpt=True,
        )

    return read


_STARS = (
    re.compile(r"([★⭐]+)"),
    re.compile(r"\b([1-5])(?:[.,]0)?[ -]?stars?\b", re.I),
    re.compile(r"\b([1-5])(?:[.,]0)?[ ]?(?:/|out of)[ ]?5\b", re.I),
)


def _stars(text: str) -> float | None:
    """Give the stars that a text names; None where it names none, or several numbers of them."""
    named = {
        float(given) if given.isdecimal() else float(len(given))
        for form in _STARS
        for given in form.findall(text)
    }
    stars = named.pop() if len(named) == 1 else None
    return stars if stars is not None and stars <= 5 else None


def _review_link(mail: Mail, domain: str) -> str | None:
    """Give the link to the review: one that says which it is, else one that speaks of reviews."""
    addresses = (fields.link(fields.behind_redirect(given)) for given in mail.links())
    links = [link for link in addresses if link]
    for link in links:
        if origin_of(link):
            return link
    return next(
        (
            link
            for link in links
            if is_from(urlsplit(link).hostname or "", domain) and "review" in link.casefold()
        ),
        None,
    )


_CONSOLE = "Google Play Console"
_REVIEW = re.compile(r"review|rating|stars?\b", re.I)
_PLAY_REVIEW = re.compile(r"\breview for\b", re.I)

SENDERS: tuple[Sender, ...] = (
    Sender("f5bot.com", "F5Bot", re.compile(r"found something", re.I), _f5bot),
    Sender(
        "googlealerts-noreply@google.com", "Google Alerts", re.compile("^Google"), _google_alerts
    ),
    Sender("noreply-play-developer-console@google.com", _CONSOLE, _PLAY_REVIEW, _play, True),
    Sender("no-reply-play-developer-console@google.com", _CONSOLE, _PLAY_REVIEW, _play, True),
    Sender(
        "businessprofile-noreply@google.com",
        "Google Business Profile",
        re.compile(r"left a review for", re.I),
        _business,
        True,
    ),
    Sender("trustpilot.com", "Trustpilot", _REVIEW, _notice("trustpilot.com"), True),
    Sender("email.apple.com", "App Store", _REVIEW, _notice("apple.com"), True),
    Sender("yelp.com", "Yelp", _REVIEW, _notice("yelp.com"), True),
    Sender("tripadvisor.com", "Tripadvisor", _REVIEW, _notice("tripadvisor.com"), True),
)
