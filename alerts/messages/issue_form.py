"""What an issue says that is made of a case, as plain words: each tracker writes them its way."""

from __future__ import annotations

from alerts.messages.catalogue import _, in_its_language
from alerts.messages.places import Places
from alerts.messages.safe_text import clean, cut, in_utc, line, link, web_address
from alerts.messages.voice_cards import stars_briefly
from storage.models import CaseEventKind, CaseFile

MAX_TITLE = 120
MAX_QUOTE = 8000


@in_its_language
def issue(file: CaseFile, places: Places, by: str) -> dict[str, object]:
    """Build the issue of a case: `issue` holds title, sentences, the customer's words, the link.

    It is no message of Slack's: nothing in `issue` is escaped, and it has no blocks.
    """
    case, mention = file.case, file.mention
    author = clean(mention.author or "", lines=False)[:80] or _("somebody unnamed")
    place = places.at(mention.source, lambda text, _limit: text)
    own_title = clean(mention.own_title or "", lines=False)
    words = "\n".join(filter(None, (own_title, clean(mention.text))))
    title = own_title or clean(words, lines=False)
    first = cut(title, MAX_TITLE)[0] or _("a complaint without words")
    maker = clean(by, lines=False)[:60]
    who = f"{author} {place}{stars_briefly(mention)}"
    sentences = [
        _("A complaint about {brand} by {who}.", brand=mention.brand, who=who),
        _("Earful's case {id}, opened on {moment}.", id=case.id, moment=in_utc(case.opened_at)),
        _("{name} made this issue of it.", name=maker),
    ]
    if thread := clean(mention.thread_title or "", lines=False):
        sentences.insert(
            1, _("It is an answer in the thread “{title}”.", title=cut(thread, MAX_TITLE)[0])
        )
    return {
        "text": _(
            "Issue of case {id} of {brand}, made by {name}",
            id=case.id,
            brand=line(mention.brand, 80),
            name=line(by, 60),
        ),
        "issue": {
            "title": f"{mention.brand}: {first}",
            "sentences": sentences,
            "quote": cut(words, MAX_QUOTE)[0],
            "url": web_address(mention.url),
            "by": maker,
        },
    }


def issue_link(url: str) -> str:
    """Link an issue by its number or key, as its tracker writes it; escaped."""
    parts = [part for part in url.partition("://")[2].split("/") if part]
    place = parts.index("issue") + 1 if "issue" in parts[:-1] else -1
    name = parts[place] if parts else url
    return link(url, line(f"#{name}" if name.isdigit() else name, 60))


def issue_links(file: CaseFile) -> list[str]:
    """Say in the small print which issues were made of a case."""
    made = [one.note for one in file.events if one.event is CaseEventKind.ISSUE_MADE and one.note]
    return [_("Issue {link}", link=issue_link(url)) for url in made]


def tracker_name(via: str) -> str:
    """Give what the config calls a tracker."""
    return via.partition(":")[2]


def issue_under_way(via: str) -> str:
    """Answer whoever asked for an issue."""
    return _(
        "Earful makes an issue in {tracker}. Its link will stand in the thread of the case.",
        tracker=tracker_name(via),
    )


def issue_there_already(via: str, url: str | None) -> str:
    """Say that an issue was asked for before."""
    if url:
        return _(
            "This case has an issue in {tracker} already: {url}",
            tracker=tracker_name(via),
            url=url,
        )
    return _(
        "An issue in {tracker} was asked for already: its link will come.",
        tracker=tracker_name(via),
    )


def issue_given_up(via: str) -> str:
    """Say that somebody dropped the issue before it was made."""
    return _(
        "Somebody gave the issue in {tracker} up with `earful alerts drop`.",
        tracker=tracker_name(via),
    )


def no_such_tracker(via: str, brand: str) -> str:
    """Say that the config has no such tracker for a brand."""
    return _(
        "No tracker named {tracker} takes issues of {brand}: see [destinations].",
        tracker=tracker_name(via),
        brand=brand,
    )
