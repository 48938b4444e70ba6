"""Which case a command means, and who acts."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

from config.errors import InputError

if TYPE_CHECKING:
    from earful.case_acts import Actor
    from storage.models import Case
    from storage.store import Store


def find_case(store: Store, number: str) -> Case:
    """Give the case of a number or of a mention's id; InputError where there is none."""
    one = store.cases.get(int(number)) if number.isdigit() else None
    one = one or store.cases.of_mention(number)
    if one is None:
        raise InputError(f"case {number}: there is no such case: see `earful case list --all`")
    return one


def actor(name: str | None) -> Actor:
    """Say who acts: `name`, else the user of this machine."""
    from earful.case_acts import Actor

    try:
        return Actor(name or getpass.getuser())
    except (KeyError, OSError):
        raise InputError("--as NAME is needed: the system does not know your user name") from None
