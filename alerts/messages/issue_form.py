"""What an issue says that is made of a case, as plain words: each tracker writes them its way."""

from __future__ import annotations

from typing import Any

from alerts.messages.places import Places
from alerts.messages.plainly import plainly
from alerts.messages.safe_text import clean, cut, in_utc, line, web_address
from alerts.messages.voice_cards import stars_briefly
from storage.models import CaseFile

MAX_TITLE = 120
MAX_QUOTE = 8000


@plainly("Issue")
def issue(file: CaseFile, places: Places, by: str) -> dict[str, Any]:
    """Build the issue of a case: `issue` holds title, sentences, the customer's words, the link.

    Nothing in it is escaped: the words are whatever the customer wrote.
    """
    case, mention = file.case, file.mention
    author = clean(mention.author or "", lines=False)[:80] or "somebody unnamed"
    place = places.at(mention.source, lambda text, _: text)
    words = "\n".join(filter(None, (clean(mention.title or "", lines=False), clean(mention.text))))
    first = cut(clean(words, lines=False), MAX_TITLE)[0]
    sentences = [
        f"A complaint about {mention.brand} by {author} {place}{stars_briefly(mention)}.",
        f"Earful's case {case.id}, opened on {in_utc(case.opened_at)}.",
        f"{clean(by, lines=False)[:60]} made this issue of it.",
    ]
    return {
        "text": f"Issue of case {case.id} of {line(mention.brand, 80)}, made by {line(by, 60)}",
        "issue": {
            "title": f"{mention.brand}: {first or 'a complaint without words'}",
            "sentences": sentences,
            "quote": cut(words, MAX_QUOTE)[0],
            "url": web_address(mention.url),
        },
    }
