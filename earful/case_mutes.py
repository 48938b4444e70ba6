"""Authors who are muted and heard again: what that does to their cases."""

from __future__ import annotations

from datetime import datetime

from earful.case_acts import Acted, Actor, overtaken_since
from earful.move_case import move_case
from earful.policies import Policies
from storage.models import CaseEventKind, CaseMove, CaseOutcome, CaseState
from storage.store import Store


def mute(
    store: Store,
    policies: Policies,
    mention_id: str,
    actor: Actor,
    now: datetime,
    *,
    click: str | None = None,
    seen_at: datetime | None = None,
) -> Acted:
    """Mute the author of a case and dismiss it; what waits of the same author is dismissed too."""
    file = store.cases.file(mention_id)
    author = file.mention.author_id if file else None
    if file is None or author is None:
        return Acted(None, False, f"{mention_id}: its author is not known")
    if not file.mention.is_by_known_author:
        strangers = "only a name tells its author, and strangers may have the same: dismiss it"
        return Acted(None, False, f"{mention_id}: {strangers}")
    brand = file.case.brand
    with store.write() as unit:
        if click is not None and unit.cases.knows_click(click):
            return Acted(file.case, False)
        if refused := overtaken_since(unit, file.case, actor, seen_at, click):
            return Acted(file.case, False, refused)
        unit.cases.mute(author, brand, by=actor.name, by_id=actor.id, at=now)
        others = [one for one in unit.cases.of_author(author, brand) if one.id != file.case.id]
        applied = move_case(
            unit, _muted(file.case.mention_id, file.case.waits, actor, now, click),
            policies.of(brand).teller(),
        )  # fmt: skip
        for other in others if applied.changed else ():
            if other.waits:
                move_case(
                    unit, _muted(other.mention_id, True, actor, now), policies.of(brand).teller()
                )
    return Acted(applied.case, applied.changed, applied.refused)


def unmute(
    store: Store,
    policies: Policies,
    mention_id: str,
    actor: Actor,
    now: datetime,
    *,
    click: str | None = None,
    seen_at: datetime | None = None,
) -> Acted:
    """Hear the author of a case again; the cases that the mute ended stay as they are.

    Each of them says so where its message stands, and can be reopened there.
    """
    file = store.cases.file(mention_id)
    author = file.mention.author_id if file else None
    if file is None or author is None:
        return Acted(None, False, f"{mention_id}: its author is not known")
    case = file.case
    with store.write() as unit:
        if click is not None and unit.cases.knows_click(click):
            return Acted(case, False)
        if refused := overtaken_since(unit, case, actor, seen_at, click):
            return Acted(case, False, refused)
        if not unit.cases.unmute(author, case.brand):
            return Acted(case, False, f"case {case.id}: its author is not muted")
        for one in unit.cases.of_author(author, case.brand):
            if one.id != case.id and one.outcome is not CaseOutcome.MUTED:
                continue
            move = CaseMove(
                mention_id=one.mention_id,
                event=CaseEventKind.UNMUTED,
                at=now,
                actor=actor.name,
                actor_id=actor.id,
                click=click if one.id == case.id else None,
            )
            move_case(unit, move, policies.of(case.brand).teller())
    return Acted(case, True)


def _muted(
    mention_id: str, waits: bool, actor: Actor, now: datetime, click: str | None = None
) -> CaseMove:
    return CaseMove(
        mention_id=mention_id,
        event=CaseEventKind.MUTED,
        at=now,
        to=CaseState.DISMISSED if waits else None,
        actor=actor.name,
        actor_id=actor.id,
        outcome=CaseOutcome.MUTED if waits else None,
        click=click,
    )
