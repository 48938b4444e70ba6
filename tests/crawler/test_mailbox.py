"""The mailbox: made-up mails in the layouts of their senders, and whatever is broken in mails."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from pydantic import ValidationError

from config.query import parse_query
from crawler.entry_problems import Refusal
from crawler.imap import Login, digest
from crawler.mail_senders import _stars
from crawler.spiders.mailbox import MailboxSpider
from storage.models import CrawlOutcome, Mention
from tests.crawler.reading import EXAMPLES, NOW, first_requests, read, response_of, spider_of

OPTIONS = EXAMPLES["mailbox"]
ARRIVED = datetime(2026, 10, 20, 8, tzinfo=UTC)
DATE = "Tue, 20 Oct 2026 10:00:00 +0200"


def mail(
    sender: str,
    subject: str,
    plain: str = "",
    html: str = "",
    *,
    message_id: str | None = "<one@mail.example>",
    date: str | None = DATE,
    **headers: str,
) -> bytes:
    made = EmailMessage()
    made["From"], made["Subject"] = sender, subject
    for name, value in {"Message-ID": message_id, "Date": date, **headers}.items():
        if value is not None:
            made[name.replace("_", "-")] = value
    if plain or not html:
        made.set_content(plain)
    if html:
        (made.add_alternative if plain else made.set_content)(html, subtype="html")
    return made.as_bytes()


def read_mails(
    *mails: bytes, options: dict[str, Any] | None = None, arrived: datetime | None = ARRIVED
) -> tuple[list[Mention], list[Refusal]]:
    spider = spider_of("mailbox", {**OPTIONS, **(options or {})})
    body = digest([(arrived, raw) for raw in mails], None)
    mentions, refusals, following, problem = read(spider, body)
    assert (following, problem) == ([], None)
    return mentions, refusals


def anybody(*mails: bytes) -> Mention:
    """Read mails of senders that have no entry, and give the only mention."""
    (mention,), refusals = read_mails(*mails, options={"senders": ["*"]})
    assert refusals == []
    return mention


@pytest.fixture(scope="module")
def told() -> dict[str, Mention]:
    mentions, refusals, following, problem = read(spider_of("mailbox"), response_of("mailbox"))
    assert (len(mentions), refusals, problem) == (9, [], None)
    assert "before=17" in following[0].url
    return {mention.id: mention for mention in mentions}


def test_f5bot_tells_of_each_place_by_its_own_id(told: dict[str, Mention]) -> None:
    assert told["reddit:t1_m7xxyy1"] == Mention(
        brand="Acme Air",
        source="reddit",
        native_id="t1_m7xxyy1",
        title="Which airline would you never fly again?",
        text="Honestly Acme Air won me back: the crew found my phone and sent it home.",
        url="https://www.reddit.com/r/flights/comments/1m00aa2/which_airline/c/m7xxyy1/",
        author="seat_12f",
        author_native_id="seat_12f",
        parent_id="reddit:t3_1m00aa2",
        created_at=datetime(2026, 10, 31, 9, 29, 58, tzinfo=UTC),
        fetched_at=NOW,
        excerpt=True,
    )
    post = told["reddit:t3_1m00aa1"]
    assert (post.author, post.parent_id) == ("lost_bag_77", None)
    assert post.text.endswith("and I called three times & waited...")
    assert told["hackernews:70000000009"].url == "https://news.ycombinator.com/item?id=70000000009"


def test_google_alerts_tells_of_each_article_by_its_link(told: dict[str, Mention]) -> None:
    link = "https://www.daily.example/2026/10/30/acme-air-cancels"
    assert told[f"mailbox:{link}"] == Mention(
        brand="Acme Air",
        source="mailbox",
        native_id=link,
        title="Acme Air cancels forty flights",
        text="Passengers of Acme Air slept on the floor, and many were told nothing before the "
        "morning ...",
        url=link,
        author="The Daily",
        author_native_id="www.daily.example",
        created_at=datetime(2026, 10, 30, 18, 0, tzinfo=UTC),
        fetched_at=NOW,
        excerpt=True,
    )
    assert "mailbox:https://blog.travel.example/acme-air-lounge?page=2" in told, "tracking is cut"


def test_reviews_have_their_stars_words_and_ids(told: dict[str, Mention]) -> None:
    play = told["google_play:7000000000-aaaa-4bbb-8ccc-1234567890ab"]
    assert (play.rating, play.rating_max, play.excerpt) == (2.0, 5.0, False)
    assert play.text == (
        "The app forgets my booking every time I open it.\nWhy must I log in at the gate?"
    )
    assert (play.url or "").startswith("https://play.google.com/console/u/0/developers/123/")
    place = told["mailbox:biz-7000000000@google.com#1"]
    assert (place.rating, place.author) == (5.0, "Mia Doe-Müller")
    assert (
        place.text == "The lounge of Acme Air at gate 7 is a gift:\nquiet, and Tom brought us tea."
    )
    notice = told["trustpilot:7000000000bbbbbbbbbb0042"]
    assert (notice.rating, notice.title) == (1.0, "Acme Air has a new review")
    assert notice.url == "https://www.trustpilot.com/reviews/7000000000bbbbbbbbbb0042"
    assert "Refund promised in May, nothing in October." in notice.text
    assert notice.excerpt, "its words are not the review's alone"


F5BOT_TEXT = """F5Bot found something!

