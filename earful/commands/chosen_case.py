"""Which case a command means, and who acts."""

from __future__ import annotations

import getpass
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

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


def later_moment(text: str, option: str, now: datetime, zone: ZoneInfo) -> datetime:
    """Read a day, a moment or a time from now such as `3d`; InputError names the option.

    What names no zone is in `zone`.
    """
    from config.settings import parse_duration

    with suppress(ValueError):
        return now + parse_duration(text)
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"{option}: {text!r}: write a day such as 2026-12-01, a moment such as "
            "2026-12-01T09:00, or a time from now such as 3d"
        ) from None
    return (read if read.tzinfo else read.replace(tzinfo=zone)).astimezone(UTC)
