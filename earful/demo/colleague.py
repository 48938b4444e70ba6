"""A colleague who answers while the demo runs: what a team would do by buttons in Slack."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from config.errors import EarfulError
from config.settings import Settings
from earful.case_acts import Actor, act
from earful.case_desk import add_note
from earful.policies import Policies
from storage.models import CaseState
from storage.store import Store

log = logging.getLogger("earful.demo")

NAME = "Rosa (support)"
NOTE = "Rang her: refunded, and a new cabin for tonight."
_LOOKS_EVERY_S = 5.0
# People read before they answer.
_TAKES = timedelta(seconds=20)


class Colleague:
    """Claims the first case, notes something, answers it; the others wait for whoever watches."""

    def __init__(self, store: Path, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._policies = Policies(settings)
        self._clock = clock
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="demo-colleague", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._stopped.wait(_LOOKS_EVERY_S):
            try:
                if self.look(self._clock()):
                    return
            except EarfulError as error:
                # The daemon may be making the store, or hold it for a moment.
                log.debug("the demo's colleague looks again: %s", error)

    def look(self, now: datetime) -> bool:
        """Do what is next on the case that was opened first; True when it is answered."""
        if not self._store.exists():
            return False
        with Store.open(self._store) as store:
            waiting = sorted(store.cases.unanswered(), key=lambda one: one.id)
            mine = next((one for one in waiting if one.claimed_by == NAME), None)
            me = Actor(NAME)
            if mine is None:
                if waiting:
                    act(store, self._policies, waiting[0].mention_id, "claim", me, now)
                return False
            if mine.state is not CaseState.CLAIMED or now < mine.opened_at + _TAKES:
                return False
            add_note(store, self._policies, mine.mention_id, NOTE, me, now)
            act(store, self._policies, mine.mention_id, "respond", me, now)
            return True
