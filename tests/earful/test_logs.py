"""Lines of the log: dated, in one zone, with what `extra` held, and without secrets."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator

import pytest

from config.redaction import PROCESS
from earful.logs import MachineFormatter, PlainFormatter

SECRET = "heliotrope-key-77"
PLAIN = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d{4} "


@pytest.fixture
def logged() -> Iterator[tuple[logging.Logger, io.StringIO, logging.Handler]]:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    log = logging.getLogger("earful.test_logs")
    log.setLevel(logging.INFO)
    log.propagate = False
    log.addHandler(handler)
    yield log, written, handler
    log.removeHandler(handler)


def test_a_plain_line_has_date_and_zone(
    logged: tuple[logging.Logger, io.StringIO, logging.Handler],
) -> None:
    log, written, handler = logged
    handler.setFormatter(PlainFormatter())
    log.info("crawled", extra={"source": "feeds", "new": 3, "reason": None})
    log.warning("crawled", extra={"source": "feeds", "outcome": "blocked"})
    first, second = written.getvalue().splitlines()
    assert re.fullmatch(PLAIN + "crawled source=feeds new=3", first)
    assert re.fullmatch(PLAIN + "WARNING crawled source=feeds outcome=blocked", second)


def test_a_machine_s_line_is_one_object_in_utc(
    logged: tuple[logging.Logger, io.StringIO, logging.Handler],
) -> None:
    log, written, handler = logged
    handler.setFormatter(MachineFormatter())
    log.info("crawled", extra={"source": "feeds", "run": 7})
    line = json.loads(written.getvalue())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}\+00:00", line.pop("at"))
    assert line == {
        "level": "INFO", "logger": "earful.test_logs", "message": "crawled", "source": "feeds",
        "run": 7,
    }  # fmt: skip


@pytest.mark.parametrize("formatter", [PlainFormatter, MachineFormatter])
def test_no_secret_stands_in_what_extra_held(
    logged: tuple[logging.Logger, io.StringIO, logging.Handler],
    formatter: type[logging.Formatter],
) -> None:
    log, written, handler = logged
    PROCESS.also([SECRET])
    handler.setFormatter(formatter())
    log.info("asked", extra={"url": f"https://x.example/?a={SECRET}", "many": [{"key": SECRET}]})
    assert SECRET not in written.getvalue()
    assert "https://x.example/?a=***" in written.getvalue()
