"""A step of an escalation ladder, once people were told of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderStep:
    """A step that a case has come to: once for each due time, owner and place.

    `owner` is who had claimed the case, empty where nobody had. `place` is the channel that the
    step posts in beside the case's own thread, which is empty. `message` is the dedupe key of the
    alert that says it, and `line` names what such a message gathers, where it is about many cases.
    """

    case_id: int
    due_at: datetime
    step: str
    owner: str
    place: str
    at: datetime
    message: str
    line: str | None = None
