"""Alerts of the outbox as a person reads them, and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Container, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from alerts.messages import plain
from alerts.outbox.advice import trouble
from alerts.outbox.by_via import SLACK
from alerts.outbox.waiting_for import For, Wait
from earful import console
from storage.models import Alert, AlertState, Operation

_MARGIN = " " * 7


def pages(
    alerts: Sequence[Alert],
    waiting: dict[int, Wait],
    now: datetime,
    way_of: Callable[[Alert], str] = lambda alert: alert.via or SLACK,
    left: Container[str] = (),
) -> Iterator[list[str]]:
    """Give the lines of each trouble: what it is and what to do, then its alerts.

    `way_of` names the way that an alert goes, `left` are the channels that the config names no
    more.
    """

    def key(alert: Alert) -> tuple[str, str, bool, bool, bool, str, str, bool]:
        doubts = alert.in_doubt, _put_back(alert), alert.may_be_posted
        in_thread = alert.error is not None and alert.is_in_thread
        told = alert.error or "", alert.trouble or "", in_thread
        return alert.channel, way_of(alert), *doubts, *told

    for number, (trouble_key, group) in enumerate(groupby(sorted(alerts, key=key), key)):
        channel, way, in_doubt, put_back, may_be_posted, error, _, in_thread = trouble_key
        has_it = "Slack" if way == SLACK else way
        place = channel if way in (SLACK, channel) else f"{channel} by {way}"
        lines = [""] if number else []
        members = list(group)
        if put_back:
            lines.append(
                f"{place}: back in line; {has_it} may have it, so Earful looks for it first"
            )
        else:
            lines.append(f"{place}: IN DOUBT, {has_it} may have it" if in_doubt else place)
        if error and not put_back:
            kind = members[0].trouble
            sentence = error
            if kind:
                sentence = trouble(
                    channel,
                    error,
                    kind,
                    may_be_posted,
                    in_thread=in_thread,
                    left=channel in left,
                )
            lines += textwrap.wrap(
                sentence, 78, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False
            )
        lines.append(_row("id", "age", "kind", "brand", "state", "tries", "next try (UTC)"))
        for alert in members:
            lines += _rows(alert, waiting.get(alert.id), now)
        yield lines


def _put_back(alert: Alert) -> bool:
    """Tell whether a person has spoken about an alert that Slack may have."""
    return alert.in_doubt and alert.state is AlertState.PENDING


def _rows(alert: Alert, wait: Wait | None, now: datetime) -> list[str]:
    kind = alert.kind.value
    if alert.operation is not Operation.POST:
        kind += f" {alert.operation}"
    row = _row(
        str(alert.id),
        _age(now - alert.created_at),
        kind,
        alert.brand,
        alert.state.value,
        str(alert.attempts),
        _next(wait),
    )
    return [row, _MARGIN + console.one_line(words(alert), 72)]


def _row(*cells: str) -> str:
    number, age, kind, brand, state, tries, due = cells
    return (
        f"{number:>6} {age:>4}  {console.cell(kind, 18)} {console.cell(brand, 14)} "
        f"{console.cell(state, 7)} {tries:>5}  {due}"
    ).rstrip()


def _next(wait: Wait | None) -> str:
    if wait is None:
        return ""
    at = f"{wait.until:%m-%d %H:%M}" if wait.until else "soon"
    match wait.what:
        case For.MESSAGE:
            return f"after {wait.alert_id}" if wait.alert_id else "no message"
        case For.LINE:
            return f"behind {wait.alert_id}"
        case For.LOOK:
            return f"looks {at}"
        case For.MOMENT:
            return at
        case For.MENDING:
            return "once fixed"
        case For.PERSON:
            return "you decide"
        case For.NOTHING:
            return "now"


def _age(age: timedelta) -> str:
    seconds = max(0, int(age.total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def words(alert: Alert) -> str:
    """Give what an alert says, as plain text on one line."""
    return plain({"text": alert.payload.get("text", "")}, 1_000)


def as_row(alert: Alert, wait: Wait | None, way: str) -> dict[str, Any]:
    """Give an alert as JSON takes it; `wait` is None for what waits no more, `way` how it goes."""

    def moment(value: datetime | None) -> str | None:
        return value.isoformat() if value else None

    return {
        "id": alert.id,
        "dedupe_key": alert.dedupe_key,
        "kind": alert.kind.value,
        "operation": alert.operation.value,
        "brand": alert.brand,
        "channel": alert.channel,
        "via": way,
        "state": alert.state.value,
        "in_doubt": alert.in_doubt,
        "attempts": alert.attempts,
        "created_at": moment(alert.created_at),
        "next_attempt_at": moment(alert.next_attempt_at),
        "not_before": moment(alert.not_before),
        "sent_at": moment(alert.sent_at),
        "waits_for": wait.what.value if wait else None,
        "waits_for_alert": wait.alert_id if wait else None,
        "mention_id": alert.mention_id,
        "error": alert.error,
        "trouble": alert.trouble.value if alert.trouble else None,
        "text": words(alert),
    }
