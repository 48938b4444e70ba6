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
from alerts.messages.catalogue import _, spoken, written
from alerts.messages.languages import is_in, language_name
from alerts.messages.places import Places
from alerts.messages.plainly import plainly
from alerts.messages.safe_text import (
    clean,
    code,
    cut,
    day,
    escape,
    line,
    link,
    moment,
    safe_url,
    web_address,
    words,
)
from alerts.messages.verdict_words import person, verdict_words
from storage.models import Mention, Translation, Voice

# Of a list at least three fit into a section, whatever their links.
_MAX_LISTED = 650


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
    told = {
        "brand": line(mention.brand, 80),
        "who": rated(mention, places),
        "words": briefly(mention),
    }
    summary = (
        _("Wow for {brand} from {who}: {words} Named: {names}", names=_named(staff), **told)
        if staff
        else _("Wow for {brand} from {who}: {words}", **told)
    )
    taken_out = _taken_out(not_about_by)
    title = _("Wow for {brand}", brand=mention.brand)
    blocks = voice_blocks(title, voice, places, lead=taken_out or None, staff=staff)
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
    told = {
        "brand": line(mention.brand, 80),
        "who": rated(mention, places),
        "words": briefly(mention),
    }
    summary = (
        _("Won back for {brand}: {who}: {words} Named: {names}", names=_named(staff), **told)
        if staff
        else _("Won back for {brand}: {who}: {words}", **told)
    )
    lead = _("*This person was angry with you before and is glad now.* Well done, whoever did it.")
    title = _("Won back: a customer of {brand}", brand=mention.brand)
    taken_out = _taken_out(not_about_by)
    blocks = voice_blocks(title, voice, places, lead=taken_out or lead, staff=staff)
    return payload(f"{taken_out} {summary}".strip(), [*blocks, _wow_actions(mention, taken_out)])


@plainly("To share")
def shared_quote(mention: Mention, places: Places) -> dict[str, Any]:
    """Build a quote with its attribution, ready to be copied elsewhere."""
    quoted, was_cut = quotation(mention)
    who = who_where(mention, places)
    attribution = f"— {who}, {stars(mention)}" if mention.rating is not None else f"— {who}"
    return payload(
        _("To share: {words} {who}.", words=briefly(mention), who=who),
        [
            section(_("*To share*: copy the quote with its source."), "lead"),
            section(quoted, "words"),
            context([attribution, read_link(mention, places, was_cut)], "small_print"),
        ],
    )


def not_about_button(action_id: str, mention_id: str) -> ButtonElement:
    """Offer to say that a mention is not about the brand; Slack asks once more."""
    return button(
        _("Not about us"),
        action_id,
        mention_id,
        confirm=confirmation(
            _("Not about us?"),
            _(
                "Earful takes this mention out of rates and charts, and learns from your word. "
                "You can take it back."
            ),
            _("It is not about us"),
        ),
    )


def _taken_out(by: str | None) -> str:
    return _("Not about us, says {name}: it counts nowhere.", name=line(by, 60)) if by else ""


def _wow_actions(mention: Mention, taken_out: str) -> Block | None:
    if not can_carry(mention.id):
        return None
    if taken_out:
        return actions([button(_("About us after all"), "wow_about", mention.id)])
    thank = safe_url(mention.url)
    thanking = [button(_("Thank the author"), "wow_thank", mention.id, url=thank)] if thank else []
    return actions(
        [
            *thanking,
            button(_("Share"), "wow_share", mention.id),
            not_about_button("wow_not_about", mention.id),
        ]
    )


def stars(mention: Mention) -> str:
    """Write a rating in words first, e.g. `2 of 5 (★★☆☆☆)`; `none given` without one."""
    rating, best = mention.rating, mention.rating_max
    if rating is None:
        return _("none given")
    if best is None:
        return f"{rating:g}"
    shown = _("{rating} of {best}", rating=f"{rating:g}", best=f"{best:g}")
    if best == 1:
        return (
            _("recommended ({rating})", rating=shown)
            if rating >= 0.5
            else _("not recommended ({rating})", rating=shown)
        )
    if best <= 10 and best == int(best) and 0 <= rating <= best:
        full = round(rating)
        return f"{shown} ({'★' * full}{'☆' * (int(best) - full)})"
    return shown


def quotation(mention: Mention, limit: int = 1200) -> tuple[str, bool]:
    """Quote title and words as mrkdwn of at most 2,900 characters; say whether it was cut.

    Above an answer stands in which thread, outside the quote: its title is somebody else's words.
    """
    title, thread = line(mention.own_title, 150), line(mention.thread_title, 150)
    body, was_cut = words(mention.text, limit, 2400)
    if not body and not title:
        return no_words(mention), False
    above = [_("In the thread “{title}”:", title=thread)] if thread else []
    return "\n".join(
        [*above, *([f"> *{title}*"] if title else []), *filter(None, [body])]
    ), was_cut


