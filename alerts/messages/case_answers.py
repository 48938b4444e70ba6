"""What those hear who acted on a case, where Earful did not do what they asked for."""

from __future__ import annotations

from storage.models import Case, CaseEvent, CaseEventKind, CaseState

_STATES = {
    CaseState.OPEN: "is open",
    CaseState.CLAIMED: "is claimed",
    CaseState.RESPONDED: "is answered",
    CaseState.CLOSED: "is closed",
    CaseState.DISMISSED: "is dismissed",
}


def overtaken(case: Case, event: CaseEvent) -> str:
    """Say that a case was changed between the look at its message and the click."""
    return (
        f"Case {case.id}: {_meanwhile(event)} Your click came from the message as it was before, "
        "so nothing was changed. Look at the message, and click again if you still want to."
    )


def not_waiting(case: Case) -> str:
    """Say that only a case without an answer can be assigned or snoozed."""
    return f"Case {case.id} {_STATES[case.state]}, so nobody waits for an answer: reopen it first."


def not_snoozed(case: Case) -> str:
    """Say that there is no wait to end."""
    return f"Case {case.id} does not wait for the customer."


def _meanwhile(event: CaseEvent) -> str:
    actor = event.actor
    match event.event:
        case CaseEventKind.CLAIMED:
            return f"{actor} has claimed it meanwhile."
        case CaseEventKind.RELEASED:
            return f"{actor} has given it back meanwhile."
        case CaseEventKind.ASSIGNED:
            return f"{actor} has assigned it meanwhile."
        case CaseEventKind.RESPONDED:
            return f"{actor} has answered meanwhile."
        case CaseEventKind.ANSWERED:
            return "The owner has answered in public meanwhile."
        case CaseEventKind.CLOSED:
            return f"{actor} has closed it meanwhile."
        case CaseEventKind.DISMISSED | CaseEventKind.MUTED | CaseEventKind.NOT_ABOUT_US:
            return f"{actor} has dismissed it meanwhile."
        case CaseEventKind.RELABELLED:
            return f"{actor} has corrected its label meanwhile."
        case CaseEventKind.SNOOZED:
            return f"{actor} lets it wait for the customer since then."
        case CaseEventKind.JOINED:
            return "Its author has complained again meanwhile."
        case CaseEventKind.EDITED | CaseEventKind.WON_BACK:
            return "Its author has edited the text meanwhile."
        case CaseEventKind.WITHDRAWN:
            return "Its text was taken back at its source meanwhile."
        case _:
            return f"{actor} has changed it meanwhile."
