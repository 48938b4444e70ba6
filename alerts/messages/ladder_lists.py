"""One line about many cases whose time runs out or is over: a channel's, or an incident's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alerts.messages.blocks import MAX_SECTION, context, payload, section
from alerts.messages.case_cards import claimant
from alerts.messages.ladder_lines import pinged
from alerts.messages.places import Places
from alerts.messages.plainly import plainly
from alerts.messages.quoting import quoting
from alerts.messages.safe_text import count, line, moment, units
from alerts.messages.voice_cards import linked_words, who_where
from storage.models import Case, CaseFile, Incident

_SHOWN = 10


@plainly("Nobody has claimed several cases")
def many_unclaimed(
    files: Sequence[CaseFile],
    places: Places,
    pings: Sequence[str] = (),
    incident: Incident | None = None,
) -> dict[str, Any]:
    """Warn of cases that nobody has claimed, the one due first at the top."""
    number = len(files)
    if incident is not None:
        sentence = (
            f"*Nobody has claimed {count(number, 'case')} of the incident{_about(incident)} yet.*"
        )
    else:
        sentence = f"*Nobody has claimed {count(number, 'case')} yet.*"
    return _list(f"{pinged(pings)}{sentence}", _first_due(files[0]), files, places)


@plainly("Reminder: several cases are due soon")
def many_due(
    files: Sequence[CaseFile],
    places: Places,
    pings: Sequence[str] = (),
    incident: Incident | None = None,
) -> dict[str, Any]:
    """Remind whoever has claimed cases that their time runs out."""
    number = count(len(files), "claimed case")
    if incident is not None:
        sentence = f"*{number} of the incident{_about(incident)} will soon be due.*"
    else:
        sentence = f"*{number} will soon be due.*"
    return _list(f"{pinged(pings)}{sentence}", _first_due(files[0]), files, places)


@plainly("Several overdue cases")
def many_overdue(
    files: Sequence[CaseFile],
    places: Places,
    pings: Sequence[str] = (),
    incident: Incident | None = None,
) -> dict[str, Any]:
    """Say that cases were not answered in time."""
    is_one = len(files) == 1
    number = count(len(files), "case")
    if incident is not None:
        about = _about(incident)
        sentence = (
            f"*{number} of the incident{about} is overdue.*"
            if is_one
            else f"*{number} of the incident{about} are overdue.*"
        )
    else:
        sentence = f"*{number} is overdue.*" if is_one else f"*{number} are overdue.*"
    first = files[0].case
    longest = f"Case {first.id} waits longest: it was due {moment(first.due_at)}."
    return _list(f"{pinged(pings)}{sentence}", longest, files, places)


def _about(incident: Incident) -> str:
    brand = line(incident.brand, 80)
    about = f" about {line(incident.about, 60)}" if incident.about else ""
    return f" at {brand}{about}"


def _first_due(file: CaseFile) -> str:
    return f"Case {file.case.id} is due first: {moment(file.case.due_at)}."


def _list(lead: str, first: str, files: Sequence[CaseFile], places: Places) -> dict[str, Any]:
    rows: list[str] = []
    room = MAX_SECTION
    for file in files[:_SHOWN]:
        row = f"{_standing(file.case)}: {_words(file, places)}"
        room -= units(row) + 1
        if room < 0:
            break
        rows.append(row)
    left = len(files) - len(rows)
    more = [f"And {count(left, 'more case')}: see `earful case list`"] if left else []
    message = payload(
        f"{lead.replace('*', '')} {first}",
        [
            section(lead, "lead"),
            section("\n".join(rows), "cases"),
            context(more, "more") if more else None,
        ],
    )
    return quoting(message, [(file.mention, _words(file, places)) for file in files[:_SHOWN]])


def _standing(case: Case) -> str:
    if case.claimed_by:
        return f"• Case {case.id}, due {moment(case.due_at)}, {claimant(case)} has claimed it"
    return f"• Case {case.id}, due {moment(case.due_at)}, nobody has claimed it"


def _words(file: CaseFile, places: Places) -> str:
    return f"{linked_words(file.mention)} {who_where(file.mention, places)}"
