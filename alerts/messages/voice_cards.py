"""Messages about one mention, and what they share with those about a case: wows, one won back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from slack_sdk.models.blocks import Block, ButtonElement

from alerts.decide.voice_signs import Colleague
from alerts.messages.blocks import (
    MAX_CONTEXT,
    actions,
    button,
    can_carry,
    confirmation,
    context,
    facts,
    header,
    payload,
    section,
)
from alerts.messages.languages import language_name
from alerts.messages.places import Places
from alerts.messages.plainly import plainly
from alerts.messages.safe_text import (
    clean,
    code,
    count,
    cut,
    day,
    escape,
    line,
    link,
    moment,
    percentage,
    safe_url,
    web_address,
    words,
)
from storage.models import AuthorHistory, Experience, Mention, Stance, Verdict, Voice

# Of a list at least three fit into a section, whatever their links.
_MAX_LISTED = 650
_STANCES = {
    Stance.ADVOCATE: "recommends the brand to others",
    Stance.HATER: "talks others out of it",
}


@plainly("Wow")
def wow(
    voice: Voice,
    places: Places,
    staff: Sequence[Colleague] = (),
    not_about_by: str | None = None,
) -> dict[str, Any]:
    """Build the message that celebrates; `staff` are those whom the words name.

    `not_about_by` names who said that it is not about the brand: then it celebrates no more.
    """
    mention = voice.mention
    summary = (
        f"Wow for {line(mention.brand, 80)} from {who_where(mention, places)}"
        f"{stars_briefly(mention)}: {briefly(mention)}{_thanks(staff, ' Named: ')}"
    )
    taken_out = _taken_out(not_about_by)
    blocks = voice_blocks(
        f"Wow for {mention.brand}", voice, places, lead=taken_out or None, staff=staff
    )
    return payload(f"{taken_out} {summary}".strip(), [*blocks, _wow_actions(mention, taken_out)])


@plainly("Won back")
def won_back(
    voice: Voice,
    places: Places,
    staff: Sequence[Colleague] = (),
    not_about_by: str | None = None,
) -> dict[str, Any]:
    """Build the message about somebody who was against the brand and now is for it."""
    mention = voice.mention
    summary = (
        f"Won back for {line(mention.brand, 80)}: {who_where(mention, places)}"
        f"{stars_briefly(mention)}: {briefly(mention)}{_thanks(staff, ' Named: ')}"
    )
    lead = "*This person was angry with you before and is glad now.* Well done, whoever did it."
    title = f"Won back: a customer of {mention.brand}"
    taken_out = _taken_out(not_about_by)
    blocks = voice_blocks(title, voice, places, lead=taken_out or lead, staff=staff)
    return payload(f"{taken_out} {summary}".strip(), [*blocks, _wow_actions(mention, taken_out)])


@plainly("To share")
def shared_quote(mention: Mention, places: Places) -> dict[str, Any]:
    """Build a quote with its attribution, ready to be copied elsewhere."""
    quoted, was_cut = quotation(mention)
    rated = f", {stars(mention)}" if mention.rating is not None else ""
    summary = f"To share: {briefly(mention)} {who_where(mention, places)}."
    return payload(
        summary,
        [
            section("*To share*: copy the quote with its source.", "lead"),
            section(quoted, "words"),
            context(
                [f"— {who_where(mention, places)}{rated}", read_link(mention, places, was_cut)],
                "small_print",
            ),
        ],
    )


def not_about_button(action_id: str, mention_id: str) -> ButtonElement:
    """Offer to say that a mention is not about the brand; Slack asks once more."""
    return button(
        "Not about us",
        action_id,
        mention_id,
        confirm=confirmation(
            "Not about us?",
            "Earful takes this mention out of rates and charts, and learns from your word. "
            "You can take it back.",
            "It is not about us",
        ),
    )


def _taken_out(by: str | None) -> str:
    return f"Not about us, says {line(by, 60)}: it counts nowhere." if by else ""


def _wow_actions(mention: Mention, taken_out: str) -> Block | None:
    if not can_carry(mention.id):
        return None
    if taken_out:
        return actions([button("About us after all", "wow_about", mention.id)])
    thank = safe_url(mention.url)
    return actions(
        [
            *([button("Thank the author", "wow_thank", mention.id, url=thank)] if thank else []),
            button("Share", "wow_share", mention.id),
            not_about_button("wow_not_about", mention.id),
        ]
    )


def person(history: AuthorHistory) -> str:
    """Say in words what kind of person an author is, from what they said before."""
    if not history.mentions:
        return "the first mention we know of"
    since = f" since {day(history.first_seen_at)}" if history.first_seen_at else ""
    before = count(history.mentions, "earlier mention")
    if history.last_stance is Stance.HATER or history.hater > history.advocate:
        kind = "hater"
    elif history.last_stance is Stance.ADVOCATE or history.advocate > history.hater:
        kind = "advocate"
    else:
        kind = "known"
    experiences = [
        f"{number} {name}"
        for number, name in ((history.delighted, "delighted"), (history.angry, "angry"))
        if number
    ]
    return f"{kind}{since}, {before}" + (f" ({', '.join(experiences)})" if experiences else "")


def stars(mention: Mention) -> str:
    """Write a rating in words first, e.g. `2 of 5 (★★☆☆☆)`; `none given` without one."""
    rating, best = mention.rating, mention.rating_max
    if rating is None:
        return "none given"
    if best is None:
        return f"{rating:g}"
    rated = f"{rating:g} of {best:g}"
    if best == 1:
        return f"{'recommended' if rating >= 0.5 else 'not recommended'} ({rated})"
    if best <= 10 and best == int(best) and 0 <= rating <= best:
        full = round(rating)
        return f"{rated} ({'★' * full}{'☆' * (int(best) - full)})"
    return rated


def verdict_words(verdict: Verdict) -> str:
    """Write a verdict with how sure the classifier is of each part."""
    if verdict.unread:
        return "None: no model here reads the language"
    experience = {
        Experience.ANGRY: ("Angry", verdict.p_angry),
        Experience.MEDIOCRE: ("Mediocre", verdict.p_mediocre),
        Experience.DELIGHTED: ("Delighted", verdict.p_delighted),
        Experience.NONE: ("No experience told", verdict.p_none),
    }[verdict.experience]
    sentence = f"{experience[0]} ({percentage(experience[1])} sure)"
    if not verdict.sure:
        sentence = f"Perhaps {sentence[0].lower()}{sentence[1:]}"
    if verdict.stance is Stance.NEITHER:
        return sentence
    share = verdict.p_advocate if verdict.stance is Stance.ADVOCATE else verdict.p_hater
    return f"{sentence}, {_STANCES[verdict.stance]} ({percentage(share)} sure)"


def quotation(mention: Mention, limit: int = 1200) -> tuple[str, bool]:
    """Quote title and words as mrkdwn of at most 2,900 characters; say whether it was cut."""
    title = line(mention.title, 150)
    body, was_cut = words(mention.text, limit, 2400)
    if not body and not title:
        return no_words(mention), False
    return "\n".join(([f"> *{title}*"] if title else []) + ([body] if body else [])), was_cut


def read_link(mention: Mention, places: Places, was_cut: bool, room: int = MAX_CONTEXT) -> str:
    """Say where to read the mention: by a link, if it has one that takes at most `room` units."""
    if web_address(mention.url) is None:
        return "Earful knows no link" + (" to the rest of the words" if was_cut else "")
    label = f"{'Read the rest' if was_cut else 'Read it'} {places.at(mention.source)}"
    shown = link(mention.url, label, room)
    if shown == label:
        return f"{label}: the link is too long for Slack; the view `voice` has it"
    return shown


def linked_words(mention: Mention) -> str:
    """Quote the first words for a list, as a link; with the mention's id where none fits."""
    words = first_words(mention)
    shown = link(mention.url, words, _MAX_LISTED)
    if shown == words and web_address(mention.url) is not None:
        return f"{words} ({code(mention.id, 120)})"
    return shown


