"""What crawls say while they read: one file beside the store, of which old parts go."""

from __future__ import annotations

import logging
import os
from io import FileIO, TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from threading import Lock

from crawler.runner import log_path_of
from earful.logs import MachineFormatter
from storage.models import CrawlTarget

log = logging.getLogger("earful.crawl_log")

_LARGEST = 2_000_000
_KEPT = 4
# A crawl that says more says the same again and again.
_LINES = 200
_LONGEST = 2_000
_WRITING = Lock()


def keep(store: Path, target: CrawlTarget, run: int, text: str) -> None:
    """Write down what a crawl said, a JSON object a line; a disk that takes none costs nothing."""
    lines = [one for one in text.splitlines() if one.strip()]
    if not lines:
        return
    given = {"brand": target.brand, "source": target.source, "target": target.target, "run": run}
    try:
        with _WRITING:
            handler = _File(
                log_path_of(store), maxBytes=_LARGEST, backupCount=_KEPT, encoding="utf-8"
            )
            handler.setFormatter(MachineFormatter())
            try:
                if len(lines) > _LINES:
                    handler.emit(_record(f"{len(lines) - _LINES} lines left out", given))
                for line in lines[-_LINES:]:
                    handler.emit(_record(line[:_LONGEST], given))
            finally:
                handler.close()
    except OSError as error:
        log.warning("the crawl's log could not be written: %s", error)


def _record(line: str, given: dict[str, object]) -> logging.LogRecord:
    record = logging.makeLogRecord({"name": "crawler", "levelname": "INFO", **given})
    record.msg = line
    return record


class _File(RotatingFileHandler):
    """For nobody's eyes but the owner's: what sources answer may stand in it."""

    def _open(self) -> TextIOWrapper:
        handle = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return TextIOWrapper(FileIO(handle, "a"), encoding=self.encoding, write_through=True)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        raise
