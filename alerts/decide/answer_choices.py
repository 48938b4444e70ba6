"""Answers: which template suits a mention, its words filled in, and who may approve. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from alerts.decide.routing import speaks
from storage.models import Case, CaseEvent, CaseState, Mention, Reply

_EMPTY = re.compile(r"\s*\{author\}")


@dataclass(frozen=True, kw_only=True)
class Template:
    """Words to begin an answer with. `about` tells the topic; a side not given suits all."""

    name: str
    text: str
    brand: str | None = None
    language: str | None = None
    about: Callable[[Mention], bool] | None = None

    def suits(self, mention: Mention) -> bool:
        """Tell whether it is for the mention's brand and, where that is known, its language."""
        return (self.brand is None or self.brand.casefold() == mention.brand.casefold()) and (
            self.language is None
            or mention.language is None
            or speaks(mention.language, self.language)
        )

    def fill(self, mention: Mention, agent: str) -> str:
        """Give its words; where nobody knows the customer's name, none stands there."""
        text = self.text if mention.called else _EMPTY.sub("", self.text)
        return text.format(author=mention.called, brand=mention.brand, agent=agent).strip()


@dataclass(frozen=True, slots=True)
class Choice:
    """A template that suits a mention. `place` is its place in the config."""

    place: int
    template: Template
    on_topic: bool


def choices(templates: Sequence[Template], mention: Mention) -> list[Choice]:
    """Give the templates that suit a mention, those on its topic first."""
    suiting = [
        Choice(place, one, one.about is not None and one.about(mention))
        for place, one in enumerate(templates)
        if one.suits(mention)
    ]
    return sorted(suiting, key=lambda choice: not choice.on_topic)


def fingerprint(text: str) -> str:
    """Name the words of an answer: 16 hex digits, to see whether they changed."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def is_own(reply: Reply, name: str, user_id: str | None) -> bool:
    """Tell whether somebody wrote an answer: by their id, else by their name."""
    if reply.author_id is not None and user_id is not None:
        return reply.author_id == user_id
    return reply.author.casefold() == name.casefold()


def answered_since(events: Sequence[CaseEvent], reply: Reply) -> CaseEvent | None:
    """Give the last answer to a case, in public or by the team, since a draft was written."""
    later = [one for one in events if one.event.is_answer and one.at >= reply.written_at]
    return later[-1] if later else None


def is_over(case: Case) -> bool:
    """Tell whether nobody wants an answer to a case any more."""
    return case.state in (CaseState.CLOSED, CaseState.DISMISSED)
