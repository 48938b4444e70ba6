"""An alert that is posted once and then changes where it stands. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from storage.models import NewAlert, Operation
from storage.models.dedupe_keys import update_key

UPDATE_EVERY = timedelta(seconds=15)
"""A message changes no more often than this."""


def posted_or_changed(alert: NewAlert, spacing: timedelta = UPDATE_EVERY) -> list[NewAlert]:
    """Give the alert and its change, each with the present payload.

    The outbox takes the first one once, by its dedupe key; later only the change is new to it.
    """
    change = replace(
        alert,
        dedupe_key=update_key(alert.dedupe_key),
        operation=Operation.UPDATE,
        root_key=alert.dedupe_key,
        spacing=spacing,
    )
    return [alert, change]