def voice_blocks(
    title: str,
    voice: Voice,
    places: Places,
    *,
    due_at: datetime | None = None,
    lead: str | None = None,
    urgent: bool = False,
    staff: Sequence[Colleague] = (),
    more: Sequence[Block | None] = (),
    notes: Sequence[str] = (),
) -> list[Block | None]:
    """Show a mention: who, where, stars, verdict, words; `more` blocks stand above the facts."""
    mention = voice.mention
    quoted, was_cut = quotation(mention)
    place = places.title(mention.source)
    if mention.reach:
        place += f", reach {mention.reach:,}"
    pairs = [
        ("Who", f"{who(mention)}: {person(voice.history)}"),
        ("Where", place),
        ("Stars", stars(mention)),
        ("Verdict", verdict_words(voice.verdict)),
    ]
    if mention.language is not None and not mention.language.lower().startswith("en"):
        pairs.append(("Language", language_name(mention.language)))
    if mention.created_at is not None:
        pairs.append(("Written", moment(mention.created_at)))
    if due_at is not None:
        pairs.append(("Answer first, by" if urgent else "Answer by", moment(due_at)))
    if staff:
        pairs.append(("Named in it", _thanks(staff, "")))
    small = [read_link(mention, places, was_cut)]
    if mention.owner_replied_at is not None:
        small.append(f"The owner answered on {day(mention.owner_replied_at)}")
    small.extend([f"Mention {code(mention.id, 120)}", *notes])
    return [
        header(title),
        section(lead, "lead") if lead else None,
        *more,
        facts(pairs),
        section(quoted, "words"),
        context(small, "small_print"),
    ]


def who(mention: Mention) -> str:
    """Name the author for people, escaped."""
    return line(mention.author, 80) or "somebody unnamed"


def who_where(mention: Mention, places: Places) -> str:
    """Name the author and the place: `Petra N. on Google Play`."""
    return f"{who(mention)} {places.at(mention.source)}"


def stars_briefly(mention: Mention) -> str:
    """Write a rating to follow a name: `, 2 of 5 stars`, or nothing."""
    if mention.rating is None or mention.rating_max is None:
        return ""
    if mention.rating_max == 1:
        return f", {stars(mention)}"
    return f", {mention.rating:g} of {mention.rating_max:g} stars"


def no_words(mention: Mention) -> str:
    """Say what is there where no words are: `No words, 1 of 5 stars.`"""
    rated = stars_briefly(mention)
    return f"No words{rated}." if rated else "There are no words to read."


def first_words(mention: Mention) -> str:
    """Quote the first words, or say what is there in their place."""
    return no_words(mention) if mention.is_wordless else briefly(mention)


def briefly(mention: Mention) -> str:
    """Quote the first words in one line, escaped."""
    parts = [clean((part or "")[:2000], lines=False) for part in (mention.title, mention.text)]
    words = ": ".join(part for part in parts if part)
    if not words:
        return "no words."
    return f"“{escape(cut(words, 160, escaped_limit=400)[0])}”"


def colleague(one: Colleague) -> str:
    """Name a colleague, and mention them where their Slack id is known.

    The id comes from our config, never from outside; a console leaves it out.
    """
    name = line(one.name, 60)
    return f"{name} (<@{one.slack}>)" if one.slack else name


def _thanks(staff: Sequence[Colleague], lead: str) -> str:
    if not staff:
        return ""
    return lead + ", ".join(map(colleague, staff[:10]))
