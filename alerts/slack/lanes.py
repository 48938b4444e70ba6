"""What people do to one thing is carried out one after another, in the order in which they did it.

Several threads read what Slack sends: two clicks on one message may overtake each other there.
Each is announced by the one thread that receives, in the order of Slack's deliveries, and takes
its place in its lane; it is carried out once all before it are.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

PATIENCE_S = 1.0
"""What was announced and does not come holds up those behind it for so long at most."""

Job = Callable[[], object]


@dataclass(eq=False)
class _Place:
    key: str
    at: float
    number: int
    since: float
    job: Job | None = None


@dataclass
class _Lane:
    places: list[_Place] = field(default_factory=list)
    runs: bool = False

    def first(self) -> _Place:
        return min(self.places, key=lambda place: (place.at, place.number))


class Lanes:
    """Lanes by name, worked by a few threads: one job of a lane at a time."""

    def __init__(self, workers: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(workers, name)
        self._changed = threading.Condition()
        self._lanes: dict[str, _Lane] = {}
        self._number = 0

    def announce(self, lane: str, key: str, at: float | None = None) -> None:
        """Keep a place for the job of `key`, behind what was done before the moment `at`."""
        with self._changed:
            self._place(lane, key, at)

    def submit(self, lane: str, key: str, job: Job, at: float | None = None) -> None:
        """Do a job in its place; in that which was announced for `key`, if one was."""
        with self._changed:
            known = self._lanes.get(lane, _Lane()).places
            place = next((one for one in known if one.key == key and one.job is None), None)
            (place or self._place(lane, key, at)).job = job
            self._changed.notify_all()
            if not self._lanes[lane].runs:
                self._lanes[lane].runs = True
                self._pool.submit(self._run, lane)

    def stop(self) -> None:
        """Take no more, and do what there is."""
        self._pool.shutdown(wait=True)

    def _place(self, lane: str, key: str, at: float | None) -> _Place:
        """Take a place; without a moment it is the last one."""
        self._number += 1
        places = self._lanes.setdefault(lane, _Lane()).places
        if at is None:
            at = max((place.at for place in places), default=0.0)
        place = _Place(key, at, self._number, time.monotonic())
        places.append(place)
        return place

    def _run(self, name: str) -> None:
        while (job := self._next(name)) is not None:
            job()

    def _next(self, name: str) -> Job | None:
        """Wait for the first job of a lane; None once nothing is left of the lane."""
        with self._changed:
            lane = self._lanes[name]
            while lane.places:
                first = lane.first()
                if first.job is not None:
                    lane.places.remove(first)
                    return first.job
                left = first.since + PATIENCE_S - time.monotonic()
                if left <= 0:
                    lane.places.remove(first)
                else:
                    self._changed.wait(left)
            del self._lanes[name]
            return None
