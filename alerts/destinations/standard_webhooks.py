"""How Standard Webhooks signs: HMAC-SHA256 over id, time and body. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime


def signatures(event_id: str, stamp: str, body: bytes, keys: Sequence[bytes]) -> list[str]:
    """Give the signature of each key, in base64."""
    # Headers are bytes: what is in them is read and written as Latin-1.
    signed = f"{event_id}.{stamp}.".encode("latin-1") + body
    return [
        base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in keys
    ]


def signed_headers(
    event_id: str, body: bytes, keys: Sequence[bytes], now: datetime
) -> dict[str, str]:
    """Sign a body; each try is signed anew, by each of the keys."""
    stamp = str(int(now.timestamp()))
    given = signatures(event_id, stamp, body, keys)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{one}" for one in given),
    }
