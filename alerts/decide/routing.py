"""Which channel hears of it, how urgently, and when: routes, quiet hours, limits. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from alerts.decide.hours import BusinessHours
from storage.models import Experience, Mention, Stance, Voice


@dataclass(frozen=True, kw_only=True)
class Route:
    """Where mentions of a certain kind go; a side that is not given matches all.

    `stars` are the lowest and highest of five; `words` is a query's test of a mention. A
    `language` matches its regional forms (`de` also `de-AT`), never one that is not known.
    """

    channel: str | None = None
    urgent: bool = False
    source: str | None = None
    experience: Experience | None = None
    stance: Stance | None = None
    author: str | None = None
    language: str | None = None
    stars: tuple[float, float] | None = None
    min_reach: int | None = None
    words: Callable[[Mention], bool] | None = None

    def matches(self, voice: Voice) -> bool:
        mention, verdict = voice.mention, voice.verdict
        return (
            self.source in (None, mention.source)
            and self.experience in (None, verdict.experience)
            and self.stance in (None, verdict.stance)
            and self._is_by(mention)
            and (self.language is None or speaks(mention.language, self.language))
            and (self.stars is None or _between(stars_of_five(mention), self.stars))
            and (self.min_reach is None or (mention.reach or 0) >= self.min_reach)
            and (self.words is None or self.words(mention))
        )

    def _is_by(self, mention: Mention) -> bool:
        if self.author is None:
            return True
        names = (mention.author or "", mention.author_id or "")
        return self.author.casefold() in [name.casefold() for name in names]


@dataclass(frozen=True)
class Calm:
    """When channels are left in peace, and how many messages an hour each takes.

    `quiet` and `per_hour` are by channel; `quiet_always` is for channels without hours of their
    own, `wows_per_hour` for good news in channels without a limit of their own.
    """

    quiet: Mapping[str, BusinessHours] = field(default_factory=dict)
    quiet_always: BusinessHours | None = None
    per_hour: Mapping[str, int] = field(default_factory=dict)
    wows_per_hour: int = 10

    def release(self, channel: str, now: datetime, *, urgent: bool = False) -> datetime | None:
        """Give the end of the channel's quiet hours; None where a message may go now."""
        hours = self.quiet.get(channel, self.quiet_always)
        if urgent or hours is None:
            return None
        return hours.closing(now)

    def room_for(self, channel: str, posted: int, *, wow: bool = False) -> bool:
        """Tell whether one more message fits into the hour."""
        limit = self.per_hour.get(channel, self.wows_per_hour if wow else None)
        return limit is None or posted < limit


def stars_of_five(mention: Mention) -> float | None:
    if mention.rating is None or not mention.rating_max:
        return None
    return 5 * mention.rating / mention.rating_max


def speaks(language: str | None, wanted: str) -> bool:
    """Tell whether a language is the wanted one or a regional form of it."""
    have, want = (_tag(language or ""), _tag(wanted))
    return have == want or have.startswith(f"{want}-")


def _tag(language: str) -> str:
    return language.casefold().replace("_", "-")


def _between(value: float | None, ends: tuple[float, float]) -> bool:
    return value is not None and ends[0] <= value <= ends[1]
