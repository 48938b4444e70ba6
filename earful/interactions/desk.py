"""What a handler works with, and how its tables are joined."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from alerts.messages.catalogue import _, later
from alerts.slack.interactions import Answer, Click, Command, Shortcut, Submission
from config.errors import InputError
from config.settings import Settings
from earful.case_acts import Acted, Actor
from earful.policies import Policies
from storage.store import Store

FOREIGN = later("This button belongs to another version of Earful.")


@dataclass(frozen=True, slots=True)
class Desk:
    """An open store, and what the config says; made anew for each thing that somebody does."""

    store: Store
    policies: Policies
    settings: Settings
    clock: Callable[[], datetime]

    def now(self) -> datetime:
        return self.clock()


H = TypeVar("H")
OnClick = Callable[[Desk, Click], Answer | None]
OnSubmission = Callable[[Desk, Submission], Answer | None]
OnCommand = Callable[[Desk, Command], Answer | None]
OnShortcut = Callable[[Desk, Shortcut], Answer | None]


def join(*tables: Mapping[str, H]) -> dict[str, H]:
    """Join tables of handlers; ValueError where two have a handler of one name."""
    joined: dict[str, H] = {}
    for table in tables:
        if twice := joined.keys() & table.keys():
            raise ValueError(f"two handlers are named {', '.join(sorted(twice))}")
        joined |= table
    return joined


def handler_of(name: str, table: Mapping[str, H]) -> H | None:
    """Find the handler of an action or a callback; after a colon a name says more than which."""
    return table.get(name) or table.get(name.partition(":")[0])


def rest_of(command: Command) -> str:
    """Give what follows the first word of a command."""
    return command.text.partition(" ")[2].strip()


def actor_of(event: Click | Submission | Shortcut) -> Actor:
    """Name the one who acted, for the store."""
    return Actor(event.user_name, event.user_id)


def answer_to(acted: Acted) -> Answer | None:
    """Say why an act was refused; its message shows by itself that it was done."""
    return Answer.of(acted.refused) if acted.refused else None


def text_in(sent: Submission, field: str) -> str:
    """Give what was typed or chosen in a field of a modal; empty where nothing was."""
    given = sent.fields.get(field)
    return given if isinstance(given, str) else ""


def not_ours() -> InputError:
    """Give the refusal of a window that belongs to another version of Earful; it stays open."""
    return InputError(_(FOREIGN))


def foreign() -> Answer:
    """Answer something that belongs to another version of Earful: nothing was done."""
    return Answer.of(_(FOREIGN))
