"""What people should know of a source today: what fails there, since when, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Today:
    """A trouble that a source has for everybody: `since` when, `do` what, and who says so.

    `seen` are addresses of public threads without their scheme, the clearest first.
    """

    since: date
    what: str
    do: str
    seen: tuple[str, ...]

    @property
    def sentence(self) -> str:
        return f"since {self.since:%B %Y}: {self.what}. {self.do}."
