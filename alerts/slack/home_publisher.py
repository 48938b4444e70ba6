"""The app's Home: published for those who opened it, one after the other, as it is then."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

log = logging.getLogger("alerts.slack.home_publisher")

_TRIES = 3
_BETWEEN_S = 0.5
_MAX_WAIT_S = 60.0


class HomePublisher:
    """Publishes what `home` makes of a user, never older than what was published before.

    One thread publishes: whoever acts twice sees what came last. Slack's `hash` refuses what
    comes late of a try that timed out.
    """

    def __init__(self, client: WebClient, home: Callable[[str], Mapping[str, Any] | None]) -> None:
        self._client = client
        self._home = home
        self._wanted: dict[str, bool] = {}
        self._changed = threading.Condition()
        self._stopping = False
        # What Slack shows to a user: the view, and Slack's name of its state.
        self._published: dict[str, tuple[Mapping[str, Any] | None, str | None]] = {}
        self._thread: threading.Thread | None = None

    def refresh(self, user_id: str, *, opened: bool = False, state: str | None = None) -> None:
        """Let a user see the present state; returns at once.

        `opened`: the user looks at it; `state` is Slack's name of what it shows to them.
        """
        with self._changed:
            if state is not None and user_id not in self._published:
                self._published[user_id] = (None, state)
            self._wanted[user_id] = opened or self._wanted.get(user_id, False)
            if self._thread is None and not self._stopping:
                self._thread = threading.Thread(target=self._work, name="home", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def stop(self) -> None:
        """Publish what was asked for, unless Slack makes it wait, and end."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted or self._stopping)
                if not self._wanted:
                    return
                user_id = next(iter(self._wanted))
                opened = self._wanted.pop(user_id)
            try:
                self._publish(user_id, opened)
            except Exception:
                log.exception("the Home of %s could not be made", user_id)

    def _publish(self, user_id: str, opened: bool) -> None:
        for _ in range(_TRIES):
            view = self._home(user_id)
            before, state = self._published.get(user_id, (None, None))
            if view is None or (view == before and not opened):
                return
            try:
                answer = self._client.views_publish(user_id=user_id, view=dict(view), hash=state)
            except SlackApiError as error:
                self._published.pop(user_id, None)
                wait_s = _wait_after(error)
                if wait_s is None:
                    log.warning("the Home could not be published: %s", error.response["error"])
                    return
            except OSError as error:
                self._published.pop(user_id, None)
                log.warning("the Home could not be published: %s", error)
                wait_s = _BETWEEN_S
            else:
                shown: Mapping[str, Any] = answer.get("view") or {}
                self._published[user_id] = (view, shown.get("hash"))
                return
            if wait_s and self._pause(wait_s):
                return

    def _pause(self, seconds: float) -> bool:
        """Wait; True where the daemon stops meanwhile."""
        with self._changed:
            return self._changed.wait_for(lambda: self._stopping, seconds)


def _wait_after(error: SlackApiError) -> float | None:
    """Give the seconds after which another try makes sense; None where none does."""
    match error.response["error"]:
        case "hash_conflict":
            return 0.0
        case "ratelimited":
            after = error.response.headers.get("Retry-After") or _BETWEEN_S
            return min(float(after), _MAX_WAIT_S)
        case "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout":
            return _BETWEEN_S
    return _BETWEEN_S if int(error.response.status_code or 0) >= 500 else None