Keyword: "acme air"
  Lobsters Comments: 'Booking engines: a survey' by sam
    https://f5bot.com/url?u=https%3A%2F%2Flobste.rs%2Fc%2Fabc123&i=1&h=2

Keyword: "acmeair"
  Reddit Posts (/r/travel/): 'It's Acme Air: again' by u/jo
    https://www.reddit.com/r/travel/comments/1zz/its/

Do you have comments or suggestions about F5Bot? Please hit reply: I read all by hand
"""


def test_f5bots_text_is_read_where_there_is_no_html() -> None:
    mentions, refusals = read_mails(mail("a@f5bot.com", "F5Bot found something!", F5BOT_TEXT))
    assert refusals == []
    assert [(one.id, one.title, one.author) for one in mentions] == [
        ("mailbox:https://lobste.rs/c/abc123", "Booking engines: a survey", "sam"),
        ("reddit:t3_1zz", "It's Acme Air: again", "jo"),
    ]


def test_an_alert_without_html_is_read_by_its_links() -> None:
    text = (
        "=== News - 1 new result for [acme air] ===\n\nAcme Air grows\nThe Daily\nTen more planes"
        " ...\n<https://www.google.com/url?rct=j&sa=t&url=https://daily.example/ten&ct=ga>\n\n"
        "Unsubscribe from this Google Alert:\n<https://www.google.com/alerts/remove?s=A>\n"
    )
    (mention,), _ = read_mails(
        mail("Google Alerts <googlealerts-noreply@google.com>", "Google Alert - acme air", text)
    )
    assert (mention.url, mention.title) == ("https://daily.example/ten", "Acme Air grows")
    assert mention.text == "The Daily\nTen more planes ..."


def test_a_known_senders_other_mails_are_none_and_a_new_layout_is_named() -> None:
    welcome = mail("admin@f5bot.com", "Welcome to F5Bot", "Hello Acme Air")
    changed = mail("admin@f5bot.com", "F5Bot found something: acme", html="<p>Acme Air!</p>")
    assert read_mails(welcome) == ([], [])
    mentions, (refusal,) = read_mails(changed)
    assert mentions == []
    assert refusal == Refusal(
        "mail one@mail.example", "its layout is not that of a mail from F5Bot"
    )


def test_only_the_senders_that_are_wanted_are_read() -> None:
    personal = mail("Jane Doe <jane@post.example>", "Acme Air", "My bag is lost.")
    disguised = mail('"x@f5bot.com" <evil@post.example>', "F5Bot found something", F5BOT_TEXT)
    assert read_mails(personal, disguised) == ([], [])
    for senders in (["post.example"], ["JANE@post.example"]):
        (mention, *_), _ = read_mails(personal, options={"senders": senders})
        assert mention.author == "Jane Doe"
    assert read_mails(personal, options={"senders": ["doe@post.example", "st.example"]}) == (
        [],
        [],
    )


def test_a_mail_of_an_unknown_sender_is_the_mention() -> None:
    assert anybody(mail("Jane Doe <jane@post.example>", "Acme Air", "My bag is lost.")) == Mention(
        brand="Acme Air",
        source="mailbox",
        native_id="one@mail.example#1",
        title="Acme Air",
        text="My bag is lost.",
        author="Jane Doe",
        created_at=ARRIVED,
        fetched_at=NOW,
    )


@pytest.mark.parametrize(
    "automatic",
    [
        {"sender": "Reviews <no-reply@post.example>"},
        {"sender": "Reviews <notifications@post.example>"},
        {"sender": "Reviews <r@post.example>", "Auto_Submitted": "auto-generated"},
        {"sender": "Reviews <r@post.example>", "List_Unsubscribe": "<https://post.example/u>"},
    ],
)
def test_a_program_is_nobody(automatic: dict[str, str]) -> None:
    sender = automatic.pop("sender")
    mention = anybody(mail(sender, "A review", "It was fine.", **automatic))
    assert (mention.author, mention.author_id) == (None, None)


@pytest.mark.parametrize(
    ("date", "arrived", "said"),
    [
        (None, ARRIVED, ARRIVED),
        ("yesterday", ARRIVED, ARRIVED),
        ("Tue, 20 Oct 2099 10:00:00 +0200", ARRIVED, ARRIVED),
        (DATE, None, ARRIVED),
        (None, None, None),
        ("Tue, 20 Oct 2099 10:00:00 +0200", None, None),
    ],
)
def test_a_mail_is_dated_by_itself_or_by_the_server(
    date: str | None, arrived: datetime | None, said: datetime | None
) -> None:
    raw = mail("jo@post.example", "Acme Air", "Lost.", date=date)
    mentions, refusals = read_mails(raw, options={"senders": ["*"]}, arrived=arrived)
    assert [mention.created_at for mention in mentions] == [said], "its words are kept"
    assert refusals == []


def test_a_mail_without_an_id_keeps_the_one_that_its_words_give() -> None:
    raw = mail("jo@post.example", "Acme Air", "Lost.", message_id=None)
    other = mail("jo@post.example", "Acme Air", "Lost!", message_id=None)
    assert anybody(raw).native_id == anybody(raw).native_id != anybody(other).native_id


def raw_mail(head: str, body: bytes) -> bytes:
    common = "From: Jo <jo@post.example>\r\nSubject: S\r\nMessage-ID: <a@b>\r\n"
    return f"{common}Date: {DATE}\r\n{head}\r\n\r\n".encode() + body


@pytest.mark.parametrize(
    ("head", "body", "said"),
    [
        ('Content-Type: text/plain; charset="x-nobody"', "Müll".encode(), "Müll"),
        ("Content-Type: text/plain; charset=utf-8", "Müll".encode("cp1252"), "Müll"),
        ("Content-Type: text/plain", "Müll – nie wieder".encode("cp1252"), "Müll – nie wieder"),
        ("Content-Type: text/plain; charset=us-ascii", "Müll".encode(), "Müll"),
        ("Content-Type: text/plain; charset=iso-2022-jp", "悪い".encode("iso-2022-jp"), "悪い"),
        (
            "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64",
            b"TXkgYmFnIGlz\r\nIGxvc3Q",
            "My bag is lost",
        ),
        (
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: quoted-printable",
            b"=F0=9F=98=A1 lo=\r\nst =ZZ",
            "😡 lost =ZZ",
        ),
        (
            "Content-Type: text/plain; format=flowed",
            b"My bag \r\nis lost.\r\nNow.",
            "My bag is lost.\nNow.",
        ),
        (
            "Content-Type: text/plain; format=flowed; delsp=yes",
            b"My b \r\nag  \r\nis lost.\r\nNow.",
            "My bag is lost.\nNow.",
        ),
        (
            "Content-Type: text/html",
            b"<p>My bag<br>is <b>lost</b><script>x()</script>",
            "My bag\nis lost",
        ),
        (
            "Content-Type: multipart/mixed; boundary=x",
            b"--x\r\n\r\nCut in the mid",
            "Cut in the mid",
        ),
        ("Content-Type: text/plain; charset=\x00", b"Still here", "Still here"),
    ],
)
def test_whatever_is_odd_in_a_mail_its_words_are_read(head: str, body: bytes, said: str) -> None:
    assert anybody(raw_mail(head, body)).text == said


def test_attachments_are_no_words() -> None:
    made = EmailMessage()
    made["From"], made["Subject"], made["Date"] = "jo@post.example", "Acme Air", DATE
    made.set_content("See the letter.")
    made.add_attachment("Dear all, secret", filename="letter.txt")
    made.add_attachment(b"\x89PNG", maintype="image", subtype="png")
    assert anybody(made.as_bytes()).text == "See the letter."


def test_a_review_is_of_the_brand_that_its_mail_names() -> None:
    business = (
        "You got a new 1-star review\n\nRead review\n<https://business.google.com/n/1>\n\nSam"
    )
    body = f"{business}\n\nNever again.\n\nReply to review\n<https://business.google.com/n/1>\n"
    sender = "businessprofile-noreply@google.com"
    for place, ours in (("Acme Air Lounge", True), ("Other Hotel", False)):
        spider = spider_of("mailbox")
        raw = mail(sender, f"Sam left a review for {place}", body)
        ((mention,), _, _, _) = read(spider, digest([(ARRIVED, raw)], None))
        assert mention.text == "Never again."
        assert parse_query('"acme air"').matches(spider.queried(mention)) is ours
    assert spider_of("mailbox", {**OPTIONS, "match": False}).wants_match is False


@pytest.mark.parametrize(
    ("text", "stars"),
    [
        ("★★☆☆☆", 2), ("Sam left 4 stars", 4), ("a 1-star review", 1), ("3/5", 3),
        ("5 out of 5, 5 stars, ★★★★★", 5), ("rated 1 out of 5; your average is 4 out of 5", None),
        ("★★★★★★★", None), ("no stars at all", None), ("12 stars", None), ("2,0 stars", 2),
    ],
)  # fmt: skip
def test_stars_are_taken_where_only_one_number_of_them_is_named(
    text: str, stars: float | None
) -> None:
    assert _stars(text) == stars


def test_pages_go_back_until_the_last_and_never_in_circles() -> None:
    spider = spider_of("mailbox", {**OPTIONS, "pages": 3})
    (first,) = first_requests(spider)
    noise = mail("admin@f5bot.com", "Welcome to F5Bot", "Hello")
    (second,) = read(spider, digest([(ARRIVED, noise)], 90), first)[2]
    assert second.url.endswith("&before=90"), "a page without mentions ends nothing"
    (third,) = read(spider, digest([(ARRIVED, noise)], 40), second)[2]
    assert read(spider, digest([(ARRIVED, noise)], None), third)[2] == []
    assert read(spider, digest([(ARRIVED, noise)], 40), third)[2] == [], "the same page again"
    assert read(spider, digest([(ARRIVED, noise)], 9), third)[2] == [], "three are the most"


@pytest.mark.parametrize(
    ("change", "kept", "said"),
    [
        (lambda body: body[:-90], 1, "cut off after 1 mail"),
        (lambda body: b"", 0, "empty body"),
        (lambda body: b"From: a@b\r\n\r\nOne mail, no digest", 0, "no digest of mails"),
        (lambda body: b"<!doctype html><title>Log in</title>", 0, "titled 'Log in'"),
    ],
)
def test_a_damaged_page_is_named(change: Callable[[bytes], bytes], kept: int, said: str) -> None:
    raw = mail("jo@post.example", "Acme Air", "Lost. " * 50)
    spider = spider_of("mailbox", {**OPTIONS, "senders": ["*"]})
    mentions, _, following, problem = read(
        spider, change(digest([(ARRIVED, raw), (ARRIVED, raw)], 5))
    )
    assert (len(mentions), following) == (kept, [])
    assert said in str(problem)
    assert problem
    assert problem.outcome in (CrawlOutcome.BROKEN, CrawlOutcome.BLOCKED)


def test_an_empty_folder_is_no_fault() -> None:
    assert read_mails() == ([], [])
    assert spider_of("mailbox").asked_since


def test_what_is_asked_for_and_with_what() -> None:
    options = {
        "host": "mail.example",
        "user": "jo",
        "folder": "Voices/Ü",
        "senders": ["a.example"],
    }
    spider = spider_of("mailbox", options, since=datetime(2026, 10, 31, 1, tzinfo=UTC))
    (request,) = first_requests(spider)
    assert request.url == (
        "imaps://mail.example:993/Voices%2F%C3%9C?since=2026-10-30&mails=50&senders=a.example"
    )
    assert request.meta["login"] == Login("jo", "made-up MAILBOX_PASSWORD", "tls")
    assert spider.options.target == "jo Voices/Ü"
    (plain,) = first_requests(
        spider_of("mailbox", {**options, "security": "starttls", "senders": ["*"]})
    )
    assert plain.url == "imap://mail.example:143/Voices%2F%C3%9C?since=2026-10-01&mails=50"
    assert plain.meta["login"].security == "starttls"


def test_a_password_is_not_sent_in_the_open() -> None:
    for host, fine in (("127.0.0.1", True), ("localhost", True), ("mail.example", False)):
        options = {"host": host, "user": "jo", "security": "none"}
        if fine:
            assert MailboxSpider.Options.model_validate(options).port is None
        else:
            with pytest.raises(ValidationError, match="send the password for all to read"):
                MailboxSpider.Options.model_validate(options)
