"""The one way to move a case: what is said of the move is written in the same transaction."""

from __future__ import annotations

from alerts.decide.case_moves import Teller
from storage.models import CaseMove
from storage.store import Store
from storage.tables.case_file import Applied


def move_case(store: Store, move: CaseMove, teller: Teller) -> Applied:
    """Carry out one move, and put what people must hear of it into the outbox."""
    with store.write() as unit:
        applied = unit.cases.apply(move)
        if applied.file is not None:
            unit.outbox.add(teller(applied.file, move))
    return applied
