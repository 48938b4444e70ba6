"""Someone who sends to the webhook: signs as Standard Webhooks or as a hub does, over HTTP."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

SECRET = "whsec_" + base64.b64encode(b"a secret of 32 bytes for tests!!").decode()
KEY = base64.b64decode(SECRET.removeprefix("whsec_"))


@dataclass(frozen=True)
class Reply:
    status: int
    said: dict[str, Any]
    retry_after: str | None


def signed(
    body: bytes, delivery_id: str = "msg_1", at: datetime | None = None, key: bytes = KEY
) -> dict[str, str]:
    """Give the headers of a delivery, signed now unless `at` is given."""
    stamp = str(int((at or datetime.now(UTC)).timestamp()))
    content = f"{delivery_id}.{stamp}.".encode() + body
    code = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{code}",
    }


def send(
    port: int, door: str, body: bytes, headers: dict[str, str], method: str = "POST"
) -> Reply:
    """Send a delivery and read the reply."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, f"/webhook/{door}", body, headers)
        response = connection.getresponse()
        said = json.loads(response.read())
        return Reply(response.status, said, response.headers["retry-after"])
    finally:
        connection.close()


def deliver(port: int, door: str, rows: object, delivery_id: str = "msg_1") -> Reply:
    """Send rows as JSON, signed in order."""
    body = json.dumps(rows).encode()
    return send(port, door, body, signed(body, delivery_id))
