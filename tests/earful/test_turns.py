"""Turns: one crawl at a time at a source, a pause before the next, none for other sources."""

from __future__ import annotations

import threading
import time
from itertools import pairwise

from earful.turns import Turns


def test_one_at_a_time_and_a_pause_before_the_next() -> None:
    turns, never, spans = Turns(), threading.Event(), []

    def crawl() -> None:
        with turns.taken("reddit", never) as turn:
            began = time.monotonic()
            time.sleep(0.05)
            turn.pause_s = 0.2
            spans.append((began, time.monotonic()))

    threads = [threading.Thread(target=crawl) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(spans) == 3
    for (_, ended), (began, _) in pairwise(spans):
        assert began - ended >= 0.19


def test_another_source_does_not_wait_and_a_failure_passes_the_turn_on() -> None:
    turns, never = Turns(), threading.Event()
    began = time.monotonic()
    try:
        with turns.taken("reddit", never) as turn, turns.taken("gdelt", never):
            turn.pause_s = 2.0
            raise RuntimeError
    except RuntimeError:
        pass
    with turns.taken("gdelt", never):
        assert time.monotonic() - began < 2.0
    with turns.taken("reddit", never):
        assert time.monotonic() - began >= 1.9


def test_a_stop_ends_the_waiting() -> None:
    turns, stop = Turns(), threading.Event()
    with turns.taken("reddit", threading.Event()) as turn:
        turn.pause_s = 60
        stop.set()
        with turns.taken("reddit", stop):
            pass
    began = time.monotonic()
    later = threading.Event()
    threading.Timer(0.1, later.set).start()
    with turns.taken("reddit", later):
        assert time.monotonic() - began < 5
