"""The report of a week as alerts: its message and its file, once for each place. Pure."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from alerts.decide.policy import Policy
from alerts.messages.report_notices import ReportNumbers, report_notice
from storage.models import AlertKind, NewAlert, Operation
from storage.models.dedupe_keys import report_file_key, report_key


def report_alerts(
    numbers: ReportNumbers,
    file: str,
    to: str,
    policy: Policy,
    now: datetime,
    *,
    by_mail: bool,
    via: str | None,
) -> list[NewAlert]:
    """Make what brings a report to one place: a mail that holds it, or a message with a thread.

    `file` is the report's path.
    """
    key = report_key(numbers.brand, numbers.last, to)
    place = {"file": file, "filename": _shown_name(file, key)}
    message = NewAlert(
        dedupe_key=key,
        kind=AlertKind.REPORT,
        brand=numbers.brand,
        channel=to,
        payload=report_notice(numbers, policy.places, attached=by_mail)
        | (place if by_mail else {}),
        created_at=now,
        not_before=policy.calm.release(to, now),
        via=via,
    )
    if by_mail:
        return [message]
    in_thread = NewAlert(
        dedupe_key=report_file_key(key),
        kind=AlertKind.REPORT,
        brand=numbers.brand,
        channel=to,
        payload={"text": message.payload["text"], **place},
        created_at=now,
        not_before=message.not_before,
        operation=Operation.UPLOAD,
        root_key=key,
        via=via,
    )
    return [message, in_thread]


def _shown_name(file: str, key: str) -> str:
    """Name the file as people get it: by the name it is found again whose answer was lost."""
    stem, _, ending = file.rpartition("/")[2].rpartition(".")
    return f"{stem}-{sha256(key.encode()).hexdigest()[:8]}.{ending}"
