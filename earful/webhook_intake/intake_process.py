"""The webhook's server, a process beside the daemon: a line of JSON on stdout for each delivery.

`python -m earful.webhook_intake.intake_process STORE SETTINGS`; the environment has the secrets.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from config.errors import EarfulError
from config.settings import StoreSettings, WebhookSettings
from crawler.catalog import sources
from earful.app import utc_now
from earful.hidden_secrets import hide_environment
from earful.http_serving import address_of, gone_with_parent, listen_at, run_app
from earful.webhook_intake.doors import door_keys
from earful.webhook_intake.http_app import BoundedProtocol, WebhookApp
from earful.webhook_intake.intake import Answer, Intake

# Strangers may send as much nonsense as they like: of the same kind so much is passed on.
_SAME_REFUSAL_S = 60.0


class Reports:
    """Tells the parent of each delivery; of refusals, one a minute for each door and reason."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._said: dict[tuple[str, int, str], float] = {}

    def heard(self, door: str, answer: Answer) -> None:
        refusal = str(answer.body.get("error", ""))
        if 400 <= answer.status < 500 and not self._is_news((door, answer.status, refusal)):
            return
        say(
            door=door,
            status=answer.status,
            news=answer.news,
            reason=answer.failure or refusal,
            counts={key: n for key, n in answer.body.items() if type(n) is int},
        )

    def _is_news(self, refusal: tuple[str, int, str]) -> bool:
        now = time.monotonic()
        with self._lock:
            self._said = {key: at for key, at in self._said.items() if now - at < _SAME_REFUSAL_S}
            return self._said.setdefault(refusal, now) == now


def say(**fields: Any) -> None:
    """Write a line for the parent; where that is gone, nobody needs it."""
    with contextlib.suppress(OSError):
        print(json.dumps(fields), flush=True)


def main(arguments: list[str]) -> int:
    """Serve until the parent is gone or SIGTERM."""
    store_path, given, retention_days = arguments
    hide_environment()
    try:
        webhook = WebhookSettings.model_validate_json(given)
        store = StoreSettings(path=Path(store_path), retention_days=int(retention_days))
        doors = {door.name: door for door in webhook.doors}
        keys = {name: door_keys(door, os.environ) for name, door in doors.items()}
        intake = Intake(store, doors, keys, utc_now)
        app = WebhookApp(doors, intake.take, Reports().heard, utc_now)
        sources()  # the first delivery must not wait until Scrapy is loaded
        listener = listen_at(webhook.host, webhook.port, "[webhook] port")
        address = address_of(webhook.host, listener)
        with listener:
            run_app(
                app,
                listener,
                lambda: say(ready=address),
                gone_with_parent(),
                protocol=BoundedProtocol,
                log_level="error",
            )
    except EarfulError as error:
        say(trouble=str(error))
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
