"""The windows in which people answer a case: the words, their preview, what was done by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from slack_sdk.models.blocks import Block

from alerts.messages.blocks import actions, section, select
from alerts.messages.catalogue import _, n_, written
from alerts.messages.places import Places
from alerts.messages.reply_words import unit_name
from alerts.messages.safe_text import heading, in_utc, line, link, words
from alerts.messages.views import (
    MAX_OPTION,
    MAX_OPTIONS,
    View,
    modal,
    plainly_shown,
    text_input,
)
from alerts.messages.voice_cards import quotation, stars_briefly, translated, who_where
from storage.models import Mention, Translation

_MAX_ASKED = 600
_MAX_PREVIEW = 2400


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a window carries along: what its author saw, and what they have previewed.

    `number` counts the templates that were put in: Slack takes new words for a new input only.
    """

    mention_id: str
    text_hash: str
    last_reply: int | None = None
    number: int = 0
    template: str = ""
    previewed: str = ""

    @property
    def input(self) -> str:
        """Name the input that holds the words."""
        return f"words:{self.number}"

    def packed(self) -> str:
        kept = [
            self.mention_id, self.text_hash, self.last_reply, self.number, self.template,
            self.previewed,
        ]  # fmt: skip
        return json.dumps(kept, ensure_ascii=False)

    @classmethod
    def of(cls, packed: str) -> Self:
        """Read what `packed` gave; ValueError where it is something else."""
        kept = json.loads(packed)
        kinds = (str, str, int | None, int, str, str)
        if not isinstance(kept, list) or len(kept) != len(kinds):
            raise ValueError(f"{packed[:80]!r}: is not what a window for an answer keeps")
        if not all(map(isinstance, kept, kinds)):
            raise ValueError(f"{packed[:80]!r}: holds what a window for an answer does not keep")
        names = ("mention_id", "text_hash", "last_reply", "number", "template", "previewed")
        return cls(**dict(zip(names, kept, strict=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPlan:
    """What becomes of the words: posted by Earful where it `posts`, else by hand.

    `hindrance` is a sentence on why Earful does not. `shown` are the words as they will stand at
    the source, `used` of `most` `unit` long there.
    """

    posts: bool
    approval: bool
    hindrance: str | None = None
    shown: str = ""
    used: int | None = None
    most: int | None = None
    unit: str = "characters"


@plainly_shown("Answer")
def answer_modal(
    mention: Mention,
    places: Places,
    plan: AnswerPlan,
    written: Written,
    text: str,
    templates: Sequence[tuple[str, str]] = (),
    complaints: Sequence[Mention] = (),
    translation: Translation | None = None,
) -> View:
    """Ask for the words of an answer; once they were previewed, show them as they will stand.

    `templates` are (name, value), the fitting ones first. Of several `complaints` the author
    chooses the one that the answer goes below.
    """
    asked = (
        f"*{who_where(mention, places)}*{stars_briefly(mention)}:\n"
        f"{quotation(mention, _MAX_ASKED)[0]}"
    )
    blocks: list[Block | None] = [
        section(asked, "asked"),
        translated(mention, translation),
        _complaints(complaints, mention),
        section(_way(plan, mention, places), "way"),
        _templates(templates),
        text_input(_("Your answer"), written.input, initial=text, lines=True),
    ]
    if written.previewed:
        blocks += [section(_preview_title(plan, mention, places), "preview_title")]
        shown = words(plan.shown, _MAX_PREVIEW, 2900)[0]
        blocks += [section(shown, "preview") if shown else None]
    return modal(
        _("Answer"),
        blocks,
        callback_id="answer_words",
        value=written.packed(),
        submit=_submit(plan) if written.previewed else _("Preview"),
        close=_("Cancel"),
    )


@plainly_shown("Post it by hand")
def copy_modal(mention: Mention, places: Places, text: str) -> View:
    """Give the words of an answer to be copied, and the place where they belong."""
    at = places.at(mention.source)
    lead = _(
        "Copy the words, and post them {at}. The case waits until Earful sees an answer there, "
        "or somebody clicks “Responded”.",
        at=at,
    )
    place = link(mention.url, _("Open it {at}", at=at)) if mention.url else ""
    return modal(
        _("Post it by hand"),
        [
            section(lead, "lead"),
            text_input(_("The answer"), "copied", initial=text, lines=True, optional=True),
            section(place, "place") if place else None,
        ],
        callback_id="answer_copied",
        submit=_("Done"),
    )


@plainly_shown("Send back")
def send_back_modal(reply_id: int, author: str) -> View:
    """Ask what is to be changed about an answer."""
    return modal(
        _("Send back"),
        [
            section(
                _("{author} gets the answer back, with your words.", author=line(author, 60)),
                "lead",
            ),
            text_input(_("What should change?"), "note", lines=True, optional=True, longest=500),
        ],
        callback_id="reply_send_back",
        value=str(reply_id),
        submit=_("Send back"),
        close=_("Cancel"),
    )


@plainly_shown("Responded")
def responded_modal(mention_id: str, copied: bool = False) -> View:
    """Ask what somebody answered by hand, and where; both may stay empty."""
    hint = _("Empty: the answer that was copied from here.") if copied else None
    return modal(
        _("Responded"),
        [
            text_input(_("What was answered"), "words", lines=True, optional=True, hint=hint),
            text_input(_("Link to the answer"), "link", optional=True, longest=1500),
        ],
        callback_id="case_responded",
        value=mention_id,
        submit=_("Responded"),
        close=_("Cancel"),
    )


def _way(plan: AnswerPlan, mention: Mention, places: Places) -> str:
    at, brand = places.at(mention.source), line(mention.brand, 80)
    if plan.posts and plan.approval:
        return _(
            "Once a second person has approved it, Earful posts it {at} as {brand}.",
            at=at,
            brand=brand,
        )
    if plan.posts:
        return _("Earful posts it {at} as {brand}.", at=at, brand=brand)
    if plan.hindrance and plan.approval:
        return _(
            "Once a second person has approved it, you post it {at} by hand: {hindrance}",
            at=at,
            hindrance=line(plan.hindrance, 300),
        )
    if plan.hindrance:
        return _(
            "You post it {at} by hand: {hindrance}", at=at, hindrance=line(plan.hindrance, 300)
        )
    if plan.approval:
        return _(
            "Earful cannot post {at}: once a second person has approved it, you post it there by "
            "hand.",
            at=at,
        )
    return _("Earful cannot post {at}: you copy it, and post it there by hand.", at=at)


def _preview_title(plan: AnswerPlan, mention: Mention, places: Places) -> str:
    at = places.at(mention.source)
    if plan.used is None:
        return _("*As it will stand {at}:*", at=at)
    if plan.most is None:
        return _(
            "*As it will stand {at}* ({used} {unit}):",
            at=at,
            used=written(plan.used),
            unit=unit_name(plan.unit),
        )
    return _(
        "*As it will stand {at}* ({used} of {most} {unit}):",
        at=at,
        used=written(plan.used),
        most=written(plan.most),
        unit=unit_name(plan.unit),
    )


def _submit(plan: AnswerPlan) -> str:
    if plan.approval:
        return _("Ask for approval")
    return _("Send") if plan.posts else _("I post it by hand")


def _complaints(complaints: Sequence[Mention], chosen: Mention) -> Block | None:
    if len(complaints) < 2:
        return None
    options = [
        (heading(f"{in_utc(one.created_at or one.fetched_at)}: {_start(one)}", MAX_OPTION), str(n))
        for n, one in enumerate(complaints[:MAX_OPTIONS])
    ]
    place = next((n for n, one in enumerate(complaints) if one.id == chosen.id), 0)
    label = n_(
        "Answer another of {n} complaints (this is number {place})",
        "Answer another of {n} complaints (this is number {place})",
        len(complaints),
        place=place + 1,
    )
    return actions([select(label, "answer_below", options)], "complaints")


def _start(mention: Mention) -> str:
    # Of a huge text only what can be shown is cleaned.
    return (mention.own_title or mention.text)[: 4 * MAX_OPTION]


def _templates(templates: Sequence[tuple[str, str]]) -> Block | None:
    if not templates:
        return None
    options = [
        (heading(name, MAX_OPTION) or "?", value) for name, value in templates[:MAX_OPTIONS]
    ]
    return actions([select(_("Begin with a template"), "answer_template", options)], "templates")
