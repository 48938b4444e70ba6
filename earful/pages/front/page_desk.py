"""What people with the role for it change from a page: a verdict, a case. Each is in the audit."""

from __future__ import annotations

import pickle  # nosec B403 # see where it is read
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from config.errors import InputError
from config.settings import Settings
from earful.case_acts import Actor, act, relabel
from earful.case_desk import add_note
from earful.correcting import correct
from earful.making_cases import make_case
from earful.pages.access import Visitor
from earful.policies import Policies, choose_languages
from storage.models import Experience, Stance
from storage.page_reads.one_mention import id_of, mention_of_case
from storage.store import Store
from storage.tables.audit import Act

DESK_KEY = "earful.desk"
NOTE = "note"
CASE_ACTS = ("claim", "release", "respond", "close", "reopen", NOTE)
"""What is done to a case from its page."""


@dataclass
class Desk:
    """Writes for the pages, each in a connection of its own; its methods block.

    `settings` are pickled: what most pages never need is not loaded with them.
    """

    path: Path
    settings: bytes

    @cached_property
    def _policies(self) -> Policies:
        # Bytes that the command's own process wrote into the pipe of this one.
        settings: Settings = pickle.loads(self.settings)  # nosec B301 # see above
        choose_languages(settings)
        return Policies(settings)

    def correct(
        self,
        seq: int,
        experience: Experience | None,
        stance: Stance | None,
        note: str | None,
        visitor: Visitor,
        now: datetime,
    ) -> str:
        """Take a person's word on a verdict; say what came of it.

        InputError where that cannot be: no such mention, or nothing that was chosen.
        """
        if experience is None and stance is None:
            raise InputError("Choose an experience or a stance: nothing was changed.")
        with Store.open(self.path) as store, store.write() as unit:
            mention_id = _id_of(unit, seq)
            changed = correct(
                unit, self._policies, mention_id, experience, stance, _actor(visitor), now,
                note=note,
            )  # fmt: skip
            if not changed:
                return "People had said just that before: nothing was changed."
            labels = ", ".join(str(one) for one in (experience, stance) if one is not None)
            case = unit.cases.of_mention(mention_id)
        return f"Corrected to {labels}." + (f" Case {case.id} is {case.state}." if case else "")

    def make_case(self, seq: int, click: str, visitor: Visitor, now: datetime) -> str:
        """Make a case of a mention that a person calls a complaint; the same mention makes one."""
        with Store.open(self.path) as store, store.write() as unit:
            mention_id = _id_of(unit, seq)
            known = unit.cases.of_mention(mention_id)
            if known is not None:
                return f"It is case {known.id} already."
            actor = _actor(visitor)
            if unit.judgements.voice(mention_id) is not None:
                relabel(
                    unit, self._policies, mention_id, Experience.ANGRY, actor, now, click=click
                )
                if (opened := unit.cases.of_mention(mention_id)) is not None:
                    what = f"case {opened.id}"
                    unit.audit.add(actor.did(Act.MADE_CASE, what, mention_id, now))
            elif (mention := unit.mentions.get(mention_id)) is not None:
                make_case(unit, self._policies, mention, actor, now, click=click)
            case = unit.cases.of_mention(mention_id)
            if case is None:
                raise InputError(
                    f"{mention_id}: the rules make no case of this mention: it is a copy, not "
                    "about the brand, or a competitor's"
                )
        return f"Case {case.id} is made."

    def work_on_case(
        self,
        case_id: int,
        what: str,
        note: str | None,
        click: str,
        seen_at: datetime | None,
        visitor: Visitor,
        now: datetime,
    ) -> str:
        """Carry out one of `CASE_ACTS`, as a click in Slack does; say what came of it.

        `seen_at` is when the page was shown. InputError where it was refused, and why.
        """
        if what not in CASE_ACTS:
            raise InputError(f"{what[:40]}: on a page there is {', '.join(CASE_ACTS)}")
        actor = _actor(visitor)
        with Store.open(self.path) as store, store.write() as unit:
            mention_id = mention_of_case(unit.database.connection, case_id)
            if mention_id is None:
                raise InputError(f"There is no case {case_id} any more: nothing was changed.")
            if what == NOTE:
                acted = add_note(
                    unit, self._policies, mention_id, note or "", actor, now, click=click
                )
            else:
                acted = act(
                    unit, self._policies, mention_id, what, actor, now,
                    note=note, click=click, seen_at=seen_at,
                )  # fmt: skip
            if acted.refused:
                raise InputError(acted.refused)
            if acted.case is None or not acted.changed:
                return f"Case {case_id} is as it was: nothing was changed."
            unit.audit.add(actor.did(Act.WORKED_CASE, f"case {case_id}: {what}", mention_id, now))
            return f"Case {case_id}: {'noted' if what == NOTE else acted.case.state}."


def _id_of(store: Store, seq: int) -> str:
    found = id_of(store.database.connection, seq)
    if found is None:
        raise InputError(f"There is no mention {seq} any more: nothing was changed.")
    return found


def _actor(visitor: Visitor) -> Actor:
    return Actor(visitor.name, role=visitor.role.word)
