"""Which mentions a message shows, and how their words are taken out of it again.

A payload says what it shows of whom: `quotes` are, by mention, the pieces of its texts that quote
or name it. What is about one mention alone (`alerts.mention_id`) is emptied whole.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping
from typing import Any

from storage.models import Alert, AlertState, Erasure, Operation
from storage.models.dedupe_keys import forgotten_key, numbered_key
from storage.rows import pass_over, read_each
from storage.tables.alert_rows import SELECT_ALERT, alert_from

FORGOTTEN = '{"text": "(forgotten)"}'
"""What the store keeps of a message that needs its words no more."""


def link_mentions(
    connection: sqlite3.Connection,
    alert_id: int,
    mention_id: str | None,
    payload: Mapping[str, Any],
) -> None:
    """Write down which mentions an alert shows, in the place of what it showed before."""
    shown = {*(payload.get("quotes") or {}), *([mention_id] if mention_id else [])}
    connection.execute("DELETE FROM alert_mentions WHERE alert_id = ?", (alert_id,))
    connection.execute(
        "INSERT INTO alert_mentions (alert_id, mention_id) SELECT ?, id FROM mentions "
        "WHERE id IN (SELECT value FROM json_each(?))",
        (alert_id, json.dumps(sorted(shown))),
    )


def take_out(
    connection: sqlite3.Connection, chosen: str, value: str, erasure: Erasure | None
) -> None:
    """Take mentions out of every message, inside a running transaction, before they are deleted.

    `chosen` is SQL that gives their ids for a `value`, its parameter `?1`. What waits and is about
    one of them is dropped; what only quotes one goes without the quote. With an `erasure` what
    Slack has is changed there too; without, only what the store keeps of it.
    """
    shown: dict[int, set[str]] = {}
    for row in connection.execute(
        f"""
        SELECT alert_id, mention_id FROM alert_mentions WHERE mention_id IN ({chosen})
        UNION SELECT id, mention_id FROM alerts WHERE mention_id IN ({chosen})
        """,
        (value,),
    ):
        shown.setdefault(row[0], set()).add(row[1])
    rows = connection.execute(
        f"{SELECT_ALERT} WHERE a.id IN (SELECT value FROM json_each(?)) ORDER BY a.id",
        (json.dumps(sorted(shown)),),
    )
    alerts = read_each(rows, alert_from, pass_over)
    _empty(connection, shown.keys() - {one.id for one in alerts})
    # What Slack shows now, before anything of it is taken out.
    at_slack = [one for one in alerts if _is_shown(connection, one)] if erasure else []
    for alert in alerts:
        _take_out_of(connection, alert, shown[alert.id], erasure)
    if erasure is not None:
        for alert in at_slack:
            _change_at_slack(connection, alert, shown[alert.id], erasure)


def cut(
    payload: Mapping[str, Any], mentions: Collection[str], instead: str
) -> dict[str, Any] | None:
    """Give a payload without what it shows of some mentions; None where it does not say what."""
    quotes: dict[str, list[str]] = dict(payload.get("quotes") or {})
    if not quotes.keys() >= set(mentions):
        return None
    pieces = [piece for mention in mentions for piece in quotes.pop(mention)]
    whole = json.dumps([payload.get("text"), payload.get("blocks")], ensure_ascii=False)
    if any(_escaped(piece) not in whole for piece in pieces):
        return None
    rest = json.dumps(quotes, ensure_ascii=False)
    for piece in sorted(pieces, key=len, reverse=True):
        whole = whole.replace(_escaped(piece), _escaped(instead))
        # A piece may stand in that of another mention, such as the name of a namesake.
        rest = rest.replace(_escaped(piece), _escaped(instead))
    text, blocks = json.loads(whole)
    return {**payload, "text": text, "blocks": blocks, "quotes": json.loads(rest)}


def _empty(connection: sqlite3.Connection, unreadable: Collection[int]) -> None:
    """Take all words out of rows that cannot be read as alerts."""
    connection.execute(
        "UPDATE alerts SET payload = ?1, state = iif(state = 'sent', 'sent', 'dropped') "
        "WHERE id IN (SELECT value FROM json_each(?2))",
        (FORGOTTEN, json.dumps(sorted(unreadable))),
    )


def _escaped(piece: str) -> str:
    return json.dumps(piece, ensure_ascii=False)[1:-1]


def _take_out_of(
    connection: sqlite3.Connection, alert: Alert, mentions: set[str], erasure: Erasure | None
) -> None:
    less = None
    if alert.mention_id not in mentions:
        less = cut(alert.payload, mentions, erasure.quote if erasure else "…")
    state = alert.state.value
    if less is not None:
        payload = json.dumps(less, ensure_ascii=False)
    elif alert.in_doubt and erasure is not None and not _is_an_answer(alert):
        # Slack may have it: it is looked for, and emptied there once it is found.
        payload = json.dumps(erasure.message, ensure_ascii=False)
    else:
        payload = FORGOTTEN
        state = state if alert.state is AlertState.SENT else "dropped"
    connection.execute(
        # An error may quote what could not be sent.
        "UPDATE alerts SET payload = ?, state = ?, error = NULL WHERE id = ?",
        (payload, state, alert.id),
    )


def _is_an_answer(alert: Alert) -> bool:
    """Tell whether it goes to a mention's source: what stands there is the brand's own word."""
    return (alert.via or "").startswith("source:")


def _is_shown(connection: sqlite3.Connection, alert: Alert) -> bool:
    """Tell whether Slack shows what an alert says, or may: no later update says otherwise."""
    if alert.operation is Operation.UPLOAD or _is_an_answer(alert):
        return False
    if not (alert.in_doubt or (alert.state is AlertState.SENT and alert.slack_ts)):
        return False
    later = connection.execute(
        "SELECT 1 FROM alerts WHERE root_key = ?1 AND operation = 'update' AND state = 'sent' "
        "AND id > ?2",
        (_message_key(alert), alert.id),
    )
    return later.fetchone() is None


def _change_at_slack(
    connection: sqlite3.Connection, alert: Alert, mentions: set[str], erasure: Erasure
) -> None:
    """Write the update that takes words out of a message, unless one that waits does so."""
    key = _message_key(alert)
    waiting = connection.execute(
        "SELECT 1 FROM alerts WHERE root_key = ? AND operation = 'update' "
        "AND state IN ('pending', 'parked')",
        (key,),
    )
    if waiting.fetchone() is not None:
        return
    less = None
    if alert.mention_id not in mentions:
        less = cut(alert.payload, mentions, erasure.quote)
    payload = less if less is not None else dict(erasure.message)
    row = connection.execute(
        """
        INSERT INTO alerts (dedupe_key, kind, brand, channel, payload, created_at, operation,
            root_key, via)
        VALUES (?, ?, ?, ?, ?, strftime('%Y-%m-%dT%H:%M:%S+00:00', 'now'), 'update', ?, ?)
        RETURNING id
        """,
        (
            _own_key(connection, key), alert.kind, alert.brand, alert.channel,
            json.dumps(payload, ensure_ascii=False), key, alert.via,
        ),
    ).fetchone()  # fmt: skip
    link_mentions(connection, row["id"], None, payload)


def _message_key(alert: Alert) -> str:
    """Name the message that an alert posted or changed."""
    updates = alert.operation is Operation.UPDATE and alert.root_key
    return updates or alert.dedupe_key


def _own_key(connection: sqlite3.Connection, key: str) -> str:
    """Number what empties the same message again."""
    own = forgotten_key(key)
    number = connection.execute(
        "SELECT count(*) FROM alerts WHERE root_key = ?1 AND "
        "(dedupe_key = ?2 OR substr(dedupe_key, 1, length(?2) + 1) = ?2 || ':')",
        (key, own),
    ).fetchone()[0]
    return numbered_key(own, number + 1) if number else own