def read_link(mention: Mention, places: Places, was_cut: bool, room: int = MAX_CONTEXT) -> str:
    """Say where to read the mention: by a link, if it has one that takes at most `room` units."""
    if web_address(mention.url) is None:
        return (
            _("Earful knows no link to the rest of the words")
            if was_cut
            else _("Earful knows no link")
        )
    place = places.at(mention.source)
    label = (
        _("Read the rest {place}", place=place) if was_cut else _("Read it {place}", place=place)
    )
    shown = link(mention.url, label, room)
    if shown == label:
        return _("{label}: the link is too long for Slack; the view `voice` has it", label=label)
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
    small = [read_link(mention, places, was_cut)]
    if mention.owner_replied_at is not None:
        small.append(_("The owner answered on {day}", day=day(mention.owner_replied_at)))
    small.extend([_("Mention {id}", id=code(mention.id, 120)), *notes])
    pairs = _voice_facts(voice, places)
    if due_at is not None:
        label = _("Answer first, by") if urgent else _("Answer by")
        pairs.append((label, moment(due_at)))
    if staff:
        pairs.append((_("Named in it"), _named(staff)))
    return [
        header(title),
        section(lead, "lead") if lead else None,
        *more,
        facts(pairs),
        section(quoted, "words"),
        translated(mention, voice.translation),
        context(small, "small_print"),
    ]


def translated(mention: Mention, translation: Translation | None) -> Block | None:
    """Show what a text says in the language that is spoken, where somebody translated it."""
    if translation is None or not is_in(translation.language, spoken()):
        return None
    told = {
        "language": language_name(mention.language),
        "name": line(translation.translator, 40),
    }
    quoted, was_cut = words(translation.text, 1200, 2400)
    lead = (
        _("*Translated from {language} by {name}*, the beginning:", **told)
        if was_cut
        else _("*Translated from {language} by {name}*:", **told)
    )
    return section(f"{lead}\n{quoted}", "translation") if quoted else None


def _voice_facts(voice: Voice, places: Places) -> list[tuple[str, str]]:
    mention = voice.mention
    place = places.title(mention.source)
    if mention.reach:
        place = _("{place}, reach {number}", place=place, number=written(mention.reach))
    pairs = [
        (_("Who"), f"{who(mention)}: {person(voice.history)}"),
        (_("Where"), place),
        (_("Stars"), stars(mention)),
        (_("Verdict"), verdict_words(voice.verdict)),
    ]
    if mention.language is not None and not is_in(mention.language, spoken()):
        pairs.append((_("Language"), language_name(mention.language)))
    if mention.created_at is not None:
        pairs.append((_("Written"), moment(mention.created_at)))
    return pairs


def who(mention: Mention) -> str:
    """Name the author for people, escaped."""
    return line(mention.author, 80) or _("somebody unnamed")


def who_where(mention: Mention, places: Places) -> str:
    """Name the author and the place: `Petra N. on Google Play`."""
    return f"{who(mention)} {places.at(mention.source)}"


def rated(mention: Mention, places: Places) -> str:
    """Name author, place and rating: `Petra N. on Google Play, 2 of 5 stars`."""
    shown = given_stars(mention)
    return f"{who_where(mention, places)}, {shown}" if shown else who_where(mention, places)


def given_stars(mention: Mention) -> str:
    """Write a rating in a sentence: `2 of 5 stars`, or nothing."""
    if mention.rating is None or mention.rating_max is None:
        return ""
    if mention.rating_max == 1:
        return stars(mention)
    return _(
        "{rating} of {best} stars", rating=f"{mention.rating:g}", best=f"{mention.rating_max:g}"
    )


def stars_briefly(mention: Mention) -> str:
    """Write a rating to follow a name: `, 2 of 5 stars`, or nothing."""
    shown = given_stars(mention)
    return f", {shown}" if shown else ""


def no_words(mention: Mention) -> str:
    """Say what is there where no words are: `No words, 1 of 5 stars.`"""
    shown = given_stars(mention)
    return _("No words, {stars}.", stars=shown) if shown else _("There are no words to read.")


def first_words(mention: Mention) -> str:
    """Quote the first words, or say what is there in their place."""
    return no_words(mention) if mention.is_wordless else briefly(mention)


def briefly(mention: Mention) -> str:
    """Quote the first words in one line, escaped; a thread's title is not theirs who answer."""
    parts = [clean((part or "")[:2000], lines=False) for part in (mention.own_title, mention.text)]
    words = ": ".join(part for part in parts if part)
    if not words:
        return _("no words.")
    return f"“{escape(cut(words, 160, escaped_limit=400)[0])}”"


def colleague(one: Colleague) -> str:
    """Name a colleague, and mention them where their Slack id is known.

    The id comes from our config, never from outside; a console leaves it out.
    """
    name = line(one.name, 60)
    return f"{name} (<@{one.slack}>)" if one.slack else name


def _named(staff: Sequence[Colleague]) -> str:
    return ", ".join(map(colleague, staff[:10]))
