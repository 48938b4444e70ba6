"""The one way to open cases: the message of each is built once the case has its number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from alerts import messages
from alerts.messages import Places
from config.errors import InputError
from storage.models import NewAlert, NewCase
from storage.models.dedupe_keys import complaint_key
from storage.store import Store


def open_cases(
    unit: Store, cases: Sequence[NewCase], alerts: Iterable[NewAlert], places: Places
) -> None:
    """Open cases, and put the alerts into the outbox, in the transaction that `unit` holds."""
    unit.cases.open_new(cases)
    opened = {complaint_key(case.mention_id): case.mention_id for case in cases}
    unit.outbox.add(
        _shown(unit, alert, opened[alert.dedupe_key], places)
        if alert.dedupe_key in opened
        else alert
        for alert in alerts
    )


def _shown(unit: Store, alert: NewAlert, mention_id: str, places: Places) -> NewAlert:
    file = unit.cases.file(mention_id)
    if file is None:
        raise InputError(f"{mention_id}: it has no verdict: score it before its case is opened")
    return replace(alert, payload=messages.case_card(file, places))
