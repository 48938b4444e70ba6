"""A person's word on alerts that wait or are in doubt: tried again, given up, or moved.

Each word is one transaction. What is named by id and cannot be done is refused whole; of what is
chosen in bulk, the result names what was left.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from config.errors import InputError
from storage.database import Database
from storage.models import Alert, AlertState, Operation, TroubleKind, iso
from storage.rows import pass_over, read_each
from storage.tables.alert_rows import select_alerts
from storage.tables.incidents import incident_from
from storage.tables.lost_messages import post_anew

UNSENT = (AlertState.PENDING, AlertState.SENDING, AlertState.PARKED)

_SENT = "sent already: Slack has it"
_GONE = "dropped for good"
_SENDING = "being sent just now: wait a minute"
_TWICE = "perhaps at Slack already, so it could be in both channels: --in-doubt moves it"
_BOUND = "about a message of another channel: it stays with that"

_NO_ERROR = "error = NULL, trouble = NULL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The alerts that a person means: those named by id, else those of a channel, else all."""

    ids: tuple[int, ...] = ()
    channel: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """`back` are in line again, the `doubtful` too, which Slack may have; `sooner` waited for a
    later try. In doubt and not named: `left`."""

    back: tuple[Alert, ...] = ()
    doubtful: tuple[Alert, ...] = ()
    sooner: tuple[Alert, ...] = ()
    left: tuple[Alert, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """What is given up: what was named, and what waits to be told `about` it."""

    named: tuple[Alert, ...] = ()
    about: tuple[Alert, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What moved, and with it what is `about` it. Those in `anew` take their message along, which
    Slack has where nothing can be posted any more. The rest stays: `doubtful` may be in the old
    channel already, as the message is that the `bound` are about."""

    moved: tuple[Alert, ...] = ()
    about: tuple[Alert, ...] = ()
    anew: tuple[Alert, ...] = ()
    doubtful: tuple[Alert, ...] = ()
    bound: tuple[Alert, ...] = ()


class OutboxWord:
    """What people may do with the outbox. An alert that is being sent may only be dropped or
    moved by one who holds the delivery's lock, and says so by `locked`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def listed(self, states: Sequence[AlertState], channel: str | None = None) -> list[Alert]:
        """Give alerts by channel, and within it in the order they go."""
        return select_alerts(
            self._database.connection,
            "a.state IN (SELECT value FROM json_each(?1)) AND (?2 IS NULL OR a.channel = ?2) "
            "ORDER BY a.channel, a.urgent DESC, a.id",
            json.dumps(states),
            channel,
        )

    def named(self, ids: Sequence[int]) -> list[Alert]:
        """Give alerts by id; InputError names those that are not there."""
        return _named(self._database.connection, ids)

    def retry(self, choice: Choice, *, in_doubt: bool = False) -> Retried:
        """Put parked alerts back in line, and let nothing before them in it wait any longer.

        In doubt ones only where they are named, or `in_doubt` says so. Those keep their mark:
        delivery looks for them first. One that is being sent stays so, and is looked for as soon
        as a look can prove something.
        """
        with self._database.transaction() as connection:
            chosen = _chosen(connection, choice)
            _refuse(_in(AlertState.DROPPED, chosen), _GONE)
            parked = _in(AlertState.PARKED, chosen)
            wanted = in_doubt or bool(choice.ids)
            left = [one for one in parked if one.in_doubt and not wanted]
            back = [one for one in parked if not one.in_doubt]
            doubtful = [one for one in parked if one.in_doubt and wanted]
            staying = {one.id for one in left}
            lines = {one.queue for one in chosen if one.state in UNSENT and one.id not in staying}
            sooner = [
                one
                for one in _unsent(connection)
                if one.queue in lines and one.next_attempt_at is not None
            ]
            _update(connection, back, f"state = 'pending', next_attempt_at = NULL, {_NO_ERROR}")
            _update(connection, doubtful, "state = 'pending', next_attempt_at = NULL")
            _update(connection, sooner, "next_attempt_at = NULL")
            certain = [one for one in sooner if not one.in_doubt]
            _update(connection, certain, _NO_ERROR)
        return Retried(
            back=tuple(back), doubtful=tuple(doubtful), sooner=tuple(sooner), left=tuple(left)
        )

    def dropping(self, ids: Sequence[int]) -> Dropped:
        """Tell what `drop` would give up; InputError for what Slack has."""
        return _dropping(self._database.connection, ids)

    def drop(self, ids: Sequence[int], note: str, *, locked: bool = False) -> Dropped:
        """Give alerts up for good, and all that waits about their messages; `note` is kept.

        What is dropped already is passed over; InputError for what Slack has.
        """
        with self._database.transaction() as connection:
            dropped = _dropping(connection, ids)
            if not locked:
                _refuse_sending((*dropped.named, *dropped.about))
            _update(
                connection,
                (*dropped.named, *dropped.about),
                "state = 'dropped', next_attempt_at = NULL, error = ?2, trouble = NULL, "
                "may_be_posted = 0",
                note,
            )
        return dropped

    def move(
        self, choice: Choice, to: str, *, in_doubt: bool = False, locked: bool = False
    ) -> Moved:
        """Let alerts go to another channel, now, and with them what is about their messages.

        What Slack may have moves only where it is named and `in_doubt` says so. What is about a
        message stays in that message's channel, unless that takes nothing: then the message is
        posted anew, and what waits about it follows.
        """
        with self._database.transaction() as connection:
            chosen = [one for one in _chosen(connection, choice) if one.channel != to]
            _refuse(_in(AlertState.SENT, chosen), _SENT)
            _refuse(_in(AlertState.DROPPED, chosen), _GONE)
            ids = {one.id for one in chosen}
            doubtful = [one for one in chosen if one.in_doubt and not (in_doubt and choice.ids)]
            free = ids - {one.id for one in doubtful}
            unsent = _unsent(connection)
            place = {one.id: one.channel for one in unsent} | dict.fromkeys(free, to)
            bound = [
                one
                for one in chosen
                if one.id in free
                and one.operation is not Operation.POST
                and place.get(one.root_id or 0) != to
            ]
            anew = _dead_threads(connection, bound, to)
            bound = [one for one in bound if one.root_key not in anew]
            if choice.ids:
                _refuse(doubtful, _TWICE)
                _refuse(bound, _BOUND)
                if not locked:
                    _refuse_sending(chosen)
            taken = [one for one in unsent if one.root_key in anew]
            free -= {one.id for one in (*bound, *taken)}
            moved = [one for one in chosen if one.id in free]
            about = [
                one
                for one in unsent
                if one.root_id in free and one.id not in ids and one.channel != to
            ]
            follow = [one for one in taken if one.operation is not Operation.UPDATE]
            _to_channel(connection, (*moved, *about, *follow), to)
        return Moved(
            moved=tuple(moved),
            about=tuple(about),
            anew=tuple(taken),
            doubtful=tuple(doubtful),
            bound=tuple(bound),
        )

    def readdress(self, ids: Sequence[int], to: str) -> int:
        """Let waiting posts go to another channel, and what is about them; returns how many.

        What a sender has taken up meanwhile, or what Slack may have, stays.
        """
        with self._database.transaction() as connection:
            chosen = [
                one
                for one in select_alerts(
                    connection,
                    "a.id IN (SELECT value FROM json_each(?)) AND a.operation = 'post' "
                    "AND a.state IN ('pending', 'parked') AND NOT a.may_be_posted",
                    json.dumps(ids),
                )
                if one.channel != to
            ]
            roots = {one.id for one in chosen}
            about = [one for one in _unsent(connection) if one.root_id in roots]
            _to_channel(connection, (*chosen, *about), to)
        return len(chosen) + len(about)


def _dead_threads(
    connection: sqlite3.Connection, bound: Sequence[Alert], to: str
) -> frozenset[str]:
    """Post messages anew that stand where nothing can be posted; gives their keys."""
    keys = {
        one.root_key
        for one in bound
        if one.state is AlertState.PARKED
        and one.trouble is TroubleKind.CHANNEL
        and not one.in_doubt
        and one.root_state is AlertState.SENT
    }
    return frozenset(key for key in keys if key and post_anew(connection, key, None, to))


def _refuse_sending(alerts: Iterable[Alert]) -> None:
    """Raise InputError where an alert is being sent: the sender would not notice a word on it."""
    _refuse(_in(AlertState.SENDING, alerts), _SENDING)


def _to_channel(connection: sqlite3.Connection, alerts: Sequence[Alert], to: str) -> None:
    # The error told of the old channel; only the mark of a doubt must stay.
    certain = [one for one in alerts if not one.in_doubt]
    waiting = [one for one in alerts if one.state is not AlertState.SENDING]
    _update(connection, alerts, "channel = ?2, next_attempt_at = NULL, tried_via = NULL", to)
    _update(connection, certain, _NO_ERROR)
    _update(connection, waiting, "state = 'pending'")
    # What an incident tells later is written for the channel that the incident names.
    keys = {one.dedupe_key for one in alerts}
    rows = connection.execute("SELECT * FROM incidents")
    connection.executemany(
        "UPDATE incidents SET channel = ? WHERE brand = ? AND opened_at = ?",
        [
            (to, one.brand, iso(one.opened_at))
            for one in read_each(rows, incident_from, pass_over)
            if one.root_key in keys
        ],
    )


def _dropping(connection: sqlite3.Connection, ids: Sequence[int]) -> Dropped:
    chosen = _named(connection, ids)
    _refuse(_in(AlertState.SENT, chosen), _SENT)
    named = [one for one in chosen if one.state is not AlertState.DROPPED]
    roots = {one.id for one in named}
    about = [one for one in _unsent(connection) if one.root_id in roots and one.id not in roots]
    return Dropped(named=tuple(named), about=tuple(about))


def _chosen(connection: sqlite3.Connection, choice: Choice) -> list[Alert]:
    if choice.ids:
        return _named(connection, choice.ids)
    unsent = _unsent(connection)
    if choice.channel is None:
        return unsent
    return [one for one in unsent if one.channel == choice.channel]


def _named(connection: sqlite3.Connection, ids: Sequence[int]) -> list[Alert]:
    alerts = select_alerts(
        connection, "a.id IN (SELECT value FROM json_each(?)) ORDER BY a.id", json.dumps(ids)
    )
    unknown = sorted(set(ids) - {one.id for one in alerts})
    if unknown:
        raise InputError(
            f"{_numbers(unknown)}: no such alert: `earful alerts list` gives the ids; nothing was "
            "changed"
        )
    return alerts


def _unsent(connection: sqlite3.Connection) -> list[Alert]:
    return select_alerts(
        connection, "a.state IN ('pending', 'sending', 'parked') ORDER BY a.urgent DESC, a.id"
    )


def _in(state: AlertState, alerts: Iterable[Alert]) -> list[Alert]:
    return [one for one in alerts if one.state is state]


def _refuse(alerts: Sequence[Alert], why: str) -> None:
    if alerts:
        raise InputError(f"{_numbers([one.id for one in alerts])}: {why}; nothing was changed")


def _numbers(ids: Sequence[int]) -> str:
    return f"alert {', '.join(map(str, ids))}"


def _update(
    connection: sqlite3.Connection, alerts: Sequence[Alert], assignments: str, *values: str
) -> None:
    connection.execute(
        f"UPDATE alerts SET {assignments} WHERE id IN (SELECT value FROM json_each(?1))",
        (json.dumps([one.id for one in alerts]), *values),
    )
