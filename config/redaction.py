"""Keep secrets out of whatever is written down: known values, and what looks like one in a URL."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, quote_plus

HIDDEN = "***"
# Shorter values would hide words that happen to hold them.
_SHORTEST = 6
_NAMED = re.compile(
    r"(?P<name>[?&;](?:[\w.-]*[_.-])?(?:key|apikey|token|secret|password|passwd|pwd|auth|sig"
    r"|signature|access|credential|code|session)(?:[_.-][\w.-]*)?=)[^&#\s\"'<>]+",
    re.IGNORECASE,
)
_USERINFO = re.compile(r"(?<=://)[^/\s@]+@")


def mask_url(text: str) -> str:
    """Hide user info and the values of query parameters named like a key, token or secret."""
    return _USERINFO.sub(f"{HIDDEN}@", _NAMED.sub(rf"\g<name>{HIDDEN}", text))


class Redactor:
    """Hides the given values, however a URL may have quoted them, and secrets in any URL."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        # A key of many lines is shown line by line.
        parts_of = (part.strip() for value in values for part in (value, *value.splitlines()))
        forms = {
            form
            for value in parts_of
            if len(value) >= _SHORTEST
            for form in (value, quote(value, safe=""), quote_plus(value), quote(value))
        }
        # The longest first: one value may begin another.
        parts = [re.escape(form) for form in sorted(forms, key=len, reverse=True)]
        self._values = re.compile("|".join(parts)) if parts else None

    def text(self, text: str) -> str:
        return mask_url(self._values.sub(HIDDEN, text) if self._values else text)

    def anything(self, value: Any) -> Any:
        """Redact every text in a value, however deep it lies; other things stay as they are."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.anything(key): self.anything(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self.anything(item) for item in value)
        return value


def redact_logs(redactor: Redactor) -> None:
    """Redact every log record of this process where it is made, its traceback too."""
    make = logging.getLogRecordFactory()
    plain = logging.Formatter()

    def redacted(*args: Any, **more: Any) -> logging.LogRecord:
        record = make(*args, **more)
        record.msg, record.args = redactor.text(record.getMessage()), ()
        if record.exc_info:
            # A formatter uses this instead of writing the traceback itself.
            record.exc_text = redactor.text(plain.formatException(record.exc_info))
        return record

    logging.setLogRecordFactory(redacted)
