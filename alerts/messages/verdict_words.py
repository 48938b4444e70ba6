"""What Earful makes of a voice, in words: its verdict, and who its author is by earlier ones."""

from __future__ import annotations

from datetime import datetime

from alerts.messages.catalogue import _, later, n_
from alerts.messages.safe_text import day, percentage
from storage.models import AuthorHistory, Experience, Stance, Verdict

_VERDICTS = {
    Experience.ANGRY: (later("Angry ({share} sure)"), later("Perhaps angry ({share} sure)")),
    Experience.MEDIOCRE: (
        later("Mediocre ({share} sure)"),
        later("Perhaps mediocre ({share} sure)"),
    ),
    Experience.DELIGHTED: (
        later("Delighted ({share} sure)"),
        later("Perhaps delighted ({share} sure)"),
    ),
    Experience.NONE: (
        later("No experience told ({share} sure)"),
        later("Perhaps no experience told ({share} sure)"),
    ),
}


def person(history: AuthorHistory) -> str:
    """Say in words what kind of person an author is, from what they said before."""
    if not history.mentions:
        return _("the first mention we know of")
    before = n_("{n} earlier mention", "{n} earlier mentions", history.mentions)
    if history.last_stance is Stance.HATER or history.hater > history.advocate:
        kind = Stance.HATER
    elif history.last_stance is Stance.ADVOCATE or history.advocate > history.hater:
        kind = Stance.ADVOCATE
    else:
        kind = Stance.NEITHER
    shown = _kind(kind, history.first_seen_at, before)
    experiences = [
        *([_("{number} delighted", number=history.delighted)] if history.delighted else []),
        *([_("{number} angry", number=history.angry)] if history.angry else []),
    ]
    return f"{shown} ({', '.join(experiences)})" if experiences else shown


def _kind(kind: Stance, since: datetime | None, before: str) -> str:
    if since is None:
        match kind:
            case Stance.HATER:
                return _("hater, {before}", before=before)
            case Stance.ADVOCATE:
                return _("advocate, {before}", before=before)
            case Stance.NEITHER:
                return _("known, {before}", before=before)
    match kind:
        case Stance.HATER:
            return _("hater since {day}, {before}", day=day(since), before=before)
        case Stance.ADVOCATE:
            return _("advocate since {day}, {before}", day=day(since), before=before)
        case Stance.NEITHER:
            return _("known since {day}, {before}", day=day(since), before=before)


def verdict_words(verdict: Verdict) -> str:
    """Write a verdict with how sure the classifier is of each part."""
    if verdict.unread:
        return _("None: no model here reads the language")
    share = {
        Experience.ANGRY: verdict.p_angry,
        Experience.MEDIOCRE: verdict.p_mediocre,
        Experience.DELIGHTED: verdict.p_delighted,
        Experience.NONE: verdict.p_none,
    }[verdict.experience]
    sentence = _(_VERDICTS[verdict.experience][not verdict.sure], share=percentage(share))
    match verdict.stance:
        case Stance.ADVOCATE:
            return _(
                "{verdict}, recommends the brand to others ({share} sure)",
                verdict=sentence,
                share=percentage(verdict.p_advocate),
            )
        case Stance.HATER:
            return _(
                "{verdict}, talks others out of it ({share} sure)",
                verdict=sentence,
                share=percentage(verdict.p_hater),
            )
        case Stance.NEITHER:
            return sentence
