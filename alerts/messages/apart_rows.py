"""What sets many complaints or unusual hours apart: how much above usual, and what is shared."""

from __future__ import annotations

from slack_sdk.models.blocks import Block

from alerts.decide.explanation import Explanation, Facet, Trait
from alerts.decide.telling_phrases import Phrase
from alerts.messages.blocks import MAX_SECTION, section
from alerts.messages.catalogue import _, later, written
from alerts.messages.languages import country_name, language_name
from alerts.messages.places import Places
from alerts.messages.safe_text import line, percentage, units
from storage.models import IncidentKind

# Below twice the usual number a factor says less than the two numbers.
_MANY_TIMES = 2.0
_USUAL = {
    IncidentKind.COMPLAINTS: later("{usual} complaints would be usual in this time"),
    IncidentKind.VOLUME: later("{usual} mentions would be usual in this time"),
    IncidentKind.ANGER: later("{usual} angry mentions would be usual in this time"),
}
_NEXT_TO_NONE = {
    IncidentKind.COMPLAINTS: later("less than one complaints would be usual in this time"),
    IncidentKind.VOLUME: later("less than one mentions would be usual in this time"),
    IncidentKind.ANGER: later("less than one angry mentions would be usual in this time"),
}
_TIMES = {
    IncidentKind.COMPLAINTS: later(
        "{times} times the usual number: {usual} complaints would be usual in this time"
    ),
    IncidentKind.VOLUME: later(
        "{times} times the usual number: {usual} mentions would be usual in this time"
    ),
    IncidentKind.ANGER: later(
        "{times} times the usual number: {usual} angry mentions would be usual in this time"
    ),
}


def apart(why: Explanation, places: Places, kind: IncidentKind) -> Block | None:
    """Say how much above usual it is, and what sets it apart; the lines that fit."""
    lines = [*_above_usual(why, kind), *(_trait(one, places) for one in why.traits)]
    lines += [_phrase(one) for one in why.phrases]
    if why.usual is not None and not why.traits and not why.phrases:
        lines.append(_("No source, version, country or word sets them apart from what is usual"))
    if not lines:
        return None
    rows = [_("*What sets it apart*")]
    room = MAX_SECTION - units(rows[0])
    for one in lines:
        room -= units(one) + 3
        if room < 0:
            break
        rows.append(f"• {one}")
    return section("\n".join(rows), "apart")


def _above_usual(why: Explanation, kind: IncidentKind) -> list[str]:
    if why.usual is None:
        return []
    if why.usual < 1:
        return [_(_NEXT_TO_NONE[kind])]
    usual, times = written(round(why.usual)), why.times
    if times is not None and times >= _MANY_TIMES:
        return [_(_TIMES[kind], times=written(round(times)), usual=usual)]
    return [_(_USUAL[kind], usual=usual)]


def _trait(trait: Trait, places: Places) -> str:
    part = _part(trait.part, trait.total)
    match trait.facet:
        case Facet.SOURCE:
            said = _("{part} were written {place}", part=part, place=places.at(trait.value))
        case Facet.VERSION:
            said = _(
                "{part} are about version {version}", part=part, version=line(trait.value, 40)
            )
        case Facet.COUNTRY:
            said = _("{part} come from {country}", part=part, country=country_name(trait.value))
        case Facet.LANGUAGE:
            said = _("{part} are in {language}", part=part, language=language_name(trait.value))
    said = _beside_usual(said, trait.usual)
    if trait.explains is None:
        return said
    share = percentage(trait.explains)
    return _("{said}; they are {share} of the rise", said=said, share=share)


def _phrase(phrase: Phrase) -> str:
    part = _part(phrase.part, phrase.total)
    said = _("{part} say “{words}”", part=part, words=line(phrase.words, 60))
    return _beside_usual(said, phrase.usual)


def _part(part: int, total: int) -> str:
    return _("*{part} of {total}*", part=written(part), total=written(total))


def _beside_usual(said: str, usual: float | None) -> str:
    if usual is None:
        return said
    if not usual:
        return _("{said}, before: none", said=said)
    return _("{said}, usually {share}", said=said, share=percentage(usual))
