"""The fake Slack's views: modals of three levels at most, the Home, and what Slack checks."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.alerts.fake_blocks import view_faults

TRIGGER_S = 3.0
MAX_DEPTH = 3


@dataclass
class View:
    """A modal or a Home as one user sees it; `errors` are shown under its blocks."""

    id: str
    user_id: str
    shown: dict[str, Any]
    hash: str
    root: str
    open: bool = True
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return str(self.shown["type"])

    @property
    def blocks(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.shown["blocks"]
        return found

    def described(self) -> dict[str, Any]:
        """Describe it as payloads and answers do."""
        return {
            "id": self.id,
            "team_id": "T0FAKE",
            "private_metadata": "",
            "callback_id": "",
            **self.shown,
            "hash": self.hash,
            "root_view_id": self.root,
            "app_id": "A0FAKE",
        }


class Views:
    """All views, each on its user's screen."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._triggers: dict[str, tuple[float, str, str | None]] = {}
        self._used: set[str] = set()
        self.all: list[View] = []
        self.homes: dict[str, View] = {}
        self.home_enabled = True

    def trigger(self, user: str, view: View | None = None) -> str:
        """Make the id by which a window may be opened, once and soon, for `user`."""
        made = f"{len(self._triggers) + 1}.1.{secrets.token_hex(8)}"
        self._triggers[made] = (time.monotonic(), user, view.id if view else None)
        return made

    def expire(self, trigger: str) -> None:
        issued, user, view = self._triggers[trigger]
        self._triggers[trigger] = (issued - TRIGGER_S, user, view)

    def modals(self, user: str | None = None) -> list[View]:
        """Give the open modals, the topmost last."""
        with self.lock:
            return [
                view
                for view in self.all
                if view.open and view.kind == "modal" and user in (None, view.user_id)
            ]

    def open(self, said: Mapping[str, Any]) -> dict[str, Any]:
        view, error = self._wanted(said, "modal")
        if error:
            return error
        user, _, error = self._exchange(said)
        if error:
            return error
        for old in self.modals(user):
            old.open = False
        return _yes(view=self._add(view, user).described())

    def push(self, said: Mapping[str, Any]) -> dict[str, Any]:
        view, error = self._wanted(said, "modal")
        if error:
            return error
        user, under, error = self._exchange(said)
        if error:
            return error
        if under is None:
            return _no("invalid_trigger_id")
        return self.push_on(user, view)

    def push_on(self, user: str, view: dict[str, Any]) -> dict[str, Any]:
        stack = self.modals(user)
        if len(stack) >= MAX_DEPTH:
            return _no("push_limit_reached")
        return _yes(view=self._add(view, user, root=stack[0].id if stack else None).described())

    def update(self, said: Mapping[str, Any]) -> dict[str, Any]:
        view, error = self._wanted(said, "modal")
        if error:
            return error
        known = next((one for one in self.all if one.id == said.get("view_id") and one.open), None)
        if known is None:
            return _no("not_found")
        if said.get("hash") and said["hash"] != known.hash:
            return _no("hash_conflict")
        self.show(known, view)
        return _yes(view=known.described())

    def publish(self, said: Mapping[str, Any]) -> dict[str, Any]:
        view, error = self._wanted(said, "home")
        if error:
            return error
        user = str(said.get("user_id") or "")
        if not user.startswith("U"):
            return _no("invalid_arguments")
        if not self.home_enabled:
            return _no("not_enabled")
        known = self.homes.get(user)
        if said.get("hash") and (known is None or said["hash"] != known.hash):
            return _no("hash_conflict")
        if known is None:
            self.homes[user] = self._add(view, user)
        else:
            self.show(known, view)
        return _yes(view=self.homes[user].described())

    def show(self, view: View, shown: dict[str, Any]) -> None:
        view.shown, view.hash, view.errors = shown, _hash(), {}

    def close(self, view: View, *, stack: bool = False) -> None:
        for one in self.modals(view.user_id) if stack else [view]:
            one.open = False

    def _add(self, shown: dict[str, Any], user: str, root: str | None = None) -> View:
        made = f"V{len(self.all) + 1:08d}"
        view = View(id=made, user_id=user, shown=shown, hash=_hash(), root=root or made)
        self.all.append(view)
        return view

    def _wanted(
        self, said: Mapping[str, Any], kind: str
    ) -> tuple[dict[str, Any], dict[str, Any] | None]:
        given = said.get("view")
        view: dict[str, Any] = json.loads(given) if isinstance(given, str) else dict(given or {})
        faults = view_faults(view)
        if faults or view.get("type") != kind:
            messages = faults or [f"a view of type {kind} is needed"]
            return view, _no("invalid_arguments", response_metadata={"messages": messages})
        if len(json.dumps(view)) > 250_000:
            return view, _no("view_too_large")
        return view, None

    def _exchange(self, said: Mapping[str, Any]) -> tuple[str, str | None, dict[str, Any] | None]:
        trigger = str(said.get("trigger_id") or "")
        if trigger not in self._triggers:
            return "", None, _no("invalid_trigger_id")
        issued, user, view = self._triggers[trigger]
        if trigger in self._used:
            return user, view, _no("exchanged_trigger_id")
        if time.monotonic() - issued > TRIGGER_S:
            return user, view, _no("expired_trigger_id")
        self._used.add(trigger)
        return user, view, None


def _hash() -> str:
    return f"{time.time():.0f}.{secrets.token_hex(4)}"


def _yes(**more: Any) -> dict[str, Any]:
    return {"ok": True, **more}


def _no(error: str, **more: Any) -> dict[str, Any]:
    return {"ok": False, "error": error, **more}
