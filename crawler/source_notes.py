"""What people should know of a source today: what fails there, since when, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Today:
    """A trouble that a source has for everybody, who says so, and what to do about it.

    `since` is the day of the first report that was seen of it; `seen` are addresses of public
    threads without their scheme, the clearest first. `what` and `do` are clauses without an end.
    """

    since: date
    what: str
    do: str
    seen: tuple[str, ...]
