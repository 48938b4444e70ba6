"""Who asks for a page, and what they may do: read, work on cases, or all of it.

Every request that reaches a page has passed the `guard`, which writes down who it is.

    role = role_of(request)
    if role is None or role < Role.WORK: …
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Protocol

SCOPE_KEY = "earful.visitor"


class Role(IntEnum):
    """What somebody may do; each role may do what those before it may."""

    READ = 1
    WORK = 2
    ADMIN = 3

    @classmethod
    def named(cls, name: str) -> Role:
        """Give the role of a name in the config: `read`, `work` or `admin`."""
        return cls[name.upper()]

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is let in; `signed_in` where a session can be ended."""

    name: str
    role: Role
    signed_in: bool = False


THIS_MACHINE = Visitor("this machine", Role.READ)
"""Whoever reaches a loopback address on which nobody signs in: they read, and change nothing."""


class Asked(Protocol):
    """A request of Datasette or Starlette: what it was asked with."""

    @property
    def scope(self) -> Any: ...


def visitor_of(request: Asked) -> Visitor | None:
    """Tell who asks; None where nobody is let in."""
    found = request.scope.get(SCOPE_KEY)
    return found if isinstance(found, Visitor) else None


def role_of(request: Asked) -> Role | None:
    """Tell what whoever asks may do; None: nothing."""
    visitor = visitor_of(request)
    return visitor.role if visitor else None
