"""One line about many cases whose time runs out or is over: a channel's, or an incident's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alerts.messages.blocks import MAX_SECTION, context, payload, section
from alerts.messages.case_cards import claimant
from alerts.messages.catalogue import _, n_
from alerts.messages.ladder_lines import pinged
from alerts.messages.places import Places
from alerts.messages.plainly import plainly
from alerts.messages.quoting import quoting
from alerts.messages.safe_text import line, moment, units
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
        sentence = n_(
            "*Nobody has claimed {n} case of the incident {incident} yet.*",
            "*Nobody has claimed {n} cases of the incident {incident} yet.*",
            number,
            incident=_named(incident),
        )
    else:
        sentence = n_(
            "*Nobody has claimed {n} case yet.*", "*Nobody has claimed {n} cases yet.*", number
        )
    return _list(f"{pinged(pings)}{sentence}", _first_due(files[0]), files, places)


@plainly("Reminder: several cases are due soon")
def many_due(
    files: Sequence[CaseFile],
    places: Places,
    pings: Sequence[str] = (),
    incident: Incident | None = None,
) -> dict[str, Any]:
    """Remind whoever has claimed cases that their time runs out."""
    number = len(files)
    if incident is not None:
        sentence = n_(
            "*{n} claimed case of the incident {incident} will soon be due.*",
            "*{n} claimed cases of the incident {incident} will soon be due.*",
            number,
            incident=_named(incident),
        )
    else:
        sentence = n_(
            "*{n} claimed case will soon be due.*", "*{n} claimed cases will soon be due.*", number
        )
    return _list(f"{pinged(pings)}{sentence}", _first_due(files[0]), files, places)


@plainly("Several overdue cases")
def many_overdue(
    files: Sequence[CaseFile],
    places: Places,
    pings: Sequence[str] = (),
    incident: Incident | None = None,
) -> dict[str, Any]:
    """Say that cases were not answered in time."""
    number = len(files)
    if incident is not None:
        sentence = n_(
            "*{n} case of the incident {incident} is overdue.*",
            "*{n} cases of the incident {incident} are overdue.*",
            number,
            incident=_named(incident),
        )
    else:
        sentence = n_("*{n} case is overdue.*", "*{n} cases are overdue.*", number)
    first = files[0].case
    longest = _(
        "Case {id} waits longest: it was due {due}.", id=first.id, due=moment(first.due_at)
    )
    return _list(f"{pinged(pings)}{sentence}", longest, files, places)


def _named(incident: Incident) -> str:
    """Name an incident in a sentence: `at Acme Air about “refund”`."""
    brand = line(incident.brand, 80)
    if incident.about:
        return _("at {brand} about {about}", brand=brand, about=line(incident.about, 60))
    return _("at {brand}", brand=brand)


def _first_due(file: CaseFile) -> str:
    return _("Case {id} is due first: {due}.", id=file.case.id, due=moment(file.case.due_at))


def _list(lead: str, first: str, files: Sequence[CaseFile], places: Places) -> dict[str, Any]:
    rows: list[str] = []
    room = MAX_SECTION
    for file in files[:_SHOWN]:
        row = f"• {_standing(file.case)}: {_words(file, places)}"
        room -= units(row) + 1
        if room < 0:
            break
        rows.append(row)
    left = len(files) - len(rows)
    more = n_(
        "And {n} more case: see `earful case list`",
        "And {n} more cases: see `earful case list`",
        left,
    )
    message = payload(
        f"{lead.replace('*', '')} {first}",
        [
            section(lead, "lead"),
            section("\n".join(rows), "cases"),
            context([more], "more") if left else None,
        ],
    )
    return quoting(message, [(file.mention, _words(file, places)) for file in files[:_SHOWN]])


def _standing(case: Case) -> str:
    if case.claimed_by:
        return _(
            "Case {id}, due {due}, {name} has claimed it",
            id=case.id,
            due=moment(case.due_at),
            name=claimant(case),
        )
    return _("Case {id}, due {due}, nobody has claimed it", id=case.id, due=moment(case.due_at))


def _words(file: CaseFile, places: Places) -> str:
    return f"{linked_words(file.mention)} {who_where(file.mention, places)}"
