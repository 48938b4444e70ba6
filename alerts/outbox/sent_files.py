"""The file that an alert brings with it: in its payload, or on this machine's disk."""

from __future__ import annotations

import base64
from pathlib import Path

from alerts.outbox.transport import Fate, SendResult
from storage.models import Alert


def has_file(alert: Alert) -> bool:
    """Tell whether an alert brings a file of this machine; a picture is in its payload."""
    return "file" in alert.payload


def content_of(alert: Alert) -> bytes | SendResult:
    """Give a file's bytes; what became of the alert where it cannot be read any more."""
    if not has_file(alert):
        return base64.b64decode(alert.payload["png"])
    path = Path(alert.payload["file"])
    try:
        return path.read_bytes()
    except OSError as error:
        return SendResult(
            Fate.BAD_MESSAGE,
            f"{path} cannot be read ({error.strerror or error}): write it again with "
            "`earful report`, and drop this message.",
        )
