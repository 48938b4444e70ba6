"""The webhook beside the daemon: its process is kept running, and what it stores is passed on."""

from __future__ import annotations

import contextlib
import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.client import HTTPException
from typing import Any
from urllib.request import urlopen

from config.errors import EarfulError
from config.settings import Settings, WebhookSettings
from earful.failing import Failing
from earful.http_serving import HEALTHY, STOP_S

log = logging.getLogger("earful.webhook")

MODULE = "earful.webhook_intake.intake_process"
_STAGE = "webhook"
_ANSWER_WITHIN_S = 20.0
# `earful check` does not wait for a stranger at the port for longer.
_KNOWN_WITHIN_S = 5.0
_FIRST_WAIT_S, _LONGEST_WAIT_S = 1.0, 60.0
# What has run for so long has started well; what ends earlier is in trouble, though it answers.
_STEADY_S = 60.0


class Webhook:
    """Keeps the webhook's process; a fault in it costs the daemon nothing."""

    def __init__(self, settings: Settings, failing: Failing, wake: Callable[[], object]) -> None:
        """`wake` is called when mentions have been stored."""
        self._settings, self._failing, self._wake = settings, failing, wake
        self._stopping = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._url: str | None = None
        self._ready_at = 0.0
        self._trouble: str | None = None
        self._failed = {door.name for door in settings.webhook.doors}
        self._thread = threading.Thread(target=self._keep, name="webhook", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Let it finish what it stores, then end it; safe to repeat."""
        self._stopping.set()
        process = self._process
        if process is not None:
            _end(process)

    def look(self) -> None:
        """See that it answers; one that hangs is ended, and begun again. EarfulError says so."""
        url, process = self._url, self._process
        if url is not None and process is not None:
            try:
                with urlopen(  # nosec B310 # our own http server
                    f"{url}health", timeout=_ANSWER_WITHIN_S
                ) as response:
                    response.read()
            except OSError as error:
                process.kill()
                raise EarfulError(
                    f"the webhook (pid {process.pid}) did not answer: {error}"
                ) from error
            if time.monotonic() - self._ready_at >= _STEADY_S:
                self._trouble = None
        if self._trouble is not None:
            raise EarfulError(self._trouble)

    def _keep(self) -> None:
        wait_s = _FIRST_WAIT_S
        while not self._stopping.is_set():
            self._ready_at = time.monotonic()
            try:
                self._run()
            except Exception as error:
                self._trouble = str(error)
                self._failing.failed(_STAGE, error)
            if time.monotonic() - self._ready_at >= _STEADY_S:
                wait_s = _FIRST_WAIT_S
            self._stopping.wait(wait_s)
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)

    def _run(self) -> None:
        """Run the process once, to its end; raises where that was not asked for."""
        settings = self._settings
        process = subprocess.Popen(
            [
                sys.executable, "-P", "-m", MODULE,
                str(settings.store.path), settings.webhook.model_dump_json(),
                str(settings.store.retention_days),
            ],
            # Its end of the pipe closes when this process dies, however it dies.
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            # Ctrl-C is ours to pass on, in order.
            start_new_session=True,
        )  # fmt: skip
        self._process = process
        if self._stopping.is_set():
            _end(process)
        assert process.stdout is not None
        trouble = None
        for line in process.stdout:
            with contextlib.suppress(ValueError):
                report = json.loads(line)
                trouble = report.get("trouble", trouble)
                self._heard(report)
        self._url = None
        code = process.wait()
        _close(process)
        if not self._stopping.is_set():
            raise EarfulError(
                trouble
                or f"the webhook's process (pid {process.pid}) ended with {code}: it is "
                "started again"
            )

    def _heard(self, report: dict[str, Any]) -> None:
        if "ready" in report:
            self._ready_at, self._url = time.monotonic(), report["ready"]
            log.info("webhook", extra={"url": report["ready"]})
        if "door" not in report:
            return
        door, status = report["door"], report["status"]
        if report["news"]:
            self._wake()
        if status < 400:
            log.info("taken in", extra={"door": door, **report["counts"]})
            if door in self._failed:
                self._failed.discard(door)
                self._failing.worked(_STAGE, f"door {door}")
        elif status == 500:
            self._failed.add(door)
            self._failing.failed(_STAGE, EarfulError(report["reason"]), f"door {door}")
        else:
            log.warning("door %s answered %s: %s", door, status, report["reason"])


def answers(webhook: WebhookSettings) -> bool:
    """Tell whether a webhook of Earful's answers where this one is to listen."""
    loopback = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}
    host = loopback.get(webhook.host, webhook.host)
    try:
        with urlopen(  # nosec B310 # the scheme is ours
            f"http://{host}:{webhook.port}/health", timeout=_KNOWN_WITHIN_S
        ) as response:
            return bool(json.loads(response.read(100)) == HEALTHY)
    except (OSError, HTTPException, ValueError):
        return False


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _close(process: subprocess.Popen[str]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe:
            with contextlib.suppress(OSError):
                pipe.close()
