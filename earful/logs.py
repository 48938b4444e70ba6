"""Structured logs: one JSON object a line for machines, a short line for people.

A line names things by their ids: brand, source, `run` (crawl_runs.id), `mention` (mentions.seq),
`case` and `alert`. What customers wrote, who they are, and secrets stand in none.
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from config.redaction import PROCESS

_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class PlainFormatter(logging.Formatter):
    """`2026-11-29 12:30:01+0100 crawled source=hackernews new=3`; a warning says that it is one.

    What `extra` held follows the message.
    """

    def format(self, record: logging.LogRecord) -> str:
        text = self.formatTime(record, "%Y-%m-%d %H:%M:%S%z")
        if record.levelno >= logging.WARNING:
            text += f" {record.levelname}"
        text += f" {record.getMessage()}"
        for name, value in vars(record).items():
            if name not in _STANDARD and value not in (None, "", ()):
                text += f" {name}={PROCESS.anything(value)}"
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return text


class MachineFormatter(JsonFormatter):
    """The same as a JSON object: `at` in UTC, level, logger, message, and what `extra` held."""

    def __init__(self) -> None:
        super().__init__(
            "{asctime}{levelname}{name}{message}",
            style="{",
            rename_fields={"asctime": "at", "levelname": "level", "name": "logger"},
        )

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        shown: dict[str, Any] = PROCESS.anything(log_data)
        return shown


def set_up(*, as_json: bool, verbose: int) -> None:
    """Log to stderr; the daemon's own events always, libraries' only from warnings on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(MachineFormatter() if as_json else PlainFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    # What it says of a job, `alerts.scheduler` says once and in one line.
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    logging.getLogger("earful").setLevel(logging.DEBUG if verbose else logging.INFO)
    if not as_json and not verbose:
        # A line for each alert and each case is for machines that look one up.
        for name in ("earful.deliver", "earful.judge"):
            logging.getLogger(name).setLevel(logging.WARNING)
    if verbose > 1:
        logging.getLogger().setLevel(logging.DEBUG)
