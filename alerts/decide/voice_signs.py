"""What a mention and a history are signs of: small pure questions that the rules ask."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.decide.routing import stars_of_five
from config.word_borders import bordered
from storage.models import AuthorHistory, Experience, Mention, Stance, Voice

CLOCK_SKEW = timedelta(days=1)
"""How far in the future a source's clock may lie; what claims more has no usable date."""
MIN_WOW_WORDS = 6
MIN_WOW_LETTERS = 24
BAD_STARS = 2.0
"""So many of five stars, or fewer, speak of a complaint in any language."""


@dataclass(frozen=True, slots=True)
class Colleague:
    """One of the staff, from our config; `slack` is a user's id, for a mention there."""

    name: str
    slack: str | None = None
    aliases: tuple[str, ...] = ()


def is_fresh(written_at: datetime, got_at: datetime, max_age: timedelta) -> bool:
    """Tell whether what was written reached the store in time, and has no absurd date.

    The time that it waits in the store does not make it older: that is no fault of its author.
    """
    return -CLOCK_SKEW <= got_at - written_at <= max_age


def is_news(voice: Voice, earlier: Experience | None, max_age: timedelta) -> bool:
    """Tell whether a mention may alert: it is fresh, or a fresh edit changed how it feels.

    `earlier` is how its older text was understood. An edit that changes nothing about that is no
    news, so that a source that rewrites all its pages floods nobody. What has no date is none.
    """
    mention = voice.mention
    if mention.created_at is None:
        return False
    if is_fresh(mention.created_at, voice.waits_since or mention.fetched_at, max_age):
        return True
    if mention.edited_at is None or mention.fetched_at < mention.created_at:
        return False
    changed = earlier is not None and earlier is not voice.verdict.experience
    return changed and is_fresh(mention.edited_at, mention.fetched_at, max_age)


def is_bad_and_unread(voice: Voice) -> bool:
    """Tell whether only bad stars can speak: no model reads the language of the words."""
    stars = stars_of_five(voice.mention)
    return voice.verdict.unread and stars is not None and stars <= BAD_STARS


def was_friend(history: AuthorHistory) -> bool:
    """Tell whether an author is an advocate who has not turned angry yet.

    What counts is the last stance they took, as in the view `flips`.
    """
    return (
        history.last_stance is Stance.ADVOCATE and history.last_experience is not Experience.ANGRY
    )


def was_against(history: AuthorHistory) -> bool:
    """Tell whether an author is a hater who has not been won back yet."""
    return (
        history.last_stance is Stance.HATER and history.last_experience is not Experience.DELIGHTED
    )


def has_substance(mention: Mention) -> bool:
    """Tell whether a wow says what was wonderful: "great!!!" alone is for the digest."""
    words = re.findall(r"\w+", mention.own_words)
    # A script without spaces between words says as much in as many letters.
    return len(words) >= MIN_WOW_WORDS or sum(map(len, words)) >= MIN_WOW_LETTERS


def named_staff(mention: Mention, staff: Sequence[Colleague]) -> tuple[Colleague, ...]:
    """Find whose whole name or alias its writer says, whatever the case or the apostrophe."""
    return named_in(mention.own_title, mention.text, staff)


def named_in(title: str | None, text: str, staff: Sequence[Colleague]) -> tuple[Colleague, ...]:
    """Find whom a title and a text name, as `named_staff` does."""
    text = _folded(f"{title or ''}\n{text}")
    return tuple(
        one for one in staff if any(_says(text, name) for name in (one.name, *one.aliases))
    )


def _says(text: str, name: str) -> bool:
    wanted = _folded(name)
    return bool(wanted) and bool(re.search(bordered(wanted), text))


def _folded(text: str) -> str:
    return " ".join(text.replace("’", "'").casefold().split())
