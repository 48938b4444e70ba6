"""What those hear who acted on a case, where Earful did not do what they asked for."""

from __future__ import annotations

from alerts.messages.catalogue import _, in_its_language, later
from storage.models import Case, CaseEvent, CaseEventKind, CaseMove, CaseState

_NOBODY_WAITS = {
    CaseState.OPEN: later("Case {id} is open, so nobody waits for an answer: reopen it first."),
    CaseState.CLAIMED: later(
        "Case {id} is claimed, so nobody waits for an answer: reopen it first."
    ),
    CaseState.RESPONDED: later(
        "Case {id} is answered, so nobody waits for an answer: reopen it first."
    ),
    CaseState.CLOSED: later(
        "Case {id} is closed, so nobody waits for an answer: reopen it first."
    ),
    CaseState.DISMISSED: later(
        "Case {id} is dismissed, so nobody waits for an answer: reopen it first."
    ),
}


@in_its_language
def overtaken(case: Case, event: CaseEvent) -> str:
    """Say that a case was changed between the look at its message and the click."""
    return _(
        "Case {id}: {meanwhile} Your click came from the message as it was before, "
        "so nothing was changed. Look at the message, and click again if you still want to.",
        id=case.id,
        meanwhile=_meanwhile(event),
    )


@in_its_language
def not_done(case: Case | None, move: CaseMove, refused: str | None) -> str | None:
    """Say why a case did not go where a move would have taken it; None where it went."""
    claims = move.to is CaseState.CLAIMED and move.owner is None
    if refused is not None and case is not None and claims and case.claimed_by:
        return _("case {id}: {name} has claimed it already", id=case.id, name=case.claimed_by)
    return refused


@in_its_language
def not_waiting(case: Case) -> str:
    """Say that only a case without an answer can be assigned or snoozed."""
    return _(_NOBODY_WAITS[case.state], id=case.id)


@in_its_language
def not_snoozed(case: Case) -> str:
    """Say that there is no wait to end."""
    return _("Case {id} does not wait for the customer.", id=case.id)


def _meanwhile(event: CaseEvent) -> str:
    actor = event.actor
    match event.event:
        case CaseEventKind.CLAIMED:
            return _("{actor} has claimed it meanwhile.", actor=actor)
        case CaseEventKind.RELEASED:
            return _("{actor} has given it back meanwhile.", actor=actor)
        case CaseEventKind.ASSIGNED:
            return _("{actor} has assigned it meanwhile.", actor=actor)
        case CaseEventKind.RESPONDED:
            return _("{actor} has answered meanwhile.", actor=actor)
        case CaseEventKind.ANSWERED:
            return _("The owner has answered in public meanwhile.")
        case CaseEventKind.CLOSED:
            return _("{actor} has closed it meanwhile.", actor=actor)
        case CaseEventKind.DISMISSED | CaseEventKind.MUTED | CaseEventKind.NOT_ABOUT_US:
            return _("{actor} has dismissed it meanwhile.", actor=actor)
        case CaseEventKind.RELABELLED:
            return _("{actor} has corrected its label meanwhile.", actor=actor)
        case CaseEventKind.SNOOZED:
            return _("{actor} lets it wait for the customer since then.", actor=actor)
        case CaseEventKind.JOINED:
            return _("Its author has complained again meanwhile.")
        case CaseEventKind.EDITED | CaseEventKind.WON_BACK:
            return _("Its author has edited the text meanwhile.")
        case CaseEventKind.WITHDRAWN:
            return _("Its text was taken back at its source meanwhile.")
        case _:
            return _("{actor} has changed it meanwhile.", actor=actor)
