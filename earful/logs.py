"""Structured logs: one JSON object a line for machines, a short line for people."""

from __future__ import annotations

import logging
import sys

from pythonjsonlogger.json import JsonFormatter

_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class PlainFormatter(logging.Formatter):
    """`12:30:01 crawled source=hackernews new=3`: what `extra` held follows the message."""

    def format(self, record: logging.LogRecord) -> str:
        text = f"{self.formatTime(record, '%H:%M:%S')} {record.getMessage()}"
        for name, value in vars(record).items():
            if name not in _STANDARD and value not in (None, "", ()):
                text += f" {name}={value}"
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return text


class MachineFormatter(JsonFormatter):
    """The same as a JSON object: level, logger, message, and what `extra` held."""

    def __init__(self) -> None:
        super().__init__(
            "{asctime}{levelname}{name}{message}",
            style="{",
            rename_fields={"asctime": "at", "levelname": "level", "name": "logger"},
            datefmt="%Y-%m-%dT%H:%M:%S%z",
        )


def set_up(*, as_json: bool, verbose: int) -> None:
    """Log to stderr; the daemon's own events always, libraries' only from warnings on."""
    handler = logging.StreamHandler(sys.stderr)
    if as_json:
        handler.setFormatter(MachineFormatter())
    else:
        handler.setFormatter(PlainFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    # What it says of a job, `alerts.scheduler` says once and in one line.
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    logging.getLogger("earful").setLevel(logging.DEBUG if verbose else logging.INFO)
    if verbose > 1:
        logging.getLogger().setLevel(logging.DEBUG)
